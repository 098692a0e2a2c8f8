/**
 * VRRP over IP protocol 112 (RFC 9568 section 5.1): one raw socket for an interface and family, multicast, TTL 255.
 */
import { parseAddress } from '../net/ip.ts';
import { type ControlMessage, encodeControl, parseControl, sockaddrIn, sockaddrIn6 } from '../net/sockaddr.ts';
import { IPPROTO_AH, messageFromIpv4 } from '../vrrp/ip-packet.ts';
import { type Envelope, IPPROTO_VRRP } from '../vrrp/packet.ts';
import type { ReceivedMessage } from '../vrrp/receive.ts';
import { type Datagram, errnoName, monotonicOf, RawSocket, type SystemError } from './socket.ts';
import type { TransportHandlers, TransportPlace, VrrpTransport } from './vrrp-transport.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_PRIORITY = 12;
const SO_BINDTODEVICE = 25;
/** The option and the control message have one number (asm-generic/socket.h). */
const SO_TIMESTAMPNS = 35;
const TC_PRIO_CONTROL = 7;
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_MTU_DISCOVER = 10;
const IP_PMTUDISC_DONT = 0;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_TTL = 33;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;
const IP_MULTICAST_ALL = 49;
const IPPROTO_IPV6 = 41;
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
const DRAIN_LIMIT = 1000;

const GROUP_V4 = Uint8Array.of(224, 0, 0, 18);
const GROUP_V6 = parseAddress('ff02::12')?.bytes ?? new Uint8Array(16);

/** Opens the transport. Throws SystemError (EPERM without CAP_NET_RAW, ENODEV when the interface is gone). */
export function openIpTransport(place: TransportPlace, handlers: TransportHandlers): VrrpTransport {
  const v4 = place.family === 4;
  const socket = new RawSocket(v4 ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_VRRP);
  try {
    // Without this every raw socket sees every protocol-112 packet of the machine.
    socket.setOption(SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(`${place.interfaceName}\0`));
    socket.trySetOption(SOL_SOCKET, SO_PRIORITY, TC_PRIO_CONTROL);
    socket.trySetOption(SOL_SOCKET, SO_TIMESTAMPNS, 1);
    if (v4) setUpIpv4(socket, place);
    else setUpIpv6(socket, place);
  } catch (error) {
    socket.close();
    throw error;
  }
  const group = v4 ? GROUP_V4 : GROUP_V6;
  const to = v4 ? sockaddrIn(group, 0) : sockaddrIn6(group, 0, place.interfaceIndex);
  const control = v4 ? null : sendFrom(place);
  const envelope: Envelope = { source: place.source, destination: group };
  const deliver = (datagram: Datagram): void => {
    const message = v4 ? fromIpv4(datagram) : fromIpv6(datagram, place.interfaceIndex);
    if (message !== null && isFor(message.destination, group)) handlers.message(message);
  };
  socket.start({
    message: deliver,
    error: (error: SystemError) => handlers.failed(`Cannot receive on ${place.interfaceName}: ${error.code}`),
  });
  const headers = v4 ? listenForHeaders(place, deliver) : null;
  return {
    envelope,
    send(message) {
      const sent = socket.send(message, to, control);
      if (sent < 0) handlers.failed(`Cannot send to ${place.interfaceName}: ${errnoName(-sent)}`);
    },
    drain(done) {
      try {
        for (let i = 0; i < DRAIN_LIMIT; i++) {
          const datagram = socket.receive();
          if (datagram === null) break;
          deliver(datagram);
        }
      } catch (error) {
        handlers.failed(`Cannot receive on ${place.interfaceName}: ${String(error)}`);
      }
      done();
    },
    close() {
      socket.close();
      headers?.close();
    },
  };
}

/**
 * Neighbours that put an IP Authentication Header in front are a protocol of their own to the kernel. They are only listened
 * for so that they can be refused by name: without that a router is fine too.
 */
function listenForHeaders(place: TransportPlace, deliver: (datagram: Datagram) => void): RawSocket | null {
  let socket: RawSocket | null = null;
  try {
    socket = new RawSocket(AF_INET, SOCK_RAW, IPPROTO_AH);
    socket.setOption(SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(`${place.interfaceName}\0`));
    socket.bind(sockaddrIn(GROUP_V4)); // IPsec of the machine itself is none of our business
    socket.setOption(IPPROTO_IP, IP_ADD_MEMBERSHIP, ipMreqn(GROUP_V4, new Uint8Array(4), place.interfaceIndex));
    socket.setOption(IPPROTO_IP, IP_MULTICAST_ALL, 0);
    socket.start({ message: deliver, error: () => {} });
    return socket;
  } catch {
    socket?.close();
    return null;
  }
}

function setUpIpv4(socket: RawSocket, { interfaceIndex, source }: TransportPlace): void {
  socket.setOption(IPPROTO_IP, IP_ADD_MEMBERSHIP, ipMreqn(GROUP_V4, new Uint8Array(4), interfaceIndex));
  socket.setOption(IPPROTO_IP, IP_MULTICAST_IF, ipMreqn(new Uint8Array(4), source, interfaceIndex)); // and the source
  socket.setOption(IPPROTO_IP, IP_MULTICAST_TTL, 255);
  socket.setOption(IPPROTO_IP, IP_TTL, 255);
  socket.setOption(IPPROTO_IP, IP_MULTICAST_LOOP, 0);
  socket.setOption(IPPROTO_IP, IP_MULTICAST_ALL, 0);
  socket.setOption(IPPROTO_IP, IP_TOS, TRAFFIC_CLASS);
  socket.setOption(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

function setUpIpv6(socket: RawSocket, { interfaceIndex }: TransportPlace): void {
  const index = new Uint8Array(4);
  new DataView(index.buffer).setUint32(0, interfaceIndex, true);
  socket.setOption(IPPROTO_IPV6, IPV6_JOIN_GROUP, concat(GROUP_V6, index)); // struct ipv6_mreq
  socket.setOption(IPPROTO_IPV6, IPV6_MULTICAST_IF, interfaceIndex);
  socket.setOption(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255);
  socket.setOption(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 255);
  socket.setOption(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
  socket.trySetOption(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0); // kernel 4.20
  socket.setOption(IPPROTO_IPV6, IPV6_TCLASS, TRAFFIC_CLASS);
  socket.setOption(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  socket.setOption(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
}

/**
 * The source address, with every message: a link-local virtual address on the interface would become it otherwise. Raw
 * sockets (net/ipv6/raw.c) take only the interface from the sticky option.
 */
function sendFrom({ interfaceIndex, source }: TransportPlace): Uint8Array {
  const index = new Uint8Array(4);
  new DataView(index.buffer).setUint32(0, interfaceIndex, true);
  const data = concat(source, index); // struct in6_pktinfo
  return encodeControl([{ level: IPPROTO_IPV6, type: IPV6_PKTINFO, data }]);
}

/** struct ip_mreqn: group, local address, interface index. */
function ipMreqn(group: Uint8Array, address: Uint8Array, interfaceIndex: number): Uint8Array {
  const b = concat(group, address, new Uint8Array(4));
  new DataView(b.buffer).setInt32(8, interfaceIndex, true);
  return b;
}

function fromIpv4({ data, control }: Datagram): ReceivedMessage | null {
  return messageFromIpv4(data, arrivalOf(parseControl(control)));
}

function fromIpv6({ data, address, control }: Datagram, interfaceIndex: number): ReceivedMessage | null {
  let destination: Uint8Array | null = null;
  let ttl: number | null = null;
  const items = parseControl(control);
  for (const item of items) {
    if (item.level !== IPPROTO_IPV6) continue;
    const view = new DataView(item.data.buffer, item.data.byteOffset, item.data.byteLength);
    if (item.type === IPV6_PKTINFO && item.data.length >= 20) {
      if (view.getUint32(16, true) !== interfaceIndex) return null;
      destination = item.data.subarray(0, 16);
    }
    if (item.type === IPV6_HOPLIMIT && item.data.length >= 4) ttl = view.getInt32(0, true);
  }
  // A hop limit that the kernel does not tell cannot be checked: refuse, do not trust.
  if (destination === null || address.length < 24) return null;
  return { data, source: address.subarray(8, 24), destination, ttl: ttl ?? 0, arrivedAt: arrivalOf(items) };
}

/** struct timespec of SO_TIMESTAMPNS: a backup counts from the advertisement's arrival, not from when it got round to it. */
function arrivalOf(items: readonly ControlMessage[]): number | null {
  const stamp = items.find((item) => item.level === SOL_SOCKET && item.type === SO_TIMESTAMPNS)?.data;
  if (stamp === undefined || stamp.length < 16) return null;
  const view = new DataView(stamp.buffer, stamp.byteOffset, stamp.byteLength);
  return monotonicOf(view.getBigInt64(0, true) * 1_000_000_000n + view.getBigInt64(8, true));
}

function isFor(destination: Uint8Array, group: Uint8Array): boolean {
  return group.every((octet, i) => octet === destination[i]);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
