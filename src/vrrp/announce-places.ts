/** On which interfaces a virtual router announces which of its addresses. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { placedAddresses } from './belongings.ts';

export interface AnnouncePlace {
  readonly interface: string;
  /** 4 or 16 octets each. */
  readonly addresses: readonly Uint8Array[];
}

/** They are asked for at every network event. */
const places = new WeakMap<VirtualRouterConfig, readonly AnnouncePlace[]>();

/** Each address where it lives, and all of them on the further `interfaces` of the configuration. */
export function announcePlaces(config: VirtualRouterConfig): readonly AnnouncePlace[] {
  const known = places.get(config);
  if (known !== undefined) return known;
  const all = placedAddresses(config);
  const further = config.announcements.interfaces;
  const names = new Set([...all.map((address) => address.interface), ...further]);
  const made = [...names].map((name) => {
    const there = all.filter((address) => address.interface === name || further.includes(name));
    return { interface: name, addresses: there.map(({ bytes }) => bytes) };
  });
  places.set(config, made);
  return made;
}
