/**
 * Programs that are started by the script process (script-process.ts) instead of this one. It is started with the first of
 * them, and again when it died or hangs; then what it ran is killed and has no result that counts.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';
import type { ScriptCommand, ScriptResult, ScriptRun } from './script.ts';
import type { FromScriptProcess, ToScriptProcess } from './script-messages.ts';

const PROCESS_FILE = fileURLToPath(new URL('./script-process.js', import.meta.url));
/** Small on purpose: what it costs to start a program grows with the process that does it. */
const NODE_FLAGS = ['--max-old-space-size=64'];
/** Beyond the deadline of a program: no result by then, and the process that should have told it is taken for hanging. */
const SILENCE_MS = 5000;
/** Its start takes a fraction of a second, but on an overloaded machine many: killing it then would never let it start. */
const START_MS = 20_000;
const FIRST_RESTART_MS = 1000;
const LONGEST_RESTART_MS = 30_000;
/** Lived for so long, its earlier deaths are forgotten. */
const HEALTHY_MS = 60_000;
/** `code` of results that say nothing of the program: the script process is gone. */
export const LOST = 'ECANCELED';

export class RemoteScripts {
  readonly #silenceMs: number;
  #child: ChildProcess | null = null;
  /** It has said something. */
  #isHeard = false;
  readonly #runs = new Map<number, RemoteRun>();
  #nextId = 1;
  #startedAt = Number.NEGATIVE_INFINITY;
  #restartMs = 0;

  /** `silenceMs` is for tests. */
  constructor(silenceMs: number = SILENCE_MS) {
    this.#silenceMs = silenceMs;
  }

  /** Of the process; null: it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** As `runScript`. */
  run(command: ScriptCommand): ScriptRun {
    const id = this.#nextId++;
    const started = this.#child === null ? this.#start() : ok(this.#child);
    if (!started.ok) {
      const run = new RemoteRun(() => {});
      run.lose(started.error);
      return run;
    }
    const child = started.value;
    const run = new RemoteRun((how) => this.#send(child, { do: 'kill', id, how }));
    this.#runs.set(id, run);
    if (command.timeoutMs !== null) {
      const silenceMs = command.timeoutMs + this.#silenceMs + (this.#isHeard ? 0 : START_MS);
      run.guard(silenceMs, () => this.#lost(child, 'the script process does not answer'));
    }
    this.#send(child, { do: 'run', id, command });
    return run;
  }

  /** The error in words. */
  #start(): Result<ChildProcess, string> {
    const now = performance.now();
    const livedMs = now - this.#startedAt;
    if (livedMs < this.#restartMs) return err('the script process has just ended, and is not started again yet');
    this.#restartMs =
      livedMs > HEALTHY_MS
        ? FIRST_RESTART_MS
        : Math.min(Math.max(2 * this.#restartMs, FIRST_RESTART_MS), LONGEST_RESTART_MS);
    this.#startedAt = now;
    try {
      const child = fork(PROCESS_FILE, [], { execArgv: NODE_FLAGS, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      this.#child = child;
      this.#isHeard = false;
      this.#listen(child);
      return ok(child);
    } catch (error) {
      return err(`the script process cannot be started: ${messageOf(error)}`);
    }
  }

  #listen(child: ChildProcess): void {
    // Nobody is kept alive by it; whoever waits for a result has a timer.
    child.unref();
    child.channel?.unref();
    child.on('message', (message: FromScriptProcess) => this.#take(message));
    child.on('error', (error) => this.#lost(child, `the script process: ${error.message}`));
    // What it told before its end is read first.
    child.on('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      setImmediate(() => this.#lost(child, `the script process has ended (${how})`));
    });
  }

  #send(child: ChildProcess, message: ToScriptProcess): void {
    if (!child.connected) return; // its exit is about to be told
    child.send(message, (error) => {
      if (error !== null) this.#lost(child, `the script process cannot be told: ${error.message}`);
    });
  }

  #take(message: FromScriptProcess): void {
    this.#isHeard = true;
    const run = this.#runs.get(message.id);
    if (run === undefined) return;
    run.take(message);
    if (run.isOver) this.#runs.delete(message.id);
  }

  #lost(child: ChildProcess, message: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    child.kill('SIGKILL');
    for (const run of this.#runs.values()) run.lose(message);
    this.#runs.clear();
  }
}

/** Of this process; all script checks share it. */
export const remoteScripts = new RemoteScripts();

/** One program in the script process. */
class RemoteRun implements ScriptRun {
  readonly result: Promise<ScriptResult>;
  readonly ended: Promise<void>;
  readonly exited: Promise<void>;
  #resolveResult: (result: ScriptResult) => void = () => {};
  #resolveEnded: () => void = () => {};
  #resolveExited: () => void = () => {};
  readonly #kill: (how: 'now' | null) => void;
  #guard: NodeJS.Timeout | undefined;
  #pid: number | null = null;
  #hasEnded = false;
  #hasExited = false;

  constructor(kill: (how: 'now' | null) => void) {
    this.#kill = kill;
    this.result = new Promise((resolve) => {
      this.#resolveResult = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.exited = new Promise((resolve) => {
      this.#resolveExited = resolve;
    });
  }

  get pid(): number | null {
    return this.#pid;
  }

  get isOver(): boolean {
    return this.#hasEnded && this.#hasExited;
  }

  kill(how?: 'now'): void {
    if (!this.#hasEnded) this.#kill(how ?? null);
  }

  /** Calls `onSilence` unless there is a result by then. */
  guard(silenceMs: number, onSilence: () => void): void {
    // When this process was late itself, the result may wait to be read.
    this.#guard = setTimeout(() => setImmediate(() => this.#guard !== undefined && onSilence()), silenceMs);
  }

  take(message: FromScriptProcess): void {
    switch (message.is) {
      case 'started':
        this.#pid = message.pid;
        return;
      case 'result':
        this.#settle(message.result);
        return;
      case 'ended':
        this.#hasEnded = true;
        this.#resolveEnded();
        return;
      case 'exited':
        this.#hasExited = true;
        this.#resolveExited();
        return;
    }
  }

  /** The script process is gone: what it left is killed, and whatever was not told by now will not be. */
  lose(message: string): void {
    if (this.#pid !== null && !this.#hasExited) killGroup(this.#pid);
    this.#settle({ kind: 'error', message, output: '', code: LOST });
    this.#hasEnded = true;
    this.#hasExited = true;
    this.#resolveEnded();
    this.#resolveExited();
  }

  #settle(result: ScriptResult): void {
    clearTimeout(this.#guard);
    this.#guard = undefined;
    this.#resolveResult(result);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of it is left.
  }
}
