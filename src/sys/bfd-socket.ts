/**
 * The sockets of one BFD session (RFC 5881 section 4): one that receives on port 3784, and one that sends from a port of its
 * own. The receiving one is connected to the neighbour's address on any port, so that the kernel drops what strangers send
 * and the process never sees it.
 */
import { BFD_PORT, FIRST_SOURCE_PORT, LAST_SOURCE_PORT } from '../bfd/packet.ts';
import { ONE_HOP_TTL, type ReceivedDatagram } from '../bfd/receive.ts';
import { isLinkLocal } from '../net/ip.ts';
import { AF_INET, AF_INET6, parseControl, sockaddrIn, sockaddrIn6 } from '../net/sockaddr.ts';
import { type Datagram, errnoName, RawSocket, SystemError } from './socket.ts';
import {
  arrivalOf,
  bindToInterface,
  drainSocket,
  headerFacts,
  IPPROTO_IP,
  IPPROTO_IPV6,
  SOL_SOCKET,
} from './vrrp-socket.ts';

const SOCK_DGRAM = 2;
const SO_RCVBUF = 8;
const SO_PRIORITY = 12;
const SO_REUSEPORT = 15;
const SO_TIMESTAMPNS = 35;
const TC_PRIO_CONTROL = 7;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_RECVTTL = 12;
const IPV6_UNICAST_HOPS = 16;
const IPV6_V6ONLY = 26;
const IPV6_RECVHOPLIMIT = 51;
const IPV6_TCLASS = 67;
const TRAFFIC_CLASS = 0xc0;
const EADDRINUSE = 98;
/** Packets have 24 bytes: hundreds of them wait in that, and nobody reads what comes to the sending socket. */
const RECEIVE_BUFFER = 65_536;
const LEAST_BUFFER = 1;
/** Ports tried until one is free. */
const PORT_TRIES = 20;

/** Where a session is bound. */
export interface BfdPlace {
  readonly family: 4 | 6;
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  readonly source: Uint8Array;
  readonly neighbor: Uint8Array;
}

export interface BfdSocketHandlers {
  /** `arrivedAt`: on the monotonic clock; null: the kernel did not tell. */
  datagram(datagram: ReceivedDatagram, arrivedAt: number | null): void;
  /** The machine refused to send or receive. */
  failed(what: string): void;
}

export class BfdSocket {
  readonly #place: BfdPlace;
  readonly #handlers: BfdSocketHandlers;
  readonly #receiver: RawSocket;
  readonly #sender: RawSocket;
  readonly #to: Uint8Array;

  /** Throws SystemError: EADDRINUSE when another BFD daemon has the port, ENETUNREACH when the neighbour is on no route. */
  constructor(place: BfdPlace, handlers: BfdSocketHandlers) {
    this.#place = place;
    this.#handlers = handlers;
    this.#to = sockaddrOf(place, place.neighbor, BFD_PORT);
    this.#receiver = openReceiver(place);
    try {
      this.#sender = openSender(place);
      this.#receiver.start({ message: (datagram) => this.#deliver(datagram), error: (error) => this.#failed(error) });
    } catch (error) {
      this.#receiver.close();
      throw error;
    }
  }

  /** Whether it went out. Never throws, never queues. */
  send(packet: Uint8Array): boolean {
    const sent = this.#sender.send(packet, this.#to);
    if (sent < 0) this.#handlers.failed(`Cannot send through ${this.#place.interfaceName}: ${errnoName(-sent)}`);
    return sent >= 0;
  }

  /** Hands over what is waiting: a late process must hear its neighbour before it believes its timer. */
  drain(): void {
    drainSocket(
      this.#receiver,
      (datagram) => this.#deliver(datagram),
      (error) => this.#failed(error),
    );
  }

  /** A session that says goodbye leaves the port to its successor. */
  stopListening(): void {
    this.#receiver.close();
  }

  close(): void {
    this.#receiver.close();
    this.#sender.close();
  }

  #deliver({ data, address, control }: Datagram): void {
    const source = this.#place.family === 4 ? address.subarray(4, 8) : address.subarray(8, 24);
    const items = parseControl(control);
    this.#handlers.datagram({ payload: data, source, ttl: headerFacts(items).ttl }, arrivalOf(items));
  }

  #failed({ code }: SystemError): void {
    this.#handlers.failed(`Cannot receive on ${this.#place.interfaceName}: ${code}`);
  }
}

function openReceiver(place: BfdPlace): RawSocket {
  const socket = openSocket(place);
  try {
    // Several neighbours of one address; only sockets of the same user share a port in that way.
    socket.setOption(SOL_SOCKET, SO_REUSEPORT, 1);
    socket.trySetOption(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
    socket.trySetOption(SOL_SOCKET, SO_TIMESTAMPNS, 1);
    if (place.family === 4) socket.setOption(IPPROTO_IP, IP_RECVTTL, 1);
    else socket.setOption(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    socket.bind(sockaddrOf(place, place.source, BFD_PORT));
    socket.connect(sockaddrOf(place, place.neighbor, 0));
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function openSender(place: BfdPlace): RawSocket {
  const socket = openSocket(place);
  try {
    socket.trySetOption(SOL_SOCKET, SO_PRIORITY, TC_PRIO_CONTROL);
    socket.trySetOption(SOL_SOCKET, SO_RCVBUF, LEAST_BUFFER);
    if (place.family === 4) {
      socket.setOption(IPPROTO_IP, IP_TTL, ONE_HOP_TTL);
      socket.setOption(IPPROTO_IP, IP_TOS, TRAFFIC_CLASS);
    } else {
      socket.setOption(IPPROTO_IPV6, IPV6_UNICAST_HOPS, ONE_HOP_TTL);
      socket.setOption(IPPROTO_IPV6, IPV6_TCLASS, TRAFFIC_CLASS);
    }
    bindToFreePort(socket, place);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function openSocket({ family, interfaceName }: BfdPlace): RawSocket {
  const socket = new RawSocket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
  try {
    bindToInterface(socket, interfaceName);
    if (family === 6) socket.setOption(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** RFC 5881 section 4: a port of 49152 to 65535 that no other session of this machine sends from. */
function bindToFreePort(socket: RawSocket, place: BfdPlace): void {
  const ports = LAST_SOURCE_PORT - FIRST_SOURCE_PORT + 1;
  for (let tries = 1; ; tries++) {
    try {
      socket.bind(sockaddrOf(place, place.source, FIRST_SOURCE_PORT + Math.floor(Math.random() * ports)));
      return;
    } catch (error) {
      if (!(error instanceof SystemError) || error.errno !== EADDRINUSE || tries === PORT_TRIES) throw error;
    }
  }
}

function sockaddrOf({ family, interfaceIndex }: BfdPlace, address: Uint8Array, port: number): Uint8Array {
  return family === 4
    ? sockaddrIn(address, port)
    : sockaddrIn6(address, port, isLinkLocal(address) ? interfaceIndex : 0);
}
