/** The header of the PROXY protocol (HAProxy's proxy-protocol.txt, versions 1 and 2), for probes. Pure. */

/** One end of a connection, as `node:net` names it. */
export interface End {
  readonly address: string;
  readonly port: number;
}

/** Section 2.1: in text, the connection as it is: from us to the server. */
export function proxyHeaderV1(from: End, to: End): Uint8Array {
  const family = to.address.includes(':') ? 'TCP6' : 'TCP4';
  const ends = `${withoutZone(from.address)} ${withoutZone(to.address)} ${from.port} ${to.port}`;
  return new TextEncoder().encode(`PROXY ${family} ${ends}\r\n`);
}

/** Section 2.2: the signature, version 2 with the command LOCAL ("health checks"), no addresses. */
export function proxyHeaderV2(): Uint8Array {
  return Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x20, 0x00, 0x00, 0x00);
}

/** `fe80::1%eth0`: which link it is on says nothing to the other side. */
function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}
