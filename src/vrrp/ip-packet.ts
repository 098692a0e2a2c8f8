/** IPv4 packets as raw sockets deliver them, header included (RFC 791), with an IP Authentication Header (RFC 4302). Pure. */
import { IPPROTO_VRRP } from './packet.ts';
import type { ReceivedMessage } from './receive.ts';
import type { Millis } from './timers.ts';

/** IP protocol number of the Authentication Header, which VRRPv2 of old could have in front (RFC 2338). */
export const IPPROTO_AH = 51;
const MIN_HEADER_LEN = 20;
/** Next header, length, reserved, SPI, sequence number. */
const MIN_AH_LEN = 12;

/** The VRRP message inside; null where the headers make no sense or another protocol follows. */
export function messageFromIpv4(packet: Uint8Array, arrivedAt: Millis | null): ReceivedMessage | null {
  if (packet.length < MIN_HEADER_LEN) return null;
  const headerLength = ((packet[0] ?? 0) & 0x0f) * 4;
  const totalLength = ((packet[2] ?? 0) << 8) | (packet[3] ?? 0);
  if (headerLength < MIN_HEADER_LEN || totalLength < headerLength || totalLength > packet.length) return null;
  // Ethernet padding behind the packet is cut off by its total length.
  // Copies, not views: V8 makes small ones in its own heap, and a view of one moves that to another heap.
  const payload = packet.slice(headerLength, totalLength);
  const protocol = packet[9];
  const data = protocol === IPPROTO_AH ? behindHeader(payload) : payload;
  if (data === null || (protocol !== IPPROTO_VRRP && protocol !== IPPROTO_AH)) return null;
  return {
    data,
    source: packet.slice(12, 16),
    destination: packet.slice(16, 20),
    ttl: packet[8] ?? 0,
    arrivedAt,
    behindHeader: protocol === IPPROTO_AH,
  };
}

/** Its length is in words of 4 octets, less 2 (RFC 4302 section 2.2). What it proves is not looked at. */
function behindHeader(payload: Uint8Array): Uint8Array | null {
  const [next, words] = payload;
  const length = ((words ?? 0) + 2) * 4;
  return next !== IPPROTO_VRRP || length < MIN_AH_LEN || payload.length < length ? null : payload.subarray(length);
}
