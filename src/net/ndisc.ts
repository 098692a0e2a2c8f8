/** IPv6 Neighbor Discovery (RFC 4861) as whole Ethernet frames of 86 octets. Pure. */
import { internetChecksum, pseudoHeader } from './checksum.ts';

const ALL_NODES = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const IPPROTO_ICMPV6 = 58;
const ETHERNET_LEN = 14;
const IPV6_LEN = 40;
const ICMP_LEN = 32;
const NEIGHBOR_SOLICITATION = 135;
/** ICMPv6 type. */
export const NEIGHBOR_ADVERTISEMENT = 136;
const FLAG_ROUTER = 0x80;
const FLAG_OVERRIDE = 0x20;
const OPTION_SOURCE_LINK_LAYER = 1;
const OPTION_TARGET_LINK_LAYER = 2;
/** Of a message without its options. */
const FIXED_LEN = 24;

/** What a Neighbor Advertisement says. */
export interface NeighborAdvertisement {
  readonly target: Uint8Array;
  /** 6 octets; null: it does not tell. */
  readonly mac: Uint8Array | null;
}

/**
 * Unsolicited Neighbor Advertisement (section 4.4). `mac` is 6 octets, `address` 16; the address is source and target.
 * `router` sets the R flag: true while this machine forwards IPv6, else hosts would lose or gain a default router by our
 * word.
 */
export function unsolicitedNa(mac: Uint8Array, address: Uint8Array, router: boolean): Uint8Array {
  return frame(mac, address, ALL_NODES, {
    type: NEIGHBOR_ADVERTISEMENT,
    flags: FLAG_OVERRIDE | (router ? FLAG_ROUTER : 0),
    target: address,
    option: OPTION_TARGET_LINK_LAYER,
  });
}

/**
 * Neighbor Solicitation (section 4.3) from an address of our own. Not as duplicate address detection asks, from `::`: the
 * answer to that goes to all nodes, and every neighbour would learn it.
 */
export function neighborSolicitation(mac: Uint8Array, source: Uint8Array, target: Uint8Array): Uint8Array {
  // The solicited-node group (RFC 4291 section 2.7.1).
  const group = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...target.subarray(13));
  return frame(mac, source, group, { type: NEIGHBOR_SOLICITATION, flags: 0, target, option: OPTION_SOURCE_LINK_LAYER });
}

/** An ICMPv6 message whose checksum the kernel verified; null if it is no Neighbor Advertisement. */
export function decodeNeighborAdvertisement(icmp: Uint8Array): NeighborAdvertisement | null {
  if (icmp.length < FIXED_LEN || icmp[0] !== NEIGHBOR_ADVERTISEMENT || icmp[1] !== 0) return null;
  let mac: Uint8Array | null = null;
  for (let at = FIXED_LEN; at + 8 <= icmp.length; ) {
    const length = (icmp[at + 1] ?? 0) * 8;
    if (length === 0) return null; // section 4.6: such packets are discarded
    if (icmp[at] === OPTION_TARGET_LINK_LAYER && length === 8) mac = icmp.slice(at + 2, at + 8);
    at += length;
  }
  return { target: icmp.slice(8, 24), mac };
}

interface Message {
  readonly type: number;
  readonly flags: number;
  readonly target: Uint8Array;
  /** Type of the option that carries `mac`. */
  readonly option: number;
}

function frame(mac: Uint8Array, source: Uint8Array, destination: Uint8Array, message: Message): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_LEN + IPV6_LEN + ICMP_LEN);
  bytes.set([0x33, 0x33, ...destination.subarray(12)], 0); // RFC 2464 section 7
  bytes.set(mac, 6);
  bytes.set([0x86, 0xdd], 12);
  const ip = bytes.subarray(ETHERNET_LEN);
  ip[0] = 0x60;
  ip[5] = ICMP_LEN;
  ip[6] = IPPROTO_ICMPV6;
  ip[7] = 255; // hop limit, checked by every receiver
  ip.set(source, 8);
  ip.set(destination, 24);
  const icmp = ip.subarray(IPV6_LEN);
  icmp[0] = message.type;
  icmp[4] = message.flags;
  icmp.set(message.target, 8);
  icmp.set([message.option, 1], 24); // length 1 x 8 octets
  icmp.set(mac, 26);
  const sum = internetChecksum(pseudoHeader(source, destination, IPPROTO_ICMPV6, ICMP_LEN), icmp);
  icmp[2] = sum >>> 8;
  icmp[3] = sum & 0xff;
  return bytes;
}
