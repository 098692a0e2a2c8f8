/** What the main thread and its probe workers tell each other. Pure types. */
import type { CheckConfig } from '../config/types-checks.ts';
import type { ProbeResult } from '../health/types.ts';
import type { ProberStats } from './prober-stats.ts';

export type ToProbeWorker =
  | {
      readonly type: 'set';
      /** Probes under way at once. */
      readonly maxInFlight: number;
      /** New, or changed under the same key: those have a new number. */
      readonly added: readonly NumberedCheck[];
      /** Keys. */
      readonly removed: readonly string[];
    }
  | { readonly type: 'hint'; readonly keys: readonly string[] }
  /** Their verdicts are about to change. */
  | { readonly type: 'pending'; readonly keys: readonly string[] }
  | { readonly type: 'close' };

/** The number stands for the key in reports: keys are long. Never used again for another check. */
export type NumberedCheck = readonly [number: number, key: string, check: CheckConfig];

export type NumberedResult = readonly [number: number, result: ProbeResult, hinted: boolean];

/** At least one a second: silence means that the worker hangs. */
export interface WorkerReport {
  readonly results: readonly NumberedResult[];
  readonly stats: ProberStats;
}
