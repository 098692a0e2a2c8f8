/**
 * The main process: wires configuration, probes, the IPVS table, connection sync and the VRRP process together, and
 * answers the operator. All decisions are in director/, health/, ipvs/ and vrrp/; here they are carried out.
 */
import { drainTimeouts } from './director/draining.ts';
import { trafficIn } from './director/traffic.ts';
import { needsIpvs, type Wanted, wantedOf } from './director/wanted.ts';
import { type Change, World } from './director/world.ts';
import { buildSnapshot } from './status/snapshot.ts';
import type { ReloadReport, Snapshot } from './status/types.ts';
import { Chronicle } from './sys/chronicle.ts';
import { type ConfigFailure, type ConfigText, parseConfig, readConfigFile } from './sys/config-file.ts';
import { type Control, openControl, type PlanOutcome } from './sys/control.ts';
import { HealthKeeper } from './sys/health-keeper.ts';
import { Ipvs } from './sys/ipvs.ts';
import type { Log } from './sys/log.ts';
import { networkNamespace } from './sys/network-namespace.ts';
import type { OwnedMemory } from './sys/owned-services.ts';
import { PacketFilter } from './sys/packet-filter.ts';
import { planWithoutKeeper } from './sys/plan-without-keeper.ts';
import { monotonicMs } from './sys/socket.ts';
import { type Holdings, releaseHoldings, takeHoldings } from './sys/start-up.ts';
import { notifySystemd, startWatchdog } from './sys/systemd.ts';
import type { Reading } from './sys/table-acts.ts';
import { TableKeeper } from './sys/table-keeper.ts';
import { Trackers } from './sys/trackers.ts';
import { VrrpProcess } from './sys/vrrp-process.ts';
import { messageOf } from './util/message-of.ts';
import { err, ok, type Result } from './util/result.ts';
import type { Role } from './vrrp/messages.ts';

export interface DaemonOptions {
  readonly configFile: string;
  readonly socketPath: string;
  readonly version: string;
}

export interface ReloadOutcome {
  /** False: nothing was changed. */
  readonly ok: boolean;
  /** Why it was refused; or what the kernel or the VRRP process refused of a reload that went through. */
  readonly problems: readonly string[];
}

/** Within this time of a stop notify programs are waited for; `lvsd run` itself ends a little later, whatever happens. */
const NOTIFY_STOP_MS = 2600;
const STOPPING: ReloadOutcome = { ok: false, problems: ['lvsd is stopping'] };

export class Daemon {
  readonly #options: DaemonOptions;
  readonly #log: Log;
  readonly #chronicle: Chronicle;
  readonly #world: World;
  readonly #memory: OwnedMemory;
  readonly #lock: Holdings['lock'];
  readonly #health: HealthKeeper;
  readonly #vrrp: VrrpProcess;
  readonly #packetFilter: PacketFilter;
  readonly #trackers: Trackers;
  readonly #startedAtMs = Date.now();
  #wanted: Wanted;
  #keeper: TableKeeper | null;
  #control: Control | null = null;
  #configLoadedAtMs = Date.now();
  #lastReload: ReloadReport | null = null;
  /** The start, then every reload after it. */
  #reloading: Promise<ReloadOutcome> = Promise.resolve({ ok: true, problems: [] });
  #reconcileTimer: NodeJS.Timeout | null = null;
  #watchdog: NodeJS.Timeout | null = null;
  #stopping: Promise<void> | null = null;

  private constructor(options: DaemonOptions, log: Log, parts: Holdings) {
    this.#options = options;
    this.#log = log;
    this.#chronicle = new Chronicle(log);
    this.#lock = parts.lock;
    this.#memory = parts.memory;
    this.#world = new World(parts.config, trafficIn(parts.table), Date.now());
    this.#wanted = this.#wantedOf(this.#world, new Map());
    this.#keeper = parts.ipvs === null ? null : this.#newKeeper(parts.ipvs);
    const moved = (servers: readonly string[]): void => this.#keeper?.changed(servers);
    this.#health = new HealthKeeper(this.#world, { moved, changed: (changes) => this.#healthChanged(changes) }, log);
    this.#packetFilter = new PacketFilter(log);
    this.#vrrp = new VrrpProcess(options.socketPath, {
      transition: (router, role, reason, priority) => this.#transition(router, role, reason, priority),
      news: (news) => this.#chronicle.vrrp(news),
      log: (level, text) => log[level](text),
    });
    this.#trackers = new Trackers([this.#vrrp, this.#chronicle], log);
  }

  /** Starts everything; nothing is left behind when it fails. */
  static async start(options: DaemonOptions, log: Log): Promise<Result<Daemon, ConfigFailure>> {
    const taken = await takeHoldings(options, log);
    if (!taken.ok) return taken;
    try {
      const daemon = new Daemon(options, log, taken.value);
      // What is asked for during the start waits for its end.
      daemon.#reloading = daemon.#begin().then(() => ({ ok: true, problems: [] }));
      await daemon.#reloading;
      return ok(daemon);
    } catch (error) {
      releaseHoldings(taken.value);
      return err({ exitCode: 1, problems: [messageOf(error)] });
    }
  }

  /** Reads the file again; an invalid one changes nothing. One at a time, in the order asked for. Never rejects. */
  reload(): Promise<ReloadOutcome> {
    this.#reloading = this.#reloading
      .then(() => this.#reloadNow())
      .catch((error: unknown) => this.#reloadRefused([messageOf(error)]));
    return this.#reloading;
  }

  /** What a reload of the file (its own without `file`) would change in the kernel. Nothing is changed. */
  async plan(file: ConfigText | null): Promise<PlanOutcome> {
    const config = file === null ? readConfigFile(this.#options.configFile) : parseConfig(file);
    if (!config.ok) return { ok: false, problems: config.error.problems };
    const keeper = this.#keeper;
    if (keeper === null && !needsIpvs(config.value)) return { ok: true, changes: [] };
    const rehearsed = (reading: Reading): Wanted => {
      const world = this.#world.rehearsed(config.value, Date.now(), trafficIn(reading.table));
      return this.#wantedOf(world, drainTimeouts(this.#world.config));
    };
    if (keeper !== null) return { ok: true, changes: await keeper.rehearse(rehearsed) };
    return { ok: true, changes: await planWithoutKeeper(this.#memory, rehearsed) };
  }

  /** Make before break: hands the addresses over, then takes the table down. Calling it again waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopNow();
    return this.#stopping;
  }

  async #begin(): Promise<void> {
    this.#chronicle.started(this.#world.config.name, this.#options.version);
    // First the socket: where another daemon answers, nothing has been touched yet.
    this.#control = await openControl(this.#options.socketPath, {
      snapshot: () => this.#snapshot(),
      reload: () => this.reload(),
      plan: (file) => this.plan(file),
      events: (query, gone) => this.#chronicle.events.after(query, gone),
      report: (name, report) => this.#health.report(name, report),
    });
    await this.#packetFilter.prepare(this.#world.config);
    await this.#keeper?.reconcile();
    void this.#settlePacketFilter();
    this.#health.open(this.#options.socketPath);
    this.#health.set();
    for (const problem of await this.#configureNotifier()) this.#log.warn(problem);
    for (const problem of await this.#configureVrrp()) this.#log.warn(problem);
    this.#armReconcile();
    this.#watchdog = startWatchdog(() => this.#world.config.virtualRouters.length === 0 || this.#vrrp.isAlive);
    notifySystemd('READY=1');
    const { name, virtualRouters, virtualServers } = this.#world.config;
    this.#log.info(
      `lvsd ${this.#options.version} runs ${name}: ${virtualRouters.length} virtual routers, ${virtualServers.length} virtual servers`,
    );
  }

  async #reloadNow(): Promise<ReloadOutcome> {
    if (this.#stopping !== null) return STOPPING;
    const { configFile } = this.#options;
    const config = readConfigFile(configFile);
    if (!config.ok) return this.#reloadRefused(config.error.problems);
    if (needsIpvs(config.value)) this.#keeper ??= this.#newKeeper(Ipvs.open());
    const ofNat = await this.#packetFilter.prepare(config.value);
    const before = await this.#keeper?.read();
    if (this.#stopping !== null) return STOPPING;
    // From here on without a pause until the keeper knows: what the new configuration makes different is no repair.
    const atMs = Date.now();
    const leaving = drainTimeouts(this.#world.config);
    const changes = this.#world.reload(config.value, atMs, trafficIn(before?.table ?? []));
    this.#wanted = this.#wantedOf(this.#world, leaving);
    this.#configLoadedAtMs = atMs;
    this.#health.set();
    const [ofTable = [], ofNotifier, ofVrrp] = await Promise.all([
      this.#keeper?.reconfigured(),
      this.#configureNotifier(changes),
      this.#configureVrrp().catch((error: unknown) => [messageOf(error)]),
    ]);
    const settled = this.#settlePacketFilter();
    // What nft refused a moment ago, or did not answer to, it is asked again, but nobody waits for that.
    const problems = [
      ...new Set([...ofNat, ...ofTable, ...(ofNat.length > 0 ? [] : await settled), ...ofVrrp, ...ofNotifier]),
    ];
    this.#lastReload = { atMs, ok: true, problems };
    if (this.#stopping === null) this.#armReconcile();
    this.#chronicle.reloaded(configFile, problems);
    return { ok: true, problems };
  }

  #reloadRefused(problems: readonly string[]): ReloadOutcome {
    this.#lastReload = { atMs: Date.now(), ok: false, problems };
    this.#chronicle.reloadRefused(this.#options.configFile, problems);
    void this.#settlePacketFilter(); // what was prepared in vain
    return { ok: false, problems };
  }

  async #stopNow(): Promise<void> {
    notifySystemd('STOPPING=1');
    this.#log.info('Stopping');
    const stopBy = monotonicMs() + NOTIFY_STOP_MS;
    this.#chronicle.stopping(this.#world.config.name);
    if (this.#reconcileTimer !== null) clearTimeout(this.#reconcileTimer);
    const closing = Promise.all([this.#control?.close(), this.#trackers.close()]);
    // Probes go on while the addresses move: until the successor answers, this director must not forward into a hole.
    await this.#vrrp.stop();
    // They run while the rest is taken down.
    const told = this.#chronicle.notifier.stop(stopBy - monotonicMs());
    const probes = this.#health.close();
    await this.#keeper?.close({ keepServices: this.#world.config.ipvs.keepOnExit });
    await Promise.all([told, probes, closing, this.#packetFilter.close({ keep: this.#world.config.ipvs.keepOnExit })]);
    if (this.#watchdog !== null) clearInterval(this.#watchdog);
    this.#lock.release();
    this.#log.info('Stopped');
  }

  #newKeeper(ipvs: Ipvs): TableKeeper {
    return new TableKeeper(ipvs, () => this.#wanted, {
      memory: this.#memory,
      log: this.#log,
      news: this.#chronicle.add,
    });
  }

  /** The problems in words. */
  async #settlePacketFilter(): Promise<readonly string[]> {
    return await this.#packetFilter.settle(this.#world.config, this.#keeper?.draining ?? []);
  }

  /** `before`: `drain_timeout` of the virtual servers that were configured until now. */
  #wantedOf(world: World, before: ReadonlyMap<string, number>): Wanted {
    return wantedOf(world, { before, roleOf: (router) => this.#vrrp.roleOf(router) });
  }

  /** Before the virtual routers: nothing of theirs must go untold. The problems in words. */
  #configureNotifier(changes: readonly Change[] = []): Promise<readonly string[]> {
    const { virtualRouters: routers, syncGroups: groups, notifications } = this.#world.config;
    return this.#chronicle.configure({ routers, groups, notifications, world: this.#world }, changes);
  }

  /** The problems in words. */
  async #configureVrrp(): Promise<readonly string[]> {
    const { virtualRouters, vrrpProcess, bfdSessions } = this.#world.config;
    const unusable = this.#trackers.set(this.#world);
    if (virtualRouters.length === 0 && this.#vrrp.pid === null) return unusable;
    return [...unusable, ...(await this.#vrrp.configure(vrrpProcess, virtualRouters, bfdSessions))];
  }

  #armReconcile(): void {
    if (this.#reconcileTimer !== null) clearTimeout(this.#reconcileTimer);
    this.#reconcileTimer = setTimeout(async () => {
      await this.#keeper?.reconcile();
      void this.#packetFilter.look(this.#world.config, this.#keeper?.draining ?? []);
      if (this.#stopping === null) this.#armReconcile();
    }, this.#world.config.ipvs.reconcileIntervalMs);
  }

  #healthChanged(changes: readonly Change[]): void {
    this.#trackers.look(this.#world);
    this.#chronicle.verdicts(changes);
  }

  #transition(router: string, role: Role, reason: string, priority: number): void {
    this.#chronicle.transition(router, role, reason, priority);
    this.#health.transition(router, role);
    if (this.#world.config.connectionSync?.follow === router) this.#keeper?.roleChanged();
  }

  async #snapshot(): Promise<Snapshot> {
    const keeper = this.#keeper;
    // A kernel that cannot be read is a finding, not a reason to show nothing.
    const kernel = keeper?.read().catch(() => null) ?? null;
    const [vrrp, found] = await Promise.all([this.#vrrp.report(), kernel]);
    return buildSnapshot({
      world: this.#world,
      nowMs: Date.now(),
      version: this.#options.version,
      pid: process.pid,
      networkNamespace: networkNamespace(),
      startedAtMs: this.#startedAtMs,
      configFile: this.#options.configFile,
      configLoadedAtMs: this.#configLoadedAtMs,
      lastReload: this.#lastReload,
      vrrpProcess: { pid: this.#vrrp.pid, restarts: this.#vrrp.restarts },
      vrrp,
      tracked: this.#trackers.report(),
      notifications: this.#chronicle.notifier.report(),
      table: found?.table ?? null,
      daemons: found?.daemons ?? [],
      wantedDaemons: this.#wanted.daemons(),
      keeper: keeper?.counters ?? null,
      draining: keeper?.draining ?? [],
      isOver: (service, destination) => keeper?.isOver(service, destination) ?? false,
    });
  }
}
