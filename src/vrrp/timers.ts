/** The intervals of RFC 9568 section 6.1 and RFC 3768 section 6.1, in milliseconds. Pure. */
import type { Version } from './packet.ts';

/** Milliseconds on the monotonic clock. Never wall time. */
export type Millis = number;

/** Skew_Time: a part of the interval; in version 2 a part of a second, whatever the interval. */
export function skewTimeMs(version: Version, priority: number, activeAdverIntervalMs: number): number {
  return ((256 - priority) * (version === 2 ? 1000 : activeAdverIntervalMs)) / 256;
}

/** Active_Down_Interval. */
export function activeDownIntervalMs(version: Version, priority: number, activeAdverIntervalMs: number): number {
  return 3 * activeAdverIntervalMs + skewTimeMs(version, priority, activeAdverIntervalMs);
}

/**
 * How long a virtual router that finds its own addresses already in place at start listens before it is Active again:
 * one interval in which a living Active Router must be heard, and its skew. It is over before any Backup Router gives
 * up the advertisements that stopped with our crash, so that a quick restart moves nothing.
 */
export function resumeIntervalMs(version: Version, priority: number, advertisementIntervalMs: number): number {
  return advertisementIntervalMs + skewTimeMs(version, priority, advertisementIntervalMs);
}

/** No Backup Router needs longer than this after priority 0: the greatest Skew_Time, and some lateness. */
const LEAVE_SLACK_MS = 50;
/** A stop is not held up by advertisement intervals of many seconds. */
const LEAVE_LIMIT_MS = 2000;

/** How long a leaving Active Router keeps the addresses when it hears no successor. */
export function leaveIntervalMs(version: Version, advertisementIntervalMs: number): number {
  return Math.min(skewTimeMs(version, 0, advertisementIntervalMs) + LEAVE_SLACK_MS, LEAVE_LIMIT_MS);
}

/**
 * How long a leaving router still answers after the new Active Router's advertisement: that one adds its addresses and
 * announces them only behind its advertisement.
 */
export const HANDOVER_LINGER_MS = 20;

/** An Active Router answers lower-priority advertisements at most this often: a stranger must not make it shout. */
export const ASSERT_EVERY_MS = 100;

/** A message that waited longer is not counted from its arrival: its sender may be long gone, or a clock was set. */
const OLDEST_ARRIVAL_MS = 100;

/** The moment that a message's timers count from. */
export function plausibleArrival(arrivedAt: Millis | null, now: Millis): Millis {
  return arrivedAt !== null && arrivedAt <= now && now - arrivedAt <= OLDEST_ARRIVAL_MS ? arrivedAt : now;
}
