/** `GET /v1/events?since=N&wait=S&instance=ID`: what the request may hold (docs/events.md). */
import { err, ok, type Result } from '../util/result.ts';
import type { EventsQuery } from './event-feed.ts';

export const EVENTS_PATH = '/v1/events';
/** Below the time after which an idle connection is closed. */
export const MOST_WAIT_S = 30;

/** The error says what is wrong with the query. */
export function eventsQuery(given: Readonly<Record<string, string>>): Result<EventsQuery, string> {
  const { since = '0', wait = '0', instance = null } = given;
  if (!/^\d{1,15}$/.test(since)) return err('since must be the number of an event');
  if (!/^\d{1,2}$/.test(wait) || Number(wait) > MOST_WAIT_S) {
    return err(`wait must be a whole number of seconds from 0 to ${MOST_WAIT_S}`);
  }
  return ok({ since: Number(since), waitMs: Number(wait) * 1000, instance });
}
