/** Whether the kernel gives a destination no new connections because of its thresholds (ip_vs_core.c). Pure. */
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { DestinationCounters, DestinationSettings, DumpedService } from '../ipvs/types.ts';

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

/** The destinations over their threshold, as `SERVICE DESTINATION`, from the table and from those that `were`. */
export function overThresholds(table: readonly DumpedService[], were: ReadonlySet<string>): ReadonlySet<string> {
  const over = new Set<string>();
  for (const service of table) {
    const prefix = serviceKey(service.id);
    for (const { id, settings, counters } of service.destinations) {
      if (settings.upperThreshold === 0) continue;
      const key = `${prefix} ${destinationKey(id)}`;
      if (isOverThreshold(settings, counters, were.has(key))) over.add(key);
    }
  }
  return over;
}
