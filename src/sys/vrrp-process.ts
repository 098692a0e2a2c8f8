/**
 * The daemon's side of the VRRP process: starts it, speaks with it, restarts it when it dies and releases what it held
 * when it does not come back in time.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { VirtualRouterConfig, VrrpProcessConfig } from '../config/types.ts';
import { virtualAddressesOn } from '../vrrp/link-state.ts';
import type { Envelope, FromRouter, Role, ToRouter, VrrpReport } from '../vrrp/messages.ts';
import { NetworkState } from './rtnl.ts';
import { monotonicMs } from './socket.ts';

export interface VrrpProcessHandlers {
  transition(router: string, role: Role, reason: string): void;
  log(level: 'info' | 'warn' | 'error', text: string): void;
}

const ROUTER_FILE = fileURLToPath(new URL('../router.js', import.meta.url));
/** Real-time threads beside V8's normal-priority collector threads stop the machine; a flag of the whole process cures it. */
const NODE_FLAGS = ['--single-threaded-gc', '--max-old-space-size=64'];
const RESTART_FIRST_MS = 0;
const RESTART_NEXT_MS = 200;
const RESTART_MOST_MS = 5000;
/** A process that lived this long is restarted without delay. */
const STABLE_MS = 10_000;
/** A Backup Router waits three intervals; addresses that a dead process left are released before that. */
const INTERVALS_TO_COME_BACK = 2;
const REPORT_TIMEOUT_MS = 500;
const STOP_TIMEOUT_MS = 2600;
/** The process says something every second; one that was silent for so long hangs. */
const HEARTBEAT_LOST_MS = 5000;

export class VrrpProcess {
  readonly #handlers: VrrpProcessHandlers;
  #child: ChildProcess | null = null;
  #seq = 0;
  #process: VrrpProcessConfig = { realtimePriority: 0, lockMemory: false };
  #routers: readonly VirtualRouterConfig[] = [];
  readonly #roles = new Map<string, Role>();
  #startedAt = 0;
  #heardAt = 0;
  #restartDelayMs = RESTART_FIRST_MS;
  #restarts = 0;
  #stopping = false;
  #configured: ((problems: readonly string[]) => void)[] = [];
  #reports: ((report: VrrpReport | null) => void)[] = [];
  readonly #releaseTimers = new Set<NodeJS.Timeout>();

  constructor(handlers: VrrpProcessHandlers) {
    this.#handlers = handlers;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Whether the process answered lately: what the watchdog wants to know. */
  get isAlive(): boolean {
    return this.#child !== null && monotonicMs() - this.#heardAt < HEARTBEAT_LOST_MS;
  }

  roleOf(router: string): Role | null {
    return this.#roles.get(router) ?? null;
  }

  /** Starts the process if need be and gives it the complete wanted set. Resolves with what it could not do. */
  configure(process: VrrpProcessConfig, routers: readonly VirtualRouterConfig[]): Promise<readonly string[]> {
    this.#process = process;
    this.#routers = routers;
    const names = new Set(routers.map((router) => router.name));
    for (const name of this.#roles.keys()) if (!names.has(name)) this.#roles.delete(name);
    if (this.#child === null) this.#start();
    return new Promise((resolve) => {
      this.#configured.push(resolve);
      this.#sendConfiguration();
    });
  }

  /** Null when the process does not answer in time. */
  report(): Promise<VrrpReport | null> {
    if (this.#child === null) return Promise.resolve(null);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), REPORT_TIMEOUT_MS);
      this.#reports.push((report) => {
        clearTimeout(timer);
        resolve(report);
      });
      this.#tell({ type: 'report' });
    });
  }

  /** Hands everything over and ends the process. Bounded: what does not end is killed and its addresses released. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#releaseTimers) clearTimeout(timer);
    const child = this.#child;
    if (child === null) return;
    const ended = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), STOP_TIMEOUT_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    this.#tell({ type: 'stop' });
    if (await ended) return;
    this.#handlers.log('error', 'The VRRP process did not stop in time: killed, its addresses are released here');
    child.kill('SIGKILL');
    this.#releaseAddresses(this.#routers);
  }

  #start(): void {
    const child = fork(ROUTER_FILE, [], {
      execArgv: NODE_FLAGS,
      serialization: 'json',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#startedAt = monotonicMs();
    this.#heardAt = this.#startedAt;
    child.on('message', (envelope) => this.#handle((envelope as Envelope<FromRouter>).message));
    child.on('error', (error) => this.#handlers.log('error', `VRRP process: ${error.message}`));
    const hangs = setInterval(() => {
      if (monotonicMs() - this.#heardAt < HEARTBEAT_LOST_MS || this.#stopping) return;
      this.#handlers.log('error', `The VRRP process was silent for ${HEARTBEAT_LOST_MS} ms: killing it`);
      child.kill('SIGKILL');
    }, HEARTBEAT_LOST_MS / 5);
    child.on('exit', (code, signal) => {
      clearInterval(hangs);
      this.#ended(code, signal);
    });
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.#child = null;
    for (const report of this.#reports.splice(0)) report(null);
    if (this.#stopping) return;
    this.#restarts++;
    const stable = monotonicMs() - this.#startedAt >= STABLE_MS;
    this.#restartDelayMs = stable || this.#restarts === 1 ? RESTART_FIRST_MS : this.#nextDelay();
    this.#handlers.log(
      'error',
      `The VRRP process ended (${signal ?? `exit code ${code}`}): restarting it in ${this.#restartDelayMs} ms`,
    );
    for (const router of this.#routers) this.#releaseUnlessBack(router);
    setTimeout(() => {
      if (this.#stopping) return;
      this.#start();
      this.#sendConfiguration();
    }, this.#restartDelayMs);
  }

  #nextDelay(): number {
    return Math.min(Math.max(this.#restartDelayMs * 2, RESTART_NEXT_MS), RESTART_MOST_MS);
  }

  /** A new process finds the addresses in place and resumes; one that is late must not find a peer answering as well. */
  #releaseUnlessBack(router: VirtualRouterConfig): void {
    const role = this.#roles.get(router.name);
    if (role !== 'MASTER' && role !== 'LEAVING') return;
    const timer = setTimeout(() => {
      this.#releaseTimers.delete(timer);
      this.#handlers.log('warn', `${router.name}: the VRRP process is not back in time, releasing its addresses`);
      this.#releaseAddresses([router]);
      this.#noteRole(router.name, 'FAULT', 'VRRP process lost');
    }, router.advertisementIntervalMs * INTERVALS_TO_COME_BACK);
    this.#releaseTimers.add(timer);
  }

  #releaseAddresses(routers: readonly VirtualRouterConfig[]): void {
    try {
      const network = new NetworkState(
        () => {},
        () => {},
      );
      for (const router of routers) {
        const index = network.link(router.interface)?.index;
        // The owner's addresses are the machine's own.
        if (index === undefined || router.priority === 255) continue;
        for (const vip of virtualAddressesOn(router, index)) {
          const deleted = network.holds(vip) ? network.delete(vip) : { ok: true as const };
          if (!deleted.ok) this.#handlers.log('error', `${router.name}: ${deleted.error}`);
        }
      }
      network.close();
    } catch (error) {
      this.#handlers.log('error', `Cannot release virtual addresses: ${String(error)}`);
    }
  }

  #handle(message: FromRouter): void {
    this.#heardAt = monotonicMs();
    switch (message.type) {
      case 'configured':
        for (const timer of this.#releaseTimers) clearTimeout(timer);
        this.#releaseTimers.clear();
        for (const done of this.#configured.splice(0)) done(message.problems);
        return;
      case 'transition':
        this.#noteRole(message.router, message.role, message.reason);
        return;
      case 'log':
        this.#handlers.log(message.level, message.text);
        return;
      case 'report':
        this.#reports.shift()?.(message.report);
        return;
      case 'heartbeat':
      case 'stopped':
        return;
    }
  }

  #noteRole(router: string, role: Role, reason: string): void {
    this.#roles.set(router, role);
    this.#handlers.transition(router, role, reason);
  }

  #sendConfiguration(): void {
    this.#tell({ type: 'configure', process: this.#process, routers: this.#routers });
  }

  #tell(message: ToRouter): void {
    const envelope: Envelope<ToRouter> = { seq: this.#seq++, message };
    // A channel that just closed is noticed by 'exit'.
    if (this.#child?.connected) this.#child.send(envelope, () => {});
  }
}
