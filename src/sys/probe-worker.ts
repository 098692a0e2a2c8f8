/**
 * Entry of a probe worker: a thread that probes its share of the checks and reports what it found, in batches. Verdicts are
 * not made here.
 */
import { parentPort } from 'node:worker_threads';
import type { CheckConfig } from '../config/types-checks.ts';
import type { ProbeResult } from '../health/types.ts';
import type { NumberedResult, ToProbeWorker, WorkerReport } from './probe-worker-messages.ts';
import { Prober } from './prober.ts';

/** How long good news waits for company. */
const BATCH_MS = 10;
const HEARTBEAT_MS = 1000;

class ProbeWorker {
  readonly #report: (report: WorkerReport) => void;
  readonly #prober = new Prober({ result: (key, result, hinted) => this.#found(key, result, hinted) });
  readonly #checks = new Map<string, CheckConfig>();
  readonly #numbers = new Map<string, number>();
  /** Numbers of those that have reported. */
  readonly #known = new Set<number>();
  readonly #heartbeat = setInterval(() => this.#flush(), HEARTBEAT_MS);
  #batch: NumberedResult[] = [];
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;

  constructor(report: (report: WorkerReport) => void) {
    this.#report = report;
  }

  async take(message: ToProbeWorker): Promise<void> {
    switch (message.type) {
      case 'set':
        return this.#set(message);
      case 'hint':
        return this.#prober.hint(message.keys);
      case 'pending':
        for (const key of message.keys) this.#prober.pending(key);
        return;
      case 'close':
        await this.#prober.close();
        clearInterval(this.#heartbeat);
        process.exit(); // the thread, not the process
    }
  }

  #set({ maxInFlight, added, removed }: ToProbeWorker & { readonly type: 'set' }): void {
    for (const key of removed) {
      this.#checks.delete(key);
      this.#forget(key);
    }
    for (const [number, key, check] of added) {
      this.#forget(key);
      this.#checks.set(key, check);
      this.#numbers.set(key, number);
    }
    this.#prober.limit(maxInFlight);
    this.#prober.set(this.#checks);
  }

  #forget(key: string): void {
    const number = this.#numbers.get(key);
    if (number !== undefined) this.#known.delete(number);
    this.#numbers.delete(key);
  }

  /** Whether it is pending the main thread says when it knows. */
  #found(key: string, result: ProbeResult, hinted: boolean): 'settled' {
    const number = this.#numbers.get(key);
    if (number === undefined) return 'settled';
    this.#batch.push([number, result, hinted]);
    const isNews = !result.ok || hinted || !this.#known.has(number);
    this.#known.add(number);
    // All news of one turn of the event loop go together.
    if (isNews) this.#immediate ??= setImmediate(() => this.#flush());
    else this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS);
    return 'settled';
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#timer = this.#immediate = null;
    this.#report({ results: this.#batch, stats: this.#prober.stats() });
    this.#batch = [];
  }
}

if (parentPort === null) throw new Error('This is the entry of a worker thread: lvsd starts it itself');
const port = parentPort;
const worker = new ProbeWorker((report) => port.postMessage(report));
port.on('message', (message: ToProbeWorker) => void worker.take(message));
