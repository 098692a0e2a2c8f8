/**
 * VRRP messages over UDP, for networks that drop protocol 112 or multicast and for running without privileges.
 *
 * UDP carries a checksum of its own with the addresses; the one inside the message is summed with addresses of zero, so
 * that it survives address translation on the way.
 */
import { AF_INET, AF_INET6, parseControl, sockaddrIn, sockaddrIn6 } from '../net/sockaddr.ts';
import { type Datagram, RawSocket, type SystemError } from './socket.ts';
import {
  arrivalOf,
  drainSocket,
  headerFacts,
  IPPROTO_IPV6,
  isForVrrp,
  makeRoute,
  sendTo,
  setUpSocket,
  wantHeaderFacts,
} from './vrrp-socket.ts';
import type { TransportHandlers, TransportPlace, VrrpTransport } from './vrrp-transport.ts';

const SOCK_DGRAM = 2;
const IPV6_V6ONLY = 26;

/** Opens the transport. Throws SystemError (EADDRINUSE, ENODEV; EPERM on kernels before 5.7 without CAP_NET_RAW). */
export function openUdpTransport(place: TransportPlace, port: number, handlers: TransportHandlers): VrrpTransport {
  const v4 = place.family === 4;
  const zero = new Uint8Array(v4 ? 4 : 16);
  const envelope = { source: zero, destination: zero };
  const socket = new RawSocket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
  const failed = ({ code }: SystemError): void =>
    handlers.failed(`Cannot receive on UDP port ${port} of ${place.interfaceName}: ${code}`);
  const deliver = ({ data, address, control }: Datagram): void => {
    const items = parseControl(control);
    const { destination, interfaceIndex, ttl } = headerFacts(items);
    const isOurs = interfaceIndex === place.interfaceIndex && address.length >= (v4 ? 8 : 24);
    if (!isOurs || destination === null || !isForVrrp(destination, place.family)) return;
    const source = v4 ? address.subarray(4, 8) : address.subarray(8, 24);
    // A TTL that the kernel does not tell cannot be checked: refuse, do not trust.
    handlers.message({ data, source, destination, envelope, ttl: ttl ?? 0, arrivedAt: arrivalOf(items) });
  };
  try {
    if (v4) wantHeaderFacts(socket, 4);
    else socket.setOption(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    setUpSocket(socket, place);
    // After the interface: that of another one may have the port too.
    socket.bind(v4 ? sockaddrIn(zero, port) : sockaddrIn6(zero, port));
    socket.start({ message: deliver, error: failed });
  } catch (error) {
    socket.close();
    throw error;
  }
  return {
    route: (want) => makeRoute(place, want, port, envelope),
    send: (message, route) => sendTo(socket, message, route, place, handlers),
    drain: () => drainSocket(socket, deliver, failed),
    close: () => socket.close(),
  };
}
