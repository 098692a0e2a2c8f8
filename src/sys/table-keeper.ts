/**
 * Keeps the kernel's IPVS table and sync daemons as the director wants them. Start, reload and every reconciliation are
 * the same act: dump, diff, send the difference. A single change sends only its own difference, from the copy of what the
 * kernel was last known to hold; a refusal means that the copy is wrong: dump again.
 */
import { isOverThreshold } from '../director/thresholds.ts';
import type { DaemonCommand, IpvsCommand } from '../ipvs/command.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import { plan, planDaemons } from '../ipvs/plan.ts';
import type { DumpedService, Service, SyncDaemon } from '../ipvs/types.ts';
import type { Ipvs } from './ipvs.ts';
import type { Log } from './log.ts';

/** What the table should be; asked anew for every act. */
export interface Wanted {
  /** All services, or those of the named virtual servers. */
  services(names?: ReadonlySet<string>): readonly Service[];
  /** Null: connection sync is not ours. */
  daemons(): readonly SyncDaemon[] | null;
}

export interface KeeperCounters {
  readonly lastReconcileAtMs: number | null;
  readonly reconciles: number;
  /** Commands that put right what somebody else had changed. */
  readonly repairs: number;
  readonly refusedCommands: number;
  readonly lastProblem: string | null;
}

/** Repairs beyond this many in one reconciliation are counted, not each told. */
const TOLD_REPAIRS = 5;

export class TableKeeper {
  readonly #ipvs: Ipvs;
  readonly #wanted: Wanted;
  readonly #log: Log;
  /** Keys of services that are ours to delete when they are no longer wanted. */
  readonly #owned: Set<string>;
  readonly #believed = new Map<string, Service>();
  readonly #over = new Set<string>();
  readonly #names = new Set<string>();
  /** Everybody who waits for a reconciliation that has not begun yet. */
  #waiting: (() => void)[] = [];
  #scheduled = false;
  #closed = false;
  #running: Promise<void> = Promise.resolve();
  #settled = false;
  #counters: KeeperCounters = {
    lastReconcileAtMs: null,
    reconciles: 0,
    repairs: 0,
    refusedCommands: 0,
    lastProblem: null,
  };

  /** `owned`: services of an earlier run, deleted unless they are wanted again. */
  constructor(ipvs: Ipvs, wanted: Wanted, owned: Iterable<string>, log: Log) {
    this.#ipvs = ipvs;
    this.#wanted = wanted;
    this.#owned = new Set(owned);
    this.#log = log;
  }

  get counters(): KeeperCounters {
    return this.#counters;
  }

  get owned(): readonly string[] {
    return [...this.#owned];
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

  /** Resolves when a reconciliation that began after this call is done. */
  reconcile(): Promise<void> {
    if (this.#closed) return this.#running;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#schedule();
    });
  }

  /** A new configuration is wanted from now on: what it makes different is no repair. */
  reconfigured(): Promise<void> {
    this.#settled = false;
    return this.reconcile();
  }

  /** The sync daemons follow their virtual router at once. */
  syncDaemons(): void {
    const wanted = this.#wanted.daemons();
    if (wanted === null || this.#closed) return;
    try {
      for (const command of planDaemons(wanted, this.#ipvs.daemons())) this.#applyDaemon(command);
    } catch (error) {
      this.#note(describe(error));
    }
  }

  /** Ends all work; then stops the daemons and deletes our services, unless they are to stay. */
  async close(options: { readonly keepServices: boolean; readonly stopDaemons: boolean }): Promise<void> {
    this.#closed = true;
    await this.#running;
    if (options.stopDaemons)
      for (const { role } of this.#ipvs.daemons()) this.#applyDaemon({ command: 'del-daemon', role });
    if (!options.keepServices)
      await this.#apply(plan([], await this.#ipvs.dump(), (id) => this.#owned.has(serviceKey(id))));
    this.#ipvs.close();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#running = this.#running.then(() => this.#work()).catch((error: unknown) => this.#note(describe(error)));
    });
  }

  async #work(): Promise<void> {
    if (this.#closed) return;
    const waiting = this.#waiting.splice(0);
    const names = new Set(this.#names);
    this.#names.clear();
    try {
      // Changes of our own first: what the dump then shows as different was done by somebody else.
      const complete = await this.#sendChanges(names);
      if (waiting.length > 0 || !complete) await this.#dumpAndSend();
    } finally {
      for (const done of waiting) done();
    }
  }

  /** False when the kernel refused something. */
  async #sendChanges(names: ReadonlySet<string>): Promise<boolean> {
    if (names.size === 0) return true;
    const desired = this.#wanted.services(names);
    const actual = desired.flatMap((service) => this.#believed.get(serviceKey(service.id)) ?? []);
    if (actual.length < desired.length) return false;
    const complete = await this.#apply(plan(desired, actual, () => false));
    if (complete) this.#believe(desired);
    return complete;
  }

  async #dumpAndSend(): Promise<void> {
    const desired = this.#wanted.services();
    for (const service of desired) this.#owned.add(serviceKey(service.id));
    const table = await this.#dump();
    const commands = plan(desired, table, (id) => this.#owned.has(serviceKey(id)));
    if (this.#settled && commands.length > 0) this.#tellRepairs(commands);
    const complete = await this.#apply(commands);
    this.#believed.clear();
    if (complete) {
      this.#believe(desired);
      this.#settled = true;
      const wanted = new Set(desired.map((service) => serviceKey(service.id)));
      for (const key of this.#owned) if (!wanted.has(key)) this.#owned.delete(key);
    }
    this.syncDaemons();
    const { reconciles } = this.#counters;
    this.#counters = { ...this.#counters, reconciles: reconciles + 1, lastReconcileAtMs: Date.now() };
  }

  async #dump(): Promise<readonly DumpedService[]> {
    const table = await this.#ipvs.dump();
    this.#noteThresholds(table);
    return table;
  }

  #believe(services: readonly Service[]): void {
    for (const service of services) this.#believed.set(serviceKey(service.id), service);
  }

  /** False when something was refused, or when nobody knows: then only a dump tells. */
  async #apply(commands: readonly IpvsCommand[]): Promise<boolean> {
    if (commands.length === 0) return true;
    const { refused, complete } = await this.#ipvs.apply(commands);
    for (const { text } of refused.slice(0, TOLD_REPAIRS)) this.#note(text);
    const { refusedCommands } = this.#counters;
    this.#counters = { ...this.#counters, refusedCommands: refusedCommands + refused.length };
    return complete && refused.length === 0;
  }

  #applyDaemon(command: DaemonCommand): void {
    const refusal =
      command.command === 'new-daemon' ? this.#ipvs.setDaemon(command.daemon) : this.#ipvs.stopDaemon(command.role);
    if (refusal !== null) this.#note(refusal.text);
  }

  #tellRepairs(commands: readonly IpvsCommand[]): void {
    this.#counters = { ...this.#counters, repairs: this.#counters.repairs + commands.length };
    for (const command of commands.slice(0, TOLD_REPAIRS)) {
      this.#log.warn(`IPVS table was changed from outside, repairing it: ${nameOf(command)}`);
    }
    const more = commands.length - TOLD_REPAIRS;
    if (more > 0) this.#log.warn(`IPVS table was changed from outside, repairing it: ${more} more changes`);
  }

  #note(problem: string): void {
    if (problem !== this.#counters.lastProblem) this.#log.error(problem);
    this.#counters = { ...this.#counters, lastProblem: problem };
  }

  #noteThresholds(table: readonly DumpedService[]): void {
    for (const service of table) {
      const prefix = serviceKey(service.id);
      for (const { id, settings, counters } of service.destinations) {
        const key = `${prefix} ${destinationKey(id)}`;
        if (isOverThreshold(settings, counters, this.#over.has(key))) this.#over.add(key);
        else this.#over.delete(key);
      }
    }
  }
}

/** What a repair does, in an operator's words. */
function nameOf(command: IpvsCommand): string {
  switch (command.command) {
    case 'new-service':
      return `${serviceKey(command.service)} was missing`;
    case 'set-service':
      return `${serviceKey(command.service)} had other settings`;
    case 'del-service':
      return `${serviceKey(command.service)} was left over`;
    case 'new-dest':
      return `${destinationKey(command.destination.id)} was missing in ${serviceKey(command.service)}`;
    case 'set-dest':
      return `${destinationKey(command.destination.id)} in ${serviceKey(command.service)} had other settings`;
    case 'del-dest':
      return `${destinationKey(command.destination)} does not belong into ${serviceKey(command.service)}`;
    default:
      return command.command;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
