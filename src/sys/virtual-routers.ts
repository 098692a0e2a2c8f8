/**
 * All virtual routers of one process, with their sockets, timers, addresses and announcements. The decisions are in
 * vrrp/; here they meet the machine.
 */
import type { VirtualRouterConfig, VrrpProcessConfig } from '../config/types.ts';
import { VirtualRouterInstance } from '../vrrp/instance.ts';
import type { InstancePorts } from '../vrrp/instance-ports.ts';
import { linkStateOf } from '../vrrp/link-state.ts';
import type { Role, RouterReport, VrrpReport } from '../vrrp/messages.ts';
import { LogLimiter } from './log-limiter.ts';
import { rehearse } from './rehearsal.ts';
import { NetworkState } from './rtnl.ts';
import { effectiveScheduling, lockMemory, MonotonicTimer, monotonicMs, setRealtimePriority } from './socket.ts';
import { TransportPool, type TransportUser } from './transport-pool.ts';
import { VirtualAddresses } from './virtual-addresses.ts';

export interface VirtualRoutersHandlers {
  changed(router: string, role: Role, reason: string): void;
  log(level: 'info' | 'warn' | 'error', text: string): void;
}

/**
 * How much before its deadline a backup is woken: the kernel's timer, the wake-up of the process and cold caches cost a few
 * tenths of a millisecond, and a take-over should come on time.
 */
const EARLY_MS = 0.6;

interface Member extends TransportUser {
  readonly instance: VirtualRouterInstance;
  readonly timer: MonotonicTimer;
  sinceMs: number;
  /** Its timer and its sockets are closed. */
  gone: boolean;
  /** Addresses that an owner (priority 255) had before us: never taken away. */
  readonly kept: ReadonlySet<string>;
}

export class VirtualRouters {
  readonly #handlers: VirtualRoutersHandlers;
  readonly #limiter: LogLimiter;
  readonly #network: NetworkState;
  readonly #transports: TransportPool;
  readonly #addresses: VirtualAddresses;
  readonly #members = new Map<string, Member>();
  readonly #departing = new Set<Member>();
  #evaluateSoon = false;
  #memoryLocked = false;
  #allGone: (() => void) | null = null;

  /** Throws SystemError when the machine refuses netlink. */
  constructor(handlers: VirtualRoutersHandlers) {
    this.#handlers = handlers;
    this.#limiter = new LogLimiter((text) => handlers.log('warn', text));
    this.#network = new NetworkState(
      () => this.#scheduleEvaluation(),
      () => handlers.log('warn', 'The kernel dropped network events (receive buffer overrun): read everything again'),
    );
    this.#transports = new TransportPool((text) => this.#limiter.say(text));
    this.#addresses = new VirtualAddresses(this.#network, (text) => this.#limiter.say(text));
    rehearse(this.#network);
  }

  /** Takes the complete wanted set; what did not change keeps its state and its timers. Returns what went wrong. */
  configure(process: VrrpProcessConfig, configs: readonly VirtualRouterConfig[]): readonly string[] {
    const problems = this.#applyProcessSettings(process);
    const wanted = new Map(configs.map((config) => [config.name, config]));
    for (const [name, member] of this.#members) {
      const config = wanted.get(name);
      if (config === undefined || !isSameRouter(member.instance.config, config)) this.#remove(name, member);
    }
    for (const config of configs) {
      const member = this.#members.get(config.name);
      if (member === undefined) this.#add(config);
      else this.#reconfigure(member, config);
    }
    this.#evaluate();
    return problems;
  }

  /** Hands everything over; resolves when every address is released. Bounded by the leave interval. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#allGone = resolve;
      for (const [name, member] of this.#members) this.#remove(name, member);
      this.#checkGone();
    });
  }

  close(): void {
    this.#addresses.close();
    this.#transports.close();
    this.#network.close();
  }

  report(): VrrpReport {
    return {
      scheduling: effectiveScheduling(),
      memoryLocked: this.#memoryLocked,
      routers: [...this.#members.values()].map((member) => this.#reportOf(member)),
      refused: this.#transports.refusals(),
    };
  }

  #reportOf({ instance, sinceMs }: Member): RouterReport {
    return { ...instance.report(), sinceMs, virtualAddresses: this.#addresses.report(instance.config) };
  }

  #applyProcessSettings({ realtimePriority, lockMemory: lock }: VrrpProcessConfig): string[] {
    const problems: string[] = [];
    const attempt = (what: string, act: () => void): void => {
      try {
        act();
      } catch (error) {
        problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}; going on without`);
      }
    };
    if (realtimePriority > 0) attempt('Cannot run in real time', () => setRealtimePriority(realtimePriority));
    if (lock && !this.#memoryLocked) {
      attempt('Cannot lock memory', () => {
        lockMemory();
        this.#memoryLocked = true;
      });
    }
    return problems;
  }

  #add(config: VirtualRouterConfig): void {
    const member: Member = {
      instance: new VirtualRouterInstance(
        config,
        this.#portsFor(config.name, () => member),
      ),
      timer: new MonotonicTimer(() => this.#wake(member)),
      sinceMs: Date.now(),
      gone: false,
      kept: this.#addresses.ownedFromTheStart(config),
    };
    this.#members.set(config.name, member);
  }

  /**
   * The timer of `member` is due. A backup is woken a little early: what a take-over needs is made ready, the last of the
   * time is waited out on the clock, and an advertisement that came meanwhile is heard before the timer is believed.
   */
  #wake(member: Member): void {
    const tick = (): void => this.#transports.drain(member, () => member.instance.tick());
    if (member.instance.stateName !== 'backup') {
      tick();
      return;
    }
    this.#transports.drain(member, () => {
      const { dueAt } = member.instance;
      const start = monotonicMs();
      // An advertisement was waiting: the timer is armed anew.
      if (dueAt === null || dueAt - start > EARLY_MS) return;
      member.instance.prepare();
      this.#addresses.prepare(member.instance.config);
      while (monotonicMs() < dueAt);
      tick();
    });
  }

  #portsFor(name: string, self: () => Member): InstancePorts {
    return {
      now: monotonicMs,
      wakeAt: (at) => {
        if (!self().gone)
          self().timer.armAt(at !== null && self().instance.stateName === 'backup' ? at - EARLY_MS : at);
      },
      envelope: () => this.#transports.envelope(self()),
      send: (message) => this.#transports.send(self(), message),
      claim: () => this.#addresses.claim(self().instance.config),
      announce: () => this.#addresses.announce(self().instance.config, () => self().instance.ownsAddresses),
      release: () => this.#addresses.release(self().instance.config, self().kept),
      changed: (role, reason) => {
        const member = self();
        member.sinceMs = Date.now();
        this.#handlers.changed(name, role, reason);
        if (role === 'STOPPED') this.#dispose(member);
      },
      log: (level, text) => (level === 'warn' ? this.#limiter.say(text) : this.#handlers.log(level, text)),
    };
  }

  #reconfigure(member: Member, config: VirtualRouterConfig): void {
    const before = member.instance.config;
    if (member.instance.ownsAddresses) {
      const wanted = new Set(config.virtualAddresses.map((vip) => `${vip.address}/${vip.prefixLength}`));
      const dropped = before.virtualAddresses.filter((vip) => !wanted.has(`${vip.address}/${vip.prefixLength}`));
      this.#addresses.release({ ...before, virtualAddresses: dropped }, member.kept);
    }
    member.instance.reconfigure(config);
  }

  #remove(name: string, member: Member): void {
    this.#members.delete(name);
    this.#departing.add(member);
    if (member.instance.stateName !== 'initialize') {
      member.instance.shutdown();
      return;
    }
    this.#addresses.release(member.instance.config, member.kept);
    this.#dispose(member);
  }

  #dispose(member: Member): void {
    member.gone = true;
    member.timer.close();
    this.#transports.leave(member);
    this.#departing.delete(member);
    this.#checkGone();
  }

  #checkGone(): void {
    if (this.#allGone !== null && this.#members.size === 0 && this.#departing.size === 0) this.#allGone();
  }

  /** A storm of network events is looked at once a turn of the event loop. */
  #scheduleEvaluation(): void {
    if (this.#evaluateSoon) return;
    this.#evaluateSoon = true;
    setImmediate(() => {
      this.#evaluateSoon = false;
      this.#evaluate();
    });
  }

  #evaluate(): void {
    for (const member of [...this.#members.values(), ...this.#departing]) this.#evaluateMember(member);
  }

  #evaluateMember(member: Member): void {
    const { instance } = member;
    const { config } = instance;
    const link = this.#network.link(config.interface);
    const addresses = link === null ? [] : this.#network.addressesOf(link.index, config.family);
    let state = linkStateOf(config, link, addresses);
    if (link !== null && state.fault === null) {
      const place = {
        interfaceName: link.name,
        interfaceIndex: link.index,
        family: config.family,
        source: state.primaryAddress,
      };
      const joined = this.#transports.join(member, config, place);
      if (!joined.ok) state = { fault: joined.error };
    }
    this.#addresses.prepare(config);
    instance.setLink(state);
    if (instance.ownsAddresses) this.#addresses.repair(config);
    // What a crash left behind must not answer for a router that cannot take part.
    if (instance.stateName === 'initialize') this.#addresses.release(config, member.kept);
  }
}

/** A router that differs in one of these is another router. */
function isSameRouter(a: VirtualRouterConfig, b: VirtualRouterConfig): boolean {
  return (
    a.interface === b.interface &&
    a.family === b.family &&
    a.vrid === b.vrid &&
    a.transport.kind === b.transport.kind &&
    (a.transport.kind === 'udp' ? a.transport.port : 0) === (b.transport.kind === 'udp' ? b.transport.port : 0)
  );
}
