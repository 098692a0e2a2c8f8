/** The number in a tracked file. Pure. */
import { err, ok, type Result } from '../util/result.ts';

/** No more of a file is looked at. */
export const NUMBER_FILE_BYTES = 64;
/** Of the number; far beyond what a priority can take. */
const MOST = 1_000_000;

/**
 * A whole number, possibly with a sign and blanks around it; nothing at all counts as 0. Larger ones are cut to a million.
 * The error says what was found instead.
 */
export function numberIn(text: string): Result<number, string> {
  const trimmed = text.trim();
  if (trimmed === '') return ok(0);
  if (!/^[+-]?\d+$/.test(trimmed)) return err(JSON.stringify(trimmed.slice(0, 20)));
  // `|| 0`: no negative zero.
  return ok(Math.min(Math.max(Number(trimmed), -MOST), MOST) || 0);
}
