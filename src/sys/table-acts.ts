/**
 * What the keeper does to the kernel's table: send a difference, reconcile, look at what drains, take everything down; and
 * what it knows of the table meanwhile. One act at a time: table-keeper.ts sees to that.
 */
import type { KernelChange } from '../director/changes.ts';
import { drainKey, withDrains } from '../director/draining.ts';
import { plannedChanges } from '../director/planned.ts';
import { overThresholds } from '../director/thresholds.ts';
import type { Wanted } from '../director/wanted.ts';
import type { IpvsCommand } from '../ipvs/command.ts';
import { serviceKey } from '../ipvs/key.ts';
import { plan } from '../ipvs/plan.ts';
import type { Destination, DumpedDestination, DumpedService, Service, ServiceId, SyncDaemon } from '../ipvs/types.ts';
import type { News } from '../status/events.ts';
import { messageOf } from '../util/message-of.ts';
import { DrainKeeper } from './drain-keeper.ts';
import { KERNEL_SETTINGS, type SettingsFolder } from './ipvs-settings.ts';
import { type Applied, isDone, type KeeperLog, KeeperReport, keyOf } from './keeper-report.ts';
import type { OwnedMemory } from './owned-services.ts';
import { SettingsKeeper, type TimeoutsKernel } from './settings-keeper.ts';
import { monotonicMs } from './socket.ts';
import { READ_AT_START, SyncKeeper, type SyncKernel } from './sync-keeper.ts';

/** The kernel's table, as in `Ipvs`. */
export interface TableKernel extends SyncKernel, TimeoutsKernel {
  dump(): Promise<readonly DumpedService[]>;
  /** Of these services only; one that is not there has no destinations. */
  dumpOf(services: readonly ServiceId[]): Promise<readonly Pick<DumpedService, 'id' | 'destinations'>[]>;
  close(): void;
}

export interface KeeperParts {
  readonly memory: OwnedMemory;
  readonly log: KeeperLog;
  /** Hears of repairs and of the sync daemons. */
  readonly news?: (news: News) => void;
  /** The kernel's unless given. */
  readonly folder?: SettingsFolder;
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number;
}

/** The kernel's state as it was just read. */
export interface Reading {
  /** With what is not ours. */
  readonly table: readonly DumpedService[];
  readonly daemons: readonly SyncDaemon[];
}

export class TableActs {
  readonly sync: SyncKeeper;
  readonly drain: DrainKeeper;
  readonly report: KeeperReport;
  readonly #ipvs: TableKernel;
  readonly #wanted: () => Wanted;
  readonly #memory: OwnedMemory;
  readonly #folder: SettingsFolder;
  readonly #settings: SettingsKeeper;
  readonly #now: () => number;
  /** Keys of services that are ours to delete when they are no longer wanted. */
  readonly #owned: Set<string>;
  /** What the kernel was last known to hold, for as much of what is wanted as is known. */
  readonly #believed = new Map<string, Service>();
  /** Keys of services that the kernel had as this configuration wants them: a difference later is somebody else's doing. */
  readonly #settled = new Set<string>();
  /** Keys of services whose last change of our own has not reached the kernel. */
  readonly #unsent = new Set<string>();
  /** Keys of the services that were wanted at the last reconciliation. */
  #wantedKeys: ReadonlySet<string> = new Set();
  /** Of the configuration: a reconciliation that began with another one settles nothing. */
  #generation = 0;
  #over: ReadonlySet<string> = new Set();

  /** `onDue`: something drains, and it is time to look at it. */
  constructor(
    ipvs: TableKernel,
    wanted: () => Wanted,
    { memory, log, onDue, ...given }: KeeperParts & { onDue(): void },
  ) {
    this.#ipvs = ipvs;
    this.#wanted = wanted;
    this.#memory = memory;
    this.#folder = given.folder ?? KERNEL_SETTINGS;
    this.#now = given.now ?? monotonicMs;
    this.#owned = new Set(memory.found.keys);
    const { news = () => {} } = given;
    this.sync = new SyncKeeper(ipvs, () => wanted().daemons(), { ours: memory.found.syncDaemons, news });
    this.drain = new DrainKeeper({ policy: wanted, onDue, log, now: this.#now });
    this.report = new KeeperReport(log, news);
    const settings = { folder: this.#folder, originals: memory.found.originals, log };
    this.#settings = new SettingsKeeper({ kernel: ipvs, wanted: () => wanted().ipvs(), ...settings });
  }

  isOver(service: string, destination: string): boolean {
    return this.#over.has(`${service} ${destination}`);
  }

  /** Rejects when the kernel refuses. */
  async read(): Promise<Reading> {
    return { table: await this.#dump(), daemons: this.#ipvs.daemons() };
  }

  /** What would be changed if `wanted` were asked for now. Changes nothing. Rejects when the kernel refuses. */
  async rehearse(wanted: (reading: Reading) => Wanted): Promise<readonly KernelChange[]> {
    const reading = await this.read();
    const state = { ...reading, timeouts: this.#ipvs.timeouts(), setting: (name: string) => this.#folder.read(name) };
    const { originals } = this.#settings;
    const [syncOurs, drains] = [this.sync.ours, this.drain.drains];
    const known = { owned: this.#owned, syncOurs, drains, originals, nowMs: this.#now() };
    return plannedChanges(state, wanted(reading), known);
  }

  /** A new configuration is wanted from now on: what it makes different is no repair. */
  reconfigured(): void {
    this.#generation++;
    this.#settled.clear();
    this.#settings.reset();
    this.sync.reset();
  }

  /** Nothing is known of the table any more. */
  disbelieve(): void {
    this.#believed.clear();
  }

  /** Takes down what is ours, at once, and puts settings back if that is wanted. Problems are told. */
  async takeDown(): Promise<void> {
    await this.#deleteOwned().catch((error: unknown) => this.report.problem(messageOf(error)));
    const ofSettings = this.#wanted().ipvs().restoreSettings ? await this.#settings.restore() : [];
    for (const problem of ofSettings) this.report.problem(problem);
  }

  /** False when the kernel refused something or may hold something else: then only a dump tells. */
  async sendChanges(names: ReadonlySet<string>): Promise<boolean> {
    if (names.size === 0) return true;
    const desired = this.#wanted().services(names);
    const keys = keysOf(desired);
    for (const key of keys) this.#unsent.add(key);
    const actual = desired.flatMap((service) => this.#believed.get(serviceKey(service.id)) ?? []);
    if (actual.length < desired.length) return false;
    const round = this.drain.round<Destination>(keys, () => true);
    const applied = await this.report.apply(
      this.#ipvs,
      plan(desired, actual, () => false, round.removal),
    );
    for (const key of keys) this.#unsent.delete(key);
    this.drain.done(round, { desired, isDone: (key) => keys.has(key) && isDone(applied, key) });
    this.#believe(desired, applied);
    return applied.complete && applied.refused.size === 0;
  }

  /** Dump, diff, send. `pending`: virtual servers that changed meanwhile. The problems in words. */
  async reconcile(isStopping: () => boolean, pending: () => ReadonlySet<string>): Promise<readonly string[]> {
    const problems = [...(await this.#keepSettings())];
    const table = await this.#dump();
    if (isStopping()) return problems;
    // What is wanted and why something is not must be of one moment: a reload may have come during the dump.
    const generation = this.#generation;
    const desired = this.#wanted().services();
    const { exclusive } = this.#wanted().ipvs();
    const wanted = keysOf(desired);
    const ownDoing = new Set([...this.#unsent, ...keysOf(this.#wanted().services(pending()))]);
    for (const key of wanted) this.#owned.add(key);
    // What is ours is on disk before the kernel has it, and as long as the kernel has it.
    problems.push(...this.remember(this.sync.ours));
    const isOurs = (id: ServiceId): boolean => this.#owned.has(serviceKey(id));
    const round = this.drain.round<DumpedDestination>(wanted, isOurs);
    const commands = plan(desired, table, (id) => exclusive || isOurs(id), round.removal);
    const applied = await this.report.apply(this.#ipvs, commands);
    const isRepair = (command: IpvsCommand): boolean => !ownDoing.has(keyOf(command)) && this.#isRepair(command);
    const repairs = commands.filter((command) => isRepair(command) && isDone(applied, keyOf(command)));
    this.#unsent.clear();
    this.report.repaired(repairs, table, round.left);
    this.drain.done(round, { desired, isDone: (key) => isDone(applied, key) });
    this.#believed.clear();
    this.#believe(desired, applied);
    this.#wantedKeys = wanted;
    for (const key of wanted) {
      if (applied.refused.has(key)) this.#settled.delete(key);
      else if (applied.complete && generation === this.#generation) this.#settled.add(key);
    }
    for (const key of this.#owned) {
      if (!wanted.has(key) && !this.drain.byService.has(key) && isDone(applied, key)) this.#owned.delete(key);
    }
    const ofSync = isStopping() ? [] : this.sync.keep();
    for (const problem of ofSync) this.report.problem(problem);
    problems.push(...applied.problems, ...ofSync, ...this.remember(this.sync.ours));
    this.report.reconciled(problems.at(-1) ?? null);
    return [...new Set(problems)];
  }

  async #keepSettings(): Promise<readonly string[]> {
    const { repairs, written, ...kept } = await this.#settings.keep(() => this.remember(this.sync.ours));
    const ofSync = written.some((name) => READ_AT_START.has(name)) ? this.sync.stop() : [];
    const problems = [...kept.problems, ...ofSync];
    for (const problem of problems) this.report.problem(problem);
    this.report.countRepairs(repairs);
    return problems;
  }

  /** Deletes what has drained; asks the kernel only about the services concerned. */
  async look(isLate: () => boolean): Promise<void> {
    const concerned = this.drain.byService;
    const ids = [...concerned.values()].flatMap(([drain]) => drain?.service ?? []);
    const table = await this.#ipvs.dumpOf(ids);
    // What is wanted meanwhile comes first, and the next look soon after.
    if (isLate()) return;
    const found = this.drain.look(table, (key) => this.#wantedKeys.has(key));
    const applied = await this.report.apply(this.#ipvs, found.commands);
    this.drain.done(found, { desired: [], isDone: (key) => isDone(applied, key) });
    for (const key of concerned.keys()) this.#forget(key, { applied, gone: found.endings });
    for (const command of found.commands) {
      if (command.command === 'del-service' && isDone(applied, keyOf(command))) this.#owned.delete(keyOf(command));
    }
    this.remember(this.sync.ours);
  }

  /** The kernel has the service without the destinations that are `gone`, by `drainKey`. */
  #forget(key: string, { applied, gone }: { applied: Applied; gone: ReadonlyMap<string, unknown> }): void {
    const service = this.#believed.get(key);
    if (service === undefined || (gone.size === 0 && isDone(applied, key))) return;
    const destinations = service.destinations.filter(({ id }) => !gone.has(drainKey(service.id, id)));
    if (isDone(applied, key)) this.#believed.set(key, { ...service, destinations });
    else this.#believed.delete(key);
  }

  /** Of commands of a reconciliation: not what our own configuration or the end of a drain calls for. */
  #isRepair(command: IpvsCommand): boolean {
    const key = keyOf(command);
    if (command.command === 'del-service') return !this.#owned.has(key);
    if (!this.#settled.has(key)) return false;
    if (command.command !== 'del-dest') return true;
    return !this.drain.drains.has(drainKey(command.service, command.destination));
  }

  async #deleteOwned(): Promise<void> {
    const table = await this.#ipvs.dump();
    const commands = plan([], table, (id) => this.#owned.has(serviceKey(id)));
    const applied = await this.report.apply(this.#ipvs, commands);
    for (const key of this.#owned) if (isDone(applied, key)) this.#owned.delete(key);
  }

  /** Writes down what is ours. The problem in words. */
  remember(syncDaemons: boolean): readonly string[] {
    const { originals } = this.#settings;
    const problem = this.#memory.save({ keys: [...this.#owned], syncDaemons, originals });
    if (problem === null) return [];
    this.report.problem(problem);
    return [problem];
  }

  async #dump(): Promise<readonly DumpedService[]> {
    const table = await this.#ipvs.dump();
    this.#over = overThresholds(table, this.#over);
    return table;
  }

  #believe(services: readonly Service[], applied: Applied): void {
    for (const service of services) {
      const key = serviceKey(service.id);
      const own = this.drain.byService.get(key);
      if (isDone(applied, key)) this.#believed.set(key, own === undefined ? service : withDrains(service, own));
      else this.#believed.delete(key);
    }
  }
}

function keysOf(services: readonly Service[]): ReadonlySet<string> {
  return new Set(services.map(({ id }) => serviceKey(id)));
}
