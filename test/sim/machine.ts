/**
 * One machine on the simulated LAN: an interface, its virtual addresses, and the process that runs a virtual router.
 * The process can crash, hang and come back; the addresses are the machine's and outlive it.
 */
import type { VirtualRouterConfig } from '../../src/config/types.ts';
import { formatAddress } from '../../src/net/ip.ts';
import { err, ok } from '../../src/util/result.ts';
import { VirtualRouterInstance } from '../../src/vrrp/instance.ts';
import type { InstancePorts } from '../../src/vrrp/instance-ports.ts';
import type { Role } from '../../src/vrrp/messages.ts';
import type { Envelope } from '../../src/vrrp/packet.ts';
import { checkMessage, countsForRouter, type ReceivedMessage, type Refusal, vridOf } from '../../src/vrrp/receive.ts';

/** What a machine needs of the LAN it is on. */
export interface Wire {
  readonly now: number;
  transmit(from: Machine, message: ReceivedMessage): void;
  note(text: string): void;
}

export class Machine {
  readonly config: VirtualRouterConfig;
  readonly address: Uint8Array;
  readonly name: string;
  readonly #wire: Wire;
  /** Null while the process is not there. */
  router: VirtualRouterInstance | null = null;
  /** When the one timer is due. */
  timerAt: number | null = null;
  /** A process that hangs neither reads nor fires until then. */
  hangsUntil = 0;
  isLinkUp = true;
  /** Machines of different segments do not hear each other. */
  segment = 0;
  /** The kernel says no to new addresses. */
  refusesAddresses = false;
  /** The virtual addresses are on the interface. */
  holdsAddresses = false;
  /** Its process found them there, and has not yet let go of them. */
  isResuming = false;
  /** Its virtual router handed over for good; only a new process starts again. */
  isStopped = false;
  /** When it last advertised. */
  advertisedAt = Number.NEGATIVE_INFINITY;
  announcements = 0;
  promotions = 0;

  constructor(wire: Wire, config: VirtualRouterConfig, address: Uint8Array) {
    this.#wire = wire;
    this.config = config;
    this.address = address;
    this.name = formatAddress(address);
  }

  get role(): Role | null {
    return this.router?.role ?? null;
  }

  get isActive(): boolean {
    return this.role === 'MASTER';
  }

  /** When the process next does something by itself. */
  get wakesAt(): number {
    return this.router === null || this.timerAt === null ? Number.POSITIVE_INFINITY : this.afterHanging(this.timerAt);
  }

  afterHanging(at: number): number {
    return Math.max(at, this.hangsUntil);
  }

  start(): void {
    this.hangsUntil = 0;
    this.timerAt = null;
    this.isStopped = false;
    this.isResuming = this.holdsAddresses;
    this.router = new VirtualRouterInstance(this.config, this.#ports());
    this.#evaluateLink();
  }

  /** Without a word: no priority 0, no release. `loses`: the machine went too, and its addresses with it. */
  crash(loses: 'process' | 'machine'): void {
    this.router = null;
    this.timerAt = null;
    this.isResuming = false;
    if (loses === 'machine') this.holdsAddresses = false;
    this.#wire.note(`${this.name} lost its ${loses}`);
  }

  /** What the main process does when the VRRP process does not come back in time. */
  releaseForDeadProcess(): void {
    if (this.router === null) this.holdsAddresses = false;
  }

  setLink(isUp: boolean): void {
    this.isLinkUp = isUp;
    this.#wire.note(`${this.name} link ${isUp ? 'up' : 'down'}`);
    this.#evaluateLink();
  }

  tick(): void {
    this.timerAt = null;
    this.router?.tick();
  }

  /** The receive path of the daemon. Tells why a message was refused, null if it was taken. */
  receive(message: ReceivedMessage): Refusal | null {
    if (this.router === null) return null;
    const isOurs = vridOf(message) === this.config.vrid;
    const checked = checkMessage(message, isOurs ? this.router.expected : null, this.address);
    if (checked.ok) {
      this.router.receive(checked.value, message.source, message.arrivedAt);
      return null;
    }
    if (isOurs && countsForRouter(checked.error)) this.router.refuse(checked.error, message);
    return checked.error;
  }

  #evaluateLink(): void {
    const { address: primaryAddress, holdsAddresses } = this;
    this.router?.setLink(
      this.isLinkUp ? { fault: null, primaryAddress, holdsAddresses } : { fault: 'interface eth0 is down' },
    );
  }

  #ports(): InstancePorts {
    const destination = GROUP[this.config.family];
    const envelope: Envelope = { source: this.address, destination };
    return {
      now: () => this.#wire.now,
      wakeAt: (at) => {
        this.timerAt = at;
      },
      envelope: () => envelope,
      send: (data) => {
        this.advertisedAt = this.#wire.now;
        this.#wire.transmit(this, { ...envelope, data: data.slice(), ttl: 255, arrivedAt: null });
      },
      claim: () => {
        if (this.refusesAddresses) return err('ENOMEM');
        this.holdsAddresses = true;
        this.isResuming = false;
        return ok(undefined);
      },
      announce: () => {
        this.announcements++;
      },
      release: () => {
        this.holdsAddresses = false;
        this.isResuming = false;
      },
      changed: (role, reason) => {
        if (role === 'MASTER') this.promotions++;
        if (role === 'STOPPED') this.isStopped = true;
        this.#wire.note(`${this.name} ${role} (${reason})`);
      },
      log: () => {},
    };
  }
}

const GROUP = {
  4: Uint8Array.of(224, 0, 0, 18),
  6: Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 18),
} as const;
