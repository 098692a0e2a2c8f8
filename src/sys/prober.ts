/** Runs every check on its own beat, in this thread, and reports what each probe found. */
import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import type { CheckConfig } from '../config/types-checks.ts';
import type { ProbeResult } from '../health/types.ts';
import type { ProbeTarget } from './probe.ts';
import { Beat, Beats } from './probe-beat.ts';
import type { ProberStats } from './prober-stats.ts';
import { safeProbe, safeTarget } from './safe-probe.ts';

/** Probes under way at once: bounds memory. So many silent servers with a timeout of 1 s are so many probes a second. */
export const MAX_IN_FLIGHT = 16_384;

/**
 * Probes begun in one turn of the event loop. Where the processor is too slow for the checks, those under way come first:
 * without it all would be begun, none would end in time, and healthy servers would fail.
 */
const MAX_STARTS_PER_TURN = 64;

/** Hints in a storm (an interface that flaps) do not make more probes of a check than one in this time. */
const HINT_GAP_MS = 20;

export interface ProberHandlers {
  /**
   * Every result of a check that is still wanted, never after `close`. `hinted`: the probe began after something suggested
   * a change. Answered 'pending' when the verdict is about to change: the next probe comes after the fast interval.
   */
  result(key: string, result: ProbeResult, hinted: boolean): 'settled' | 'pending';
}

/** A check on its beat. Replaced as a whole when the check changes, so that nothing old can report. */
interface Entry {
  readonly key: string;
  readonly target: ProbeTarget;
  readonly beat: Beat;
  check: CheckConfig;
  state: 'idle' | 'waiting' | 'probing';
  /** When the last probe began. */
  startedAt: number;
  /** When the last one began that followed a hint. */
  hintedAt: number;
  /** Something suggested a change, and no probe has begun since. */
  isHinted: boolean;
}

/** Probes a changing set of checks until it is closed. */
export class Prober {
  readonly #handlers: ProberHandlers;
  #maxInFlight: number;
  readonly #beats = new Beats();
  readonly #entries = new Map<string, Entry>();
  /** Due, in order of their beats, behind those that were hinted. */
  readonly #waiting = new Set<Entry>();
  readonly #hintedWaiting = new Set<Entry>();
  readonly #underWay = new Set<Promise<void>>();
  #startsThisTurn = 0;
  #nextTurn: NodeJS.Immediate | null = null;
  #closed = false;
  #peakInFlight = 0;
  #started = 0;
  #succeeded = 0;
  #failed = 0;
  #local = 0;
  #skippedBeats = 0;
  #overdueBeats = 0;

  constructor(handlers: ProberHandlers, maxInFlight: number = MAX_IN_FLIGHT) {
    this.#handlers = handlers;
    this.#maxInFlight = maxInFlight;
  }

  /**
   * The checks from now on. A check that stays the same keeps its beat, its socket and its probe under way; what only
   * concerns the verdict does not make it another one.
   */
  set(checks: ReadonlyMap<string, CheckConfig>): void {
    if (this.#closed) return;
    for (const entry of [...this.#entries.values()]) {
      const check = checks.get(entry.key);
      if (check === undefined || !sameProbe(check, entry.check)) this.#remove(entry);
      else entry.check = check;
    }
    const added = [...checks].filter(([key]) => !this.#entries.has(key));
    const now = performance.now();
    for (const [key, check] of added) this.#add(key, check, added.length, now);
  }

  /** Probes under way at once, from now on. */
  limit(maxInFlight: number): void {
    this.#maxInFlight = maxInFlight;
    this.#startWaiting();
  }

  /** Something suggests that these have changed: each is probed at once, or again right after the probe under way. */
  hint(keys: Iterable<string>): void {
    const now = performance.now();
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      entry.isHinted = true;
      if (entry.state === 'idle') this.#hurry(entry, now);
      else if (this.#waiting.delete(entry)) this.#hintedWaiting.add(entry);
    }
  }

  /** What answering 'pending' to its last result does, for an answer that comes later. */
  pending(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.state !== 'idle') return;
    const { fastIntervalMs, intervalMs } = entry.check;
    if (fastIntervalMs >= intervalMs) return;
    const now = performance.now();
    entry.beat.moveTo(Math.max(now, entry.startedAt + fastIntervalMs), now);
  }

  /** Stops everything; resolves when no probe is under way any more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of [...this.#entries.values()]) this.#remove(entry);
    await Promise.all(this.#underWay);
  }

  stats(): ProberStats {
    return {
      checks: this.#entries.size,
      inFlight: this.#underWay.size,
      peakInFlight: this.#peakInFlight,
      waiting: this.#waiting.size + this.#hintedWaiting.size,
      started: this.#started,
      succeeded: this.#succeeded,
      failed: this.#failed,
      local: this.#local,
      skippedBeats: this.#skippedBeats,
      overdueBeats: this.#overdueBeats,
    };
  }

  #add(key: string, check: CheckConfig, newChecks: number, now: number): void {
    const entry: Entry = {
      key,
      check,
      target: safeTarget(check),
      beat: new Beat(this.#beats, { key, intervalMs: check.intervalMs }, newChecks, now, (at) => this.#beat(entry, at)),
      state: 'idle',
      startedAt: now,
      hintedAt: Number.NEGATIVE_INFINITY,
      isHinted: false,
    };
    this.#entries.set(key, entry);
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#waiting.delete(entry);
    this.#hintedWaiting.delete(entry);
    entry.beat.stop();
    entry.target.close();
  }

  #hurry(entry: Entry, now: number): void {
    const readyAt = entry.hintedAt + HINT_GAP_MS;
    if (now < readyAt) {
      entry.beat.moveTo(readyAt, now);
      return;
    }
    // An earlier hint may still wait for its time: this is the probe that it wanted.
    entry.beat.moveBack(now);
    this.#beat(entry, now);
  }

  #beat(entry: Entry, now: number): void {
    if (entry.state !== 'idle') {
      this.#skippedBeats++;
      if (entry.state === 'waiting') this.#overdueBeats++;
    } else if (!this.#mayStart()) {
      entry.state = 'waiting';
      (entry.isHinted ? this.#hintedWaiting : this.#waiting).add(entry);
    } else {
      this.#start(entry, now);
    }
  }

  #start(entry: Entry, now: number): void {
    const { isHinted } = entry;
    entry.state = 'probing';
    entry.startedAt = now;
    entry.isHinted = false;
    if (isHinted) entry.hintedAt = now;
    this.#started++;
    this.#startsThisTurn++;
    this.#nextTurn ??= setImmediate(() => {
      this.#nextTurn = null;
      this.#startsThisTurn = 0;
      this.#startWaiting();
    });
    const underWay = safeProbe(entry.target).then((result) => {
      this.#underWay.delete(underWay);
      this.#ended(entry, result, isHinted);
    });
    this.#underWay.add(underWay);
    this.#peakInFlight = Math.max(this.#peakInFlight, this.#underWay.size);
  }

  #ended(entry: Entry, result: ProbeResult, wasHinted: boolean): void {
    entry.state = 'idle';
    this.#startWaiting();
    // A check that is gone, or replaced under the same key, has nothing to say any more.
    if (this.#entries.get(entry.key) !== entry) return;
    if (result.ok) this.#succeeded++;
    else if (result.reason === 'local') this.#local++;
    else this.#failed++;
    const answer = this.#handlers.result(entry.key, result, wasHinted);
    // The handler may have changed the checks.
    if (this.#entries.get(entry.key) !== entry || entry.state !== 'idle') return;
    if (entry.isHinted) this.#hurry(entry, performance.now());
    else if (answer === 'pending') this.pending(entry.key);
  }

  #mayStart(): boolean {
    return this.#underWay.size < this.#maxInFlight && this.#startsThisTurn < MAX_STARTS_PER_TURN;
  }

  #startWaiting(): void {
    for (const queue of [this.#hintedWaiting, this.#waiting]) {
      for (const entry of queue) {
        if (!this.#mayStart()) return;
        queue.delete(entry);
        this.#start(entry, performance.now());
      }
    }
  }
}

/** Whether both are probed alike: how the results are judged is another matter. */
export function sameProbe(a: CheckConfig, b: CheckConfig): boolean {
  return a === b || isDeepStrictEqual(withoutJudgement(a), withoutJudgement(b));
}

function withoutJudgement(check: CheckConfig): object {
  return { ...check, rise: 0, fall: 0, fastIntervalMs: 0, flapDamping: null, logFailures: false, watch: false };
}
