/** `lvsd check FILE`: tells every problem of a configuration file. */

import { quorumProblems } from '../config/quorum-problems.ts';
import type { Config } from '../config/types.ts';
import { readConfigFile } from '../sys/config-file.ts';
import { fifoProblems, scriptProblems } from '../sys/script-problems.ts';

/** Where a command writes: process.stdout, process.stderr or a test's buffer. */
export interface TextSink {
  write(text: string): unknown;
}

/**
 * Checks the file. Exit codes: 0 valid (a summary on `out`, after warnings of programs that this machine cannot run, files it cannot use), 1
 * problems (on `out`, one a line as `file:line:column: path: message`, then their count), 2 not readable (the reason on
 * `err`).
 */
export async function runCheck(file: string, out: TextSink, err: TextSink): Promise<0 | 1 | 2> {
  const config = readConfigFile(file);
  if (config.ok) {
    const warnings = [
      ...scriptProblems(config.value),
      ...quorumProblems(config.value),
      ...fifoProblems(config.value.notifications),
    ];
    for (const warning of warnings) out.write(`${file}: warning: ${warning}\n`);
    out.write(`${file}: valid: ${summary(config.value)}\n`);
    return 0;
  }
  const { exitCode, problems } = config.error;
  const text = problems.map((problem) => `${problem}\n`).join('');
  if (exitCode === 2) err.write(text);
  else out.write(`${text}${file}: ${counted(problems.length, 'problem')}\n`);
  return exitCode;
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
