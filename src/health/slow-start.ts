/** The share of its weight that a server gets while it warms up after a recovery. Pure: the caller passes the time. */
import type { SlowStartConfig } from '../config/types-service.ts';

/** Every step is a message to the kernel for each server that warms up. */
const SHORTEST_STEP_MS = 500;

/** In per cent, from `fromPercent` when it came back at `sinceMs` to 100: in steps of one per cent, or of half a second. */
export function slowStartPercent(config: SlowStartConfig, sinceMs: number, nowMs: number): number {
  if (isOver(config, sinceMs, nowMs)) return 100;
  const step = stepMs(config);
  const climbedMs = Math.floor((nowMs - sinceMs) / step) * step;
  return config.fromPercent + ((100 - config.fromPercent) * climbedMs) / config.durationMs;
}

/** When it becomes more; null: it is all of it. */
export function nextStepAt(config: SlowStartConfig, sinceMs: number, nowMs: number): number | null {
  if (isOver(config, sinceMs, nowMs)) return null;
  const step = stepMs(config);
  return sinceMs + Math.min((Math.floor((nowMs - sinceMs) / step) + 1) * step, config.durationMs);
}

/** What is left of a weight: at least 1 of one that is not 0. */
export function shareOf(weight: number, percent: number): number {
  return weight === 0 ? 0 : Math.max(1, Math.floor((weight * percent) / 100));
}

/** A clock that was set back ends it: better all of its weight than none for an hour. */
function isOver({ durationMs, fromPercent }: SlowStartConfig, sinceMs: number, nowMs: number): boolean {
  return fromPercent >= 100 || nowMs < sinceMs || nowMs - sinceMs >= durationMs;
}

/** A whole number: a multiple of a fraction may come out a little less than it was, and no step would be the next one. */
function stepMs({ durationMs, fromPercent }: SlowStartConfig): number {
  return Math.max(SHORTEST_STEP_MS, Math.ceil(durationMs / (100 - fromPercent)));
}
