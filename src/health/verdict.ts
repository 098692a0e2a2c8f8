/** Turns a stream of probe results into a verdict, damped by rise and fall. Pure: the caller passes the time. */
import { assertNever } from '../util/assert-never.ts';
import type { ProbeFailure, ProbeResult } from './types.ts';

/** `unknown` lasts from the start until the first probe that says something about the server. */
export type Verdict = 'unknown' | 'up' | 'down';

export interface Damping {
  /** Consecutive successes that bring a failed server back. */
  readonly rise: number;
  /** Consecutive failures that take a server out. */
  readonly fall: number;
}

/** Why a check fails: the last failure that counted. */
export interface Failure {
  readonly reason: ProbeFailure;
  readonly detail: string;
}

/** The health of one check. Times are on the caller's clock, in milliseconds. */
export interface Health {
  readonly verdict: Verdict;
  /** Above 0: successes in a row; below 0: failures in a row. */
  readonly streak: number;
  /** When the verdict last changed. */
  readonly changedAt: number;
  /** The latest failure of a check that is down, or that is up with failures behind it; null once it passed while up. */
  readonly failure: Failure | null;
  /** The last probe, counted or not, and when it came. */
  readonly last: { readonly result: ProbeResult; readonly at: number } | null;
}

/** The start of a check that nothing is known of. */
export function unknown(nowMs: number): Health {
  return { verdict: 'unknown', streak: 0, changedAt: nowMs, failure: null, last: null };
}

/**
 * The start of a check whose server stands somewhere already: it carries traffic (`up`, until `fall` failures say
 * otherwise), or another check of it was replaced.
 */
export function continued(verdict: Verdict, nowMs: number): Health {
  return { ...unknown(nowMs), verdict };
}

/** The health after one more probe result. */
export function observe(damping: Damping, health: Health, result: ProbeResult, nowMs: number): Health {
  const last = { result, at: nowMs };
  // A probe that this machine could not make says nothing about the server: it neither counts nor ends a streak.
  if (!result.ok && result.reason === 'local') return { ...health, last };
  const streak = result.ok ? Math.max(health.streak, 0) + 1 : Math.min(health.streak, 0) - 1;
  const verdict = nextVerdict(damping, health.verdict, streak);
  const changedAt = verdict === health.verdict ? health.changedAt : nowMs;
  return { verdict, streak, changedAt, failure: nextFailure(health, result, verdict), last };
}

function nextVerdict(damping: Damping, verdict: Verdict, streak: number): Verdict {
  switch (verdict) {
    case 'unknown':
      // Nothing to damp: it gets traffic with its first success, and a failure changes nothing that it was serving.
      return streak > 0 ? 'up' : 'down';
    case 'up':
      return -streak >= damping.fall ? 'down' : 'up';
    case 'down':
      return streak >= damping.rise ? 'up' : 'down';
    default:
      return assertNever(verdict);
  }
}

function nextFailure(health: Health, result: ProbeResult, verdict: Verdict): Failure | null {
  if (!result.ok) return { reason: result.reason, detail: result.detail };
  // While it is still down, the last failure stays the reason why.
  return verdict === 'down' ? health.failure : null;
}

/** What the checks of one real server say together. */
export interface Combined {
  readonly verdict: Verdict;
  /** Of the first check that is down; null unless the verdict is `down`. */
  readonly failure: Failure | null;
}

/** All checks must be up. One that is down decides at once, others may still be unknown. No checks: up. */
export function combine(healths: readonly Health[]): Combined {
  const down = healths.find((health) => health.verdict === 'down');
  if (down !== undefined) return { verdict: 'down', failure: down.failure };
  const settled = healths.every((health) => health.verdict === 'up');
  return { verdict: settled ? 'up' : 'unknown', failure: null };
}
