/** How many file descriptors this process may have (RLIMIT_NOFILE), and whether the checks get by with them. */
import { readFileSync } from 'node:fs';
import type { CheckConfig } from '../config/types-checks.ts';
import { MAX_IN_FLIGHT } from './prober.ts';

/** For everything that is no probe: netlink, log, scripts, operators, libraries. */
const RESERVE = 256;
/** Probes that must fit in any case: below this nothing works anyhow. */
const LEAST = 16;

/**
 * The limit in force. Node raises it to the hard limit at its start, as far as it may: what is missing then, only the unit
 * file or ulimit can give. Infinity when the kernel does not say.
 */
export function descriptorLimit(): number {
  let text: string;
  try {
    text = readFileSync('/proc/self/limits', 'ascii');
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  const soft = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

/** How many probes may be under way at once. */
export function probesAtOnce(limit: number): number {
  return Math.max(LEAST, Math.min(MAX_IN_FLIGHT, limit - RESERVE));
}

/**
 * How many descriptors probes hold when no server answers: a check never has two probes under way, and one that is longer
 * than its timeout between two has none for the rest. Datagram sockets and watched connections are kept.
 */
export function descriptorsFor(checks: Iterable<CheckConfig>): number {
  let sum = 0;
  for (const check of checks) {
    const { type, timeoutMs, intervalMs, watch } = check;
    if (type === 'passive' || type === 'file') continue;
    sum += type === 'udp' ? 1 : Math.min(1, timeoutMs / intervalMs);
    if (watch) sum++;
  }
  return Math.ceil(sum);
}

/** What to tell the operator when the checks do not fit; null: they do. */
export function descriptorWarning(checks: Iterable<CheckConfig>, limit: number): string | null {
  const all = [...checks];
  const needed = descriptorsFor(all);
  if (needed + RESERVE <= limit) return null;
  return (
    `${all.length} checks need up to ${needed + RESERVE} file descriptors at once when no server answers, but the limit is ` +
    `${limit}: probes would wait for each other; set LimitNOFILE=${2 * (needed + RESERVE)} in the unit, or raise \`ulimit -Hn\``
  );
}
