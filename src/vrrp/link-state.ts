/**
 * From the interface to what a virtual router may do: which address it sends from, whether its virtual addresses are
 * there already, or in words why it cannot take part. Pure.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import { compareBytes, isLinkLocal, parseAddress } from '../net/ip.ts';
import type { AddressChange, InterfaceAddress, Link } from '../net/rtnetlink.ts';
import type { LinkState } from './instance-ports.ts';

/**
 * `addresses` are those of the interface and of the router's family, in the kernel's order; `others` are the further virtual
 * routers of this machine, whose virtual addresses nobody may send from: they come and go.
 */
export function linkStateOf(
  config: VirtualRouterConfig,
  link: Link | null,
  addresses: readonly InterfaceAddress[],
  others: readonly VirtualRouterConfig[] = [],
): LinkState {
  if (link === null) return { fault: `interface ${config.interface} does not exist` };
  if (!link.usable) return { fault: `interface ${config.interface} is down or has no carrier` };
  const virtual = virtualAddressesOn(config, link.index);
  const foreign = others
    .filter((other) => other.interface === config.interface && other.name !== config.name)
    .flatMap((other) => virtualAddressesOn(other, link.index));
  const primary = primaryAddress(config, addresses, [...virtual, ...foreign]);
  if (primary === null) {
    const kind = config.family === 4 ? 'IPv4' : 'link-local IPv6';
    return { fault: `interface ${config.interface} has no ${kind} address to send from` };
  }
  const holdsAddresses = virtual.every((wanted) => addresses.some((entry) => isSame(entry, wanted)));
  return { fault: null, primaryAddress: primary, holdsAddresses };
}

/** The virtual addresses as rtnetlink changes. */
export function virtualAddressesOn(config: VirtualRouterConfig, interfaceIndex: number): readonly AddressChange[] {
  return config.virtualAddresses.flatMap(({ address, prefixLength }) => {
    const bytes = parseAddress(address)?.bytes;
    return bytes === undefined ? [] : [{ interfaceIndex, address: bytes, prefixLength }];
  });
}

/** An own address that is no virtual one; the owner (priority 255) has only the virtual one. */
function primaryAddress(
  config: VirtualRouterConfig,
  addresses: readonly InterfaceAddress[],
  virtual: readonly AddressChange[],
): Uint8Array | null {
  const candidates = addresses.filter(
    (entry) => !entry.tentative && (config.family === 4 || isLinkLocal(entry.address)),
  );
  const own = candidates.filter((entry) => !virtual.some((vip) => compareBytes(vip.address, entry.address) === 0));
  const usable = own.length > 0 || config.priority !== 255 ? own : candidates;
  return (usable.find((entry) => !entry.secondary) ?? usable[0])?.address ?? null;
}

function isSame(a: AddressChange, b: AddressChange): boolean {
  return a.prefixLength === b.prefixLength && compareBytes(a.address, b.address) === 0;
}
