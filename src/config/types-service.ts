/** How a virtual server treats its real servers, as the rest of lvsd reads it: see types.ts. Pure types. */
import type { CheckConfig } from './types-checks.ts';

/** How many of a server's checks must be up; `all` of them, any one, or a number. */
export type Required = 'all' | number;

/** Of a virtual server, beyond what the kernel has of it. */
export interface ServiceLevelConfig {
  /** Up at a usable weight of `quorum + hysteresis`, down below `quorum - hysteresis` or at 0. */
  readonly hysteresis: number;
  /** Null: all weight at once after a recovery. */
  readonly slowStart: SlowStartConfig | null;
  readonly gradedWeight: GradedWeightConfig;
  /** Null: failures are believed however many they are. */
  readonly panic: PanicConfig | null;
  /** The virtual router without whose MASTER role the checks rest; null: they never do. */
  readonly haSuspend: string | null;
  readonly hooks: ServiceHooksConfig;
}

/** The weight climbs from `fromPercent` to all of it within `durationMs`. */
export interface SlowStartConfig {
  readonly durationMs: number;
  readonly fromPercent: number;
}

/** How far what servers say of themselves, and how quickly they answer, moves their weights. */
export interface GradedWeightConfig {
  /** Bounds of the configured weight, in per cent: 1..100 and 100..1000. */
  readonly minPercent: number;
  readonly maxPercent: number;
  /** Share of a new value in the average, 1..100: 100 is not smoothed. */
  readonly smoothingPercent: number;
  /** The weight falls from all of it at `fullMs` to `minPercent` at `lowMs` of smoothed latency; null: latency has no say. */
  readonly latency: { readonly fullMs: number; readonly lowMs: number } | null;
}

/** More than so many failed within so short: rather the prober than the servers. */
export interface PanicConfig {
  readonly thresholdPercent: number;
  readonly withinMs: number;
}

/** Programs that are run when servers change; null: none. keepalived's quorum_up, quorum_down, notify_up, notify_down. */
export interface ServiceHooksConfig {
  readonly quorumUp: readonly string[] | null;
  readonly quorumDown: readonly string[] | null;
  /** Of each real server. */
  readonly notifyUp: readonly string[] | null;
  readonly notifyDown: readonly string[] | null;
  readonly user: string | null;
  readonly timeoutMs: number;
}

/** Of a real server. */
export interface RealServerLevelConfig {
  /** All of `checks` must pass, or so many of them. Without checks: never probed, always usable. */
  readonly checks: readonly CheckConfig[];
  readonly required: Required;
  /** 0 serves first; the next tier joins while those before it do not reach the quorum. */
  readonly tier: number;
  /** What it becomes when it failed; null: as its virtual server says. */
  readonly onFailure: 'zero' | 'remove' | null;
  /** Instead of the virtual server's `hooks`; null: those. */
  readonly notifyUp: readonly string[] | null;
  readonly notifyDown: readonly string[] | null;
}
