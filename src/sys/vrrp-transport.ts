/** How VRRP messages travel; shaped like node:dgram, implemented over IP protocol 112 and over UDP. */
import type { Envelope } from '../vrrp/packet.ts';
import type { ReceivedMessage } from '../vrrp/receive.ts';

export interface VrrpTransport {
  /** The addresses that the checksum covers. */
  readonly envelope: Envelope;
  /** Sends to the multicast group, or to each peer. Never throws, never queues; a failure is reported through `failed`. */
  send(message: Uint8Array, peers: readonly string[]): void;
  /**
   * Delivers what is already waiting, then calls `done`: a late router must hear its peer before it believes its own
   * timer. `done` runs at once where the socket can be read at once.
   */
  drain(done: () => void): void;
  close(): void;
}

export interface TransportHandlers {
  message(message: ReceivedMessage): void;
  /** The machine refused to send or receive; at most a few a minute need to be told to anybody. */
  failed(what: string): void;
  /** It will never receive: the transport is of no use. */
  broken(what: string): void;
}

/** Where a transport is bound. */
export interface TransportPlace {
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  readonly family: 4 | 6;
  /** Our address on the interface: primary IPv4, or link-local IPv6. */
  readonly source: Uint8Array;
}
