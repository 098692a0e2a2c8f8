/** A long-running process of the lab: its lines are kept with their times, and it can be awaited, signalled and killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface Line {
  /** When we read it, milliseconds of `Date.now()`. */
  readonly at: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface ChildOptions {
  /** For messages: "lvsd on d1". */
  readonly name: string;
  /** Every line also goes to this file. */
  readonly logFile?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (line: Line) => void;
}

const LAST_LINES = 15;

export class Child {
  readonly name: string;
  readonly lines: Line[] = [];
  /** Fulfilled when the process is gone and its output read: exit code or the signal's name. Never rejects. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly #process: ChildProcess;
  readonly #logFile: string | undefined;
  readonly #waiters = new Set<Waiter>();
  #running = true;

  constructor(command: string, args: readonly string[], options: ChildOptions) {
    this.name = options.name;
    this.#logFile = options.logFile;
    this.#process = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.#read('stdout');
    this.#read('stderr');
    this.exited = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        this.#take('stderr', `cannot start ${command}: ${error.message}`);
        this.#running = false;
        resolve({ code: null, signal: null });
      });
      this.#process.once('exit', (code, signal) => {
        this.#running = false;
        // Its own children may hold the pipes open: then 'close' does not come.
        setTimeout(() => resolve({ code, signal }), 1000).unref();
      });
      this.#process.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  /** Process id: `ip netns exec` replaces itself, so it is the program's own. */
  get pid(): number {
    return this.#process.pid ?? -1;
  }

  get isRunning(): boolean {
    return this.#running;
  }

  /** All of one stream as text. */
  text(stream: Line['stream']): string {
    return this.lines.flatMap((line) => (line.stream === stream ? [line.text] : [])).join('\n');
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /**
   * The first line that matches: among those already read (unless `fresh`), else the next to come.
   * @throws Error after `timeoutMs`, or when the process ends without it; the message shows its last lines.
   */
  waitForLine(pattern: RegExp, timeoutMs: number, { fresh = false } = {}): Promise<Line> {
    const seen = fresh ? undefined : this.lines.find((line) => pattern.test(line.text));
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        then();
      };
      const fail = (why: string) =>
        settle(() => reject(new Error(`${this.name} ${why} without printing ${pattern}\n${this.tail()}`)));
      const waiter = { pattern, resolve: (line: Line) => settle(() => resolve(line)) };
      const timer = setTimeout(() => fail(`ran ${timeoutMs} ms`), timeoutMs);
      this.#waiters.add(waiter);
      void this.exited.then(({ code, signal }) => fail(`ended (${signal ?? `exit code ${code}`})`));
    });
  }

  /** Ends it: SIGTERM, and SIGKILL if it is still there after `graceMs`. Returns when it is gone. */
  async stop(graceMs = 3000): Promise<void> {
    if (!this.#running) return;
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  /** kill -9: no farewell. Returns when it is gone. */
  async kill(): Promise<void> {
    if (this.#running) this.signal('SIGKILL');
    await this.exited;
  }

  /** The last lines, for error messages. */
  tail(): string {
    return this.lines
      .slice(-LAST_LINES)
      .map((line) => `  ${this.name}: ${line.text}`)
      .join('\n');
  }

  #read(stream: Line['stream']): void {
    const input = this.#process[stream];
    if (input !== null) createInterface({ input }).on('line', (text) => this.#take(stream, text));
  }

  #take(stream: Line['stream'], text: string): void {
    const line = { at: Date.now(), stream, text };
    this.lines.push(line);
    if (this.#logFile !== undefined) {
      try {
        appendFileSync(this.#logFile, `${text}\n`);
      } catch {
        // The lab is gone, and the last words of its processes come after it.
      }
    }
    for (const waiter of this.#waiters) if (waiter.pattern.test(text)) waiter.resolve(line);
  }
}
