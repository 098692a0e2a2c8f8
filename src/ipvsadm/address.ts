/** Endpoints and protocols as ipvsadm 1.31 writes them, for listings, connections and saved rules alike. Pure. */
import { IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from '../ipvs/constants.ts';
import type { ServiceId } from '../ipvs/types.ts';
import type { Names } from './types.ts';

/** An address with a port. */
export interface Endpoint {
  readonly family: 4 | 6;
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
}

/** ipvsadm writes an endpoint into 60 bytes, the last of them NUL: longer names lose their end. */
const LONGEST_ENDPOINT = 59;

/**
 * `10.0.0.1:80`, `[2001:db8::1]:80`; with names `web.example.org:http`, where there are any. IPv6 is bracketed with a name
 * too. `protocol` is that of the service, which says what the port is called; names are null to write figures.
 */
export function endpointText({ family, address, port }: Endpoint, protocol: number, names: Names | null): string {
  const host = names?.host(address) ?? (family === 6 ? ipv6Text(address) : address);
  const service = names?.service(port, protocol) ?? String(port);
  const text = family === 6 ? `[${host}]:${service}` : `${host}:${service}`;
  return text.length <= LONGEST_ENDPOINT ? text : text.slice(0, LONGEST_ENDPOINT);
}

/** In canonical text what ::/96 holds beyond `::` and `::1`: six groups of zeros and two of which the first is none. */
const COMPATIBLE = /^::([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** As inet_ntop(3) of the C library writes it: canonical, but for the forgotten "IPv4-compatible" addresses: `::0.1.0.1`. */
function ipv6Text(address: string): string {
  if (!address.startsWith('::')) return address;
  const [, high, low] = COMPATIBLE.exec(address) ?? [];
  if (high === undefined || low === undefined) return address;
  const octets = [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
  return `::${octets.join('.')}`;
}

/** The protocol by which ipvsadm names ports of this service: none (0) for a fwmark service, whose ports stay figures. */
export function namingProtocol(id: ServiceId): number {
  return id.kind === 'fwmark' ? 0 : id.protocol;
}

/** `TCP`, `UDP`, `SCTP`, or `?`. */
export function protocolWord(protocol: number): string {
  switch (protocol) {
    case IPPROTO_TCP:
      return 'TCP';
    case IPPROTO_UDP:
      return 'UDP';
    case IPPROTO_SCTP:
      return 'SCTP';
    default:
      return '?';
  }
}

/** A mark as ipvsadm prints it: 32 bits with a sign, so that 4294967295 is -1. */
export function markText(fwmark: number): string {
  return String(fwmark | 0);
}
