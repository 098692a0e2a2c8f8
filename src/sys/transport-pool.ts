/**
 * One transport serves all virtual routers of an interface and family: with a socket each, 255 routers would each read
 * the packets of all. Hands every good message to its router and counts the refused ones.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import { parseAddress } from '../net/ip.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';
import type { VirtualRouterInstance } from '../vrrp/instance.ts';
import { MessageChecker } from '../vrrp/message-checker.ts';
import type { Envelope } from '../vrrp/packet.ts';
import { countsForRouter, type ReceivedMessage, type Refusal, vridOf } from '../vrrp/receive.ts';
import { explainRefusal, RefusalCounters } from '../vrrp/refusals.ts';
import { monotonicMs } from './socket.ts';
import { openIpTransport } from './vrrp-ip.ts';
import type { Route, TransportPlace, VrrpTransport } from './vrrp-transport.ts';
import { openUdpTransport } from './vrrp-udp.ts';

export interface TransportUser {
  readonly instance: VirtualRouterInstance;
}

/** Where a virtual router speaks. */
export interface UserPlace extends TransportPlace {
  /** Our address on the interface that it sends from. */
  readonly source: Uint8Array;
}

/** How a virtual router uses its transport. */
interface Use {
  readonly shared: Shared;
  readonly source: Uint8Array;
  /** What the routes were made of. */
  readonly key: string;
  readonly routes: readonly Route[];
  readonly envelopes: readonly Envelope[];
}

/** What a transport delivers to. */
interface Inbox {
  readonly label: string;
  /** By virtual router identifier. */
  readonly users: Map<number, TransportUser>;
  readonly refused: RefusalCounters;
  readonly checker: MessageChecker;
}

interface Shared extends Inbox {
  readonly place: TransportPlace;
  readonly transport: VrrpTransport;
}

export class TransportPool {
  readonly #warn: (text: string) => void;
  readonly #shared = new Map<string, Shared>();
  readonly #uses = new Map<TransportUser, Use>();
  readonly #unplugged = new Set<TransportUser>();

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /** Opens what the router needs, or keeps it; again when the interface became another one. */
  join(user: TransportUser, place: UserPlace): Result<void, string> {
    const { config } = user.instance;
    const label = `${config.interface} ipv${config.family}${config.transport.kind === 'udp' ? ` udp ${config.transport.port}` : ''}`;
    const known = this.#shared.get(label);
    if (known !== undefined && known.place.interfaceIndex === place.interfaceIndex) {
      this.#enter(user, known, place.source);
      return ok(undefined);
    }
    const inbox: Inbox = {
      label,
      users: known?.users ?? new Map(),
      refused: known?.refused ?? new RefusalCounters(),
      checker: new MessageChecker(),
    };
    let shared: Shared;
    try {
      shared = { ...inbox, place, transport: this.#open(inbox, place, config.transport) };
    } catch (error) {
      return err(`Cannot open VRRP socket on ${label}: ${messageOf(error)}`);
    }
    known?.transport.close();
    this.#shared.set(label, shared);
    for (const other of shared.users.values()) this.#move(other, shared);
    this.#enter(user, shared, place.source);
    return ok(undefined);
  }

  leave(user: TransportUser): void {
    const shared = this.#uses.get(user)?.shared;
    this.#uses.delete(user);
    if (shared === undefined) return;
    const { vrid } = user.instance.config;
    if (shared.users.get(vrid) === user) shared.users.delete(vrid);
    // One that leaves may have lost its place to a successor with its identifier and still send.
    if ([...this.#uses.values()].some((use) => use.shared === shared)) return;
    shared.transport.close();
    if (this.#shared.get(shared.label) === shared) this.#shared.delete(shared.label);
  }

  /**
   * The router is in FAULT for something of its interfaces. The kernel may have dropped the group membership too: what comes
   * back gets a new socket. One that `canSpeak` has its old one until `settle`, to say that it stops.
   */
  unplug(user: TransportUser, canSpeak: boolean): void {
    if (canSpeak) this.#unplugged.add(user);
    else this.leave(user);
  }

  /** Everybody has said what there was to say. */
  settle(): void {
    for (const user of this.#unplugged) this.leave(user);
    this.#unplugged.clear();
  }

  /** One for each receiver; none while the router has no transport. */
  envelopes(user: TransportUser): readonly Envelope[] {
    return this.#uses.get(user)?.envelopes ?? [];
  }

  /** `envelope`: one of `envelopes`. */
  send(user: TransportUser, message: Uint8Array, envelope: Envelope): void {
    const use = this.#uses.get(user);
    const route = use?.routes[use.envelopes.indexOf(envelope)];
    if (route !== undefined) use?.shared.transport.send(message, route);
  }

  /** Delivers what is waiting for the router's transport. */
  drain(user: TransportUser): void {
    this.#uses.get(user)?.shared.transport.drain();
  }

  /** Refused messages that belong to no virtual router, by transport. */
  refusals(): Record<string, Partial<Record<Refusal, number>>> {
    return Object.fromEntries([...this.#shared.values()].map(({ label, refused }) => [label, refused.report()]));
  }

  close(): void {
    for (const { transport } of this.#shared.values()) transport.close();
    this.#shared.clear();
    this.#uses.clear();
  }

  #enter(user: TransportUser, shared: Shared, source: Uint8Array): void {
    const { config } = user.instance;
    shared.users.set(config.vrid, user);
    const key = `${source.join('.')} ${config.ttl.send} ${config.peers.join()}`;
    const known = this.#uses.get(user);
    if (known?.shared === shared && known.key === key) return;
    const peers = config.peers.flatMap((peer) => parseAddress(peer)?.bytes ?? []);
    const receivers = peers.length === 0 ? [null] : peers;
    const ttl = config.ttl.send;
    const routes = receivers.map((peer) => shared.transport.route({ source, peer, ttl }));
    // Objects of their own: over UDP all routes have the same addresses.
    const envelopes = routes.map(({ envelope }) => ({ ...envelope }));
    this.#uses.set(user, { shared, source, key, routes, envelopes });
  }

  /** The interface became another one: the others of the old transport go along. */
  #move(user: TransportUser, shared: Shared): void {
    const use = this.#uses.get(user);
    if (use !== undefined) this.#enter(user, shared, use.source);
  }

  #receive({ label, users, refused, checker }: Inbox, message: ReceivedMessage): void {
    const user = users.get(vridOf(message)) ?? null;
    const instance = user?.instance ?? null;
    const expected = instance?.expected ?? null;
    const ownAddress = user === null ? NO_ADDRESS : (this.#uses.get(user)?.source ?? NO_ADDRESS);
    const checked = checker.check(message, expected, ownAddress);
    if (checked.ok) {
      instance?.receive(checked.value, message.source.slice(), message.arrivedAt);
    } else if (instance !== null && countsForRouter(checked.error)) {
      instance.refuse(checked.error, message);
    } else if (refused.count(checked.error, monotonicMs(), instance?.config.vrid ?? 0)) {
      const why = explainRefusal(checked.error, message, expected);
      if (why !== null) this.#warn(`${instance?.config.name ?? label}: ${why}`);
    }
  }

  #open(inbox: Inbox, place: TransportPlace, transport: VirtualRouterConfig['transport']): VrrpTransport {
    const handlers = {
      message: (message: ReceivedMessage) => this.#receive(inbox, message),
      failed: (what: string): void => {
        if (this.#unplugged.size === 0) this.#warn(what); // else the fault is told that it comes from
      },
    };
    return transport.kind === 'udp'
      ? openUdpTransport(place, transport.port, handlers)
      : openIpTransport(place, handlers);
  }
}

const NO_ADDRESS = new Uint8Array();
