/** What a server says of its own weight in a header of its answer. Pure. */
import type { Advice } from './types.ts';

const MOST_WEIGHT = 65_535;

/** `75%`: of the configured weight; `75`: instead of it, at most 65535. Null: neither. */
export function weightAdvice(value: string): Advice | null {
  const match = /^(\d{1,5})(%?)$/.exec(value.trim());
  if (match === null) return null;
  const number = Number(match[1]);
  if (match[2] === '%') return { weightPercent: number };
  return number <= MOST_WEIGHT ? { weight: number } : null;
}
