/**
 * Runs every check on its own beat: in this thread while that is little to do, else in worker threads, so that nothing else
 * in this one is late because of probes. Scripts, files and what is told by command stay here.
 */
import { availableParallelism } from 'node:os';
import type { CheckConfig } from '../config/types-checks.ts';
import { isForWorkers, loadOf, workersFor } from '../health/probe-load.ts';
import { LocalFaults } from './local-faults.ts';
import { ProbeWorkerHandle } from './probe-worker-handle.ts';
import { Prober, type ProberHandlers } from './prober.ts';
import { NO_STATS, type ProberStats, sumOfStats } from './prober-stats.ts';
import { descriptorLimit, descriptorWarning, probesAtOnce } from './process-limits.ts';

const LOOK_MS = 1000;
const LOOKS_A_MINUTE = 60;
/** So much of what was to be probed may be left out before it is told. */
const LITTLE_OVERDUE = 0.01;

export interface ProbePoolLog {
  /** What the operator should know. */
  warn(text: string): void;
}

export interface ProbePoolStats extends ProberStats {
  readonly workers: number;
  /** Workers that died and were started again. */
  readonly workerRestarts: number;
}

export class ProbePool {
  readonly #handlers: ProberHandlers;
  readonly #log: ProbePoolLog;
  readonly #faults: LocalFaults;
  readonly #local: Prober;
  readonly #workerFile: string | undefined;
  #workers: ProbeWorkerHandle[] = [];
  readonly #closing = new Set<Promise<void>>();
  readonly #looking: NodeJS.Timeout;
  #looks = 0;
  #startedBefore = 0;
  #overdueBefore = 0;
  #warned: string | null = null;
  #restartsBefore = 0;
  /** Of workers that are no longer needed. */
  #past: ProberStats = NO_STATS;
  #closed = false;

  /** `workerFile` is for tests. */
  constructor(handlers: ProberHandlers, log: ProbePoolLog, workerFile?: string) {
    this.#log = log;
    this.#faults = new LocalFaults((text) => log.warn(text));
    this.#handlers = {
      result: (key, result, hinted) => {
        if (!result.ok && result.reason === 'local') this.#faults.add(result.detail);
        return handlers.result(key, result, hinted);
      },
    };
    this.#workerFile = workerFile;
    this.#local = new Prober(this.#handlers);
    this.#looking = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /**
   * The checks from now on, and in how many threads besides this one: 'auto' by what they cost. A check that stays the same
   * keeps its beat, its socket and its probe under way, as long as it stays in its thread. Threads that were started
   * because of the load stay, for the next time that a director becomes active.
   */
  set(checks: ReadonlyMap<string, CheckConfig>, workers: 'auto' | number = 'auto'): void {
    if (this.#closed) return;
    this.#warn(checks);
    const remote = new Map([...checks].filter(([, check]) => isForWorkers(check)));
    const load = [...remote.values()].reduce((sum, check) => sum + loadOf(check), 0);
    const wanted =
      workers === 'auto' ? Math.max(workersFor(load, availableParallelism()), this.#workers.length) : workers;
    const shares = this.#arrange(wanted, remote);
    const atOnce = Math.floor(probesAtOnce(descriptorLimit()) / Math.max(1, wanted));
    this.#local.limit(atOnce);
    this.#local.set(wanted === 0 ? checks : new Map([...checks].filter(([, check]) => !isForWorkers(check))));
    for (const { worker, share } of shares) worker.set(share, atOnce);
  }

  /** As of a `Prober`. */
  hint(keys: Iterable<string>): void {
    const all = [...keys];
    this.#local.hint(all);
    for (const worker of this.#workers) {
      const its = all.filter((key) => worker.has(key));
      if (its.length > 0) worker.hint(its);
    }
  }

  stats(): ProbePoolStats {
    return {
      ...sumOfStats([this.#past, this.#local.stats(), ...this.#workers.map((worker) => worker.stats())]),
      workers: this.#workers.length,
      workerRestarts: this.#workers.reduce((sum, { restarts }) => sum + restarts, this.#restartsBefore),
    };
  }

  /** Stops everything; resolves when no probe is under way any more. Nothing is reported after it is called. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#looking);
    this.#faults.close();
    for (const worker of this.#workers.splice(0)) this.#retire(worker);
    await Promise.all([this.#local.close(), ...this.#closing]);
  }

  /** So many workers, and who probes what: each check stays where it is, a new one goes where least is to do. */
  #arrange(wanted: number, checks: ReadonlyMap<string, CheckConfig>): readonly Place[] {
    for (const worker of this.#workers.splice(wanted)) this.#retire(worker);
    while (this.#workers.length < wanted) {
      const name = `Probe worker ${this.#workers.length + 1}`;
      this.#workers.push(new ProbeWorkerHandle(name, this.#handlers, this.#log, this.#workerFile));
    }
    const places: Place[] = this.#workers.map((worker) => ({ worker, load: 0, share: new Map() }));
    const [first] = places;
    if (first === undefined) return [];
    const put = (place: Place, key: string, check: CheckConfig): void => {
      place.share.set(key, check);
      place.load += loadOf(check);
    };
    const homeless: [string, CheckConfig][] = [];
    for (const [key, check] of checks) {
      const place = places.find(({ worker }) => worker.has(key));
      if (place === undefined) homeless.push([key, check]);
      else put(place, key, check);
    }
    for (const [key, check] of homeless) {
      const idlest = places.reduce((least, place) => (place.load < least.load ? place : least), first);
      put(idlest, key, check);
    }
    return places;
  }

  #retire(worker: ProbeWorkerHandle): void {
    this.#restartsBefore += worker.restarts;
    const closing = worker.close();
    this.#closing.add(closing);
    void closing.then(() => {
      this.#past = sumOfStats([this.#past, { ...worker.stats(), checks: 0, inFlight: 0, waiting: 0 }]);
      this.#closing.delete(closing);
    });
  }

  /** Every second: whether the workers live; once a minute, whether the beat is kept. */
  #look(): void {
    for (const worker of this.#workers) worker.look();
    if (++this.#looks % LOOKS_A_MINUTE !== 0) return;
    const { started, overdueBeats } = this.stats();
    const probed = started - this.#startedBefore;
    const overdue = overdueBeats - this.#overdueBefore;
    this.#startedBefore = started;
    this.#overdueBefore = overdueBeats;
    if (overdue <= LITTLE_OVERDUE * (probed + overdue)) return;
    this.#log.warn(
      `Probing does not keep up: ${overdue} of ${probed + overdue} probes of the last minute were left out; this machine is ` +
        'too slow or too busy: probe less often, or see probe_workers',
    );
  }

  /** Once for each configuration that does not fit. */
  #warn(checks: ReadonlyMap<string, CheckConfig>): void {
    const text = descriptorWarning(checks.values(), descriptorLimit());
    if (text !== null && text !== this.#warned) this.#log.warn(text);
    this.#warned = text;
  }
}

/** A worker and what it is to probe from now on. */
interface Place {
  readonly worker: ProbeWorkerHandle;
  readonly share: Map<string, CheckConfig>;
  load: number;
}
