/** The main thread's side of one probe worker: started again when it dies or hangs, with all its checks. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { CheckConfig } from '../config/types-checks.ts';
import { loadOf } from '../health/probe-load.ts';
import { messageOf } from '../util/message-of.ts';
import type { NumberedCheck, ToProbeWorker, WorkerReport } from './probe-worker-messages.ts';
import { type ProberHandlers, sameProbe } from './prober.ts';
import { NO_STATS, type ProberStats, sumOfStats } from './prober-stats.ts';

export const WORKER_FILE = fileURLToPath(new URL('./probe-worker.js', import.meta.url));
const MOST_HEAP_MB = 512;
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 30_000;
/** Lived for so long, a worker's earlier deaths are forgotten. */
const HEALTHY_MS = 60_000;
/** Looks in a row, a second apart, without a word from it until then. */
const MOST_SILENT_LOOKS = 10;
const CLOSE_TIMEOUT_MS = 1000;

interface Assigned {
  readonly number: number;
  readonly key: string;
  check: CheckConfig;
}

export class ProbeWorkerHandle {
  readonly #name: string;
  readonly #file: string;
  readonly #handlers: ProberHandlers;
  readonly #log: { warn(text: string): void };
  readonly #checks = new Map<string, Assigned>();
  readonly #byNumber = new Map<number, Assigned>();
  #maxInFlight = 1;
  #worker: Worker | null = null;
  #startedAtMs = 0;
  #restartMs = FIRST_RESTART_MS;
  #restartTimer: NodeJS.Timeout | null = null;
  #silentLooks = 0;
  #nextNumber = 1;
  #restarts = 0;
  #load = 0;
  #closed = false;
  /** Of the workers before this one. */
  #past: ProberStats = NO_STATS;
  #stats: ProberStats = NO_STATS;

  /** `file` is for tests. */
  constructor(name: string, handlers: ProberHandlers, log: { warn(text: string): void }, file: string = WORKER_FILE) {
    this.#name = name;
    this.#file = file;
    this.#handlers = handlers;
    this.#log = log;
    this.#start();
  }

  /** Of what it probes, in cores. */
  get load(): number {
    return this.#load;
  }

  get restarts(): number {
    return this.#restarts;
  }

  has(key: string): boolean {
    return this.#checks.has(key);
  }

  /** Its checks from now on: what stayed the same is not touched. */
  set(checks: ReadonlyMap<string, CheckConfig>, maxInFlight: number): void {
    const removed = [...this.#checks.keys()].filter((key) => !checks.has(key));
    for (const key of removed) this.#drop(key);
    const added: NumberedCheck[] = [];
    for (const [key, check] of checks) {
      const before = this.#checks.get(key);
      if (before?.check === check) continue;
      if (before !== undefined && sameProbe(before.check, check)) {
        // The same number: a result on its way still counts.
        before.check = check;
        added.push([before.number, key, check]);
        continue;
      }
      this.#drop(key);
      const assigned = { number: this.#nextNumber++, key, check };
      this.#checks.set(key, assigned);
      this.#byNumber.set(assigned.number, assigned);
      added.push([assigned.number, key, check]);
    }
    this.#load = [...checks.values()].reduce((sum, check) => sum + loadOf(check), 0);
    if (removed.length === 0 && added.length === 0 && maxInFlight === this.#maxInFlight) return;
    this.#maxInFlight = maxInFlight;
    this.#post({ type: 'set', maxInFlight, added, removed });
  }

  hint(keys: readonly string[]): void {
    this.#post({ type: 'hint', keys });
  }

  stats(): ProberStats {
    return { ...sumOfStats([this.#past, this.#stats]), checks: this.#checks.size };
  }

  /** To be called once a second: a worker that says nothing for ten of them is ended, and started again. */
  look(): void {
    if (this.#worker === null || ++this.#silentLooks < MOST_SILENT_LOOKS) return;
    this.#log.warn(`${this.#name} has said nothing for ${MOST_SILENT_LOOKS} s: it is ended`);
    void this.#worker.terminate();
  }

  /** Resolves when the thread is gone. Nothing is reported any more. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    if (worker === null) return;
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#post({ type: 'close' });
    const timer = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  }

  #drop(key: string): void {
    const assigned = this.#checks.get(key);
    if (assigned === undefined) return;
    this.#checks.delete(key);
    this.#byNumber.delete(assigned.number);
  }

  #start(): void {
    this.#startedAtMs = performance.now();
    let worker: Worker;
    try {
      worker = new Worker(this.#file, { resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB } });
    } catch (error) {
      // No thread to be had (TasksMax, pids.max): there may be later.
      this.#startLater(`could not be started (${messageOf(error)})`);
      return;
    }
    let reason = '';
    this.#worker = worker;
    this.#silentLooks = 0;
    worker.on('message', (report: WorkerReport) => this.#take(worker, report));
    worker.on('error', (error) => {
      reason = messageOf(error);
    });
    worker.on('exit', (code) => this.#ended(worker, reason === '' ? `exit code ${code}` : reason));
    const added = [...this.#checks.values()].map(({ number, key, check }): NumberedCheck => [number, key, check]);
    if (added.length > 0) this.#post({ type: 'set', maxInFlight: this.#maxInFlight, added, removed: [] });
  }

  #ended(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#past = sumOfStats([this.#past, { ...this.#stats, checks: 0, inFlight: 0, waiting: 0 }]);
    this.#stats = NO_STATS;
    if (this.#closed) return;
    this.#startLater(`ended (${reason})`);
  }

  /** `what` happened to it. */
  #startLater(what: string): void {
    if (performance.now() - this.#startedAtMs > HEALTHY_MS) this.#restartMs = FIRST_RESTART_MS;
    const delayMs = this.#restartMs;
    this.#restartMs = Math.min(2 * delayMs, LONGEST_RESTART_MS);
    this.#restarts++;
    this.#log.warn(
      `${this.#name} ${what}: its ${this.#checks.size} checks keep their verdicts, it starts again in ${delayMs} ms`,
    );
    this.#restartTimer = setTimeout(() => this.#start(), delayMs);
  }

  #take(worker: Worker, { results, stats }: WorkerReport): void {
    if (this.#closed || this.#worker !== worker) return;
    this.#silentLooks = 0;
    this.#stats = stats;
    const pending: string[] = [];
    for (const [number, result, hinted] of results) {
      // One that is gone, or was replaced, has nothing to say any more.
      const assigned = this.#byNumber.get(number);
      if (assigned === undefined) continue;
      if (this.#handlers.result(assigned.key, result, hinted) === 'pending') pending.push(assigned.key);
    }
    if (pending.length > 0) this.#post({ type: 'pending', keys: pending });
  }

  /** While it is down nothing is lost: it gets all its checks when it starts. */
  #post(message: ToProbeWorker): void {
    this.#worker?.postMessage(message);
  }
}
