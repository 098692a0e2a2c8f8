/** Short commands of the lab: always bounded, and an error says what was run and what it printed. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Every command of the lab ends in a fraction of a second; in User-Mode Linux on a busy host it may take ten times longer. */
const DEFAULT_TIMEOUT_MS = 15_000;

export interface RunOptions {
  readonly timeoutMs?: number;
  /** Text for standard input. */
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** false: a non-zero exit code is a result, not an error. Default true. */
  readonly check?: boolean;
}

export interface RunResult {
  /** Exit code; 128 + signal number is not used: a killed command has code -1. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end.
 * @throws Error when it cannot be started, is still running after `timeoutMs` (it is killed), or, with `check`, fails.
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, input = '', check = true } = options;
  const shown = [command, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stdout = '';
    let stderr = '';
    let late = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin.on('error', () => {}); // the command may end without reading its input
    child.stdin.end(input);
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`Cannot run ${shown}: ${error.message}`));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      const said = `${stdout}${stderr}`.trim();
      if (late) reject(new Error(`${shown}: still running after ${timeoutMs} ms, killed; it printed: ${said}`));
      else if (check && code !== 0) reject(new Error(`${shown}: exit code ${code ?? 'none'}: ${said}`));
      else resolve({ code: code ?? -1, stdout, stderr });
    });
  });
}

export interface WaitOptions {
  readonly timeoutMs: number;
  /** What is awaited, for the error: "d2 to become MASTER". */
  readonly what: string;
  /** Pause between two looks, default 50 ms. */
  readonly pollMs?: number;
}

/**
 * Looks until `look` yields something other than undefined, null or false, and returns it. An error thrown by `look` counts
 * as "not yet" and is shown if the time runs out.
 * @throws Error after `timeoutMs`.
 */
export async function waitFor<T>(
  look: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, undefined | null | false>> {
  const { timeoutMs, what, pollMs = 50 } = options;
  const startedAt = performance.now();
  let last = '';
  for (;;) {
    try {
      const seen = await look();
      if (isSomething(seen)) return seen;
      last = '';
    } catch (error) {
      last = `; last error: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() - startedAt > timeoutMs) throw new Error(`Waited ${timeoutMs} ms for ${what}${last}`);
    await sleep(pollMs);
  }
}

function isSomething<T>(value: T): value is Exclude<T, undefined | null | false> {
  return value !== undefined && value !== null && value !== false;
}
