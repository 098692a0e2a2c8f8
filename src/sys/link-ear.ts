/**
 * Hears on one interface who has which address: ARP messages, and answers of IPv6 Neighbor Discovery. Open only while
 * somebody listens. It sees no other traffic, so a busy director does not pay for it.
 */
import { arpProbe, decodeArp } from '../net/arp.ts';
import { isUnspecified } from '../net/ip.ts';
import { decodeNeighborAdvertisement, NEIGHBOR_ADVERTISEMENT, neighborSolicitation } from '../net/ndisc.ts';
import { AF_INET6, AF_PACKET, parseControl, sockaddrLl, sockaddrOfFrame } from '../net/sockaddr.ts';
import { type Datagram, RawSocket } from './socket.ts';
import { bindToInterface, headerFacts, wantHeaderFacts } from './vrrp-socket.ts';

const SOCK_RAW = 3;
const SOCK_DGRAM = 2;
const ETH_P_ARP = 0x0806;
const IPPROTO_ICMPV6 = 58;
/** Of level IPPROTO_ICMPV6: a bit for each type, set: not wanted (linux/icmpv6.h). */
const ICMPV6_FILTER = 1;

/** A machine with `mac` says that it has `address`. */
export type Heard = (address: Uint8Array, mac: Uint8Array) => void;

export interface LinkEar {
  /** Asks who has `address`; whoever has, answers us alone. Never throws: a question that is lost is no loss. */
  ask(address: Uint8Array, mac: Uint8Array, source: Uint8Array): void;
  close(): void;
}

/** Throws SystemError (EPERM without CAP_NET_RAW). */
export function openLinkEar(name: string, index: number, family: 4 | 6, heard: Heard): LinkEar {
  const asking = new RawSocket(AF_PACKET, SOCK_RAW, 0);
  let listening: RawSocket;
  try {
    listening = family === 4 ? listenArp(index, heard) : listenNeighbors(name, index, heard);
  } catch (error) {
    asking.close();
    throw error;
  }
  return {
    ask(address, mac, source) {
      const frame = family === 4 ? arpProbe(mac, address) : neighborSolicitation(mac, source, address);
      asking.send(frame, sockaddrOfFrame(frame, index));
    },
    close() {
      asking.close();
      listening.close();
    },
  };
}

function listenArp(index: number, heard: Heard): RawSocket {
  // SOCK_DGRAM: without the Ethernet header.
  return listen(new RawSocket(AF_PACKET, SOCK_DGRAM, 0), (socket) => socket.bind(sockaddrLl(ETH_P_ARP, index)), {
    message({ data }) {
      const message = decodeArp(data);
      // A probe claims nothing.
      if (message !== null && !isUnspecified(message.senderAddress)) heard(message.senderAddress, message.senderMac);
    },
  });
}

function listenNeighbors(name: string, index: number, heard: Heard): RawSocket {
  const setUp = (socket: RawSocket): void => {
    bindToInterface(socket, name);
    socket.setOption(IPPROTO_ICMPV6, ICMPV6_FILTER, filterAllBut(NEIGHBOR_ADVERTISEMENT));
    wantHeaderFacts(socket, 6);
  };
  return listen(new RawSocket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), setUp, {
    message({ data, control }) {
      const { interfaceIndex, ttl } = headerFacts(parseControl(control));
      // RFC 4861 section 7.1.2: with another hop limit it came from elsewhere.
      if (interfaceIndex !== index || ttl !== 255) return;
      const message = decodeNeighborAdvertisement(data);
      if (message !== null && message.mac !== null) heard(message.target, message.mac);
    },
  });
}

function listen(
  socket: RawSocket,
  setUp: (socket: RawSocket) => void,
  handlers: { message(datagram: Datagram): void },
): RawSocket {
  try {
    setUp(socket);
    // Lost messages are no loss: what matters is said again.
    socket.start({ ...handlers, error: () => {} });
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function filterAllBut(type: number): Uint8Array {
  const bits = new Uint8Array(32).fill(0xff);
  const view = new DataView(bits.buffer);
  view.setUint32((type >> 5) * 4, ~(1 << (type & 31)) >>> 0, true); // words of 32 bits in host order
  return bits;
}
