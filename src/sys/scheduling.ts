/** What a real-time process asks of the kernel: a scheduler, and its memory kept. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { native } from './native.ts';
import { SystemError } from './socket.ts';

const SCHED_NAMES = [
  'SCHED_OTHER',
  'SCHED_FIFO',
  'SCHED_RR',
  'SCHED_BATCH',
  'SCHED_ISO',
  'SCHED_IDLE',
  'SCHED_DEADLINE',
];
const SCHED_RR = 2;
/** The programs that we start get the normal scheduler back. */
const SCHED_RESET_ON_FORK = 0x4000_0000;

/**
 * Puts the calling thread under the round-robin real-time scheduler, priority 1 to 99. Only for a process started with
 * `--single-threaded-gc`: helper threads at normal priority would starve. Throws SystemError.
 */
export function setRealtimePriority(priority: number): void {
  const errno = -native().setscheduler(SCHED_RR | SCHED_RESET_ON_FORK, priority);
  if (errno <= 0) return;
  const advice =
    errno === constants.errno.EPERM ? 'needs CAP_SYS_NICE or LimitRTPRIO, and a cgroup with a real-time budget' : '';
  throw new SystemError(`set real-time priority ${priority}`, 'sched_setscheduler', errno, advice);
}

/** What the kernel schedules the calling thread by: 'SCHED_OTHER' or, with a priority, 'SCHED_RR 10'. */
export function effectiveScheduling(): string {
  const result = native().getscheduler();
  if (result < 0) throw new SystemError('read the scheduler', 'sched_getscheduler', -result);
  const name = SCHED_NAMES[result & 0xff] ?? `policy ${result & 0xff}`;
  return result >> 8 === 0 ? name : `${name} ${result >> 8}`;
}

/**
 * Keeps the program's code, its libraries and its C heap in memory. Not the JavaScript heap: V8 gives pages back by
 * madvise, which the kernel refuses for locked ones, and V8 aborts then (so no mlockall); MemorySwapMax=0 in the unit
 * is for that. Throws SystemError.
 */
export function lockMemory(): void {
  for (const mapping of readFileSync('/proc/self/maps', 'ascii').split('\n')) {
    // Address range, permissions, offset, device, inode, and what is mapped: a file, [heap], [stack] or nothing.
    const [, start, end, what] = /^(\w+)-(\w+) \S+ \S+ \S+ \S+ +(.*)$/.exec(mapping) ?? [];
    if (start === undefined || end === undefined || !/^(\/|\[heap\]|\[stack\])/.test(what ?? '')) continue;
    const address = Number.parseInt(start, 16);
    const errno = -native().mlock(address, Number.parseInt(end, 16) - address);
    if (errno > 0)
      throw new SystemError(`lock ${what} in memory`, 'mlock2', errno, 'needs CAP_IPC_LOCK or LimitMEMLOCK=infinity');
  }
}
