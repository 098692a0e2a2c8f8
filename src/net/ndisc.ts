/**
 * Unsolicited Neighbor Advertisement (RFC 4861 section 4.4) as a whole Ethernet frame of 86 octets. Pure.
 */
import { internetChecksum, pseudoHeader } from './checksum.ts';

const ALL_NODES = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);
const IPPROTO_ICMPV6 = 58;
const ETHERNET_LEN = 14;
const IPV6_LEN = 40;
const ICMP_LEN = 32;
const FLAG_ROUTER = 0x80;
const FLAG_OVERRIDE = 0x20;

/**
 * `mac` is 6 octets, `address` 16; the address is source and target. `router` sets the R flag: true while this machine
 * forwards IPv6, else hosts would lose or gain a default router by our word.
 */
export function unsolicitedNa(mac: Uint8Array, address: Uint8Array, router: boolean): Uint8Array {
  const frame = new Uint8Array(ETHERNET_LEN + IPV6_LEN + ICMP_LEN);
  frame.set(ALL_NODES_MAC, 0);
  frame.set(mac, 6);
  frame.set([0x86, 0xdd], 12);
  const ip = frame.subarray(ETHERNET_LEN);
  ip[0] = 0x60;
  ip[5] = ICMP_LEN;
  ip[6] = IPPROTO_ICMPV6;
  ip[7] = 255; // hop limit, checked by every receiver
  ip.set(address, 8);
  ip.set(ALL_NODES, 24);
  const icmp = ip.subarray(IPV6_LEN);
  icmp[0] = 136; // neighbor advertisement
  icmp[4] = FLAG_OVERRIDE | (router ? FLAG_ROUTER : 0);
  icmp.set(address, 8);
  icmp.set([2, 1], 24); // target link-layer address, length 1 x 8 octets
  icmp.set(mac, 26);
  const sum = internetChecksum(pseudoHeader(address, ALL_NODES, IPPROTO_ICMPV6, ICMP_LEN), icmp);
  icmp[2] = sum >>> 8;
  icmp[3] = sum & 0xff;
  return frame;
}
