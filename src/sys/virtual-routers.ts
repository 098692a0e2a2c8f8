/**
 * All virtual routers of one process, with their sockets, timers, addresses and announcements. The decisions are in
 * vrrp/; here they meet the machine.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import type { LinkState } from '../vrrp/instance-ports.ts';
import { linkStateOf } from '../vrrp/link-state.ts';
import type { Role, RouterEvent, RouterReport, ToRouter, VrrpReport } from '../vrrp/messages.ts';
import { isSameRouter } from '../vrrp/same-router.ts';
import { Surroundings } from '../vrrp/surroundings.ts';
import { SyncGroups } from '../vrrp/sync-group.ts';
import type { TrackKey, TrackState } from '../vrrp/tracking.ts';
import { Announcements } from './announcements.ts';
import { BfdTracking } from './bfd-tracking.ts';
import { ConflictWatch } from './conflict-watch.ts';
import { LogLimiter } from './log-limiter.ts';
import { Paced } from './paced.ts';
import { ProcessSettings } from './process-settings.ts';
import { rehearse } from './rehearsal.ts';
import { RouterClock } from './router-clock.ts';
import { type MemberHost, RouterMember } from './router-member.ts';
import { NetworkState } from './rtnl.ts';
import { effectiveScheduling } from './scheduling.ts';
import { Tracking } from './tracking.ts';
import { TransportPool } from './transport-pool.ts';
import { keysOf, VirtualAddresses } from './virtual-addresses.ts';

export interface VirtualRoutersHandlers {
  /** `priority` is the effective one. */
  changed(router: string, role: Role, reason: string, priority: number): void;
  event(router: string, event: RouterEvent, detail: string): void;
  tracked(states: Readonly<Record<TrackKey, TrackState>>): void;
  /** Of a sync group. */
  groupChanged(group: string, role: Role, reason: string): void;
  log(level: 'info' | 'warn' | 'error', text: string): void;
}

const OPEN_RETRY_MS = 1000;

export class VirtualRouters {
  readonly #handlers: VirtualRoutersHandlers;
  readonly #limiter: LogLimiter;
  readonly #network: NetworkState;
  readonly #transports: TransportPool;
  readonly #addresses: VirtualAddresses;
  readonly #announcements: Announcements;
  readonly #conflicts: ConflictWatch;
  readonly #host: MemberHost;
  readonly #members = new Map<string, RouterMember>();
  readonly #departing = new Set<RouterMember>();
  #retryTimer: NodeJS.Timeout | null = null;
  readonly #look = new Paced(() => this.#evaluate());
  readonly #settings = new ProcessSettings();
  readonly #groups: SyncGroups;
  readonly #tracking: Tracking;
  readonly #bfd: BfdTracking;
  #allGone: (() => void) | null = null;

  /** Throws SystemError when the machine refuses netlink. */
  constructor(handlers: VirtualRoutersHandlers) {
    this.#handlers = handlers;
    this.#groups = new SyncGroups((group, role, reason) => handlers.groupChanged(group, role, reason));
    this.#limiter = new LogLimiter((text) => handlers.log('warn', text));
    const notes = new LogLimiter((text) => handlers.log('info', text));
    const say = (text: string): void => this.#limiter.say(text);
    const lookSoon = (): void => this.#look.soon();
    const repaired = (router: string, what: string): void => handlers.event(router, 'repaired', what);
    this.#network = new NetworkState(lookSoon, () =>
      handlers.log('warn', 'The kernel dropped network events (receive buffer overrun): read everything again'),
    );
    this.#transports = new TransportPool(say);
    this.#announcements = new Announcements(this.#network, say);
    this.#conflicts = new ConflictWatch(this.#network, say, (config, detail) => {
      this.#announcements.announceSoon(config.name); // a host that hangs must not keep the address
      this.#event(config.name, 'address-conflict', detail);
    });
    this.#addresses = new VirtualAddresses(this.#network, this.#announcements, say, lookSoon, repaired);
    this.#host = {
      clock: new RouterClock(),
      transports: this.#transports,
      addresses: this.#addresses,
      announcements: this.#announcements,
      conflicts: this.#conflicts,
      release: (member) => this.#release(member),
      changed: (member, role, reason) => this.#changed(member, role, reason),
      event: (member, event, detail) => this.#event(member.instance.config.name, event, detail),
      log: (level, text) => (level === 'info' ? notes : this.#limiter).say(text),
    };
    this.#tracking = new Tracking(this.#network, () => this.#look.now(), handlers.tracked);
    this.#bfd = new BfdTracking(this.#network, this.#members, {
      tracked: (states) => this.tracked(states),
      log: handlers.log,
      complain: say,
    });
    rehearse(this.#network, this.#addresses);
  }

  /** Takes the complete wanted set; what did not change keeps its state and its timers. Returns what went wrong. */
  configure({ process, routers, bfd, kept, holdUntil }: ToRouter & { readonly type: 'configure' }): readonly string[] {
    const problems = this.#settings.apply(process);
    const sessions = bfd.map(({ name }) => `bfd ${name}`);
    this.#tracking.keepOnly(
      routers.flatMap(({ tracks }) => tracks),
      sessions,
    );
    this.#groups.together(() => {
      this.#replace(routers, kept);
      const instances = [...this.#members.values()].map(({ instance }) => instance);
      this.#groups.arrange(instances);
      for (const instance of instances) instance.holdUntil(holdUntil);
      this.#addresses.configure(routers);
      this.#lookAround();
    });
    this.#settleAddresses();
    this.#bfd.configure(bfd, routers);
    return problems;
  }

  /** News of tracked objects. */
  tracked(states: Readonly<Record<TrackKey, TrackState>>): void {
    this.#tracking.tell(states);
    this.#groups.together(() => this.#tracking.apply(this.#members.values()));
  }

  #replace(configs: readonly VirtualRouterConfig[], kept: Readonly<Record<string, readonly string[]>>): void {
    const wanted = new Map(configs.map((config) => [config.name, config]));
    for (const [name, member] of this.#members) {
      const config = wanted.get(name);
      if (config === undefined || !isSameRouter(member.instance.config, config)) this.#remove(name, member);
    }
    for (const config of configs) {
      const member = this.#members.get(config.name);
      if (member !== undefined) this.#reconfigure(member, config);
      else this.#members.set(config.name, new RouterMember(config, new Set(kept[config.name]), this.#host));
    }
  }

  /** Hands everything over; resolves when all addresses are released, within the leave interval. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#allGone = resolve;
      this.#bfd.stop();
      for (const [name, member] of this.#members) this.#remove(name, member);
      this.#checkGone();
    });
  }

  close(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#host.clock.close();
    this.#bfd.close();
    this.#tracking.close();
    this.#announcements.close();
    this.#conflicts.close();
    this.#addresses.close();
    this.#transports.close();
    this.#network.close();
  }

  report(): VrrpReport {
    return {
      scheduling: effectiveScheduling(),
      memoryLocked: this.#settings.memoryLocked,
      routers: [...this.#members.values()].map((member) => this.#reportOf(member)),
      bfd: this.#bfd.report(),
      refused: this.#transports.refusals(),
    };
  }

  #reportOf({ instance, sinceMs }: RouterMember): RouterReport {
    const { config } = instance;
    const conflicts = this.#conflicts.report(config.name);
    return { ...instance.report(), sinceMs, conflicts, ...this.#addresses.report(config) };
  }

  #changed(member: RouterMember, role: Role, reason: string): void {
    const { name } = member.instance.config;
    // One that leaves does not speak for a successor of its name.
    const { effectivePriority } = member.instance;
    if ((this.#members.get(name) ?? member) === member) this.#handlers.changed(name, role, reason, effectivePriority);
    if (role === 'STOPPED') this.#dispose(member);
  }

  #event(router: string, event: RouterEvent, detail: string): void {
    this.#limiter.say(`${router}: ${detail}`);
    this.#handlers.event(router, event, detail);
  }

  #reconfigure(member: RouterMember, config: VirtualRouterConfig): void {
    const { instance } = member;
    const before = instance.config;
    const { mayHoldAddresses } = instance;
    instance.reconfigure(config);
    if (instance.ownsAddresses) this.#addresses.replace(before, config, this.#keptFor(member));
    else if (mayHoldAddresses) this.#addresses.drop(before, new Set([...this.#keptFor(member), ...keysOf([config])]));
  }

  /** Deletes the addresses, but for those that another router of ours holds: it may have taken over from this one. */
  #release(member: RouterMember): void {
    this.#addresses.release(member.instance.config, this.#keptFor(member), this.#departing.has(member));
  }

  #keptFor(member: RouterMember): ReadonlySet<string> {
    const others = [...this.#members.values(), ...this.#departing].filter(
      ({ instance }) => instance !== member.instance && instance.mayHoldAddresses,
    );
    return new Set([...member.kept, ...keysOf(others.map(({ instance }) => instance.config))]);
  }

  /** A socket that could not be opened is tried again, whether or not the network changes. */
  #retryLater(delayMs: number): void {
    if (this.#retryTimer !== null) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      this.#look.now();
    }, delayMs);
  }

  #remove(name: string, member: RouterMember): void {
    this.#members.delete(name);
    this.#departing.add(member);
    if (member.instance.stateName === 'initialize') this.#release(member);
    member.instance.shutdown();
  }

  #dispose(member: RouterMember): void {
    member.close();
    this.#departing.delete(member);
    this.#addresses.leave(member.instance.config, this.#configs());
    this.#checkGone();
  }

  #checkGone(): void {
    if (this.#allGone !== null && this.#members.size === 0 && this.#departing.size === 0) this.#allGone();
  }

  #evaluate(): void {
    this.#groups.together(() => this.#lookAround());
    this.#settleAddresses();
    this.#bfd.evaluate();
    // One that leaves keeps what it has; without its interface it is gone.
    for (const member of [...this.#departing]) {
      const state = linkStateOf(member.instance.config, new Surroundings(this.#network, this.#configs()));
      if (state.fault !== null) member.instance.setLink(state);
    }
  }

  /** Tells every member what has become of its interface and of what it tracks. */
  #lookAround(): void {
    this.#tracking.apply(this.#members.values());
    const surroundings = new Surroundings(this.#network, this.#configs());
    for (const member of this.#members.values()) this.#evaluateMember(member, surroundings);
  }

  #configs(): readonly VirtualRouterConfig[] {
    return [...this.#members.values(), ...this.#departing].map(({ instance }) => instance.config);
  }

  #evaluateMember(member: RouterMember, surroundings: Surroundings): void {
    const { instance } = member;
    const { config } = instance;
    let state: LinkState = linkStateOf(config, surroundings);
    const index = surroundings.link(config.interface)?.index;
    const missing = state.fault === null ? this.#addresses.ensure(config) : null;
    if (missing !== null) {
      state = { fault: missing };
      this.#retryLater(OPEN_RETRY_MS);
    }
    if (index !== undefined && state.fault === null) {
      const { interface: interfaceName, family } = config;
      const place = { interfaceName, interfaceIndex: index, family, source: state.primaryAddress };
      const joined = this.#transports.join(member, place);
      if (!joined.ok) {
        state = { fault: joined.error };
        this.#retryLater(OPEN_RETRY_MS);
      }
    }
    if (state.fault === null) this.#conflicts.adopt(config, state.primaryAddress);
    else this.#transports.unplug(member, surroundings.link(config.interface)?.usable === true);
    this.#announcements.prepare(config);
    instance.setLink(state);
  }

  /** After sync groups have drawn their conclusions. */
  #settleAddresses(): void {
    this.#addresses.settle();
    this.#transports.settle();
    for (const member of this.#members.values()) {
      const { instance } = member;
      if (instance.stateName === 'active') this.#addresses.repair(instance.config);
      // What a crash left behind must not answer for a router that is not Active.
      else if (!instance.mayHoldAddresses && !this.#addresses.isClear(instance.config)) this.#release(member);
    }
  }
}
