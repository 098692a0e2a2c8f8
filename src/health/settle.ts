/** A state that follows what is observed with a delay, so that a short interruption is none. Pure: time is passed in. */

export interface Delays {
  /** How long something must have been up before it counts as up. */
  readonly upDelayMs: number;
  readonly downDelayMs: number;
}

/** Times are on the caller's clock, in milliseconds. */
export interface Settled {
  readonly up: boolean;
  /** When it becomes the other one unless what is observed turns back; null: it stays. */
  readonly turnsAt: number | null;
}

/** The start: what is observed counts at once. */
export function settledAs(up: boolean): Settled {
  return { up, turnsAt: null };
}

/** The state at `nowMs`, while `observed` is what is seen. Call it again at `turnsAt`. */
export function settle(delays: Delays, state: Settled, observed: boolean, nowMs: number): Settled {
  if (observed === state.up) return state.turnsAt === null ? state : settledAs(state.up);
  const turnsAt = state.turnsAt ?? nowMs + (observed ? delays.upDelayMs : delays.downDelayMs);
  return nowMs >= turnsAt ? settledAs(observed) : { up: state.up, turnsAt };
}
