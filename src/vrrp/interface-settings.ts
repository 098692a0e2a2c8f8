/** Which settings of interfaces virtual routers need. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { placedAddresses } from './belongings.ts';

/** `net.FAMILY.conf.INTERFACE.NAME`, at least so large: larger values do the same and more. */
export interface InterfaceSetting {
  readonly family: 'ipv4' | 'ipv6';
  readonly interface: string;
  readonly name: string;
  readonly least: number;
}

/** Of all virtual routers together, nothing twice. */
export function interfaceSettings(configs: readonly VirtualRouterConfig[]): readonly InterfaceSetting[] {
  const all = configs.flatMap((config) => [...promotion(config), ...virtualMac(config)]);
  return [...new Map(all.map((setting) => [`${setting.interface} ${setting.name}`, setting])).values()];
}

/** Without it, the kernel deletes all addresses of a subnet with the first one of it (fib_frontend.c, inet_del_ifa). */
function promotion(config: VirtualRouterConfig): readonly InterfaceSetting[] {
  if (!config.promoteSecondaries) return [];
  const places = placedAddresses(config).flatMap(({ interface: place, bytes }) => (bytes.length === 4 ? [place] : []));
  const own = config.virtualMac?.interface;
  return places.flatMap((place) =>
    place === own ? [] : [{ family: 'ipv4', interface: place, name: 'promote_secondaries', least: 1 } as const],
  );
}

/**
 * The interface below the one with the virtual MAC must neither answer for the virtual addresses (arp_ignore 1: only for
 * its own) nor name one as the sender when it asks for others (arp_announce 2): neighbours would learn its own address.
 */
function virtualMac(config: VirtualRouterConfig): readonly InterfaceSetting[] {
  const name = config.virtualMac?.interface;
  const hasIpv4 = placedAddresses(config).some((entry) => entry.interface === name && entry.bytes.length === 4);
  if (!hasIpv4) return [];
  return [
    { family: 'ipv4', interface: config.interface, name: 'arp_ignore', least: 1 },
    { family: 'ipv4', interface: config.interface, name: 'arp_announce', least: 2 },
  ];
}
