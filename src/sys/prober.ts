/** Runs every check on its own beat, in this process, and reports what each probe found. */
import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import type { CheckConfig } from '../config/types.ts';
import { firstAt, nextAt, phaseMs, secondAt } from '../health/schedule.ts';
import type { ProbeResult } from '../health/types.ts';
import { assertNever } from '../util/assert-never.ts';
import type { ProbeTarget } from './probe.ts';
import { LateTarget } from './probe-late.ts';
import { TcpTarget } from './probe-tcp.ts';
import { UdpTarget } from './probe-udp.ts';

/** Probes under way at once: bounds descriptors and memory. 4096 silent servers with 1 s timeout are 4096 probes/s. */
export const MAX_IN_FLIGHT = 4096;

/** The longest delay of a Node timer; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What the prober does, and has done since it was made. */
export interface ProberStats {
  readonly checks: number;
  readonly inFlight: number;
  readonly peakInFlight: number;
  /** Probes that are due but wait for one of `MAX_IN_FLIGHT` to end. */
  readonly waiting: number;
  readonly started: number;
  readonly succeeded: number;
  /** Probes that failed for a reason of the server's. */
  readonly failed: number;
  /** Probes that failed for a reason of ours. */
  readonly local: number;
  /** Beats without a probe, because the one before was still under way or waiting. */
  readonly skippedBeats: number;
}

/** A check on its beat. Replaced as a whole when the check changes, so that nothing old can report. */
interface Entry {
  readonly key: string;
  readonly check: CheckConfig;
  readonly phaseMs: number;
  readonly target: ProbeTarget;
  state: 'idle' | 'waiting' | 'probing';
  first: boolean;
  beatAt: number;
  timer: NodeJS.Timeout | undefined;
}

/** Probes a changing set of checks until it is closed. */
export class Prober {
  readonly #onResult: (key: string, result: ProbeResult) => void;
  readonly #maxInFlight: number;
  readonly #entries = new Map<string, Entry>();
  /** Due, in order of their beats. Entries that are no longer in `#entries` are passed over. */
  readonly #waiting = new Set<Entry>();
  readonly #underWay = new Set<Promise<void>>();
  #closed = false;
  #peakInFlight = 0;
  #started = 0;
  #succeeded = 0;
  #failed = 0;
  #local = 0;
  #skippedBeats = 0;

  /** `onResult` gets every result of a check that is still wanted, never after `close`. */
  constructor(onResult: (key: string, result: ProbeResult) => void, maxInFlight: number = MAX_IN_FLIGHT) {
    this.#onResult = onResult;
    this.#maxInFlight = maxInFlight;
  }

  /**
   * The checks from now on. A check that stays the same keeps its beat, its socket and its probe under way; `rise` and
   * `fall` are the verdict's affair and do not make it another one.
   */
  set(checks: ReadonlyMap<string, CheckConfig>): void {
    if (this.#closed) return;
    for (const entry of [...this.#entries.values()]) {
      const check = checks.get(entry.key);
      if (check === undefined || !sameProbe(check, entry.check)) this.#remove(entry);
    }
    const added = [...checks].filter(([key]) => !this.#entries.has(key));
    const now = performance.now();
    for (const [key, check] of added) {
      const entry: Entry = {
        key,
        check,
        phaseMs: phaseMs(key, check.intervalMs),
        target: newTarget(check),
        state: 'idle',
        first: true,
        beatAt: firstAt(key, check.intervalMs, added.length, now),
        timer: undefined,
      };
      this.#entries.set(key, entry);
      this.#arm(entry, now);
    }
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
      waiting: this.#waiting.size,
      started: this.#started,
      succeeded: this.#succeeded,
      failed: this.#failed,
      local: this.#local,
      skippedBeats: this.#skippedBeats,
    };
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#waiting.delete(entry);
    clearTimeout(entry.timer);
    entry.target.close();
  }

  #arm(entry: Entry, now: number): void {
    const delayMs = Math.min(Math.ceil(Math.max(entry.beatAt - now, 0)), LONGEST_TIMER_MS);
    entry.timer = setTimeout(() => this.#wake(entry), delayMs);
  }

  #wake(entry: Entry): void {
    const now = performance.now();
    // A timer can be early by a millisecond, and by days where its delay was cut to the longest there is.
    if (now < entry.beatAt - 1) {
      this.#arm(entry, now);
      return;
    }
    const { intervalMs } = entry.check;
    const passedAt = Math.max(now, entry.beatAt);
    entry.beatAt = entry.first
      ? secondAt(entry.phaseMs, intervalMs, passedAt)
      : nextAt(entry.phaseMs, intervalMs, passedAt);
    entry.first = false;
    this.#arm(entry, now);
    this.#beat(entry);
  }

  #beat(entry: Entry): void {
    if (entry.state !== 'idle') {
      this.#skippedBeats++;
    } else if (this.#underWay.size >= this.#maxInFlight) {
      entry.state = 'waiting';
      this.#waiting.add(entry);
    } else {
      this.#start(entry);
    }
  }

  #start(entry: Entry): void {
    entry.state = 'probing';
    this.#started++;
    const underWay = entry.target.probe().then((result) => {
      this.#underWay.delete(underWay);
      entry.state = 'idle';
      this.#startWaiting();
      // A check that is gone, or replaced under the same key, has nothing to say any more.
      if (this.#entries.get(entry.key) === entry) this.#report(entry.key, result);
    });
    this.#underWay.add(underWay);
    this.#peakInFlight = Math.max(this.#peakInFlight, this.#underWay.size);
  }

  #startWaiting(): void {
    for (const entry of this.#waiting) {
      if (this.#underWay.size >= this.#maxInFlight) return;
      this.#waiting.delete(entry);
      this.#start(entry);
    }
  }

  #report(key: string, result: ProbeResult): void {
    if (result.ok) this.#succeeded++;
    else if (result.reason === 'local') this.#local++;
    else this.#failed++;
    this.#onResult(key, result);
  }
}

function newTarget(check: CheckConfig): ProbeTarget {
  switch (check.type) {
    case 'tcp':
      return new TcpTarget(check);
    case 'http':
    case 'https':
      return new LateTarget(async () => new (await import('./probe-http.ts')).HttpTarget(check));
    case 'udp':
      return new UdpTarget(check);
    default:
      return assertNever(check);
  }
}

function sameProbe(a: CheckConfig, b: CheckConfig): boolean {
  return isDeepStrictEqual({ ...a, rise: 0, fall: 0 }, { ...b, rise: 0, fall: 0 });
}
