/**
 * ARP for IPv4 over Ethernet (RFC 826) as whole frames of 42 octets: gratuitous ones, which tell where an address is, and
 * probes, which ask whether somebody has it (RFC 5227). Pure.
 */
const BROADCAST = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const NO_MAC = new Uint8Array(6);
const NO_ADDRESS = new Uint8Array(4);
const FRAME_LEN = 42;
const OP_REQUEST = 1;
const OP_REPLY = 2;
/** Ethernet, IPv4, their lengths. */
const ARP_HEADER = [0x00, 0x01, 0x08, 0x00, 6, 4];

/** What an ARP message, question or answer, says of its sender. */
export interface ArpMessage {
  readonly senderMac: Uint8Array;
  /** 0.0.0.0 in a probe. */
  readonly senderAddress: Uint8Array;
}

/**
 * A broadcast whose sender and target address are the announced one: every host that knows the address replaces the
 * link-layer address it remembers. Some equipment learns from replies only. `mac` is 6 octets, `address` 4.
 */
export function gratuitousArp(mac: Uint8Array, address: Uint8Array, form: 'request' | 'reply' = 'request'): Uint8Array {
  return form === 'request'
    ? // keepalived's target hardware address too; hosts ignore that of a request
      frame(mac, OP_REQUEST, address, BROADCAST, address)
    : frame(mac, OP_REPLY, address, mac, address);
}

/** Asks who has `address` without telling anybody anything: the sender address is 0 (RFC 5227 section 2.1.1). */
export function arpProbe(mac: Uint8Array, address: Uint8Array): Uint8Array {
  return frame(mac, OP_REQUEST, NO_ADDRESS, NO_MAC, address);
}

/** The payload of an ARP frame, behind its Ethernet header; null if it is not of IPv4 over Ethernet. */
export function decodeArp(payload: Uint8Array): ArpMessage | null {
  if (payload.length < FRAME_LEN - 14 || !ARP_HEADER.every((octet, i) => payload[i] === octet)) return null;
  return {
    senderMac: payload.slice(8, 14),
    senderAddress: payload.slice(14, 18),
  };
}

function frame(
  mac: Uint8Array,
  op: number,
  senderAddress: Uint8Array,
  targetMac: Uint8Array,
  targetAddress: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(FRAME_LEN);
  bytes.set(BROADCAST, 0);
  bytes.set(mac, 6);
  bytes.set([0x08, 0x06], 12); // EtherType ARP
  bytes.set(ARP_HEADER, 14);
  bytes.set([0, op], 20);
  bytes.set(mac, 22);
  bytes.set(senderAddress, 28);
  bytes.set(targetMac, 32);
  bytes.set(targetAddress, 38);
  return bytes;
}
