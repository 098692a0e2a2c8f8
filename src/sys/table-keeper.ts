/**
 * Keeps the kernel's IPVS table and sync daemons as the director wants them. Start, reload and every reconciliation are
 * the same act: dump, diff, send the difference. A single change sends only its own difference, from the copy of what the
 * kernel was last known to hold; a refusal means that the copy is wrong: dump again.
 */
import { describeRepair } from '../director/repair.ts';
import { isOverThreshold } from '../director/thresholds.ts';
import type { IpvsCommand } from '../ipvs/command.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import { plan } from '../ipvs/plan.ts';
import type { DumpedService, Service, SyncDaemon } from '../ipvs/types.ts';
import { messageOf } from '../util/message-of.ts';
import type { ApplyOutcome } from './ipvs.ts';
import type { Log } from './log.ts';
import { LogLimiter } from './log-limiter.ts';
import type { OwnedMemory } from './owned-services.ts';
import { SyncKeeper, type SyncKernel } from './sync-keeper.ts';

/** What the table should be; asked anew for every act. */
export interface Wanted {
  /** All services, or those of the named virtual servers. */
  services(names?: ReadonlySet<string>): readonly Service[];
  /** Null: connection sync is not ours. */
  daemons(): readonly SyncDaemon[] | null;
}

/** The kernel's table, as in `Ipvs`. */
export interface TableKernel extends SyncKernel {
  dump(): Promise<readonly DumpedService[]>;
  apply(commands: readonly IpvsCommand[]): Promise<ApplyOutcome>;
  close(): void;
}

export interface KeeperCounters {
  readonly lastReconcileAtMs: number | null;
  readonly reconciles: number;
  /** Commands that put right what somebody else had changed. */
  readonly repairs: number;
  readonly refusedCommands: number;
  /** Of the last reconciliation, or since. */
  readonly lastProblem: string | null;
}

/** What became of some commands. */
interface Applied {
  /** False when verdicts were lost: only a dump tells what was done. */
  readonly complete: boolean;
  /** Keys of the services that refused commands were about. */
  readonly refused: ReadonlySet<string>;
  readonly problems: readonly string[];
}

const NOTHING_TO_DO: Applied = { complete: true, refused: new Set(), problems: [] };
/** Repairs and refusals beyond this many in one reconciliation are counted, not each told. */
const TOLD_AT_ONCE = 5;
const STOPPING = 'lvsd is stopping';

export class TableKeeper {
  readonly #ipvs: TableKernel;
  readonly #wanted: Wanted;
  readonly #memory: OwnedMemory;
  readonly #sync: SyncKeeper;
  readonly #log: Pick<Log, 'warn'>;
  readonly #problemLog: LogLimiter;
  /** Keys of services that are ours to delete when they are no longer wanted. */
  readonly #owned: Set<string>;
  readonly #believed = new Map<string, Service>();
  /** Keys of services that the kernel had as this configuration wants them: a difference later is somebody else's doing. */
  readonly #settled = new Set<string>();
  /** Of the configuration: a reconciliation that began with another one settles nothing. */
  #generation = 0;
  #over: ReadonlySet<string> = new Set();
  readonly #names = new Set<string>();
  /** Everybody who waits for a reconciliation that has not begun yet. */
  #waiting: ((problems: readonly string[]) => void)[] = [];
  #scheduled = false;
  #closed = false;
  #running: Promise<void> = Promise.resolve();
  #counters: KeeperCounters = {
    lastReconcileAtMs: null,
    reconciles: 0,
    repairs: 0,
    refusedCommands: 0,
    lastProblem: null,
  };

  /** What `memory` found of an earlier run is deleted unless it is wanted again. */
  constructor(ipvs: TableKernel, wanted: Wanted, memory: OwnedMemory, log: Pick<Log, 'warn' | 'error'>) {
    this.#ipvs = ipvs;
    this.#wanted = wanted;
    this.#memory = memory;
    this.#owned = new Set(memory.found.keys);
    this.#sync = new SyncKeeper(ipvs, () => wanted.daemons(), { ours: memory.found.syncDaemons });
    this.#log = log;
    this.#problemLog = new LogLimiter((text) => log.error(text));
  }

  get counters(): KeeperCounters {
    return this.#counters;
  }

  isOver(service: string, destination: string): boolean {
    return this.#over.has(`${service} ${destination}`);
  }

  /** The kernel's table, with what is not ours, and its sync daemons. Rejects when the kernel refuses. */
  async read(): Promise<{ readonly table: readonly DumpedService[]; readonly daemons: readonly SyncDaemon[] }> {
    return { table: await this.#dump(), daemons: this.#ipvs.daemons() };
  }

  /** These virtual servers may want something else now. */
  changed(names: Iterable<string>): void {
    for (const name of names) this.#names.add(name);
    this.#schedule();
  }

  /** Resolves when a reconciliation that began after this call is done, with its problems in words. Never rejects. */
  reconcile(): Promise<readonly string[]> {
    if (this.#closed) return Promise.resolve([STOPPING]);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#schedule();
    });
  }

  /** A new configuration is wanted from now on: what it makes different is no repair. */
  reconfigured(): Promise<readonly string[]> {
    this.#generation++;
    this.#settled.clear();
    this.#sync.reset();
    return this.reconcile();
  }

  /** The sync daemons follow their virtual router at once. */
  roleChanged(): void {
    if (this.#closed) return;
    this.#sync.reset();
    for (const problem of this.#sync.keep()) this.#note(problem);
  }

  /** Ends all work; then stops the sync daemons and deletes the services that are ours, unless those are to stay. */
  async close({ keepServices }: { readonly keepServices: boolean }): Promise<void> {
    this.#closed = true;
    for (const done of this.#waiting.splice(0)) done([STOPPING]);
    await this.#running;
    const stillRunning = this.#sync.stop();
    for (const problem of stillRunning) this.#note(problem);
    if (!keepServices) await this.#deleteOwned().catch((error: unknown) => this.#note(messageOf(error)));
    this.#remember(stillRunning.length > 0);
    this.#ipvs.close();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#running = this.#running.then(() => this.#work());
    });
  }

  async #work(): Promise<void> {
    if (this.#closed) return;
    const waiting = this.#waiting.splice(0);
    const names = new Set(this.#names);
    this.#names.clear();
    let problems: readonly string[] = [];
    try {
      // Changes of our own first: what the dump then shows as different was done by somebody else.
      const known = await this.#sendChanges(names);
      if (waiting.length > 0 || !known) problems = await this.#reconcileNow();
    } catch (error) {
      problems = [messageOf(error)];
      this.#believed.clear();
      this.#note(messageOf(error));
    }
    for (const done of waiting) done(problems);
  }

  /** False when the kernel refused something or may hold something else: then only a dump tells. */
  async #sendChanges(names: ReadonlySet<string>): Promise<boolean> {
    if (names.size === 0) return true;
    const desired = this.#wanted.services(names);
    const actual = desired.flatMap((service) => this.#believed.get(serviceKey(service.id)) ?? []);
    if (actual.length < desired.length) return false;
    const applied = await this.#apply(plan(desired, actual, () => false));
    this.#believe(desired, applied);
    return applied.complete && applied.refused.size === 0;
  }

  /** Dump, diff, send. The problems in words. */
  async #reconcileNow(): Promise<readonly string[]> {
    const generation = this.#generation;
    const desired = this.#wanted.services();
    const wanted = new Set(desired.map((service) => serviceKey(service.id)));
    for (const key of wanted) this.#owned.add(key);
    // What is ours is on disk before the kernel has it, and as long as the kernel has it.
    const problems = [...this.#remember(this.#sync.ours)];
    const table = await this.#dump();
    if (this.#closed) return [...problems, STOPPING];
    const commands = plan(desired, table, (id) => this.#owned.has(serviceKey(id)));
    this.#tellRepairs(commands);
    const applied = await this.#apply(commands);
    this.#believed.clear();
    this.#believe(desired, applied);
    for (const key of wanted) {
      if (applied.refused.has(key)) this.#settled.delete(key);
      else if (applied.complete && generation === this.#generation) this.#settled.add(key);
    }
    for (const key of this.#owned) {
      if (applied.complete && !wanted.has(key) && !applied.refused.has(key)) this.#owned.delete(key);
    }
    const ofSync = this.#closed ? [] : this.#sync.keep();
    for (const problem of ofSync) this.#problemLog.say(problem);
    problems.push(...applied.problems, ...ofSync, ...this.#remember(this.#sync.ours));
    const { reconciles } = this.#counters;
    const lastProblem = problems.at(-1) ?? null;
    this.#counters = { ...this.#counters, reconciles: reconciles + 1, lastReconcileAtMs: Date.now(), lastProblem };
    return [...new Set(problems)];
  }

  async #deleteOwned(): Promise<void> {
    const table = await this.#ipvs.dump();
    const { complete, refused } = await this.#apply(plan([], table, (id) => this.#owned.has(serviceKey(id))));
    for (const key of this.#owned) if (complete && !refused.has(key)) this.#owned.delete(key);
  }

  #remember(syncDaemons: boolean): readonly string[] {
    const problem = this.#memory.save({ keys: [...this.#owned], syncDaemons });
    if (problem === null) return [];
    this.#note(problem);
    return [problem];
  }

  async #dump(): Promise<readonly DumpedService[]> {
    const table = await this.#ipvs.dump();
    this.#noteThresholds(table);
    return table;
  }

  #believe(services: readonly Service[], { complete, refused }: Applied): void {
    for (const service of services) {
      const key = serviceKey(service.id);
      if (complete && !refused.has(key)) this.#believed.set(key, service);
      else this.#believed.delete(key);
    }
  }

  async #apply(commands: readonly IpvsCommand[]): Promise<Applied> {
    if (commands.length === 0) return NOTHING_TO_DO;
    const { refused, complete } = await this.#ipvs.apply(commands);
    const problems = refused.slice(0, TOLD_AT_ONCE).map(({ text }) => text);
    const more = refused.length - TOLD_AT_ONCE;
    if (more > 0) problems.push(`${more} more IPVS commands were refused`);
    if (!complete)
      problems.push(`The kernel's answers to ${commands.length} IPVS commands were lost: the table is read again`);
    for (const problem of problems) this.#note(problem);
    const { refusedCommands } = this.#counters;
    this.#counters = { ...this.#counters, refusedCommands: refusedCommands + refused.length };
    return { complete, refused: new Set(refused.map(({ command }) => keyOf(command))), problems };
  }

  #tellRepairs(commands: readonly IpvsCommand[]): void {
    const repairs = commands.filter((command) => this.#settled.has(keyOf(command)));
    this.#counters = { ...this.#counters, repairs: this.#counters.repairs + repairs.length };
    for (const command of repairs.slice(0, TOLD_AT_ONCE)) {
      this.#log.warn(`IPVS table was changed from outside, repairing it: ${describeRepair(command)}`);
    }
    const more = repairs.length - TOLD_AT_ONCE;
    if (more > 0) this.#log.warn(`IPVS table was changed from outside, repairing it: ${more} more changes`);
  }

  #note(problem: string): void {
    this.#problemLog.say(problem);
    this.#counters = { ...this.#counters, lastProblem: problem };
  }

  /** Starts from the table: destinations that are gone are forgotten. */
  #noteThresholds(table: readonly DumpedService[]): void {
    const over = new Set<string>();
    for (const service of table) {
      const prefix = serviceKey(service.id);
      for (const { id, settings, counters } of service.destinations) {
        const key = `${prefix} ${destinationKey(id)}`;
        if (isOverThreshold(settings, counters, this.#over.has(key))) over.add(key);
      }
    }
    this.#over = over;
  }
}

/** The service that a command is about; empty for those that the keeper does not use. */
function keyOf(command: IpvsCommand): string {
  return 'service' in command && command.service !== null ? serviceKey(command.service) : '';
}
