/** Patterns made ready once and shared: thousands of checks may look for the same thing. */
import type { PatternConfig } from '../config/checks/payload.ts';
import { compile, type Pattern } from '../health/pattern.ts';

/** More different ones than configurations have; then it begins anew. */
const MOST_KEPT = 1000;
const kept = new Map<string, Pattern>();

/** The same pattern for the same words. Not for those of kind `fresh`, which are a probe's own. */
export function sharedPattern(config: PatternConfig): Pattern {
  const key = JSON.stringify(config);
  const known = kept.get(key);
  if (known !== undefined) return known;
  if (kept.size >= MOST_KEPT) kept.clear();
  const pattern = compile(config);
  kept.set(key, pattern);
  return pattern;
}
