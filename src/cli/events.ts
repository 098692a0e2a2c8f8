/** `lvsd events`: what happened lately, and what happens from now on. */
import type { EventsAnswer } from '../status/events.ts';
import { eventText, isEventsAnswer, lostText } from '../status/render-events.ts';
import { request } from '../sys/control-client.ts';
import { errorTextOf, exitCodeOf, type StatusSink } from './status.ts';

export interface EventsOptions {
  readonly socket: string;
  /** Only events after this number. */
  readonly since: number;
  /** Go on, until the daemon ends or the process is interrupted. */
  readonly follow: boolean;
  /** One JSON value a line. */
  readonly json: boolean;
}

/** Of one request; the daemon answers earlier when something happens. */
const WAIT_S = 25;
const TIMEOUT_MS = 35_000;

/** Exit codes: 0 shown, 3 no daemon answers (any more), 4 it answered with an error. Errors go to `err`. */
export async function runEvents(
  { socket, since, follow, json }: EventsOptions,
  out: StatusSink,
  err: StatusSink,
): Promise<0 | 3 | 4> {
  let after = since;
  let instance: string | null = null;
  let waitS = 0;
  for (;;) {
    const ofInstance: string = instance === null ? '' : `&instance=${encodeURIComponent(instance)}`;
    const path = `/v1/events?since=${after}&wait=${waitS}${ofInstance}`;
    const answer = await request(socket, 'GET', path, TIMEOUT_MS);
    if (!answer.ok) {
      err.write(`lvsd events: ${answer.error.text}\n`);
      return exitCodeOf(answer.error);
    }
    const { status, body } = answer.value;
    if (status !== 200 || !isEventsAnswer(body)) {
      const text = status === 200 ? 'in another format' : `with an error: ${errorTextOf(body, status)}`;
      err.write(`lvsd events: the daemon answered ${text}\n`);
      return 4;
    }
    if (instance !== null && instance !== body.instance) err.write('lvsd events: the daemon was started anew\n');
    show(body, json, out);
    if (!follow) return 0;
    after = body.last;
    instance = body.instance;
    waitS = WAIT_S;
  }
}

function show({ lost, instance, events }: EventsAnswer, json: boolean, out: StatusSink): void {
  if (lost > 0) out.write(json ? `${JSON.stringify({ instance, lost })}\n` : `${lostText(lost)}\n`);
  const colour = out.isTTY === true && !process.env['NO_COLOR'];
  for (const event of events) {
    const text = json
      ? JSON.stringify({ instance, ...event })
      : `${new Date(event.atMs).toISOString()} ${eventText(event, colour)}`;
    out.write(`${text}\n`);
  }
}
