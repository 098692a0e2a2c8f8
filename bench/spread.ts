/** Figures as every benchmark prints them. Pure. */

/** `min / median / max`, with two decimals. */
export function spreadOf(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
  return [sorted[0] ?? Number.NaN, median, sorted.at(-1) ?? Number.NaN].map((value) => value.toFixed(2)).join(' / ');
}
