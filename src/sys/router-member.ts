/** One virtual router of the VRRP process: its state machine on its timer, its sockets and its addresses. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { parseAddress } from '../net/ip.ts';
import { VirtualRouterInstance } from '../vrrp/instance.ts';
import type { InstancePorts } from '../vrrp/instance-ports.ts';
import type { Role, RouterEvent } from '../vrrp/messages.ts';
import type { Millis } from '../vrrp/timers.ts';
import { type WakeHost, wake, wakeTime } from '../vrrp/wake.ts';
import type { Announcements } from './announcements.ts';
import type { ConflictWatch } from './conflict-watch.ts';
import type { RouterClock, Wakeable } from './router-clock.ts';
import { monotonicMs } from './socket.ts';
import type { TransportPool, TransportUser } from './transport-pool.ts';
import type { VirtualAddresses } from './virtual-addresses.ts';

/** A router that was heard this many intervals ago, or longer, hangs or is dead. */
const LIVING_INTERVALS = 2;

/** What all members share. */
export interface MemberHost {
  readonly clock: RouterClock;
  readonly transports: TransportPool;
  readonly addresses: VirtualAddresses;
  readonly announcements: Announcements;
  readonly conflicts: ConflictWatch;
  /** Takes the addresses away, but for those that another member holds. */
  release(member: RouterMember): void;
  changed(member: RouterMember, role: Role, reason: string): void;
  event(member: RouterMember, event: RouterEvent, detail: string): void;
  /** What is said again and again is said once a minute. */
  log(level: 'info' | 'warn', text: string): void;
}

export class RouterMember implements TransportUser, Wakeable {
  readonly instance: VirtualRouterInstance;
  /** Addresses that an owner (priority 255) had before us: never taken away. */
  readonly kept: ReadonlySet<string>;
  /** Unix milliseconds of the last change of role. */
  sinceMs = Date.now();
  readonly #host: MemberHost;
  readonly #wakeHost: WakeHost;
  /** Since it became Active: something may still be announced, and conflicts are looked for. */
  #hasAnnounced = false;
  /** It has no deadline any more, and its sockets are closed. */
  #gone = false;

  constructor(config: VirtualRouterConfig, kept: ReadonlySet<string>, host: MemberHost) {
    this.#host = host;
    this.kept = kept;
    this.#wakeHost = this.#wakeHostOf(host);
    this.instance = new VirtualRouterInstance(config, this.#ports());
  }

  close(): void {
    this.#gone = true;
    this.#host.clock.forget(this);
    this.#host.transports.leave(this);
  }

  /** The time has come that was asked for. */
  wake(): void {
    wake(this.instance, this.#wakeHost);
  }

  #wakeHostOf({ clock, transports, announcements }: MemberHost): WakeHost {
    return {
      now: monotonicMs,
      wakeAt: (at) => this.#arm(at),
      drain: () => transports.drain(this),
      prepare: () => announcements.prepare(this.instance.config),
      waitUntil: (at, done) => {
        clock.waitUntil(at);
        done();
      },
    };
  }

  #arm(at: Millis | null): void {
    if (!this.#gone) this.#host.clock.arm(this, wakeTime(this.instance, at));
  }

  #owner(): VirtualRouterConfig | null {
    return this.instance.stateName === 'active' ? this.instance.config : null;
  }

  /** Once only: a successor of its name may announce while this one still leaves. */
  #fallSilent(): void {
    if (!this.#hasAnnounced) return;
    this.#hasAnnounced = false;
    this.#host.announcements.withdraw(this.instance.config);
    this.#host.conflicts.released(this.instance.config.name);
  }

  /** The addresses were just claimed. A router that lives and had them is given time to let go. */
  #watchForConflicts(): void {
    const { config } = this.instance;
    if (!config.conflictProbe) return;
    const { peer, primaryAddress } = this.instance.report();
    const source = primaryAddress === null ? null : (parseAddress(primaryAddress)?.bytes ?? null);
    const isLiving = peer !== null && peer.heardMsAgo < LIVING_INTERVALS * peer.advertisementIntervalMs;
    this.#host.conflicts.claimed(config, source, isLiving);
  }

  #identifyOther(): void {
    const address = this.instance.report().otherActives.current?.address;
    const source = address === undefined ? undefined : parseAddress(address)?.bytes;
    if (source === undefined) return;
    this.#host.conflicts.identify(this.instance.config, source, (mac) => {
      this.instance.identifyOther(source, mac);
      this.#host.log('warn', `${this.instance.config.name}: ${address} has MAC address ${mac}`);
    });
  }

  #ports(): InstancePorts {
    const { transports, addresses, announcements } = this.#host;
    return {
      now: monotonicMs,
      wakeAt: (at) => this.#arm(at),
      afterAdverts: (act) => this.#host.clock.afterAdverts(act),
      envelopes: () => transports.envelopes(this),
      send: (message, envelope) => {
        if (!addresses.send(this.instance.config, message, envelope)) transports.send(this, message, envelope);
      },
      claim: () => addresses.claim(this.instance.config),
      announce: (occasion) => {
        this.#hasAnnounced = true;
        announcements.announce(() => this.#owner(), occasion);
        if (occasion === 'take-over') this.#watchForConflicts();
      },
      release: () => {
        this.#fallSilent();
        this.#host.release(this);
      },
      changed: (role, reason) => {
        this.sinceMs = Date.now();
        if (role === 'LEAVING') this.#fallSilent();
        this.#host.changed(this, role, reason);
      },
      event: (event, detail) => {
        this.#host.event(this, event, detail);
        if (event === 'two-actives') this.#identifyOther();
      },
      log: (level, text) => this.#host.log(level, text),
    };
  }
}
