/**
 * The daemon's side of the VRRP process: starts it, speaks with it, restarts it when it dies and releases what it held
 * when it does not come back in time.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { VirtualRouterConfig, VrrpProcessConfig } from '../config/types.ts';
import type { BfdSessionConfig } from '../config/types-bfd.ts';
import type { Envelope, FromRouter, Role, ToRouter, VrrpNews, VrrpReport } from '../vrrp/messages.ts';
import type { TrackKey, TrackState } from '../vrrp/tracking.ts';
import { ownedAddresses, releaseAddresses } from './release-addresses.ts';
import { SettingsMemory } from './settings-memory.ts';
import { monotonicMs } from './socket.ts';

export interface VrrpProcessHandlers {
  /** `priority` is the effective one. */
  transition(router: string, role: Role, reason: string, priority: number): void;
  news(news: VrrpNews): void;
  log(level: 'info' | 'warn' | 'error', text: string): void;
}

const ROUTER_FILE = fileURLToPath(new URL('../router.js', import.meta.url));
/** Real-time threads beside V8's normal-priority collector threads stop the machine; a flag of the whole process cures it. */
const NODE_FLAGS = ['--single-threaded-gc', '--max-old-space-size=64'];
const RESTART_NEXT_MS = 200;
const RESTART_MOST_MS = 5000;
/** A process that lived this long is restarted without delay. */
const STABLE_MS = 10_000;
/** A Backup Router waits three intervals; addresses that a dead process left are released before that. */
const INTERVALS_TO_COME_BACK = 2.75;
const REPORT_TIMEOUT_MS = 500;
const CONFIGURE_TIMEOUT_MS = 4000;
/** The VRRP process itself takes two seconds at most. */
const STOP_TIMEOUT_MS = 2300;
/** The process says something twice a second; one that was silent for so long hangs. */
const SILENCE_MS = 2500;
/** Its start takes a fraction of a second, but on an overloaded machine many: killing it then would never let it start. */
const START_MS = 20_000;
const LOOK_EVERY_MS = 500;

export class VrrpProcess {
  readonly #handlers: VrrpProcessHandlers;
  #child: ChildProcess | null = null;
  #seq = 0;
  #process: VrrpProcessConfig = { realtimePriority: 0, lockMemory: false, startupDelayMs: 0 };
  #routers: readonly VirtualRouterConfig[] = [];
  #bfd: readonly BfdSessionConfig[] = [];
  readonly #roles = new Map<string, Role>();
  /** Seen before the first VRRP process could add any. */
  readonly #kept: Record<string, readonly string[]> = {};
  readonly #interfaceSettings: SettingsMemory;
  /** Of lvsd, whatever becomes of the VRRP process. */
  readonly #bornAt = monotonicMs();
  #holdUntil = Number.POSITIVE_INFINITY;
  /** All that is known of tracked objects: a new VRRP process must not begin without. */
  #tracked: Readonly<Record<TrackKey, TrackState>> = {};
  /** What it said itself: a BFD session that is down must not count as up in a new one. */
  #seenByIt: Readonly<Record<TrackKey, TrackState>> = {};
  #startedAt = 0;
  /** When the process last said something, or was started. */
  #heardAt = 0;
  #restartDelayMs = 0;
  #restartTimer: NodeJS.Timeout | null = null;
  #restarts = 0;
  #stopping = false;
  #configured: ((problems: readonly string[]) => void)[] = [];
  readonly #reports = new Map<number, (report: VrrpReport | null) => void>();
  /** By name of the virtual router; armed once for a series of deaths. */
  readonly #releaseTimers = new Map<string, NodeJS.Timeout>();

  constructor(socketPath: string, handlers: VrrpProcessHandlers) {
    this.#handlers = handlers;
    this.#interfaceSettings = new SettingsMemory(socketPath, (text) => handlers.log('warn', text));
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Whether the process answered lately, or is about to be started again: what the watchdog wants to know. */
  get isAlive(): boolean {
    return this.#restartTimer !== null || (this.#child !== null && !this.#isSilent);
  }

  roleOf(router: string): Role | null {
    return this.#roles.get(router) ?? null;
  }

  /** Starts the process if need be and gives it the complete wanted set. Resolves with what it could not do. */
  configure(
    process: VrrpProcessConfig,
    routers: readonly VirtualRouterConfig[],
    bfd: readonly BfdSessionConfig[],
  ): Promise<readonly string[]> {
    this.#bfd = bfd;
    this.#process = process;
    // A reload may end the delay earlier, but it never holds back what was free to go.
    this.#holdUntil = Math.min(this.#holdUntil, this.#bornAt + process.startupDelayMs);
    this.#routers = routers;
    const names = new Set(routers.map((router) => router.name));
    for (const name of this.#roles.keys()) if (!names.has(name)) this.#roles.delete(name);
    for (const router of routers) this.#kept[router.name] ??= ownedAddresses(router);
    this.#interfaceSettings.note(routers);
    if (this.#child === null) this.#start();
    return new Promise((resolve) => {
      const silent = ['The VRRP process does not answer; it gets its configuration when it does'];
      const timer = setTimeout(() => resolve(silent), CONFIGURE_TIMEOUT_MS);
      this.#configured.push((problems) => {
        clearTimeout(timer);
        resolve(problems);
      });
      this.#sendConfiguration();
    });
  }

  /** What changed of tracked objects: the VRRP process adds up the weights. */
  tracked(states: Readonly<Record<TrackKey, TrackState>>): void {
    this.#tracked = { ...this.#tracked, ...states };
    this.#tell({ type: 'tracked', states });
  }

  /** Null when the process does not answer in time. */
  report(): Promise<VrrpReport | null> {
    if (this.#child === null) return Promise.resolve(null);
    const id = this.#seq;
    return new Promise((resolve) => {
      const finish = (report: VrrpReport | null): void => {
        clearTimeout(timer);
        this.#reports.delete(id);
        resolve(report);
      };
      const timer = setTimeout(() => finish(null), REPORT_TIMEOUT_MS);
      this.#reports.set(id, finish);
      this.#tell({ type: 'report', id });
    });
  }

  /** Hands everything over and ends the process. Bounded: what does not end is killed and its addresses released. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#releaseTimers.values()) clearTimeout(timer);
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    const child = this.#child;
    if (child === null) {
      this.#release(this.#routers);
      this.#interfaceSettings.putBack();
      return;
    }
    const ended = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), STOP_TIMEOUT_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    this.#tell({ type: 'stop' });
    if (!(await ended)) {
      this.#handlers.log('error', 'The VRRP process did not stop in time: killed');
      child.kill('SIGKILL');
    }
    this.#release(this.#routers); // nothing, after an orderly end
    this.#interfaceSettings.putBack();
  }

  #start(): void {
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    this.#restartTimer = null;
    this.#startedAt = monotonicMs();
    this.#heardAt = this.#startedAt;
    const child = fork(ROUTER_FILE, [], {
      execArgv: NODE_FLAGS,
      serialization: 'json',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#tell({ type: 'tracked', states: this.#seenByIt });
    const watch = this.#watchForSilence(child);
    child.on('message', (envelope) => this.#handle((envelope as Envelope<FromRouter>).message));
    child.on('error', (error) => {
      this.#handlers.log('error', `VRRP process: ${error.message}`);
      // It never was: no 'exit' will come.
      if (child.pid !== undefined) return;
      clearInterval(watch);
      this.#ended(child, 'could not be started');
    });
    child.on('exit', (code, signal) => {
      clearInterval(watch);
      this.#ended(child, signal ?? `exit code ${code}`);
    });
  }

  get #patienceMs(): number {
    return this.#heardAt === this.#startedAt ? START_MS : SILENCE_MS;
  }

  get #isSilent(): boolean {
    return monotonicMs() - this.#heardAt >= this.#patienceMs;
  }

  #watchForSilence(child: ChildProcess): NodeJS.Timeout {
    let silentLooks = 0;
    return setInterval(() => {
      silentLooks = this.#isSilent && !this.#stopping ? silentLooks + 1 : 0;
      // Twice: when our own loop stood still, what the process said meanwhile is read between two looks.
      if (silentLooks !== 2) return;
      this.#handlers.log('error', `The VRRP process was silent for ${this.#patienceMs} ms: killing it`);
      child.kill('SIGKILL');
    }, LOOK_EVERY_MS);
  }

  #ended(child: ChildProcess, how: string): void {
    if (child !== this.#child) return;
    this.#child = null;
    for (const finish of [...this.#reports.values()]) finish(null);
    if (this.#stopping) return;
    const stable = monotonicMs() - this.#startedAt >= STABLE_MS;
    this.#restartDelayMs = stable || this.#restarts === 0 ? 0 : this.#nextDelayMs();
    this.#restarts++;
    this.#handlers.log('error', `The VRRP process ended (${how}): restarting it in ${this.#restartDelayMs} ms`);
    for (const router of this.#routers) this.#releaseUnlessBack(router);
    this.#restartTimer = setTimeout(() => {
      this.#start();
      this.#sendConfiguration();
    }, this.#restartDelayMs);
  }

  #nextDelayMs(): number {
    return Math.min(Math.max(this.#restartDelayMs * 2, RESTART_NEXT_MS), RESTART_MOST_MS);
  }

  /**
   * A new process finds the addresses in place and resumes. When it does not come so far (it may die again meanwhile), no
   * peer that has taken over may find them here as well.
   */
  #releaseUnlessBack(router: VirtualRouterConfig): void {
    const role = this.#roles.get(router.name);
    if (this.#releaseTimers.has(router.name) || role === undefined || role === 'FAULT' || role === 'STOPPED') return;
    const timer = setTimeout(() => {
      this.#releaseTimers.delete(router.name);
      this.#release([router]);
      if (role === 'BACKUP') return;
      this.#handlers.log('warn', `${router.name}: the VRRP process is not back in time, its addresses are released`);
      if (this.#child === null) this.#noteRole(router.name, 'FAULT', 'VRRP process lost', router.priority);
    }, router.advertisementIntervalMs * INTERVALS_TO_COME_BACK);
    this.#releaseTimers.set(router.name, timer);
  }

  #release(routers: readonly VirtualRouterConfig[]): void {
    for (const problem of releaseAddresses(routers, this.#kept)) this.#handlers.log('error', problem);
  }

  #handle(message: FromRouter): void {
    this.#heardAt = monotonicMs();
    switch (message.type) {
      case 'configured':
        for (const done of this.#configured.splice(0)) done(message.problems);
        return;
      case 'transition':
        this.#noteRole(message.router, message.role, message.reason, message.priority);
        return;
      case 'event':
      case 'tracked':
      case 'group-transition':
        if (message.type === 'tracked') this.#seenByIt = { ...this.#seenByIt, ...message.states };
        this.#handlers.news(message);
        return;
      case 'log':
        this.#handlers.log(message.level, message.text);
        return;
      case 'report':
        this.#reports.get(message.id)?.(message.report);
    }
  }

  #noteRole(router: string, role: Role, reason: string, priority: number): void {
    // In any other role the process itself sees to the addresses.
    if (role !== 'BACKUP' || reason !== 'resume') {
      clearTimeout(this.#releaseTimers.get(router));
      this.#releaseTimers.delete(router);
    }
    this.#roles.set(router, role);
    this.#handlers.transition(router, role, reason, priority);
  }

  #sendConfiguration(): void {
    this.#tell({ type: 'tracked', states: this.#tracked });
    const [process, routers, kept, holdUntil] = [this.#process, this.#routers, this.#kept, this.#holdUntil];
    this.#tell({ type: 'configure', process, routers, bfd: this.#bfd, kept, holdUntil });
  }

  #tell(message: ToRouter): void {
    const envelope: Envelope<ToRouter> = { seq: this.#seq++, message };
    // A channel that just closed is noticed by 'exit'.
    if (this.#child?.connected) this.#child.send(envelope, () => {});
  }
}
