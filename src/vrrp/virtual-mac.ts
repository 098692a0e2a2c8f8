/** The link-layer address of a virtual router, and its advertisements as frames from there (RFC 9568 section 7.3). Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { internetChecksum } from '../net/checksum.ts';
import { isMulticast } from '../net/ip.ts';
import { type Envelope, IPPROTO_VRRP } from './packet.ts';

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;

const ETHERNET_HEADER_LENGTH = 14;
const IPV4_HEADER_LENGTH = 20;
const IPV6_HEADER_LENGTH = 40;
/** Class selector 6, network control, as from the socket of vrrp-ip.ts. */
const TRAFFIC_CLASS = 0xc0;
const TTL = 255;

/** 00:00:5e:00:01:VRID, for IPv6 00:00:5e:00:02:VRID. */
export function virtualMacOf({ family, vrid }: Pick<VirtualRouterConfig, 'family' | 'vrid'>): Uint8Array {
  return Uint8Array.of(0x00, 0x00, 0x5e, 0x00, family === 4 ? 0x01 : 0x02, vrid);
}

/**
 * Whether advertisements leave as such frames: those to the multicast group over IP. What is sent to one peer, or over UDP,
 * goes through a socket like any other packet.
 */
export function isFramed({ virtualMac, transport }: VirtualRouterConfig, { destination }: Envelope): boolean {
  return virtualMac !== null && transport.kind === 'ip' && isMulticast(destination);
}

/** The whole Ethernet frame to the multicast group. */
export function advertFrame(message: Uint8Array, { source, destination }: Envelope, mac: Uint8Array): Uint8Array {
  const v4 = source.length === 4;
  const headerLength = v4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH;
  const frame = new Uint8Array(ETHERNET_HEADER_LENGTH + headerLength + message.length);
  frame.set(groupMac(destination));
  frame.set(mac, 6);
  const view = new DataView(frame.buffer);
  view.setUint16(12, v4 ? ETH_P_IP : ETH_P_IPV6);
  const ip = frame.subarray(ETHERNET_HEADER_LENGTH);
  if (v4) writeIpv4(ip, source, destination);
  else writeIpv6(ip, source, destination, message.length);
  ip.set(message, headerLength);
  return frame;
}

/** RFC 1112 section 6.4 and RFC 2464 section 7. */
function groupMac(group: Uint8Array): Uint8Array {
  const [, b = 0, c = 0, d = 0] = group;
  return group.length === 4
    ? Uint8Array.of(0x01, 0x00, 0x5e, b & 0x7f, c, d)
    : Uint8Array.of(0x33, 0x33, ...group.subarray(12));
}

function writeIpv4(ip: Uint8Array, source: Uint8Array, destination: Uint8Array): void {
  const view = new DataView(ip.buffer, ip.byteOffset);
  ip[0] = 0x45;
  ip[1] = TRAFFIC_CLASS;
  view.setUint16(2, ip.length);
  ip[8] = TTL;
  ip[9] = IPPROTO_VRRP;
  ip.set(source, 12);
  ip.set(destination, 16);
  view.setUint16(10, internetChecksum(ip.subarray(0, IPV4_HEADER_LENGTH)));
}

function writeIpv6(ip: Uint8Array, source: Uint8Array, destination: Uint8Array, payloadLength: number): void {
  const view = new DataView(ip.buffer, ip.byteOffset);
  view.setUint32(0, (6 << 28) | (TRAFFIC_CLASS << 20));
  view.setUint16(4, payloadLength);
  ip[6] = IPPROTO_VRRP;
  ip[7] = TTL;
  ip.set(source, 8);
  ip.set(destination, 24);
}
