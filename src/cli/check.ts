/** `lvsd check FILE`: tells every problem of a configuration file. */
import { readFile } from 'node:fs/promises';
import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problems.ts';
import type { Config } from '../config/types.ts';

/** Where a command writes: process.stdout, process.stderr or a test's buffer. */
export interface TextSink {
  write(text: string): unknown;
}

/**
 * Checks the file. Exit codes: 0 valid (a summary on `out`), 1 problems (on `out`, one a line as
 * `file:line:column: path: message`, then their count), 2 not readable (the reason on `err`).
 */
export async function runCheck(file: string, out: TextSink, err: TextSink): Promise<0 | 1 | 2> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    err.write(`Cannot read ${file}: ${reasonOf(error)}\n`);
    return 2;
  }
  const loaded = loadConfig(text);
  if (loaded.ok) {
    out.write(`${file}: valid: ${summary(loaded.value)}\n`);
    return 0;
  }
  const lines = loaded.error.map((problem) => `${formatProblem(file, problem)}\n`);
  out.write(`${lines.join('')}${file}: ${counted(loaded.error.length, 'problem')}\n`);
  return 1;
}

function summary(config: Config): string {
  const realServers = config.virtualServers.reduce((sum, server) => sum + server.realServers.length, 0);
  return [
    counted(config.virtualRouters.length, 'virtual router'),
    counted(config.virtualServers.length, 'virtual server'),
    counted(realServers, 'real server'),
  ].join(', ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** What the machine said, and what to do about it where that is known. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error)) return error.message;
  switch (error.code) {
    case 'ENOENT':
      return 'no such file';
    case 'EACCES':
      return 'permission denied; run as a user who may read it';
    case 'EISDIR':
      return 'it is a directory; name the file in it';
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'it is not UTF-8 text; save it as UTF-8';
    default:
      return error.message;
  }
}
