/** What probing costs, and how many threads it is worth. Pure. */
import type { CheckConfig } from '../config/types-checks.ts';

/** Processor time of one probe in milliseconds, measured on a machine of 2020 and rounded up (bench/probes.ts). */
const COST_MS: Readonly<Record<CheckConfig['type'], number>> = {
  tcp: 0.1,
  http: 0.2,
  https: 1,
  udp: 0.05,
  dns: 0.05,
  icmp: 0.03,
  grpc: 0.4,
  agent: 0.1,
  // These are not probed by workers: what they cost is somebody else's, or nothing.
  script: 0,
  file: 0,
  passive: 0,
};

/** Below this share of a core the thread that does everything else probes too, and is late for nothing. */
const LITTLE = 0.15;
/** A worker gets so much of a core to do: the rest is for bad times, when probes fail and are repeated. */
const SHARE_OF_A_WORKER = 0.4;

/** How much of a core a check takes. */
export function loadOf(check: CheckConfig): number {
  return COST_MS[check.type] / check.intervalMs;
}

/** Whether workers may probe it: scripts, files and what is told by command belong to the main thread. */
export function isForWorkers({ type }: CheckConfig): boolean {
  return type !== 'script' && type !== 'file' && type !== 'passive';
}

/**
 * How many worker threads to probe with on so many cores; 0: the main thread does it, as on a single core, where another
 * thread would only cost more. `load` is in cores.
 */
export function workersFor(load: number, cores: number): number {
  return load < LITTLE || cores < 2 ? 0 : Math.min(Math.ceil(load / SHARE_OF_A_WORKER), cores, MOST_WORKERS);
}

export const MOST_WORKERS = 16;
