/** How often what others delete is put back: at once, but somebody who deletes in a loop must not keep us busy. Pure. */
import type { Millis } from './timers.ts';

const BURST = 10;
const REFILL_MS = 100;

export class RepairPace {
  /** By name: how many repairs may follow at once, and since when they are counted. */
  readonly #left = new Map<string, { count: number; at: Millis }>();

  /** Whether there is one: ten at once, then ten a second. */
  has(name: string, now: Millis): boolean {
    return this.#refilled(name, now).count > 0;
  }

  /** Takes one, if there is one. */
  take(name: string, now: Millis): boolean {
    const { count, at } = this.#refilled(name, now);
    this.#left.set(name, { count: Math.max(0, count - 1), at });
    return count > 0;
  }

  /** Until there surely is one more. */
  get waitMs(): number {
    return REFILL_MS;
  }

  forget(name: string): void {
    this.#left.delete(name);
  }

  #refilled(name: string, now: Millis): { readonly count: number; readonly at: Millis } {
    const known = this.#left.get(name) ?? { count: BURST, at: now };
    const refilled = Math.floor((now - known.at) / REFILL_MS);
    const count = Math.min(BURST, known.count + refilled);
    return { count, at: count === BURST ? now : known.at + refilled * REFILL_MS };
  }
}
