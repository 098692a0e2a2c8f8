/**
 * Names of services and destinations, good for people and as map keys alike: two ids are equal exactly when their
 * names are. They rely on addresses being in canonical text form. Pure.
 */
import { IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from './constants.ts';
import type { DestinationId, ServiceId } from './types.ts';

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [IPPROTO_TCP, 'tcp'],
  [IPPROTO_UDP, 'udp'],
  [IPPROTO_SCTP, 'sctp'],
]);

/** `tcp 192.0.2.1:80`, `udp [2001:db8::1]:53`, `fwmark 7`, `fwmark 7 ipv6`. */
export function serviceKey(id: ServiceId): string {
  if (id.kind === 'fwmark') return id.family === 6 ? `fwmark ${id.fwmark} ipv6` : `fwmark ${id.fwmark}`;
  return `${protocolName(id.protocol)} ${endpoint(id)}`;
}

/** `10.0.0.1:80`, `[2001:db8::11]:80`. Unique within one service. */
export function destinationKey(id: DestinationId): string {
  return endpoint(id);
}

/** `tcp`, `udp`, `sctp`, or `protocol-50`: the kernel takes any number. */
export function protocolName(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? `protocol-${protocol}`;
}

function endpoint(id: { readonly family: 4 | 6; readonly address: string; readonly port: number }): string {
  return id.family === 6 ? `[${id.address}]:${id.port}` : `${id.address}:${id.port}`;
}
