/** Many schedules on several threads. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { addTotals, noTotals, type Totals } from '../../sim/simulate.ts';
import type { Progress, Share } from './worker.ts';

/** What to run: `count` schedules from the seed `first` on, or as many as `forMs` has time for. */
export interface Work {
  readonly first: number;
  readonly count: number | null;
  readonly forMs: number;
  readonly threads?: number;
  /** Called now and then with what was done so far. */
  readonly report?: (totals: Totals) => void;
}

export interface Outcome {
  readonly totals: Totals;
  /** The first that was found; not always the smallest. */
  readonly failedSeed: number | null;
}

/** Stops at the first failure. */
export async function runSchedules({ first, count, forMs, threads, report }: Work): Promise<Outcome> {
  const step = Math.max(1, Math.min(threads ?? availableParallelism(), count ?? Number.POSITIVE_INFINITY));
  const totals = noTotals();
  const until = Date.now() + forMs;
  const workers = Array.from({ length: step }, (_, i) => {
    const share: Share = {
      first: first + i,
      step,
      count: count === null ? null : Math.ceil((count - i) / step),
      until,
    };
    return new Worker(new URL('./worker.js', import.meta.url), { workerData: share });
  });
  const stop = (): void => {
    for (const worker of workers) void worker.terminate();
  };
  const ends = workers.map(
    (worker) =>
      new Promise<number | null>((resolve, reject) => {
        worker.on('message', ({ totals: more, failedSeed, isDone }: Progress) => {
          addTotals(totals, more);
          report?.(totals);
          if (!isDone) return;
          resolve(failedSeed);
          if (failedSeed !== null) stop();
        });
        worker.on('error', reject);
        worker.on('exit', () => resolve(null));
      }),
  );
  try {
    const seeds = await Promise.all(ends);
    return { totals, failedSeed: seeds.find((seed) => seed !== null) ?? null };
  } finally {
    stop();
  }
}
