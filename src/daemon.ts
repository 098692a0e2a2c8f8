/**
 * The main process: wires configuration, probes, the IPVS table, connection sync and the VRRP process together, and
 * answers the operator. All decisions are in director/, health/, ipvs/ and vrrp/; here they are carried out.
 */
import type { Config } from './config/types.ts';
import { serviceIdOf } from './director/desired.ts';
import { desiredDaemons } from './director/sync-role.ts';
import { tellChange } from './director/tell.ts';
import { trafficIn } from './director/traffic.ts';
import { destinationName, World } from './director/world.ts';
import type { ProbeResult } from './health/types.ts';
import { serviceKey } from './ipvs/key.ts';
import type { DumpedService } from './ipvs/types.ts';
import { buildSnapshot } from './status/snapshot.ts';
import type { Snapshot } from './status/types.ts';
import { type ConfigFailure, readConfigFile } from './sys/config-file.ts';
import { type Control, openControl } from './sys/control.ts';
import { acquireInstanceLock } from './sys/instance-lock.ts';
import { Ipvs } from './sys/ipvs.ts';
import { setSloppyTcp } from './sys/ipvs-settings.ts';
import type { Log } from './sys/log.ts';
import { readOwnedServices, writeOwnedServices } from './sys/owned-services.ts';
import { Prober } from './sys/prober.ts';
import { notifySystemd, watchdogIntervalMs } from './sys/systemd.ts';
import { TableKeeper } from './sys/table-keeper.ts';
import { VrrpProcess } from './sys/vrrp-process.ts';
import { err, ok, type Result } from './util/result.ts';
import type { Role } from './vrrp/messages.ts';

export interface DaemonOptions {
  readonly configFile: string;
  readonly socketPath: string;
  readonly version: string;
}

export interface ReloadOutcome {
  readonly ok: boolean;
  readonly problems: readonly string[];
}

export class Daemon {
  readonly #options: DaemonOptions;
  readonly #log: Log;
  readonly #world: World;
  readonly #lock: HeldLock;
  readonly #prober: Prober;
  readonly #vrrp: VrrpProcess;
  readonly #startedAtMs = Date.now();
  #keeper: TableKeeper | null;
  #control: Control | null = null;
  #configLoadedAtMs = Date.now();
  #lastReload: { readonly atMs: number; readonly ok: boolean; readonly problems: readonly string[] } | null = null;
  #reloading: Promise<ReloadOutcome> = Promise.resolve({ ok: true, problems: [] });
  #reconcileTimer: NodeJS.Timeout | null = null;
  #watchdog: NodeJS.Timeout | null = null;
  #stopping: Promise<void> | null = null;

  private constructor(options: DaemonOptions, log: Log, parts: Parts) {
    this.#options = options;
    this.#log = log;
    this.#lock = parts.lock;
    const carriesTraffic = trafficIn(parts.table);
    this.#world = new World(
      parts.config,
      (server, real) => carriesTraffic(serviceKey(serviceIdOf(server.id)), destinationName(real)),
      Date.now(),
    );
    this.#keeper = parts.ipvs === null ? null : this.#newKeeper(parts.ipvs);
    this.#prober = new Prober((key, result) => this.#probed(key, result));
    this.#vrrp = new VrrpProcess({
      transition: (router, role, reason) => this.#transition(router, role, reason),
      log: (level, text) => log[level](text),
    });
  }

  /** Starts everything; nothing is left behind when it fails. */
  static async start(options: DaemonOptions, log: Log): Promise<Result<Daemon, ConfigFailure>> {
    const config = readConfigFile(options.configFile);
    if (!config.ok) return config;
    let lock: ReturnType<typeof acquireInstanceLock>;
    try {
      lock = acquireInstanceLock();
    } catch (error) {
      return err({ exitCode: 1, problems: [messageOf(error)] });
    }
    if ('heldByPid' in lock) {
      const problem = `another lvsd (pid ${lock.heldByPid}) runs in this network namespace: stop it first`;
      return err({ exitCode: 1, problems: [problem] });
    }
    let ipvs: Ipvs | null = null;
    try {
      ipvs = needsIpvs(config.value) ? Ipvs.open() : null;
      const table = ipvs === null ? [] : await ipvs.dump();
      const daemon = new Daemon(options, log, { config: config.value, lock, ipvs, table });
      await daemon.#begin();
      return ok(daemon);
    } catch (error) {
      ipvs?.close();
      lock.release();
      return err({ exitCode: 1, problems: [messageOf(error)] });
    }
  }

  /** Reads the file again; an invalid one changes nothing. One reload at a time, in the order they were asked for. */
  reload(): Promise<ReloadOutcome> {
    this.#reloading = this.#reloading.then(() => this.#reloadNow());
    return this.#reloading;
  }

  /** Make before break: hands the addresses over, then takes the table down. Calling it again waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopNow();
    return this.#stopping;
  }

  async #begin(): Promise<void> {
    const { config } = this.#world;
    // First the socket: where another daemon answers, nothing has been touched yet.
    this.#control = await openControl(this.#options.socketPath, {
      snapshot: () => this.#snapshot(),
      reload: () => this.reload(),
    });
    this.#applySettings();
    this.#rememberServices();
    await this.#keeper?.reconcile();
    this.#rememberServices();
    this.#prober.set(this.#world.checks);
    await this.#configureVrrp(config);
    this.#armReconcile();
    this.#startWatchdog();
    notifySystemd('READY=1');
    this.#log.info(
      `lvsd ${this.#options.version} runs ${config.name}: ${config.virtualRouters.length} virtual routers, ${config.virtualServers.length} virtual servers`,
    );
  }

  async #reloadNow(): Promise<ReloadOutcome> {
    if (this.#stopping !== null) return { ok: false, problems: ['lvsd is stopping'] };
    const config = readConfigFile(this.#options.configFile);
    const problems = config.ok ? this.#openIpvsFor(config.value) : config.error.problems;
    const atMs = Date.now();
    if (!config.ok || problems.length > 0) {
      this.#lastReload = { atMs, ok: false, problems };
      this.#log.error(`Reload of ${this.#options.configFile} refused, nothing was changed: ${problems.join('; ')}`);
      return { ok: false, problems };
    }
    this.#world.reload(config.value, atMs);
    this.#configLoadedAtMs = atMs;
    this.#applySettings();
    this.#prober.set(this.#world.checks);
    await Promise.all([this.#keeper?.reconfigured(), this.#configureVrrp(config.value)]);
    this.#rememberServices();
    this.#armReconcile();
    this.#lastReload = { atMs, ok: true, problems: [] };
    this.#log.info(`Reloaded ${this.#options.configFile}`);
    return { ok: true, problems: [] };
  }

  async #stopNow(): Promise<void> {
    notifySystemd('STOPPING=1');
    this.#log.info('Stopping');
    if (this.#reconcileTimer !== null) clearTimeout(this.#reconcileTimer);
    // Probes go on while the addresses move: until the successor answers, this director must not forward into a hole.
    await this.#vrrp.stop();
    const probes = this.#prober.close();
    const { keepOnExit } = this.#world.config.ipvs;
    const stopDaemons = this.#world.config.connectionSync !== null;
    await this.#keeper?.close({ keepServices: keepOnExit, stopDaemons }).catch((error: unknown) => {
      this.#log.error(messageOf(error));
    });
    if (!keepOnExit) writeOwnedServices(this.#options.socketPath, []);
    await Promise.all([probes, this.#control?.close()]);
    if (this.#watchdog !== null) clearInterval(this.#watchdog);
    this.#lock.release();
    this.#log.info('Stopped');
  }

  #newKeeper(ipvs: Ipvs): TableKeeper {
    const wanted = {
      services: (names?: ReadonlySet<string>) => this.#world.desired(names),
      daemons: () => this.#wantedDaemons(),
    };
    return new TableKeeper(ipvs, wanted, readOwnedServices(this.#options.socketPath), this.#log);
  }

  #wantedDaemons(): ReturnType<typeof desiredDaemons> | null {
    const { connectionSync } = this.#world.config;
    if (connectionSync === null) return null;
    return desiredDaemons(connectionSync, this.#vrrp.roleOf(connectionSync.follow));
  }

  /** The problems in words; none when the kernel's table is there or not needed. */
  #openIpvsFor(config: Config): readonly string[] {
    if (this.#keeper !== null || !needsIpvs(config)) return [];
    try {
      this.#keeper = this.#newKeeper(Ipvs.open());
      return [];
    } catch (error) {
      return [messageOf(error)];
    }
  }

  async #configureVrrp(config: Config): Promise<void> {
    if (config.virtualRouters.length === 0 && this.#vrrp.pid === null) return;
    for (const problem of await this.#vrrp.configure(config.vrrpProcess, config.virtualRouters))
      this.#log.warn(problem);
  }

  #applySettings(): void {
    const { sloppyTcp } = this.#world.config.ipvs;
    const problem = sloppyTcp === null || this.#keeper === null ? null : setSloppyTcp(sloppyTcp);
    if (problem !== null) this.#log.warn(problem);
  }

  /** What we own is on disk before the kernel has it, and as long as the kernel has it. */
  #rememberServices(): void {
    if (this.#keeper === null) return;
    const wanted = this.#world.desired().map((service) => serviceKey(service.id));
    const problem = writeOwnedServices(this.#options.socketPath, [...new Set([...this.#keeper.owned, ...wanted])]);
    if (problem !== null) this.#log.warn(problem);
  }

  #armReconcile(): void {
    if (this.#reconcileTimer !== null) clearTimeout(this.#reconcileTimer);
    this.#reconcileTimer = setTimeout(async () => {
      await this.#keeper?.reconcile();
      if (this.#stopping === null) this.#armReconcile();
    }, this.#world.config.ipvs.reconcileIntervalMs);
  }

  #startWatchdog(): void {
    const everyMs = watchdogIntervalMs();
    if (everyMs === null) return;
    this.#watchdog = setInterval(() => {
      if (this.#world.config.virtualRouters.length === 0 || this.#vrrp.isAlive) notifySystemd('WATCHDOG=1');
    }, everyMs / 2);
  }

  #probed(key: string, result: ProbeResult): void {
    const changes = this.#world.observe(key, result, Date.now());
    if (changes.length === 0) return;
    this.#keeper?.changed(changes.map((change) => change.virtualServer));
    for (const change of changes) {
      const { level, text } = tellChange(change);
      this.#log[level](text);
    }
  }

  #transition(router: string, role: Role, reason: string): void {
    const text = `${router}: ${role} (${reason})`;
    if (role === 'FAULT') this.#log.warn(text);
    else this.#log.info(text);
    if (this.#world.config.connectionSync?.follow === router) this.#keeper?.syncDaemons();
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
      startedAtMs: this.#startedAtMs,
      configFile: this.#options.configFile,
      configLoadedAtMs: this.#configLoadedAtMs,
      lastReload: this.#lastReload,
      vrrpProcess: { pid: this.#vrrp.pid, restarts: this.#vrrp.restarts },
      vrrp,
      table: found?.table ?? null,
      daemons: found?.daemons ?? [],
      wantedDaemons: this.#wantedDaemons(),
      keeper: keeper?.counters ?? null,
      isOver: (service, destination) => keeper?.isOver(service, destination) ?? false,
    });
  }
}

type HeldLock = Extract<ReturnType<typeof acquireInstanceLock>, { release(): void }>;

interface Parts {
  readonly config: Config;
  readonly lock: HeldLock;
  readonly ipvs: Ipvs | null;
  readonly table: readonly DumpedService[];
}

function needsIpvs(config: Config): boolean {
  return config.virtualServers.length > 0 || config.connectionSync !== null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
