/** Whether the kernel gives a destination no new connections because of its thresholds (ip_vs_core.c). Pure. */
import type { DestinationCounters, DestinationSettings } from '../ipvs/types.ts';

/**
 * The kernel does not tell, so the rule is applied to what it does tell: the flag is set at the upper threshold and
 * cleared below the lower one (three quarters of the upper when it is 0); in between it stays as it `was`.
 */
export function isOverThreshold(settings: DestinationSettings, counters: DestinationCounters, was: boolean): boolean {
  const { upperThreshold, lowerThreshold } = settings;
  if (upperThreshold === 0) return false;
  const total = counters.activeConnections + counters.inactiveConnections;
  if (total >= upperThreshold) return true;
  const lower = lowerThreshold === 0 ? upperThreshold - (upperThreshold >>> 2) : lowerThreshold;
  return total < lower ? false : was;
}
