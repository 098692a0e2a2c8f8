/** Turns a stream of probe results into a verdict, damped by rise and fall. Pure: the caller passes the time. */
import type { FlapDampingConfig } from '../config/types-checks.ts';
import type { Required } from '../config/types-service.ts';
import { assertNever } from '../util/assert-never.ts';
import { CALM, type Flap, failed, isHeld, recovered } from './flap.ts';
import type { ProbeFailure, ProbeResult } from './types.ts';

/** `unknown` lasts from the start until the first probe that says something about the server. */
export type Verdict = 'unknown' | 'up' | 'down';

export interface Damping {
  /** Consecutive successes that bring a failed server back. */
  readonly rise: number;
  /** Consecutive failures that take a server out. */
  readonly fall: number;
  /** Null, or absent: none. */
  readonly flapDamping?: FlapDampingConfig | null;
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
  readonly flap: Flap;
}

/** The start of a check that nothing is known of. */
export function unknown(nowMs: number): Health {
  return { verdict: 'unknown', streak: 0, changedAt: nowMs, failure: null, last: null, flap: CALM };
}

/**
 * The start of a check whose server stands somewhere already: it carries traffic (`up`, until `fall` failures say
 * otherwise), or another check of it was replaced.
 */
export function continued(verdict: Verdict, nowMs: number): Health {
  return { ...unknown(nowMs), verdict };
}

/**
 * The health after one more probe result. `atOnce`: it decides by itself, whatever `rise` and `fall` say, because something
 * else says the same or because nothing is known that is still worth something.
 */
export function observe(
  damping: Damping,
  health: Health,
  result: ProbeResult,
  nowMs: number,
  { atOnce = false }: { readonly atOnce?: boolean } = {},
): Health {
  const last = { result, at: nowMs };
  // A probe that this machine could not make says nothing about the server: it neither counts nor ends a streak.
  if (!result.ok && result.reason === 'local') return { ...health, last };
  const streak = result.ok ? Math.max(health.streak, 0) + 1 : Math.min(health.streak, 0) - 1;
  const verdict = nextVerdict(damping, health, { streak, atOnce, nowMs });
  const changedAt = verdict === health.verdict ? health.changedAt : nowMs;
  const flap = nextFlap(damping.flapDamping ?? null, health, { ok: result.ok, verdict, nowMs });
  return { verdict, streak, changedAt, failure: nextFailure(health, result, verdict), last, flap };
}

/** Whether the next results may change the verdict: worth probing more often. */
export function isPending(damping: Damping, { verdict, streak, flap }: Health, nowMs: number): boolean {
  if (verdict === 'up') return streak < 0;
  return verdict === 'down' && streak > 0 && !isHeld(damping.flapDamping ?? null, flap, nowMs);
}

interface Counted {
  readonly streak: number;
  readonly atOnce: boolean;
  readonly nowMs: number;
}

function nextVerdict(damping: Damping, { verdict, flap }: Health, { streak, atOnce, nowMs }: Counted): Verdict {
  switch (verdict) {
    case 'unknown':
      // Nothing to damp: it gets traffic with its first success, and a failure changes nothing that it was serving.
      return streak > 0 ? 'up' : 'down';
    case 'up':
      return -streak >= (atOnce ? 1 : damping.fall) ? 'down' : 'up';
    case 'down':
      if (isHeld(damping.flapDamping ?? null, flap, nowMs)) return 'down';
      return streak >= (atOnce ? 1 : damping.rise) ? 'up' : 'down';
    default:
      return assertNever(verdict);
  }
}

function nextFlap(
  damping: FlapDampingConfig | null,
  before: Health,
  { ok, verdict, nowMs }: { readonly ok: boolean; readonly verdict: Verdict; readonly nowMs: number },
): Flap {
  if (before.verdict === 'down' && verdict === 'up') return recovered(damping, before.flap, nowMs);
  if (before.verdict === 'up' && !ok) return failed(damping, before.flap, verdict === 'down', nowMs);
  return before.flap;
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

/**
 * So many of the checks must be up, or all of them. Decided as soon as those that are still unknown cannot change it. No
 * checks: up.
 */
export function combine(healths: readonly Health[], required: Required = 'all'): Combined {
  const needed = required === 'all' ? healths.length : Math.min(required, healths.length);
  let up = 0;
  let unknown = 0;
  for (const { verdict } of healths) {
    if (verdict === 'up') up++;
    else if (verdict === 'unknown') unknown++;
  }
  if (up >= needed) return { verdict: 'up', failure: null };
  if (up + unknown >= needed) return { verdict: 'unknown', failure: null };
  return { verdict: 'down', failure: healths.find(({ verdict }) => verdict === 'down')?.failure ?? null };
}
