/**
 * When checks are probed: each on its fixed beat, and sooner where something hurries it. All beats of a thread share one
 * timer, which counts in ticks of a few milliseconds: a timer for each would ask the clock for each, which is a system call
 * on many virtual machines, and what is due together is sent and answered together.
 */
import { performance } from 'node:perf_hooks';
import { firstAt, nextAt, phaseMs, secondAt } from '../health/schedule.ts';

const TICK_MS = 4;
/** The longest the timer sleeps: far below the longest delay of a Node timer, and often enough to cost nothing. */
const LONGEST_SLEEP_TICKS = 15_000;

/** Times are milliseconds of `performance.now()`. */
export class Beats {
  /** By the tick in which they are due. */
  readonly #due = new Map<number, Set<Beat>>();
  /** No tick before this one has any. */
  #nextTick = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  /** Called by beats. */
  add(beat: Beat, atMs: number, nowMs: number): number {
    const tick = Math.ceil(atMs / TICK_MS);
    const others = this.#due.get(tick);
    if (others !== undefined) others.add(beat);
    else this.#due.set(tick, new Set([beat]));
    if (tick < this.#nextTick) {
      this.#nextTick = tick;
      if (!this.#isRunning) this.#arm(nowMs);
    }
    return tick;
  }

  /** Called by beats. */
  remove(beat: Beat, tick: number): void {
    const others = this.#due.get(tick);
    if (others?.delete(beat) !== true || others.size > 0) return;
    this.#due.delete(tick);
    if (this.#due.size > 0) return;
    this.#nextTick = Number.POSITIVE_INFINITY;
    clearTimeout(this.#timer);
  }

  #arm(nowMs: number): void {
    clearTimeout(this.#timer);
    if (this.#due.size === 0) return;
    const sleepMs = Math.min(this.#nextTick * TICK_MS - nowMs, LONGEST_SLEEP_TICKS * TICK_MS);
    this.#timer = setTimeout(() => this.#run(), Math.max(0, Math.ceil(sleepMs)));
  }

  #run(): void {
    const now = performance.now();
    // A timer can be early by a millisecond.
    const last = Math.floor((now + 1) / TICK_MS);
    this.#isRunning = true;
    try {
      for (let tick = this.#nextTick; tick <= last; tick++) this.#wake(tick, now);
    } finally {
      this.#isRunning = false;
      this.#nextTick = this.#earliest(last);
      this.#arm(now);
    }
  }

  #wake(tick: number, now: number): void {
    const beats = this.#due.get(tick);
    if (beats === undefined) return;
    this.#due.delete(tick);
    for (const beat of beats) beat.wake(tick, now);
  }

  /** Where there is much to do it is near. */
  #earliest(after: number): number {
    for (let tick = after; tick < after + 256; tick++) if (this.#due.has(tick)) return tick;
    let earliest = Number.POSITIVE_INFINITY;
    for (const tick of this.#due.keys()) earliest = Math.min(earliest, tick);
    return earliest;
  }
}

/** Of one check. */
export class Beat {
  readonly #beats: Beats;
  readonly #intervalMs: number;
  readonly #phaseMs: number;
  readonly #due: (nowMs: number) => void;
  #at: number;
  #tick: number;
  #isFirst = true;
  #isMoved = false;
  #isStopped = false;

  /** The beat of a check that is new, one of `newChecks` that came together. `due` is called on every beat. */
  constructor(beats: Beats, check: BeatOf, newChecks: number, nowMs: number, due: (nowMs: number) => void) {
    this.#beats = beats;
    this.#intervalMs = check.intervalMs;
    this.#phaseMs = phaseMs(check.key, check.intervalMs);
    this.#due = due;
    this.#at = firstAt(check.key, check.intervalMs, newChecks, nowMs);
    this.#tick = beats.add(this, this.#at, nowMs);
  }

  /** The next one is due then, whatever the beat says; after it the beat goes on. */
  moveTo(atMs: number, nowMs: number): void {
    if (this.#isStopped) return;
    this.#beats.remove(this, this.#tick);
    this.#isMoved = !this.#isFirst;
    this.#at = atMs;
    this.#tick = this.#beats.add(this, atMs, nowMs);
  }

  /** What it was moved for is done: it is due when it would have been. The first one stays. */
  moveBack(nowMs: number): void {
    if (!this.#isMoved) return;
    this.moveTo(nextAt(this.#phaseMs, this.#intervalMs, nowMs), nowMs);
    this.#isMoved = false;
  }

  stop(): void {
    this.#isStopped = true;
    this.#beats.remove(this, this.#tick);
  }

  /** Called when its tick has come. */
  wake(tick: number, nowMs: number): void {
    // Another one that was due in the same tick may have ended or moved it.
    if (this.#isStopped || tick !== this.#tick) return;
    const passedAt = Math.max(nowMs, this.#at);
    const next = this.#isFirst ? secondAt : nextAt;
    this.#isFirst = false;
    this.#isMoved = false;
    this.#at = next(this.#phaseMs, this.#intervalMs, passedAt);
    this.#tick = this.#beats.add(this, this.#at, nowMs);
    this.#due(nowMs);
  }
}

/** What a beat follows from. */
export interface BeatOf {
  readonly key: string;
  readonly intervalMs: number;
}
