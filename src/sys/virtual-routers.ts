/**
 * All virtual routers of one process, with their sockets, timers, addresses and announcements. The decisions are in
 * vrrp/; here they meet the machine.
 */
import type { VirtualRouterConfig, VrrpProcessConfig } from '../config/types.ts';
import { err } from '../util/result.ts';
import { VirtualRouterInstance } from '../vrrp/instance.ts';
import type { InstancePorts, LinkState } from '../vrrp/instance-ports.ts';
import { linkStateOf } from '../vrrp/link-state.ts';
import type { Role, RouterReport, VrrpReport } from '../vrrp/messages.ts';
import { isSameRouter } from '../vrrp/same-router.ts';
import { LogLimiter } from './log-limiter.ts';
import { ProcessSettings } from './process-settings.ts';
import { rehearse } from './rehearsal.ts';
import { NetworkState } from './rtnl.ts';
import { effectiveScheduling, MonotonicTimer, monotonicMs } from './socket.ts';
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
const OPEN_RETRY_MS = 1000;
/** A transport that fails after it was opened would otherwise make its routers flap. */
const BROKEN_RETRY_MS = 10_000;

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
  /** Why no transport is opened now; tried again by `#retryTimer`. */
  #broken: string | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #evaluateSoon = false;
  readonly #settings = new ProcessSettings();
  #allGone: (() => void) | null = null;

  /** Throws SystemError when the machine refuses netlink. */
  constructor(handlers: VirtualRoutersHandlers) {
    this.#handlers = handlers;
    this.#limiter = new LogLimiter((text) => handlers.log('warn', text));
    this.#network = new NetworkState(
      () => this.#scheduleEvaluation(),
      () => handlers.log('warn', 'The kernel dropped network events (receive buffer overrun): read everything again'),
    );
    this.#transports = new TransportPool(
      (text) => this.#limiter.say(text),
      (what) => this.#transportBroke(what),
    );
    this.#addresses = new VirtualAddresses(this.#network, (text) => this.#limiter.say(text));
    rehearse(this.#network);
  }

  /** Takes the complete wanted set; what did not change keeps its state and its timers. Returns what went wrong. */
  configure(
    process: VrrpProcessConfig,
    configs: readonly VirtualRouterConfig[],
    kept: Readonly<Record<string, readonly string[]>>,
  ): readonly string[] {
    const problems = this.#settings.apply(process);
    const wanted = new Map(configs.map((config) => [config.name, config]));
    for (const [name, member] of this.#members) {
      const config = wanted.get(name);
      if (config === undefined || !isSameRouter(member.instance.config, config)) this.#remove(name, member);
    }
    for (const config of configs) {
      const member = this.#members.get(config.name);
      if (member === undefined) this.#add(config, new Set(kept[config.name]));
      else this.#reconfigure(member, config);
    }
    this.#evaluate();
    return problems;
  }

  /** Hands everything over; resolves when all addresses are released, within the leave interval. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#allGone = resolve;
      for (const [name, member] of this.#members) this.#remove(name, member);
      this.#checkGone();
    });
  }

  close(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#addresses.close();
    this.#transports.close();
    this.#network.close();
  }

  report(): VrrpReport {
    return {
      scheduling: effectiveScheduling(),
      memoryLocked: this.#settings.memoryLocked,
      routers: [...this.#members.values()].map((member) => this.#reportOf(member)),
      refused: this.#transports.refusals(),
    };
  }

  #reportOf({ instance, sinceMs }: Member): RouterReport {
    return { ...instance.report(), sinceMs, virtualAddresses: this.#addresses.report(instance.config) };
  }

  #add(config: VirtualRouterConfig, kept: ReadonlySet<string>): void {
    const member: Member = {
      instance: new VirtualRouterInstance(
        config,
        this.#portsFor(config.name, () => member),
      ),
      timer: new MonotonicTimer(() => this.#wake(member)),
      sinceMs: Date.now(),
      gone: false,
      kept,
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
      announce: () => this.#addresses.announce(self().instance.config, () => self().instance.stateName === 'active'),
      release: () => this.#release(self()),
      changed: (role, reason) => {
        const member = self();
        member.sinceMs = Date.now();
        // One that leaves does not speak for a successor of its name.
        if (!this.#members.has(name) || this.#members.get(name) === member) this.#handlers.changed(name, role, reason);
        if (role === 'STOPPED') this.#dispose(member);
      },
      log: (_level, text) => this.#limiter.say(text),
    };
  }

  #reconfigure(member: Member, config: VirtualRouterConfig): void {
    const before = member.instance.config;
    if (member.instance.ownsAddresses) {
      const wanted = new Set(config.virtualAddresses.map((vip) => `${vip.address}/${vip.prefixLength}`));
      const dropped = before.virtualAddresses.filter((vip) => !wanted.has(`${vip.address}/${vip.prefixLength}`));
      if (dropped.length > 0) this.#release(member, { ...before, virtualAddresses: dropped });
    }
    member.instance.reconfigure(config);
  }

  /** Deletes the addresses, but for those that another router of ours holds: it may have taken over from this one. */
  #release(member: Member, config: VirtualRouterConfig = member.instance.config): void {
    const others = [...this.#members.values(), ...this.#departing].filter(
      ({ instance }) =>
        instance !== member.instance && instance.mayHoldAddresses && instance.config.interface === config.interface,
    );
    const theirs = others.flatMap(({ instance }) => instance.config.virtualAddresses.map(({ address }) => address));
    this.#addresses.release(config, new Set([...member.kept, ...theirs]));
  }

  #transportBroke(what: string): void {
    this.#broken = what;
    this.#retryLater(BROKEN_RETRY_MS);
    this.#scheduleEvaluation();
  }

  /** A socket that could not be opened is tried again, whether or not the network changes. */
  #retryLater(delayMs: number): void {
    if (this.#retryTimer !== null) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      this.#broken = null;
      this.#evaluate();
    }, delayMs);
  }

  #remove(name: string, member: Member): void {
    this.#members.delete(name);
    this.#departing.add(member);
    if (member.instance.stateName !== 'initialize') {
      member.instance.shutdown();
      return;
    }
    this.#release(member);
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
    for (const member of this.#members.values()) this.#evaluateMember(member);
    // One that leaves keeps what it has; without its interface it is gone.
    for (const member of [...this.#departing]) {
      const state = this.#linkState(member);
      if (state.fault !== null) member.instance.setLink(state);
    }
  }

  #linkState({ instance }: Member): LinkState {
    const { config } = instance;
    const link = this.#network.link(config.interface);
    const addresses = link === null ? [] : this.#network.addressesOf(link.index, config.family);
    const others = [...this.#members.values()].map((member) => member.instance.config);
    return linkStateOf(config, link, addresses, others);
  }

  #evaluateMember(member: Member): void {
    const { instance } = member;
    const { config } = instance;
    let state = this.#linkState(member);
    const index = this.#network.link(config.interface)?.index;
    if (index !== undefined && state.fault === null) {
      const { interface: interfaceName, family } = config;
      const place = { interfaceName, interfaceIndex: index, family, source: state.primaryAddress };
      const joined = this.#broken === null ? this.#transports.join(member, config, place) : err(this.#broken);
      if (!joined.ok) {
        state = { fault: joined.error };
        this.#retryLater(OPEN_RETRY_MS);
      }
    }
    // The kernel may have dropped the group membership too: what comes back gets a new socket.
    if (state.fault !== null) this.#transports.leave(member);
    this.#addresses.prepare(config);
    instance.setLink(state);
    if (instance.stateName === 'active') this.#addresses.repair(config);
    // What a crash left behind must not answer for a router that is not Active.
    else if (!instance.mayHoldAddresses) this.#release(member);
  }
}
