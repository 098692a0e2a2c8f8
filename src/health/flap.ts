/** Keeps a check down for longer and longer that comes and goes. Pure: the caller passes the time. */
import type { FlapDampingConfig } from '../config/types-checks.ts';

/** What is remembered of a check's comings and goings. Times are on the caller's clock, in milliseconds. */
export interface Flap {
  /** How often it came back since it was last quiet for long enough. */
  readonly recoveries: number;
  /** Its last failure while it was up, or when it came back. */
  readonly quietSince: number;
  /** While it is down: until when successes do not bring it up; null: they do. */
  readonly heldUntil: number | null;
}

/** Nothing is held against it. */
export const CALM: Flap = { recoveries: 0, quietSince: 0, heldUntil: null };

/** A down check came up. */
export function recovered(damping: FlapDampingConfig | null, flap: Flap, nowMs: number): Flap {
  if (damping === null) return CALM;
  return { recoveries: flap.recoveries + 1, quietSince: nowMs, heldUntil: null };
}

/** A check that was up failed; `isDown`: that took it down. The first time it goes down it is not held. */
export function failed(damping: FlapDampingConfig | null, flap: Flap, isDown: boolean, nowMs: number): Flap {
  if (damping === null) return CALM;
  const recoveries = nowMs - flap.quietSince >= damping.forgetMs ? 0 : flap.recoveries;
  if (recoveries === 0) return CALM;
  const holdMs = Math.min(damping.holdMs * 2 ** (recoveries - 1), damping.maxMs);
  return { recoveries, quietSince: nowMs, heldUntil: isDown ? nowMs + holdMs : null };
}

/** Whether it stays down whatever its probes say. A hold longer than there can be is a clock that was set back. */
export function isHeld(damping: FlapDampingConfig | null, { heldUntil }: Flap, nowMs: number): boolean {
  if (damping === null || heldUntil === null) return false;
  return nowMs < heldUntil && heldUntil - nowMs <= Math.max(damping.maxMs, damping.holdMs);
}
