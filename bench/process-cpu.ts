/** How much processor time a program and its children have used. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The process, its children and theirs. */
export function familyOf(pid: number): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const family = [pid];
  for (const member of family) {
    for (const [child, parent] of table) if (parent === member && child !== undefined) family.push(child);
  }
  return family;
}

/** Milliseconds of all threads so far, system calls included (/proc/PID/task/TID/schedstat counts nanoseconds). */
export function cpuMsOf(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [onCpu = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'ascii').split(' ');
    nanoseconds += Number(onCpu);
  }
  return nanoseconds / 1e6;
}
