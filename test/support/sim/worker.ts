/** One thread of a run: every so-manieth seed, until all are done, one fails or the time is over. */
import { parentPort, workerData } from 'node:worker_threads';
import { planOf } from '../../sim/plan.ts';
import { noTotals, simulate, type Totals } from '../../sim/simulate.ts';

/** What a thread is to do. */
export interface Share {
  readonly first: number;
  readonly step: number;
  /** Null: until the time is over. */
  readonly count: number | null;
  /** Unix time in milliseconds. */
  readonly until: number;
}

export interface Progress {
  /** Since the last one. */
  readonly totals: Totals;
  readonly failedSeed: number | null;
  readonly isDone: boolean;
}

const TELL_EVERY = 200;

function work({ first, step, count, until }: Share): void {
  let totals = noTotals();
  for (let i = 0; (count === null || i < count) && Date.now() < until; i++) {
    const seed = first + i * step;
    if (simulate(planOf(seed), totals) !== null) {
      tell({ totals, failedSeed: seed, isDone: true });
      return;
    }
    if (totals.schedules < TELL_EVERY) continue;
    tell({ totals, failedSeed: null, isDone: false });
    totals = noTotals();
  }
  tell({ totals, failedSeed: null, isDone: true });
}

function tell(progress: Progress): void {
  parentPort?.postMessage(progress);
}

work(workerData);
