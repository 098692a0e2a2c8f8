/** Which address of its interface a virtual router sends from: it is who the router is to the others. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { compareBytes, isLinkLocal, parseAddress } from '../net/ip.ts';
import type { InterfaceAddress } from '../net/rtnetlink.ts';
import { err, ok, type Result } from '../util/result.ts';
import { OWNER } from './fsm-types.ts';

/**
 * `addresses` are those of the interface and of the router's family, in the kernel's order; `own` are those of them that
 * are no virtual ones, neither ours nor those of other routers, which come and go. The error says in words what is missing.
 */
export function sourceAddressOf(
  config: VirtualRouterConfig,
  addresses: readonly InterfaceAddress[],
  own: readonly InterfaceAddress[],
): Result<Uint8Array, string> {
  if (config.sourceAddress !== null) {
    const wanted = parseAddress(config.sourceAddress)?.bytes ?? new Uint8Array();
    const isThere = addresses.some((entry) => !entry.tentative && compareBytes(entry.address, wanted) === 0);
    const missing = `interface ${config.interface} has no address ${config.sourceAddress} to send from`;
    return isThere ? ok(wanted) : err(missing);
  }
  const scope = scopeOf(config);
  const isUsable = ({ address, tentative }: InterfaceAddress) =>
    !tentative && (scope === 'any' || isLinkLocal(address) === (scope === 'link'));
  const ours = own.filter(isUsable);
  // The owner has only the virtual one.
  const usable = ours.length > 0 || config.priority !== OWNER ? ours : addresses.filter(isUsable);
  const lasting = usable.filter(({ secondary }) => !secondary);
  const candidates = (lasting.length > 0 ? lasting : usable).map(({ address }) => address);
  // Linux has IPv6 addresses newest first: after a restart another one would be the first, which no peer knows.
  const [source] = config.family === 4 ? candidates : candidates.sort(compareBytes);
  return source === undefined
    ? err(`interface ${config.interface} has no ${NAMES[scope]} address to send from`)
    : ok(source);
}

const NAMES = { any: 'IPv4', link: 'link-local IPv6', global: 'IPv6' } as const;

/** RFC 9568 section 5.1.2.1: IPv6 multicast goes from the link-local address; a peer farther away could not answer that. */
function scopeOf({ family, peers }: VirtualRouterConfig): keyof typeof NAMES {
  if (family === 4) return 'any';
  const isOnLink = peers.every((peer) => isLinkLocal(parseAddress(peer)?.bytes ?? new Uint8Array()));
  return isOnLink ? 'link' : 'global';
}
