/**
 * All virtual routers of one process, with their sockets, timers, addresses and announcements. The decisions are in
 * vrrp/; here they meet the machine.
 */
import type { VirtualRouterConfig, VrrpProcessConfig } from '../config/types.ts';
import { formatAddress } from '../net/ip.ts';
import { err, ok, type Result } from '../util/result.ts';
import { type InstancePorts, VirtualRouterInstance } from '../vrrp/instance.ts';
import { linkStateOf, virtualAddressesOn } from '../vrrp/link-state.ts';
import type { Role, RouterReport, VrrpReport } from '../vrrp/messages.ts';
import { type Announcer, openAnnouncer } from './announce.ts';
import { LogLimiter } from './log-limiter.ts';
import { rehearse } from './rehearsal.ts';
import { NetworkState } from './rtnl.ts';
import { effectiveScheduling, lockMemory, MonotonicTimer, monotonicMs, setRealtimePriority } from './socket.ts';
import { TransportPool, type TransportUser } from './transport-pool.ts';

export interface VirtualRoutersHandlers {
  changed(router: string, role: Role, reason: string): void;
  log(level: 'info' | 'warn' | 'error', text: string): void;
}

interface Member extends TransportUser {
  readonly instance: VirtualRouterInstance;
  readonly timer: MonotonicTimer;
  sinceMs: number;
  announceAgain: NodeJS.Timeout | null;
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
  readonly #announcers = new Map<string, { readonly announcer: Announcer; readonly index: number }>();
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
    for (const { announcer } of this.#announcers.values()) announcer.close();
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
    const { config } = instance;
    const index = this.#network.link(config.interface)?.index ?? 0;
    const virtualAddresses = virtualAddressesOn(config, index).map((vip) => ({
      address: `${formatAddress(vip.address)}/${vip.prefixLength}`,
      held: this.#network.holds(vip),
    }));
    return { ...instance.report(), sinceMs, virtualAddresses };
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
      timer: new MonotonicTimer(() => this.#transports.drain(member, () => member.instance.tick())),
      sinceMs: Date.now(),
      announceAgain: null,
      gone: false,
      kept: this.#ownedFromTheStart(config),
    };
    this.#members.set(config.name, member);
  }

  #ownedFromTheStart(config: VirtualRouterConfig): ReadonlySet<string> {
    const index = this.#network.link(config.interface)?.index;
    if (config.priority !== 255 || index === undefined) return new Set();
    const there = virtualAddressesOn(config, index).filter((vip) => this.#network.holds(vip));
    return new Set(there.map((vip) => formatAddress(vip.address)));
  }

  #portsFor(name: string, self: () => Member): InstancePorts {
    return {
      now: monotonicMs,
      wakeAt: (at) => {
        if (!self().gone) self().timer.armAt(at);
      },
      envelope: () => this.#transports.envelope(self()),
      send: (message) => this.#transports.send(self(), message),
      claim: () => this.#claim(self()),
      announce: () => this.#announce(self()),
      release: () => this.#release(self()),
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
      this.#deleteAddresses({ ...before, virtualAddresses: dropped }, member.kept);
    }
    member.instance.reconfigure(config);
  }

  #remove(name: string, member: Member): void {
    this.#members.delete(name);
    this.#departing.add(member);
    if (member.instance.stateName === 'initialize') this.#dispose(member);
    else member.instance.shutdown();
  }

  #dispose(member: Member): void {
    member.gone = true;
    if (member.announceAgain !== null) clearTimeout(member.announceAgain);
    member.announceAgain = null;
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
    // Before it is needed: a take-over must not wait for a socket.
    if (link !== null) this.#announcer(link.name, link.index);
    instance.setLink(state);
    if (instance.ownsAddresses) this.#repair(member);
  }

  /** Somebody deleted a virtual address: put it back without leaving MASTER. */
  #repair(member: Member): void {
    const { config } = member.instance;
    const index = this.#network.link(config.interface)?.index;
    if (index === undefined) return;
    const missing = virtualAddressesOn(config, index).filter((vip) => !this.#network.holds(vip));
    if (missing.length === 0) return;
    const names = missing.map((vip) => formatAddress(vip.address)).join(', ');
    const claimed = this.#claim(member);
    if (claimed.ok) this.#announceNow(member);
    this.#limiter.say(
      claimed.ok
        ? `${config.name}: put back ${names}, missing on ${config.interface}`
        : `${config.name}: ${claimed.error}`,
    );
  }

  #claim({ instance }: Member): Result<void, string> {
    const { config } = instance;
    const index = this.#network.link(config.interface)?.index;
    if (index === undefined) return err(`Cannot add addresses to ${config.interface}: no such interface`);
    for (const vip of virtualAddressesOn(config, index)) {
      const added = this.#network.add(vip);
      if (!added.ok) return added;
    }
    return ok(undefined);
  }

  #release(member: Member): void {
    if (member.announceAgain !== null) clearTimeout(member.announceAgain);
    member.announceAgain = null;
    this.#deleteAddresses(member.instance.config, member.kept);
  }

  #deleteAddresses(config: VirtualRouterConfig, kept: ReadonlySet<string>): void {
    const index = this.#network.link(config.interface)?.index;
    if (index === undefined) return;
    for (const vip of virtualAddressesOn(config, index)) {
      if (kept.has(formatAddress(vip.address)) || !this.#network.holds(vip)) continue;
      const deleted = this.#network.delete(vip);
      if (!deleted.ok) this.#limiter.say(`${config.name}: ${deleted.error}`);
    }
  }

  /** Now, and once more later for switches and hosts that missed the first burst. */
  #announce(member: Member): void {
    this.#announceNow(member);
    const { repeatDelayMs } = member.instance.config.announcements;
    if (member.announceAgain !== null) clearTimeout(member.announceAgain);
    member.announceAgain = null;
    if (repeatDelayMs === 0) return;
    member.announceAgain = setTimeout(() => {
      member.announceAgain = null;
      if (member.instance.ownsAddresses) this.#announceNow(member);
    }, repeatDelayMs);
  }

  #announceNow({ instance }: Member): void {
    const { config } = instance;
    const link = this.#network.link(config.interface);
    const announcer = link === null ? null : this.#announcer(link.name, link.index);
    if (link === null || link.mac === null || announcer === null) return;
    const addresses = virtualAddressesOn(config, link.index).map((vip) => vip.address);
    const refusal = announcer.announce(addresses, link.mac, config.announcements.count);
    if (refusal !== null) this.#limiter.say(`${config.name}: cannot announce on ${link.name}: ${refusal}`);
  }

  #announcer(name: string, index: number): Announcer | null {
    const known = this.#announcers.get(name);
    if (known?.index === index) return known.announcer;
    known?.announcer.close();
    this.#announcers.delete(name);
    try {
      const announcer = openAnnouncer(name, index);
      this.#announcers.set(name, { announcer, index });
      return announcer;
    } catch (error) {
      this.#limiter.say(`Cannot announce on ${name}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
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
