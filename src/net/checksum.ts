/**
 * Internet checksum (RFC 1071) of `chunks` as if joined; all but the last must have an even length.
 * Summing a message that carries its checksum yields 0. Pure.
 */
export function internetChecksum(...chunks: readonly Uint8Array[]): number {
  let sum = 0;
  for (const chunk of chunks) {
    for (let i = 0; i < chunk.length; i += 2) sum += ((chunk[i] ?? 0) << 8) | (chunk[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The pseudo-header of RFC 793 section 3.1 (IPv4, 12 octets) or RFC 8200 section 8.1 (IPv6, 40 octets). */
export function pseudoHeader(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  messageLength: number,
): Uint8Array {
  const width = source.length;
  if (width === 4) {
    const b = new Uint8Array(12);
    b.set(source, 0);
    b.set(destination, 4);
    b[9] = protocol;
    b[10] = messageLength >>> 8;
    b[11] = messageLength;
    return b;
  }
  const b = new Uint8Array(40);
  b.set(source, 0);
  b.set(destination, 16);
  new DataView(b.buffer).setUint32(32, messageLength);
  b[39] = protocol;
  return b;
}
