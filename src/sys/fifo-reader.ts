/** The operator's program that reads the FIFO: kept running, ever more rarely when it does not stay. */

import { resultText, runScript, type ScriptRun } from './script.ts';
import { monotonicMs } from './socket.ts';

const RESTART_FIRST_MS = 1000;
const RESTART_MOST_MS = 60_000;
/** One that lived this long is restarted without delay to speak of. */
const STABLE_MS = 60_000;
/** How long it takes to hear of the end of a reader that got the same signal as lvsd. */
const SIGNAL_MS = 150;
/** How long one that is started at the end has to open the FIFO. */
const OPEN_MS = 500;
/** How long it may go on when the FIFO has ended, before it is told to. */
const LAST_WORDS_MS = 200;
/** And then, before it is killed. */
const GRACE_MS = 200;

export class FifoReader {
  readonly #argv: readonly string[];
  readonly #user: string | null;
  readonly #warn: (text: string) => void;
  #run: ScriptRun | null = null;
  #delayMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(argv: readonly string[], user: string | null, warn: (text: string) => void) {
    this.#argv = argv;
    this.#user = user;
    this.#warn = warn;
    void this.#start();
  }

  /** lvsd ends: a reader that is gone (systemd's SIGTERM reaches it too) is started once more, for the last lines. */
  async startForLastLines(): Promise<void> {
    if (this.#run !== null) await within(SIGNAL_MS, this.#run.ended);
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    void this.#start();
    await within(OPEN_MS, this.#run?.ended ?? Promise.resolve()); // it opens the FIFO by its name
  }

  /** To be called when the FIFO is closed: it may read what is left, then it is ended. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const run = this.#run;
    if (run === null) return;
    await within(LAST_WORDS_MS, run.ended);
    run.kill();
    await within(GRACE_MS, run.ended);
    run.kill('now'); // lvsd may be about to end: nobody will be there later
  }

  async #start(): Promise<void> {
    this.#timer = null;
    const startedAt = monotonicMs();
    this.#run = runScript({ argv: this.#argv, user: this.#user, timeoutMs: null });
    const result = await this.#run.result;
    await this.#run.ended;
    this.#run = null;
    if (this.#closed) return;
    const stable = monotonicMs() - startedAt >= STABLE_MS;
    this.#delayMs = stable
      ? RESTART_FIRST_MS
      : Math.min(Math.max(this.#delayMs * 2, RESTART_FIRST_MS), RESTART_MOST_MS);
    this.#warn(`The reader of the FIFO ended (${resultText(result)}): starting it again in ${this.#delayMs / 1000} s`);
    this.#timer = setTimeout(() => void this.#start(), this.#delayMs);
  }
}

async function within(limitMs: number, event: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([event, patience]);
  clearTimeout(timer);
}
