/** VRRP over IP protocol 112 (RFC 9568 section 5.1): one raw socket for an interface and family. */
import { AF_INET, AF_INET6, parseControl, sockaddrIn } from '../net/sockaddr.ts';
import { IPPROTO_AH, messageFromIpv4 } from '../vrrp/ip-packet.ts';
import { IPPROTO_VRRP } from '../vrrp/packet.ts';
import type { ReceivedMessage } from '../vrrp/receive.ts';
import { type Datagram, RawSocket, type SystemError } from './socket.ts';
import {
  arrivalOf,
  bindToInterface,
  drainSocket,
  firstArrivalOf,
  GROUP,
  headerFacts,
  isForVrrp,
  joinGroup,
  makeRoute,
  sendTo,
  setUpSocket,
} from './vrrp-socket.ts';
import type { TransportHandlers, TransportPlace, VrrpTransport } from './vrrp-transport.ts';

const SOCK_RAW = 3;

/** Opens the transport. Throws SystemError (EPERM without CAP_NET_RAW, ENODEV when the interface is gone). */
export function openIpTransport(place: TransportPlace, handlers: TransportHandlers): VrrpTransport {
  const v4 = place.family === 4;
  const socket = new RawSocket(v4 ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_VRRP);
  const deliver = (datagram: Datagram): void => {
    const message = v4
      ? messageFromIpv4(datagram.data, firstArrivalOf(datagram.control))
      : fromIpv6(datagram, place.interfaceIndex);
    if (message !== null && isForVrrp(message.destination, place.family)) handlers.message(message);
  };
  const failed = ({ code }: SystemError): void => handlers.failed(`Cannot receive on ${place.interfaceName}: ${code}`);
  try {
    setUpSocket(socket, place);
    socket.start({ message: deliver, error: failed });
  } catch (error) {
    socket.close();
    throw error;
  }
  const headers = v4 ? listenForHeaders(place, deliver) : null;
  return {
    route: (want) => makeRoute(place, want, 0, null),
    send: (message, route) => sendTo(socket, message, route, place, handlers),
    drain: () => drainSocket(socket, deliver, failed),
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
    bindToInterface(socket, place.interfaceName);
    socket.bind(sockaddrIn(GROUP[4])); // IPsec of the machine itself is none of our business
    joinGroup(socket, place);
    socket.start({ message: deliver, error: () => {} });
    return socket;
  } catch {
    socket?.close();
    return null;
  }
}

function fromIpv6({ data, address, control }: Datagram, ourIndex: number): ReceivedMessage | null {
  const items = parseControl(control);
  const { destination, interfaceIndex, ttl } = headerFacts(items);
  if (destination === null || interfaceIndex !== ourIndex || address.length < 24) return null;
  // A hop limit that the kernel does not tell cannot be checked: refuse, do not trust.
  return { data, source: address.subarray(8, 24), destination, ttl: ttl ?? 0, arrivedAt: arrivalOf(items) };
}
