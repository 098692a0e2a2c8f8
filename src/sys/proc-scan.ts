/** Reads /proc: every process, or one. */
import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ProcessStat, parseCommandLine, parseStat } from '../health/process-match.ts';

/** Processes read in one turn of the event loop: about a millisecond. */
const PER_TURN = 50;

/** Null: there is no such process, or it has ended. */
export function readStat(pid: number): ProcessStat | null {
  const stat = parseStat(read(`/proc/${pid}/stat`));
  return stat === null || stat.dead ? null : stat;
}

/** Empty for kernel threads and processes that are gone. */
export function readCommandLine(pid: number): readonly string[] {
  return parseCommandLine(read(`/proc/${pid}/cmdline`));
}

/** Calls `each` for every process; other work goes on in between. Stops early when `each` says false. */
export async function scanProcesses(each: (pid: number, stat: ProcessStat) => boolean): Promise<void> {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  for (const [index, pid] of pids.entries()) {
    if (index % PER_TURN === PER_TURN - 1) await nextTurn();
    const stat = readStat(pid);
    if (stat !== null && !each(pid, stat)) return;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}
