/** Reports of passive checks, as commands give them and as the configuration names them. Pure. */
import { allChecks } from '../config/all-checks.ts';
import type { Config } from '../config/types.ts';
import type { CheckConfig } from '../config/types-checks.ts';
import { err, ok, type Result } from '../util/result.ts';

export interface PassiveReport {
  readonly state: 'up' | 'down';
  /** For people; empty: none was given. */
  readonly reason: string;
}

export const MOST_REASON = 200;

/** Reads a report as it came over the socket; the error says what is wrong. */
export function passiveReportIn(value: unknown): Result<PassiveReport, string> {
  if (typeof value !== 'object' || value === null || !('state' in value)) return err('"state" is missing');
  const { state } = value;
  if (state !== 'up' && state !== 'down') return err('"state" must be "up" or "down"');
  const reason: unknown = 'reason' in value ? value.reason : '';
  if (typeof reason !== 'string') return err('"reason" must be text');
  // It ends in logs and on terminals.
  return ok({
    state,
    reason: reason
      .slice(0, MOST_REASON)
      .replace(/\p{Cc}/gu, ' ')
      .trim(),
  });
}

/** Of all passive checks, those that rest at the moment too. */
export function passiveNames(config: Pick<Config, 'virtualServers' | 'selfCheck'>): Set<string> {
  return new Set(allChecks(config).flatMap((check) => (check.type === 'passive' ? [check.name] : [])));
}

/** The keys of the checks that a report of this name is about. */
export function passiveKeys(checks: ReadonlyMap<string, CheckConfig>, name: string): string[] {
  return [...checks].flatMap(([key, check]) => (check.type === 'passive' && check.name === name ? [key] : []));
}
