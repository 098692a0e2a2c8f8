/** What the exit code of a script check means. Pure. */
import type { Advice } from './types.ts';

export type ExitVerdict = { readonly ok: true; readonly advice?: Advice } | { readonly ok: false };

const FAILED: ExitVerdict = { ok: false };

/**
 * 0 passes. With `dynamicWeight` it also gives the server its configured weight, and 2 to 255 pass with that code less 2 as
 * the weight (keepalived's `misc_dynamic`, check_misc.c). Everything else is a failure.
 */
export function exitVerdict(code: number, dynamicWeight: boolean): ExitVerdict {
  if (!dynamicWeight) return code === 0 ? { ok: true } : FAILED;
  if (code === 0) return { ok: true, advice: { weightPercent: 100 } };
  return code >= 2 && code <= 255 ? { ok: true, advice: { weight: code - 2 } } : FAILED;
}
