/**
 * The frames that wait to go out of one interface, with a pause between each two. Bounded by the virtual routers: what one
 * of them announces anew replaces what it still had waiting. First rounds go before second ones, whoever's they are: every
 * address is told once before any is told twice. Owns no clock. Pure.
 */
import type { Millis } from './timers.ts';

interface Burst<Frame> {
  readonly owner: string;
  readonly frames: readonly Frame[];
  readonly spacingMs: number;
  round: number;
  /** Index of the next frame in this round. */
  next: number;
  readonly rounds: number;
}

export class PacedQueue<Frame> {
  #bursts: Burst<Frame>[] = [];
  /** Nothing goes out before. */
  #freeAt: Millis = Number.NEGATIVE_INFINITY;

  /** `rounds` times all `frames`. The same ones as are under way go on from there: else the last were never told. */
  put(owner: string, frames: readonly Frame[], rounds: number, spacingMs: number): void {
    const before = this.#bursts.find((burst) => burst.owner === owner);
    const next = before?.frames === frames ? before.next : 0;
    this.drop(owner);
    if (frames.length === 0 || rounds === 0) return;
    this.#bursts.push({ owner, frames, spacingMs, round: 0, next, rounds: next === 0 ? rounds : rounds + 1 });
  }

  /** Takes back what waits. */
  drop(owner: string): void {
    this.#bursts = this.#bursts.filter((burst) => burst.owner !== owner);
  }

  /** When `take` has something. */
  get dueAt(): Millis | null {
    return this.#bursts.length === 0 ? null : this.#freeAt;
  }

  /** The frame that may go out now, or null. */
  take(now: Millis): Frame | null {
    if (now < this.#freeAt) return null;
    const burst = this.#first();
    const frame = burst?.frames[burst.next];
    if (burst === null || frame === undefined) return null;
    burst.next++;
    if (burst.next === burst.frames.length) {
      burst.next = 0;
      burst.round++;
      if (burst.round === burst.rounds) this.drop(burst.owner);
    }
    this.#freeAt = now + burst.spacingMs;
    return frame;
  }

  /** The longest waiting one of those with the fewest rounds done. */
  #first(): Burst<Frame> | null {
    let first: Burst<Frame> | null = null;
    for (const burst of this.#bursts) if (first === null || burst.round < first.round) first = burst;
    return first;
  }
}
