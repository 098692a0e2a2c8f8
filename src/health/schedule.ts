/**
 * When a check is probed: on a fixed beat `phase + k * interval` of a monotonic clock, so that nothing drifts, with the
 * phases spread by a hash of the check's key, so that a thousand checks do not fire at once. Pure.
 */

/** New checks are first probed within this time, even if their interval is longer: nobody waits a minute for traffic. */
const FIRST_PROBE_WITHIN_MS = 1000;

/** Unless they are so many that this rate would be passed: probes cost 0.05 to 0.3 ms of CPU each. */
const FIRST_PROBES_PER_MS = 2;

/**
 * A place in [0, 1) for a key: FNV-1a (32 bits, over UTF-16 code units), then the finalizer of MurmurHash3, because the
 * high bits of FNV-1a alone hardly differ for keys that differ in their last character, as addresses do.
 */
export function spread(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** The check's phase within its interval, in [0, intervalMs). The same key and interval always get the same one. */
export function phaseMs(key: string, intervalMs: number): number {
  return spread(key) * intervalMs;
}

/** The first beat strictly after `nowMs`. Beats missed meanwhile are skipped, never made up for in a burst. */
export function nextAt(phaseMs: number, intervalMs: number, nowMs: number): number {
  const beats = Math.floor((nowMs - phaseMs) / intervalMs) + 1;
  const at = phaseMs + beats * intervalMs;
  // Rounding of the division can land on `nowMs` itself.
  return at > nowMs ? at : at + intervalMs;
}

/** When to probe a check that is new, one of `newChecks` that came together: soon, at its own place in the crowd. */
export function firstAt(key: string, intervalMs: number, newChecks: number, nowMs: number): number {
  const withinMs = Math.max(FIRST_PROBE_WITHIN_MS, newChecks / FIRST_PROBES_PER_MS);
  return nowMs + spread(key) * Math.min(intervalMs, withinMs);
}

/** The first regular beat after the first probe, which stands outside the beat: not closer than half an interval. */
export function secondAt(phaseMs: number, intervalMs: number, firstAtMs: number): number {
  return nextAt(phaseMs, intervalMs, firstAtMs + intervalMs / 2);
}
