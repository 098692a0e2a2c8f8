/** Runs `lvsd` on a director of the lab. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { isSnapshot } from '../../../src/status/guard.ts';
import type { Snapshot } from '../../../src/status/types.ts';
import { request } from '../../../src/sys/control-client.ts';
import type { Child, Line } from './child.ts';
import { type RunOptions, type RunResult, waitFor } from './exec.ts';
import type { Lab } from './lab.ts';

/** The program under test: from the same build as this file. */
export const LVSD = path.resolve(import.meta.dirname, '../../../src/main.js');

const STATUS_TIMEOUT_MS = 5000;

export interface DaemonOptions {
  /** Text of the configuration. Either this or `configFile`. */
  readonly config?: string;
  readonly configFile?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** More arguments for `lvsd run`. */
  readonly args?: readonly string[];
}

export class Daemon {
  readonly node: string;
  readonly socket: string;
  readonly configFile: string;
  readonly #lab: Lab;
  readonly #options: DaemonOptions;
  #child: Child;

  private constructor(lab: Lab, node: string, options: DaemonOptions) {
    this.#lab = lab;
    this.node = node;
    this.#options = options;
    this.socket = lab.file(`${node}.sock`);
    this.configFile = options.configFile ?? lab.file(`${node}.yaml`);
    if (options.config !== undefined) writeFileSync(this.configFile, options.config);
    this.#child = this.#spawn();
  }

  /** Starts `lvsd run` on a director; does not wait for anything (see `waitForStatus`, `waitForLine`). */
  static start(lab: Lab, node: string, options: DaemonOptions): Daemon {
    return new Daemon(lab, node, options);
  }

  /** The running process; another one after `restart`. */
  get child(): Child {
    return this.#child;
  }

  /** All lines of its log so far. */
  get lines(): readonly Line[] {
    return this.#child.lines;
  }

  waitForLine(pattern: RegExp, timeoutMs: number): Promise<Line> {
    return this.#child.waitForLine(pattern, timeoutMs);
  }

  /** Runs another command of lvsd against this daemon: `lvsd(['drain', 'web', '10.0.0.21:80'])`. */
  lvsd(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const [command = '', ...rest] = args;
    return this.#lab.node(this.node).exec(process.execPath, [LVSD, command, '--socket', this.socket, ...rest], options);
  }

  /**
   * What `lvsd status --json` prints, asked directly at the socket: starting a program costs a second of the only CPU in
   * User-Mode Linux, and the daemon would be late because of it. @throws Error when the daemon does not answer.
   */
  async status(): Promise<Snapshot> {
    const answer = await request(this.socket, 'GET', '/status', STATUS_TIMEOUT_MS);
    if (!answer.ok) throw new Error(answer.error.text);
    const { status, body } = answer.value;
    if (status !== 200 || !isSnapshot(body)) throw new Error(`${this.node}: no status but ${JSON.stringify(body)}`);
    return body;
  }

  /** Asks for the status until `matches` says yes, and returns that status. `what` is for the error. */
  async waitForStatus(matches: (status: Snapshot) => boolean, timeoutMs: number, what: string): Promise<Snapshot> {
    const look = async (): Promise<Snapshot | undefined> => {
      const status = await this.status();
      return matches(status) ? status : undefined;
    };
    try {
      return await waitFor(look, { timeoutMs, what: `${this.node}: ${what}`, pollMs: 100 });
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${this.#child.tail()}`);
    }
  }

  /** Writes a new configuration file; `reload` or `signal('SIGHUP')` makes it count. */
  writeConfig(text: string): void {
    writeFileSync(this.configFile, text);
  }

  /** `lvsd reload`. @throws Error when it is refused. */
  reload(): Promise<RunResult> {
    return this.lvsd(['reload']);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.signal(signal);
  }

  /** SIGTERM; returns when it is gone. */
  stop(): Promise<void> {
    return this.#child.stop(10_000);
  }

  /** kill -9 of the main process. */
  kill(): Promise<void> {
    return this.#child.kill();
  }

  /** kill -9 of the main process and of its VRRP process: nobody can clean up. */
  async crash(): Promise<void> {
    const { pid } = this.#child;
    await this.#lab.node(this.node).sh(`kill -9 ${pid} $(pgrep -P ${pid})`);
    await this.#child.exited;
  }

  /** Starts it again after `stop`, `kill` or `crash`, with the same configuration file and socket. */
  restart(): void {
    this.#child = this.#spawn();
  }

  #spawn(): Child {
    const args = [LVSD, 'run', '-c', this.configFile, '--socket', this.socket, ...(this.#options.args ?? [])];
    return this.#lab.spawn(this.node, process.execPath, ['--enable-source-maps', ...args], {
      name: `lvsd ${this.node}`,
      logFile: this.#lab.file(`${this.node}.log`),
      ...(this.#options.env === undefined ? {} : { env: this.#options.env }),
    });
  }
}
