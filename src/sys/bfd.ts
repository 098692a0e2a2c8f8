/** All BFD sessions of the VRRP process: their sockets and timers. What they decide is in bfd/. */
import { randomBytes } from 'node:crypto';
import type { Silence } from '../bfd/active-neighbor.ts';
import type { ReceivedDatagram } from '../bfd/receive.ts';
import type { BfdReport } from '../bfd/report.ts';
import { sourceFor } from '../bfd/source.ts';
import { BfdSpeaker, type StateChange } from '../bfd/speaker.ts';
import type { BfdSessionConfig } from '../config/types-bfd.ts';
import { compareBytes, formatAddress, parseAddress } from '../net/ip.ts';
import type { InterfaceAddress, Link } from '../net/rtnetlink.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';
import { plausibleArrival } from '../vrrp/timers.ts';
import type { TrackState } from '../vrrp/tracking.ts';
import { type BfdPlace, BfdSocket } from './bfd-socket.ts';
import { MonotonicTimer, monotonicMs } from './socket.ts';

export interface BfdHandlers {
  /** A neighbour that was there fell silent. */
  silent(session: BfdSessionConfig, silence: Silence): void;
  /** Whether the neighbour can be counted on, for those who track it. */
  tracked(name: string, state: TrackState): void;
  /** A change of state. */
  log(level: 'info' | 'warn', text: string): void;
  /** What may be said again and again. */
  complain(text: string): void;
}

/** The interfaces and addresses of the machine. */
export interface BfdNetwork {
  link(name: string): Link | null;
  addressesOf(interfaceIndex: number, family: 4 | 6): readonly InterfaceAddress[];
}

/** A session that was never Up counts as down from then on: before that nobody knows. */
const SETTLE_MS = 5000;
const OPEN_RETRY_MS = 1000;

export class BfdSessions {
  readonly #network: BfdNetwork;
  readonly #handlers: BfdHandlers;
  readonly #sessions = new Map<string, Member>();
  readonly #departing = new Set<Member>();
  #virtual: ReadonlySet<string> = new Set();
  #retry: NodeJS.Timeout | null = null;

  constructor(network: BfdNetwork, handlers: BfdHandlers) {
    this.#network = network;
    this.#handlers = handlers;
  }

  /** The complete wanted set. `virtual`, in text: addresses of virtual routers, which no session may speak from. */
  configure(configs: readonly BfdSessionConfig[], virtual: ReadonlySet<string>): void {
    this.#virtual = virtual;
    const wanted = new Map(configs.map((config) => [config.name, config]));
    for (const [name, member] of this.#sessions) {
      const config = wanted.get(name);
      if (config === undefined || !isSameSession(member.config, config)) this.#remove(name, member);
    }
    for (const config of configs) {
      const member = this.#sessions.get(config.name);
      if (member === undefined) this.#sessions.set(config.name, this.#create(config));
      else member.reconfigure(config);
    }
    this.evaluate();
  }

  /** The network has changed: sockets are opened where they can be, and closed where they cannot. */
  evaluate(): void {
    for (const member of this.#sessions.values()) {
      const placed = member.place(this.#placeFor(member.config));
      if (placed !== null) {
        this.#handlers.complain(`bfd ${member.config.name}: ${placed}`);
        this.#retryLater();
      }
    }
  }

  /** Takes all sessions down in order, so that their neighbours do not take it for a crash. They end by themselves. */
  stop(): void {
    for (const [name, member] of this.#sessions) this.#remove(name, member);
  }

  close(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    for (const member of [...this.#sessions.values(), ...this.#departing]) member.close();
  }

  report(): readonly BfdReport[] {
    return [...this.#sessions.values()].map((member) => member.report());
  }

  #create(config: BfdSessionConfig): Member {
    const member: Member = new Member(config, this.#freshDiscriminator(), {
      ...this.#handlers,
      ended: () => this.#departing.delete(member),
    });
    return member;
  }

  #remove(name: string, member: Member): void {
    this.#sessions.delete(name);
    this.#departing.add(member);
    member.shutdown();
  }

  /** Not to be guessed, not 0, and no other session's. */
  #freshDiscriminator(): number {
    const taken = new Set([...this.#sessions.values(), ...this.#departing].map(({ discriminator }) => discriminator));
    for (;;) {
      const discriminator = randomBytes(4).readUInt32BE();
      if (discriminator !== 0 && !taken.has(discriminator)) return discriminator;
    }
  }

  #placeFor(config: BfdSessionConfig): Result<BfdPlace, string> {
    const { interface: interfaceName, family, neighbor } = config;
    const link = this.#network.link(interfaceName);
    if (link === null) return err(`interface ${interfaceName} does not exist`);
    if (!link.usable) return err(`interface ${interfaceName} is down or has no carrier`);
    const source = sourceFor(config, this.#network.addressesOf(link.index, family), this.#virtual);
    const target = parseAddress(neighbor);
    if (!source.ok) return source;
    if (target === null) return err(`${neighbor} is no address`);
    return ok({ family, interfaceName, interfaceIndex: link.index, source: source.value, neighbor: target.bytes });
  }

  /** A socket that could not be opened is tried again, whether or not the network changes. */
  #retryLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.evaluate();
    }, OPEN_RETRY_MS);
  }
}

interface MemberHandlers extends BfdHandlers {
  /** After `shutdown`: everything is closed. */
  ended(): void;
}

/** One session with its sockets and its timer. */
class Member {
  readonly discriminator: number;
  readonly #speaker: BfdSpeaker;
  readonly #handlers: MemberHandlers;
  readonly #timer = new MonotonicTimer(() => this.#wake());
  readonly #settled: NodeJS.Timeout;
  #socket: BfdSocket | null = null;
  #place: BfdPlace | null = null;
  /** Why there is no socket. */
  #fault: string | null = 'not opened yet';
  #sinceMs = Date.now();
  #gone = false;
  /** When the neighbour last sent anything, and how often it did. */
  #heardAt = 0;
  #heardEveryMs = 0;

  constructor(config: BfdSessionConfig, discriminator: number, handlers: MemberHandlers) {
    this.discriminator = discriminator;
    this.#handlers = handlers;
    this.#speaker = new BfdSpeaker(config, discriminator, {
      now: monotonicMs,
      random: Math.random,
      wakeAt: (at) => {
        if (!this.#gone) this.#timer.armAt(at);
      },
      send: (packet) => this.#socket?.send(packet) ?? false,
      changed: (change) => this.#changed(change),
      closed: () => {
        this.close();
        handlers.ended();
      },
    });
    this.#speaker.start();
    this.#settled = setTimeout(() => this.#settle(), SETTLE_MS);
  }

  get config(): BfdSessionConfig {
    return this.#speaker.config;
  }

  reconfigure(config: BfdSessionConfig): void {
    this.#speaker.reconfigure(config);
  }

  /** Speaks from there from now on, or from nowhere. Returns what went wrong, if it should be tried again. */
  place(wanted: Result<BfdPlace, string>): string | null {
    if (!wanted.ok) {
      this.#fault = wanted.error;
      this.#closeSocket();
      return null;
    }
    if (this.#socket !== null && this.#place !== null && isSamePlace(this.#place, wanted.value)) return null;
    this.#closeSocket();
    try {
      this.#socket = new BfdSocket(wanted.value, {
        datagram: (datagram, arrivedAt) => {
          if (!this.#gone) this.#receive(datagram, plausibleArrival(arrivedAt, monotonicMs()));
        },
        failed: (what) => this.#handlers.complain(`bfd ${this.config.name}: ${what}`),
      });
      this.#place = wanted.value;
      this.#fault = null;
      return null;
    } catch (error) {
      this.#fault = messageOf(error);
      return this.#fault;
    }
  }

  shutdown(): void {
    clearTimeout(this.#settled);
    this.#socket?.stopListening();
    this.#speaker.shutdown();
  }

  close(): void {
    this.#gone = true;
    clearTimeout(this.#settled);
    this.#timer.close();
    this.#socket?.close();
    this.#socket = null;
  }

  report(): BfdReport {
    const report = this.#speaker.report();
    const sourceAddress = this.#place === null ? null : formatAddress(this.#place.source);
    return { ...report, sourceAddress, reason: this.#fault ?? report.reason, sinceMs: this.#sinceMs };
  }

  #receive(datagram: ReceivedDatagram, at: number): void {
    this.#speaker.receive(datagram, at);
    this.#heardAt = at;
    this.#heardEveryMs = this.#speaker.neighborIntervalMs ?? this.#heardEveryMs;
  }

  #closeSocket(): void {
    if (this.#socket === null) return;
    this.#socket.close();
    this.#socket = null;
    this.#place = null;
    this.#speaker.pathDown();
  }

  #wake(): void {
    if (this.#gone) return;
    this.#socket?.drain();
    this.#speaker.tick();
  }

  #changed({ from, to, silent, reason }: StateChange): void {
    this.#sinceMs = Date.now();
    if (to === 'admin-down') return;
    // Init is a step on the way.
    if (to === 'up' || from === 'up') {
      if (to === 'up') this.#log('info', 'UP');
      else this.#log('warn', `DOWN (${reason})`);
      this.#tellTracked();
    }
    if (silent) {
      this.#handlers.silent(this.config, { forMs: monotonicMs() - this.#heardAt, intervalMs: this.#heardEveryMs });
    }
  }

  /** A start is over: what did not come up by now is down, and those who track it act on that. */
  #settle(): void {
    const { flaps, state } = this.#speaker.report();
    if (state !== 'UP' && flaps === 0) this.#log('warn', `not UP (${this.#fault ?? this.#speaker.reason})`);
    this.#tellTracked();
  }

  #log(level: 'info' | 'warn', what: string): void {
    const { name, neighbor } = this.config;
    this.#handlers.log(level, `bfd ${name}: ${neighbor} is ${what}`);
  }

  #tellTracked(): void {
    const { state, reason } = this.#speaker;
    this.#handlers.tracked(
      this.config.name,
      state === 'up' ? { kind: 'up' } : { kind: 'down', reason: this.#fault ?? reason },
    );
  }
}

/** Whether a session can go on with other intervals. */
function isSameSession(a: BfdSessionConfig, b: BfdSessionConfig): boolean {
  return a.neighbor === b.neighbor && a.interface === b.interface && a.sourceAddress === b.sourceAddress;
}

function isSamePlace(a: BfdPlace, b: BfdPlace): boolean {
  return a.interfaceIndex === b.interfaceIndex && compareBytes(a.source, b.source) === 0;
}
