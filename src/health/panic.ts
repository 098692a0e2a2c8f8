/**
 * When so many servers fail at once that rather the prober is sick. Then they are kept in the table, until a check of
 * something else (the self check) passes and so bears the failures out, or until the servers are back. When the self check
 * failed too, what was found meanwhile is worth nothing: each server is kept until it was probed anew. Pure.
 */
import type { PanicConfig } from '../config/types-service.ts';

export interface Panic {
  readonly sinceMs: number;
  /** How many servers were up when it began. */
  readonly of: number;
  /**
   * `asked`: the self check is to be probed now; `self-check`: it fails too, until it passes; `probes`: it passes again, until
   * the servers have been probed anew; `recovery`: there is none, until not too many are down any more.
   */
  readonly waitsFor: 'asked' | 'self-check' | 'probes' | 'recovery';
  /** A result of a self check that may have been under way already has come since it was asked. */
  readonly heard: boolean;
}

/** Whether `fell` servers of those that were up are too many, while `up` still are. */
export function isTooMany(
  { thresholdPercent }: Pick<PanicConfig, 'thresholdPercent'>,
  fell: number,
  up: number,
): boolean {
  return fell * 100 > thresholdPercent * (fell + up);
}

export function panicFrom(of: number, hasSelfCheck: boolean, nowMs: number): Panic {
  return { sinceMs: nowMs, of, waitsFor: hasSelfCheck ? 'asked' : 'recovery', heard: false };
}

/**
 * After a result of the self check; null: it is over, the servers are down. `isAnswer`: the probe began after it was asked
 * for. A second result in any case did, since one check is probed once at a time.
 */
export function selfChecked(panic: Panic, passed: boolean, isAnswer: boolean): Panic | null {
  if (panic.waitsFor === 'recovery') return panic;
  if (panic.waitsFor === 'asked' && !isAnswer && !panic.heard) return { ...panic, heard: true };
  if (!passed) return panic.waitsFor === 'self-check' ? panic : { ...panic, waitsFor: 'self-check' };
  if (panic.waitsFor === 'asked') return null;
  return panic.waitsFor === 'probes' ? panic : { ...panic, waitsFor: 'probes' };
}

/** Under a configuration that has a self check, or has none. */
export function panicUnder(panic: Panic, hasSelfCheck: boolean): Panic {
  if (hasSelfCheck === (panic.waitsFor !== 'recovery')) return panic;
  return { ...panic, waitsFor: hasSelfCheck ? 'asked' : 'recovery', heard: false };
}
