/**
 * Runs programs of the operator's: in a process group of their own, with a deadline, as another user if wanted, their
 * output bounded. Everybody who runs a script does it here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { clean } from '../status/text.ts';
import { assertNever } from '../util/assert-never.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';
import { findProgram, SCRIPT_PATH } from './script-safety.ts';
import { findUser, type ScriptUser } from './script-user.ts';

export interface ScriptCommand {
  /** The program (a path, or a name that is looked for in the usual directories) and its arguments. No shell. */
  readonly argv: readonly string[];
  /** `user` or `user:group`; null: the user lvsd runs as. */
  readonly user: string | null;
  /** Null: it may take as long as it likes. */
  readonly timeoutMs: number | null;
  readonly env?: Readonly<Record<string, string>>;
  /** What becomes of processes of its group that outlive the program; default `leave`: it may have started a service. */
  readonly leftovers?: 'leave' | 'kill';
  /** Which end of its output is kept; default `end`. */
  readonly keep?: 'start' | 'end';
}

/** What became of it. `output`: one end of what it wrote (stdout and stderr), at most `OUTPUT_LENGTH` characters. */
export type ScriptResult =
  | { readonly kind: 'exit'; readonly code: number; readonly output: string }
  | { readonly kind: 'signal'; readonly signal: string; readonly output: string }
  | { readonly kind: 'timeout'; readonly output: string }
  /** It could not be started; the message is a whole sentence. `code`: the errno, such as EAGAIN, if the machine gave one. */
  | { readonly kind: 'error'; readonly message: string; readonly output: string; readonly code?: string };

export interface ScriptRun {
  /** Of the program, and of its process group; null: not started. */
  readonly pid: number | null;
  /** Never rejects. At the deadline `timeout` is known at once, although the killing takes longer. */
  readonly result: Promise<ScriptResult>;
  /**
   * The program is gone, and after a timeout or `kill` its whole group too. Never before `result`, never rejects, at most
   * two seconds after a kill (a process that hangs in the kernel is given up).
   */
  readonly ended: Promise<void>;
  /** The program itself is gone; never for one that hangs in the kernel, or that we may not kill. */
  readonly exited: Promise<void>;
  /** Ends it and its whole group: SIGTERM, a second later SIGKILL; `now`: SIGKILL at once. Idempotent. */
  kill(how?: 'now'): void;
}

/** Of `ScriptResult.output`. */
export const OUTPUT_LENGTH = 500;

const GRACE_MS = 1000;
/** How long output that is still in the pipe may take to arrive after the program's end. */
const DRAIN_MS = 100;
/** A process that got SIGKILL must be given the CPU once more to go. */
const DYING_MS = 250;
/** How often a group that was told to end is looked for. */
const LOOK_MS = 50;
/** A program that writes without end is read so many bytes each pause: it waits, not we. */
const BYTES_PER_PAUSE = 64 * 1024;
const PAUSE_MS = 50;
/** What lvsd's own service manager and runtime told lvsd, and nobody else. */
const PRIVATE_ENV = [
  'NOTIFY_SOCKET',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
  'JOURNAL_STREAM',
  'NODE_OPTIONS',
  'INVOCATION_ID',
];

/** Why the script cannot be run as it is, in a whole sentence; null: nothing speaks against it. For loading. */
export function scriptProblem(command: Pick<ScriptCommand, 'argv' | 'user'>): string | null {
  const prepared = prepare(command);
  return prepared.ok ? null : prepared.error;
}

/** Runs it in a process group of its own; after `timeoutMs` the whole group gets SIGTERM, a second later SIGKILL. */
export function runScript(command: ScriptCommand): ScriptRun {
  const prepared = prepare(command);
  if (!prepared.ok) return failed(prepared.error);
  const { program, user } = prepared.value;
  try {
    const child = spawn(program, command.argv.slice(1), {
      argv0: command.argv[0] ?? program,
      cwd: '/',
      detached: true, // setsid: a session and a process group of its own
      env: environment(command, user),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    });
    return new Run(child, command);
  } catch (error) {
    return failed(`\`${program}\` cannot be run: ${messageOf(error)}`, error);
  }
}

/** The result as the reason of a state: `exit code 2: no answer from port 80`. */
export function resultText(result: ScriptResult): string {
  // It ends in logs and on terminals: nothing there may be commanded by a program's output.
  const said =
    result.output === '' ? '' : `: ${clean(result.output.replaceAll(/\s*\n\s*/g, ' / ').replaceAll('\t', ' '))}`;
  switch (result.kind) {
    case 'exit':
      return `exit code ${result.code}${said}`;
    case 'signal':
      return `killed by ${result.signal}${said}`;
    case 'timeout':
      return `not finished in time${said}`;
    case 'error':
      return result.message;
    default:
      return assertNever(result);
  }
}

interface Prepared {
  readonly program: string;
  readonly user: ScriptUser | null;
}

function prepare({ argv, user: userText }: Pick<ScriptCommand, 'argv' | 'user'>): Result<Prepared, string> {
  const user = userText === null ? ok(null) : findUser(userText);
  if (!user.ok) return err(`\`${argv[0] ?? ''}\` cannot be run: ${user.error}`);
  const uid = user.value?.uid ?? process.geteuid?.() ?? 0;
  const program = findProgram(argv[0] ?? '', uid === 0);
  return program.ok ? ok({ program: program.value, user: user.value }) : program;
}

function environment({ env }: ScriptCommand, user: ScriptUser | null): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !PRIVATE_ENV.includes(name));
  const identity = user === null ? {} : { HOME: user.home, USER: user.name, LOGNAME: user.name };
  return { PATH: SCRIPT_PATH, ...Object.fromEntries(own), ...identity, ...env };
}

function failed(message: string, error?: unknown): ScriptRun {
  const result = Promise.resolve<ScriptResult>({ kind: 'error', message, output: '', ...codeOf(error) });
  return { pid: null, result, ended: Promise.resolve(), exited: Promise.resolve(), kill: () => {} };
}

function codeOf(error: unknown): { readonly code?: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
}

/** One program under way. */
class Run implements ScriptRun {
  readonly result: Promise<ScriptResult>;
  readonly ended: Promise<void>;
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #leftovers: 'leave' | 'kill';
  readonly #deadline: NodeJS.Timeout | undefined;
  readonly #keep: 'start' | 'end';
  #kept = '';
  #resolveResult: (result: ScriptResult) => void = () => {};
  #resolveEnded: () => void = () => {};
  #exited = false;
  #killing: NodeJS.Timeout | null = null;
  #over = false;

  constructor(child: ChildProcess, { argv, timeoutMs, leftovers = 'leave', keep = 'end' }: ScriptCommand) {
    this.#child = child;
    this.#leftovers = leftovers;
    this.#keep = keep;
    this.result = new Promise((resolve) => {
      this.#resolveResult = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.exited = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => {
        if (child.pid === undefined) resolve();
      });
    });
    // When our own loop was late, the program may have ended long ago: the end that waits to be read counts.
    const late = (): unknown => setImmediate(() => this.#tooLate());
    this.#deadline = timeoutMs === null ? undefined : setTimeout(late, timeoutMs);
    // Without descriptors for pipes there are none, whatever the types say.
    for (const stream of [child.stdout, child.stderr]) if (stream instanceof Readable) this.#listen(stream);
    child.on('error', (error) => {
      if (child.pid !== undefined) return; // only a signal that could not be sent
      this.#resolveResult({
        kind: 'error',
        message: `\`${argv[0] ?? ''}\` cannot be run: ${error.message}`,
        output: '',
        ...codeOf(error),
      });
      this.#finish();
    });
    child.on('exit', (code, signal) => this.#onExit(code, signal));
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  kill(how?: 'now'): void {
    if (this.#over || (this.#killing !== null && how === undefined)) return;
    this.#signal(how === 'now' ? 'SIGKILL' : 'SIGTERM');
    if (this.#killing !== null) return;
    const startedAt = performance.now();
    let killedAtMs = how === 'now' ? 0 : Number.POSITIVE_INFINITY;
    this.#killing = setInterval(() => {
      const passedMs = performance.now() - startedAt;
      // Who got SIGKILL is gone in a moment, or a zombie whose parent does not care.
      const isSure = passedMs >= killedAtMs + DYING_MS;
      if ((this.#exited && (isSure || !this.#signal(0))) || passedMs >= 2 * GRACE_MS) this.#finish();
      else if (passedMs >= GRACE_MS && killedAtMs > passedMs) {
        this.#signal('SIGKILL');
        killedAtMs = passedMs;
      }
    }, LOOK_MS);
  }

  #tooLate(): void {
    if (this.#exited || this.#over) return;
    this.#resolveResult({ kind: 'timeout', output: this.#output });
    this.kill();
  }

  get #output(): string {
    const text = this.#kept.trim();
    return this.#keep === 'start' ? text.slice(0, OUTPUT_LENGTH) : text.slice(-OUTPUT_LENGTH);
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    this.#exited = true;
    clearTimeout(this.#deadline);
    if (this.#leftovers === 'kill' && this.#killing === null) this.#signal('SIGKILL');
    let told = false;
    // Descendants may hold the pipes open for as long as they like.
    const tell = (): void => {
      if (told) return;
      told = true;
      clearTimeout(patience);
      const output = this.#output;
      this.#resolveResult(
        code === null ? { kind: 'signal', signal: signal ?? 'a signal', output } : { kind: 'exit', code, output },
      );
      if (this.#killing === null) this.#finish();
    };
    const patience = setTimeout(tell, DRAIN_MS);
    this.#child.once('close', tell);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    if (this.#killing !== null) clearInterval(this.#killing);
    this.#resolveEnded();
  }

  /** To the whole group; 0 asks only. False when nobody is left in it. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    try {
      process.kill(-pid, signal);
      return true;
    } catch (error) {
      // EPERM: somebody is left who is none of our business any more (a set-user-ID program).
      return error instanceof Error && 'code' in error && error.code === 'EPERM';
    }
  }

  #listen(stream: Readable): void {
    let unread = BYTES_PER_PAUSE;
    stream.setEncoding('utf8');
    stream.on('error', () => {});
    stream.on('data', (chunk: string) => {
      const most = 2 * OUTPUT_LENGTH;
      if (this.#keep === 'end') this.#kept = (this.#kept + chunk).slice(-most);
      else if (this.#kept.length < most) this.#kept = (this.#kept + chunk).slice(0, most);
      unread -= chunk.length;
      if (unread > 0) return;
      unread = BYTES_PER_PAUSE;
      stream.pause();
      setTimeout(() => stream.resume(), PAUSE_MS).unref();
    });
  }
}
