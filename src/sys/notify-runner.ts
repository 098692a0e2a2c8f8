/**
 * Runs notify programs: for each virtual router, group or virtual server one at a time and in order, beside each other for
 * several of them.
 * What is told next is decided in notify/queue.ts.
 */
import { finish, IDLE, offer, type Queue } from '../notify/queue.ts';
import { type Note, noteText, type Subject } from '../notify/words.ts';
import { resultText, runScript, type ScriptRun } from './script.ts';

export interface RunnerHandlers {
  /** A program did not do what it should; the text is a whole sentence. */
  failed(subject: Subject, text: string): void;
  /** A note was overtaken by a newer one, or there were too many. */
  skipped(subject: Subject, text: string): void;
}

interface Desk {
  readonly subject: Subject;
  queue: Queue;
  /** The program that runs now. */
  run: ScriptRun | null;
  /** No program of the running note is started any more. */
  cut: boolean;
}

/** What is run for a note, one after the other. */
interface Job {
  readonly note: Note;
  readonly commands: readonly (readonly string[])[];
  readonly user: string | null;
  /** Of each program. */
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Of virtual servers together: a thousand of them may change in one moment. Virtual routers never wait for these. */
const MOST_OF_SERVICES = 16;

export class NotifyRunner {
  readonly #handlers: RunnerHandlers;
  readonly #desks = new Map<string, Desk>();
  /** Of every note that runs or waits: a reload must not change what it was meant for. */
  readonly #jobs = new WeakMap<Note, Job>();
  /** Programs of virtual servers that run, and the desks that wait for one of them to end. */
  #ofServices = 0;
  readonly #waiting: (() => void)[] = [];
  #skipped = 0;
  #failed = 0;
  #idle: (() => void) | null = null;

  constructor(handlers: RunnerHandlers) {
    this.#handlers = handlers;
  }

  /** Notes that were not told since the start. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Programs that did not do what they should, since the start. */
  get failed(): number {
    return this.#failed;
  }

  /** Tells it as soon as what was told before is done. Never blocks, never throws. */
  tell(subject: Subject, job: Job): void {
    const { note } = job;
    const key = `${subject.kind} ${subject.name}`;
    const desk = this.#desks.get(key) ?? { subject, queue: IDLE, run: null, cut: false };
    this.#desks.set(key, desk);
    this.#jobs.set(note, job);
    const { queue, start, skipped } = offer(desk.queue, note);
    desk.queue = queue;
    for (const old of skipped) {
      this.#skipped++;
      const text = `${subject.name}: ${noteText(old)} is not told to its scripts, which still run for an earlier change`;
      this.#handlers.skipped(subject, text);
    }
    if (start !== null) void this.#work(key, desk, start);
  }

  /**
   * Kills what runs for another state than STOP: the end does not wait for it. What waits behind it runs, but for virtual
   * servers: those are not changing, lvsd is.
   */
  hurry(): void {
    for (const desk of this.#desks.values()) {
      if (desk.subject.kind === 'VS') {
        this.#skipped += desk.queue.waiting.length;
        desk.queue = { ...desk.queue, waiting: [] };
      }
      const { running } = desk.queue;
      if (running?.type !== 'state' || running.state !== 'STOP') this.#cut(desk);
    }
  }

  /** Resolves when nothing runs and nothing waits, at the latest after `limitMs`: what still runs then is killed. */
  async finish(limitMs: number): Promise<void> {
    if (this.#desks.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    for (const desk of this.#desks.values()) {
      const { subject, queue } = desk;
      const what = queue.running === null ? '' : `${noteText(queue.running)} `;
      this.#complain(subject, `${subject.name}: its ${what}script did not end in time for lvsd to stop: killed`);
      desk.queue = { ...queue, waiting: [] };
      this.#cut(desk, 'now'); // nobody will be there a second later
    }
  }

  #complain(subject: Subject, text: string): void {
    this.#failed++;
    this.#handlers.failed(subject, text);
  }

  #cut(desk: Desk, how?: 'now'): void {
    desk.cut = true;
    desk.run?.kill(how);
  }

  async #work(key: string, desk: Desk, first: Note): Promise<void> {
    for (let note: Note | null = first; note !== null; ) {
      desk.cut = false;
      await this.#run(desk, note);
      const { queue, start } = finish(desk.queue);
      desk.queue = queue;
      note = start;
    }
    this.#desks.delete(key);
    if (this.#desks.size === 0) this.#idle?.();
  }

  async #run(desk: Desk, note: Note): Promise<void> {
    const job = this.#jobs.get(note);
    if (job === undefined) return;
    if (desk.subject.kind !== 'VS') return await this.#runJob(desk, job);
    // One that ends hands its place over: the count stays.
    if (this.#ofServices < MOST_OF_SERVICES) this.#ofServices++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await this.#runJob(desk, job);
    const next = this.#waiting.shift();
    if (next === undefined) this.#ofServices--;
    else next();
  }

  async #runJob(desk: Desk, { note, commands, user, timeoutMs, env }: Job): Promise<void> {
    const { subject } = desk;
    for (const argv of commands) {
      if (desk.cut) return;
      desk.run = runScript({ argv, user, timeoutMs, env });
      const result = await desk.run.result;
      await desk.run.ended; // a killed one may still act: the next one must not meet it
      desk.run = null;
      if (desk.cut || (result.kind === 'exit' && result.code === 0)) continue;
      const killed = result.kind === 'timeout' ? ` (killed after ${timeoutMs / 1000} s)` : '';
      const what = `${noteText(note)} script \`${argv[0] ?? ''}\``;
      this.#complain(subject, `${subject.name}: ${what}: ${resultText(result)}${killed}`);
    }
  }
}
