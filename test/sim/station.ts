/**
 * One virtual router of one machine, with the interface it is on: sockets, one timer and the virtual addresses. The
 * addresses are the machine's and outlive the process.
 */
import type { VirtualRouterConfig } from '../../src/config/types.ts';
import { formatAddress } from '../../src/net/ip.ts';
import { err, ok } from '../../src/util/result.ts';
import { VirtualRouterInstance } from '../../src/vrrp/instance.ts';
import type { InstancePorts } from '../../src/vrrp/instance-ports.ts';
import { MessageChecker } from '../../src/vrrp/message-checker.ts';
import type { Role } from '../../src/vrrp/messages.ts';
import type { Envelope } from '../../src/vrrp/packet.ts';
import { countsForRouter, type ReceivedMessage, type Refusal, vridOf } from '../../src/vrrp/receive.ts';
import { wake, wakeTime } from '../../src/vrrp/wake.ts';
import type { Machine } from './machine.ts';
import type { StationPlan } from './schedule.ts';

/** Nothing may be due before this: a message that waited is counted from its arrival, but for old ones. */
const OLDEST_DEADLINE_MS = 100;

export class Station {
  readonly machine: Machine;
  readonly link: number;
  readonly config: VirtualRouterConfig;
  readonly address: Uint8Array;
  readonly name: string;
  /** Null while the process is not there. */
  router: VirtualRouterInstance | null = null;
  /** When the one timer is due, on the machine's clock. */
  timerAt: number | null = null;
  /** Came while the process hung. */
  inbox: { readonly message: ReceivedMessage; readonly isGarbage: boolean }[] = [];
  /** How many faults keep the interface down. */
  linkFaults = 0;
  /** What the process knows of that. */
  isLinkKnownUp = false;
  /** How many faults keep the kernel from new addresses. */
  addressFaults = 0;
  /** The virtual addresses are on the interface. */
  holdsAddresses = false;
  /** Its process found them there, and has not yet let go of them. */
  isResuming = false;
  /** When it last advertised, on the machine's clock, and the priority it said. */
  advertisedAt = Number.NEGATIVE_INFINITY;
  advertisedPriority = 0;
  sent = 0;
  announcements = 0;
  promotions = 0;
  readonly #checker = new MessageChecker();

  constructor(machine: Machine, link: number, { config, address }: StationPlan) {
    this.machine = machine;
    this.link = link;
    this.config = config;
    this.address = address;
    this.name = `${machine.name} ${formatAddress(address)}`;
  }

  get role(): Role | null {
    return this.router?.role ?? null;
  }

  get isActive(): boolean {
    return this.role === 'MASTER';
  }

  get isLinkUp(): boolean {
    return this.linkFaults === 0;
  }

  /** The priority with the weights of what is tracked, told a second time. */
  get priority(): number {
    const { priority, tracks } = this.config;
    if (priority === 255) return priority;
    const weight = tracks[0]?.weight ?? 0;
    const counts = this.machine.isScriptDown ? weight < 0 : weight > 0;
    return Math.min(Math.max(priority + (counts ? weight : 0), 1), 254);
  }

  /** Nothing of its own keeps it from taking part: interface, kernel, tracked objects that must be up. */
  get isAble(): boolean {
    return this.isLinkUp && this.addressFaults === 0 && !this.tracksFault;
  }

  /** What must be up for it is known to be down. */
  get tracksFault(): boolean {
    return this.machine.isScriptDown && this.config.tracks.some(({ weight }) => weight === null);
  }

  /** In real time, when the process next does something by itself here. */
  get wakesAt(): number {
    if (this.router === null || this.timerAt === null) return Number.POSITIVE_INFINITY;
    return Math.max(this.machine.realTime(this.timerAt), this.machine.busyUntil);
  }

  /** The process begins; nothing is known of the interface yet. */
  create(): VirtualRouterInstance {
    this.timerAt = null;
    this.inbox = [];
    this.isResuming = this.holdsAddresses;
    this.router = new VirtualRouterInstance(this.config, this.#ports());
    return this.router;
  }

  /** Without a word: no priority 0, no release. */
  crash(): void {
    this.router = null;
    this.timerAt = null;
    this.inbox = [];
    this.isResuming = false;
  }

  tellLink(): void {
    this.isLinkKnownUp = this.isLinkUp;
    const { address: primaryAddress, holdsAddresses } = this;
    this.router?.setLink(
      this.isLinkUp ? { fault: null, primaryAddress, holdsAddresses } : { fault: 'interface eth0 is down' },
    );
  }

  /** As the daemon: what a crash left behind must not answer for a router that is not Active. */
  settleAddresses(): void {
    if (this.router?.mayHoldAddresses === false) this.#release();
  }

  /** The timer fired: the host loop of the daemon. */
  wake(drain: () => void, later: (realMs: number, act: () => void) => void): void {
    const { machine, router } = this;
    if (router === null || this.timerAt === null) return;
    machine.reach(this.timerAt);
    this.timerAt = null;
    wake(router, {
      now: () => machine.now,
      wakeAt: (at) => this.#arm(at),
      drain,
      prepare: () => {},
      waitUntil: (at, done) => {
        later(machine.realTime(at), () => {
          if (this.router !== router) return;
          machine.reach(at);
          done();
        });
      },
    });
  }

  /** The receive path of the daemon. Tells why a message was refused, null if it was taken. */
  receive(message: ReceivedMessage): Refusal | null {
    if (this.router === null) return null;
    const isOurs = vridOf(message) === this.config.vrid;
    const checked = this.#checker.check(message, isOurs ? this.router.expected : null, this.address);
    if (checked.ok) {
      this.router.receive(checked.value, message.source, message.arrivedAt);
      return null;
    }
    if (isOurs && countsForRouter(checked.error)) this.router.refuse(checked.error, message);
    return checked.error;
  }

  #release(): void {
    if (this.holdsAddresses) this.machine.addressesChanged();
    this.holdsAddresses = false;
    this.isResuming = false;
  }

  #arm(at: number | null): void {
    const { now, frozenSince } = this.machine;
    if (at !== null && !(at >= Math.min(now, frozenSince) - OLDEST_DEADLINE_MS)) {
      throw new Error(`${this.name} arms its timer for ${at}, ${now - at} ms ago`);
    }
    this.timerAt = this.router === null ? null : wakeTime(this.router, at);
  }

  #ports(): InstancePorts {
    const { machine } = this;
    const destination = GROUP[this.config.family];
    const envelope: Envelope = { source: this.address, destination };
    const envelopes = [envelope];
    return {
      now: () => machine.now,
      wakeAt: (at) => this.#arm(at),
      envelopes: () => envelopes,
      send: (data) => {
        this.sent++;
        this.advertisedAt = machine.now;
        this.advertisedPriority = data[2] ?? 0;
        machine.network.transmit(this, { data, source: this.address, destination, ttl: 255, arrivedAt: null });
      },
      claim: () => {
        // But for the attempt of one in FAULT: first the advertisement, then the addresses.
        const isTakingOver = this.router?.stateName === 'active';
        if (isTakingOver && this.advertisedAt !== machine.now) throw new Error(`${this.name} claims before it speaks`);
        if (this.addressFaults > 0) return err('ENOMEM');
        if (!this.holdsAddresses) machine.addressesChanged();
        this.holdsAddresses = true;
        this.isResuming = false;
        return ok(undefined);
      },
      afterAdverts: (act) => act(),
      announce: () => {
        if (!this.holdsAddresses) throw new Error(`${this.name} announces addresses that it does not have`);
        this.announcements++;
      },
      release: () => this.#release(),
      changed: (role, reason) => {
        if (role === 'MASTER') this.promotions++;
        machine.network.note(`${this.name} ${role} (${reason})`);
      },
      event: () => {},
      log: () => {},
    };
  }
}

/** The VRRP group of each family. */
export const GROUP = {
  4: Uint8Array.of(224, 0, 0, 18),
  6: Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 18),
} as const;
