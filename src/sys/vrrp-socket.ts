/** What the sockets of both transports have in common: options, groups, control messages (ip(7), ipv6(7)). */
import { formatAddress, isLinkLocal, isMulticast } from '../net/ip.ts';
import { type ControlMessage, encodeControl, parseControl, sockaddrIn, sockaddrIn6 } from '../net/sockaddr.ts';
import type { Envelope } from '../vrrp/packet.ts';
import { type Datagram, errnoName, monotonicOf, type RawSocket, SystemError } from './socket.ts';
import type { Route, RouteWanted, TransportHandlers, TransportPlace } from './vrrp-transport.ts';

export const IPPROTO_IP = 0;
export const IPPROTO_IPV6 = 41;
export const SOL_SOCKET = 1;
const SO_PRIORITY = 12;
const SO_RCVBUFFORCE = 33;
/** A second of 255 routers at 100 ms, about 1 KiB each with the kernel's overhead: what comes first must not be lost. */
const RECEIVE_BUFFER = 4 << 20;
const SO_BINDTODEVICE = 25;
/** The option and the control message have one number (asm-generic/socket.h). */
const SO_TIMESTAMPNS = 35;
const TC_PRIO_CONTROL = 7;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_PKTINFO = 8;
const IP_MTU_DISCOVER = 10;
const IP_RECVTTL = 12;
const IP_PMTUDISC_DONT = 0;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_TTL = 33;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;
const IP_MULTICAST_ALL = 49;
const IPV6_UNICAST_HOPS = 16;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;
const IPV6_MULTICAST_LOOP = 19;
const IPV6_JOIN_GROUP = 20;
const IPV6_MULTICAST_ALL = 29;
const IPV6_RECVPKTINFO = 49;
const IPV6_PKTINFO = 50;
const IPV6_RECVHOPLIMIT = 51;
const IPV6_HOPLIMIT = 52;
const IPV6_TCLASS = 67;
/** Class selector 6, network control: what keepalived sends. */
const TRAFFIC_CLASS = 0xc0;
/** A drain is bounded: more than a socket buffer's worth of messages is an attack, not a peer. */
const DRAIN_LIMIT = 4000;

/** Of RFC 9568 section 5.1.1.2 and 5.1.2.2. */
export const GROUP: Readonly<Record<4 | 6, Uint8Array>> = {
  4: Uint8Array.of(224, 0, 0, 18),
  6: Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12),
};

/** Throws SystemError. A socket that takes the packets of one interface only, and hears the group there. */
export function setUpSocket(socket: RawSocket, place: TransportPlace): void {
  // Without this every raw socket sees every protocol-112 packet of the machine.
  bindToInterface(socket, place.interfaceName);
  prioritize(socket);
  socket.trySetOption(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER); // CAP_NET_ADMIN
  socket.trySetOption(SOL_SOCKET, SO_TIMESTAMPNS, 1);
  joinGroup(socket, place);
  if (place.family === 4) setUpIpv4(socket, place);
  else setUpIpv6(socket, place);
}

/** What it sends goes before what the machine forwards. */
export function prioritize(socket: RawSocket): void {
  socket.trySetOption(SOL_SOCKET, SO_PRIORITY, TC_PRIO_CONTROL);
}

/** Throws SystemError. */
export function bindToInterface(socket: RawSocket, interfaceName: string): void {
  socket.setOption(SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(`${interfaceName}\0`));
}

/** Throws SystemError. */
export function joinGroup(socket: RawSocket, { family, interfaceIndex }: TransportPlace): void {
  if (family === 4) {
    const any = new Uint8Array(4);
    socket.setOption(IPPROTO_IP, IP_ADD_MEMBERSHIP, concat(GROUP[4], any, int32(interfaceIndex))); // struct ip_mreqn
    socket.setOption(IPPROTO_IP, IP_MULTICAST_ALL, 0);
    return;
  }
  socket.setOption(IPPROTO_IPV6, IPV6_JOIN_GROUP, concat(GROUP[6], int32(interfaceIndex))); // struct ipv6_mreq
  socket.trySetOption(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0); // kernel 4.20
}

function setUpIpv4(socket: RawSocket, { interfaceIndex }: TransportPlace): void {
  const any = new Uint8Array(4);
  socket.setOption(IPPROTO_IP, IP_MULTICAST_IF, concat(any, any, int32(interfaceIndex)));
  socket.setOption(IPPROTO_IP, IP_MULTICAST_TTL, 255);
  socket.setOption(IPPROTO_IP, IP_TTL, 255);
  socket.setOption(IPPROTO_IP, IP_MULTICAST_LOOP, 0);
  socket.setOption(IPPROTO_IP, IP_TOS, TRAFFIC_CLASS);
  socket.setOption(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

function setUpIpv6(socket: RawSocket, { interfaceIndex }: TransportPlace): void {
  socket.setOption(IPPROTO_IPV6, IPV6_MULTICAST_IF, interfaceIndex);
  socket.setOption(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255);
  socket.setOption(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 255);
  socket.setOption(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
  socket.setOption(IPPROTO_IPV6, IPV6_TCLASS, TRAFFIC_CLASS);
  wantHeaderFacts(socket, 6);
}

/**
 * The source address goes with every message: virtual routers of one socket may have different ones, and a link-local
 * virtual address on the interface would become it otherwise. `envelope` null: that of the IP header.
 */
export function makeRoute(
  { family, interfaceIndex }: TransportPlace,
  { source, peer, ttl }: RouteWanted,
  port: number,
  envelope: Envelope | null,
): Route {
  const destination = peer ?? GROUP[family];
  const control: ControlMessage[] = [];
  if (family === 4) {
    const data = concat(int32(interfaceIndex), source, new Uint8Array(4)); // struct in_pktinfo
    control.push({ level: IPPROTO_IP, type: IP_PKTINFO, data });
    if (peer !== null) control.push({ level: IPPROTO_IP, type: IP_TTL, data: int32(ttl) });
  } else {
    const data = concat(source, int32(interfaceIndex)); // struct in6_pktinfo
    control.push({ level: IPPROTO_IPV6, type: IPV6_PKTINFO, data });
    if (peer !== null) control.push({ level: IPPROTO_IPV6, type: IPV6_HOPLIMIT, data: int32(ttl) });
  }
  const scope = peer === null || isLinkLocal(destination) ? interfaceIndex : 0;
  return {
    envelope: envelope ?? { source, destination },
    receiver: peer === null ? 'the multicast group' : formatAddress(peer),
    sockaddr: family === 4 ? sockaddrIn(destination, port) : sockaddrIn6(destination, port, scope),
    control: encodeControl(control),
  };
}

/** Sends, and tells a refusal. Never throws. */
export function sendTo(
  socket: RawSocket,
  message: Uint8Array,
  route: Route,
  place: TransportPlace,
  handlers: TransportHandlers,
): void {
  const sent = socket.send(message, route.sockaddr, route.control);
  if (sent < 0) handlers.failed(`Cannot send to ${route.receiver} through ${place.interfaceName}: ${errnoName(-sent)}`);
}

/** Reads what is waiting. */
export function drainSocket(
  socket: RawSocket,
  deliver: (datagram: Datagram) => void,
  failed: (error: SystemError) => void,
): void {
  try {
    for (let i = 0; i < DRAIN_LIMIT; i++) {
      const datagram = socket.receive();
      if (datagram === null) return;
      deliver(datagram);
    }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    failed(error);
  }
}

/** For this machine alone, or for all virtual routers; not for another group. */
export function isForVrrp(destination: Uint8Array, family: 4 | 6): boolean {
  return !isMulticast(destination) || GROUP[family].every((octet, i) => octet === destination[i]);
}

/** What the kernel tells of a datagram's IP header. */
export interface HeaderFacts {
  /** Null: it does not tell. */
  readonly destination: Uint8Array | null;
  readonly interfaceIndex: number | null;
  readonly ttl: number | null;
}

/** Throws SystemError. Raw sockets of IPv4 get the header itself. */
export function wantHeaderFacts(socket: RawSocket, family: 4 | 6): void {
  if (family === 4) {
    socket.setOption(IPPROTO_IP, IP_PKTINFO, 1);
    socket.setOption(IPPROTO_IP, IP_RECVTTL, 1);
    return;
  }
  socket.setOption(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  socket.setOption(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
}

/** Of what `wantHeaderFacts` asked for. */
export function headerFacts(items: readonly ControlMessage[]): HeaderFacts {
  let destination: Uint8Array | null = null;
  let interfaceIndex: number | null = null;
  let ttl: number | null = null;
  for (const { level, type, data } of items) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO && data.length >= 20) {
      destination = data.subarray(0, 16);
      interfaceIndex = view.getUint32(16, true);
    } else if (level === IPPROTO_IP && type === IP_PKTINFO && data.length >= 12) {
      destination = data.subarray(8, 12);
      interfaceIndex = view.getUint32(0, true);
    } else if (data.length >= 4 && isTtl(level, type)) ttl = view.getInt32(0, true);
  }
  return { destination, interfaceIndex, ttl };
}

function isTtl(level: number, type: number): boolean {
  return (level === IPPROTO_IPV6 && type === IPV6_HOPLIMIT) || (level === IPPROTO_IP && type === IP_TTL);
}

/** struct timespec of SO_TIMESTAMPNS: a backup counts from the advertisement's arrival, not from when it got round to it. */
export function arrivalOf(items: readonly ControlMessage[]): number | null {
  const stamp = items.find((item) => item.level === SOL_SOCKET && item.type === SO_TIMESTAMPNS)?.data;
  return stamp === undefined || stamp.length < 16 ? null : arrivalAt(stamp, 0);
}

/** The same from control messages that were not parsed, if the timestamp is the first of them: for every advertisement. */
export function firstArrivalOf(control: Uint8Array): number | null {
  const isStamp = control.length >= 32 && uint32(control, 8) === SOL_SOCKET && uint32(control, 12) === SO_TIMESTAMPNS;
  return isStamp ? arrivalAt(control, 16) : arrivalOf(parseControl(control));
}

function arrivalAt(bytes: Uint8Array, at: number): number {
  const seconds = uint32(bytes, at) + uint32(bytes, at + 4) * 2 ** 32;
  return monotonicOf(BigInt(seconds) * 1_000_000_000n + BigInt(uint32(bytes, at + 8)));
}

/** Without a DataView, which would move the bytes out of V8's heap. */
function uint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  return ((high << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at] ?? 0)) >>> 0;
}

function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
