/** Which processes are meant by the name of a program: from the texts in /proc. Pure. */
import type { TrackedProcessConfig } from '../config/types-tracked.ts';

/** `TASK_COMM_LEN` without the closing zero: the kernel keeps no more of a name. */
const COMM_LENGTH = 15;

/** A process as /proc/PID/stat shows it. */
export interface ProcessStat {
  /** The name the kernel has for it, at most 15 bytes. */
  readonly comm: string;
  /** It has ended, and its parent was not told yet (Z, X). */
  readonly dead: boolean;
  /** Clock ticks from boot to its start: with its number, it is unique. */
  readonly startedAt: string;
}

/** `pid (comm) state ppid ...`; a name may hold blanks and parentheses. Null: not such a text. */
export function parseStat(text: string): ProcessStat | null {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const [state = ''] = fields;
  const startedAt = fields[19]; // field 22 of the line
  if (open < 0 || close < open || startedAt === undefined) return null;
  return { comm: text.slice(open + 1, close), dead: /^[ZXx]/.test(state), startedAt };
}

/** /proc/PID/cmdline: words, each with a NUL behind it; none for kernel threads. A title set by the program is one word. */
export function parseCommandLine(text: string): readonly string[] {
  const words = text.split('\0');
  if (words.at(-1) === '') words.pop();
  return words;
}

/**
 * Whether a process is one of the wanted program. A name is compared with what the kernel calls the process (a script has
 * its own name there, not its interpreter's) and with the file name of its first word; a path with the first word alone.
 */
export function matchesProcess(
  { process: wanted, parameters }: Pick<TrackedProcessConfig, 'process' | 'parameters'>,
  comm: string,
  commandLine: readonly string[],
): boolean {
  const [program = '', ...rest] = commandLine;
  const isNamed = wanted.includes('/')
    ? program === wanted
    : (wanted.length <= COMM_LENGTH && comm === wanted) || fileName(program) === wanted;
  return isNamed && includesInOrder(rest, parameters);
}

/** A login shell has a hyphen before its name. */
function fileName(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1).replace(/^-/, '');
}

function includesInOrder(words: readonly string[], wanted: readonly string[]): boolean {
  let next = 0;
  for (const word of words) if (next < wanted.length && word === wanted[next]) next++;
  return next === wanted.length;
}

/** Why so many processes are not right, in words; null: they are. */
export function countProblem(
  { process, quorum, quorumMax }: Pick<TrackedProcessConfig, 'process' | 'quorum' | 'quorumMax'>,
  count: number,
): string | null {
  if (count < quorum) {
    if (count === 0) return `no process ${process}`;
    return `${count} of ${quorum} processes ${process}`;
  }
  if (quorumMax !== null && count > quorumMax)
    return `${count} process${count === 1 ? '' : 'es'} ${process}, more than ${quorumMax}`;
  return null;
}
