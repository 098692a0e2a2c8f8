/** How VRRP messages travel: over IP protocol 112 and over UDP, by multicast and to peers alike. */
import type { Envelope } from '../vrrp/packet.ts';
import type { ReceivedMessage } from '../vrrp/receive.ts';

export interface VrrpTransport {
  /** Made once for each source and receiver: nothing is allocated when a message is sent. */
  route(want: RouteWanted): Route;
  /** Never throws, never queues; a failure is reported through `failed`. */
  send(message: Uint8Array, route: Route): void;
  /** Delivers what is already waiting: a late router must hear its peer before it believes its own timer. */
  drain(): void;
  close(): void;
}

export interface RouteWanted {
  /** An address of ours on the interface. */
  readonly source: Uint8Array;
  /** Null: the multicast group. */
  readonly peer: Uint8Array | null;
  /** Of unicast; multicast goes with 255. */
  readonly ttl: number;
}

/** From one of our addresses to a peer or to the multicast group. */
export interface Route {
  /** The addresses that the checksum covers. */
  readonly envelope: Envelope;
  /** In text, for messages to people. */
  readonly receiver: string;
  readonly sockaddr: Uint8Array;
  readonly control: Uint8Array;
}

export interface TransportHandlers {
  message(message: ReceivedMessage): void;
  /** The machine refused to send or receive; at most a few a minute need to be told to anybody. */
  failed(what: string): void;
}

/** Where a transport is bound. */
export interface TransportPlace {
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  readonly family: 4 | 6;
}
