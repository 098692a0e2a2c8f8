/** Durations as people write them: `250ms`, `1s`, `1.5s`, `5m`, `2h`. Pure. */

const UNIT_MS = { ms: 1n, s: 1000n, m: 60_000n, h: 3_600_000n } as const;
/** Digits are limited so that every accepted duration is exact in a double: 10^9 h are 3.6e15 ms, below 2^53. */
const DURATION = /^(\d{1,9})(?:\.(\d{1,9}))?(ms|s|m|h)$/;

/** The same rule as a pattern for JSON Schema; whether a fraction is whole milliseconds is beyond a pattern. */
export const DURATION_PATTERN = DURATION;

/** The duration in milliseconds. `null` if there is no unit, an unknown one, or a fraction of a millisecond. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const [, whole = '0', fraction = '', unit = 'ms'] = match;
  if (!isUnit(unit)) return null;
  // Scaled integers, because 1.005 * 1000 is not 1005 in floating point.
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * UNIT_MS[unit];
  return scaled % scale === 0n ? Number(scaled / scale) : null;
}

function isUnit(text: string): text is keyof typeof UNIT_MS {
  return Object.hasOwn(UNIT_MS, text);
}
