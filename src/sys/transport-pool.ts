/**
 * One transport serves all virtual routers of an interface and family: with a socket each, 255 routers would each read
 * the packets of all. Hands every good message to its router and counts the refused ones.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import { compareBytes } from '../net/ip.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';
import type { VirtualRouterInstance } from '../vrrp/instance.ts';
import type { Envelope } from '../vrrp/packet.ts';
import { checkMessage, countsForRouter, type ReceivedMessage, type Refusal, vridOf } from '../vrrp/receive.ts';
import { explainRefusal, RefusalCounters } from '../vrrp/refusals.ts';
import { monotonicMs } from './socket.ts';
import { openIpTransport } from './vrrp-ip.ts';
import type { TransportPlace, VrrpTransport } from './vrrp-transport.ts';
import { openUdpTransport } from './vrrp-udp.ts';

export interface TransportUser {
  readonly instance: VirtualRouterInstance;
}

interface Shared {
  readonly label: string;
  readonly place: TransportPlace;
  transport: VrrpTransport;
  /** By virtual router identifier. */
  readonly users: Map<number, TransportUser>;
  readonly refused: RefusalCounters;
}

export class TransportPool {
  readonly #warn: (text: string) => void;
  readonly #onBroken: (what: string) => void;
  readonly #shared = new Map<string, Shared>();
  readonly #of = new Map<TransportUser, Shared>();

  /** `onBroken`: a transport failed after it was opened; its users have to join again. */
  constructor(warn: (text: string) => void, onBroken: (what: string) => void) {
    this.#warn = warn;
    this.#onBroken = onBroken;
  }

  /** Opens what the router needs, or keeps it; again when the interface or its address became another one. */
  join(user: TransportUser, config: VirtualRouterConfig, place: TransportPlace): Result<void, string> {
    const label = `${config.interface} ipv${config.family}${config.transport.kind === 'udp' ? ` udp ${config.transport.port}` : ''}`;
    const known = this.#shared.get(label);
    if (known !== undefined && isSamePlace(known.place, place)) {
      this.#enter(user, known);
      return ok(undefined);
    }
    const shared: Shared = {
      label,
      place,
      transport: NO_TRANSPORT,
      users: known?.users ?? new Map(),
      refused: known?.refused ?? new RefusalCounters(),
    };
    try {
      shared.transport = this.#open(shared, config);
    } catch (error) {
      return err(`Cannot open VRRP socket on ${label}: ${messageOf(error)}`);
    }
    known?.transport.close();
    this.#shared.set(label, shared);
    for (const other of shared.users.values()) this.#of.set(other, shared);
    this.#enter(user, shared);
    return ok(undefined);
  }

  leave(user: TransportUser): void {
    const shared = this.#of.get(user);
    this.#of.delete(user);
    if (shared === undefined) return;
    const { vrid } = user.instance.config;
    if (shared.users.get(vrid) === user) shared.users.delete(vrid);
    // One that leaves may have lost its place to a successor with its identifier and still send.
    if ([...this.#of.values()].includes(shared)) return;
    this.#close(shared);
  }

  envelope(user: TransportUser): Envelope | null {
    return this.#of.get(user)?.transport.envelope ?? null;
  }

  send(user: TransportUser, message: Uint8Array): void {
    const { transport } = user.instance.config;
    this.#of.get(user)?.transport.send(message, transport.kind === 'udp' ? transport.peers : []);
  }

  /** Delivers what is waiting for the router's transport, then calls `done`. */
  drain(user: TransportUser, done: () => void): void {
    const shared = this.#of.get(user);
    if (shared === undefined) done();
    else shared.transport.drain(done);
  }

  /** Refused messages that belong to no virtual router, by transport. */
  refusals(): Record<string, Partial<Record<Refusal, number>>> {
    return Object.fromEntries([...this.#shared.values()].map(({ label, refused }) => [label, refused.report()]));
  }

  close(): void {
    for (const { transport } of this.#shared.values()) transport.close();
    this.#shared.clear();
    this.#of.clear();
  }

  #close(shared: Shared): void {
    shared.transport.close();
    if (this.#shared.get(shared.label) === shared) this.#shared.delete(shared.label);
  }

  /** It cannot receive: its routers must not believe that they are alone. */
  #broken(shared: Shared, what: string): void {
    this.#warn(what);
    for (const [user, used] of [...this.#of]) if (used === shared) this.#of.delete(user);
    this.#close(shared);
    this.#onBroken(what);
  }

  #enter(user: TransportUser, shared: Shared): void {
    shared.users.set(user.instance.config.vrid, user);
    this.#of.set(user, shared);
  }

  #receive(shared: Shared, message: ReceivedMessage): void {
    const { place, label, refused } = shared;
    const instance = shared.users.get(vridOf(message))?.instance ?? null;
    const expected = instance?.expected ?? null;
    const checked = checkMessage(message, expected, place.source);
    if (checked.ok) {
      instance?.receive(checked.value, message.source.slice(), message.arrivedAt);
    } else if (instance !== null && countsForRouter(checked.error)) {
      instance.refuse(checked.error, message);
    } else if (refused.count(checked.error, monotonicMs(), instance?.config.vrid ?? 0)) {
      const why = explainRefusal(checked.error, message, expected);
      if (why !== null) this.#warn(`${instance?.config.name ?? label}: ${why}`);
    }
  }

  #open(shared: Shared, config: VirtualRouterConfig): VrrpTransport {
    const handlers = {
      message: (message: ReceivedMessage) => this.#receive(shared, message),
      failed: this.#warn,
      broken: (what: string) => this.#broken(shared, what),
    };
    const { transport } = config;
    return transport.kind === 'udp'
      ? openUdpTransport(shared.place, transport.port, handlers)
      : openIpTransport(shared.place, handlers);
  }
}

function isSamePlace(a: TransportPlace, b: TransportPlace): boolean {
  return a.interfaceIndex === b.interfaceIndex && compareBytes(a.source, b.source) === 0;
}

/** Stands in until the real one is open. */
const NO_TRANSPORT: VrrpTransport = {
  envelope: { source: new Uint8Array(4), destination: new Uint8Array(4) },
  send: () => {},
  drain: (done) => done(),
  close: () => {},
};
