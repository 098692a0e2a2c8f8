/**
 * Gratuitous ARP (RFC 826, RFC 5227 section 1.1) as a whole Ethernet frame of 42 octets. Pure.
 *
 * A broadcast request whose sender and target address are the announced one: every host that knows the address
 * replaces the link-layer address it remembers.
 */
const BROADCAST = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const FRAME_LEN = 42;

/** `mac` is 6 octets, `address` 4. */
export function gratuitousArp(mac: Uint8Array, address: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_LEN);
  frame.set(BROADCAST, 0);
  frame.set(mac, 6);
  frame.set([0x08, 0x06], 12); // EtherType ARP
  frame.set([0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01], 14); // Ethernet, IPv4, lengths, request
  frame.set(mac, 22);
  frame.set(address, 28);
  frame.set(BROADCAST, 32); // keepalived's choice too; hosts ignore the target hardware address of a request
  frame.set(address, 38);
  return frame;
}
