/**
 * Interfaces and addresses of the machine at one moment, as all its virtual routers look at them one after the other: what
 * is the same for all of an interface is found out once. With 255 virtual routers a look at every address for each of them
 * would take a quarter of a second. Pure.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import type { AddressChange, InterfaceAddress, Link } from '../net/rtnetlink.ts';
import { placedAddresses } from './belongings.ts';

/** The machine's interfaces and addresses, as far as they are asked for. */
export interface NetworkView {
  link(name: string): Link | null;
  /** In the kernel's order. */
  addressesOf(interfaceIndex: number, family: 4 | 6): readonly InterfaceAddress[];
  holds(address: AddressChange): boolean;
}

export class Surroundings implements NetworkView {
  readonly #network: NetworkView;
  readonly #routers: readonly VirtualRouterConfig[];
  readonly #links = new Map<string, Link | null>();
  readonly #addresses = new Map<string, readonly InterfaceAddress[]>();
  readonly #own = new Map<string, readonly InterfaceAddress[]>();
  /** By interface: virtual addresses as text. */
  #virtual: ReadonlyMap<string, ReadonlySet<string>> | null = null;

  /** `routers`: all virtual routers of this machine. */
  constructor(network: NetworkView, routers: readonly VirtualRouterConfig[]) {
    this.#network = network;
    this.#routers = routers;
  }

  link(name: string): Link | null {
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const link = this.#network.link(name);
    this.#links.set(name, link);
    return link;
  }

  addressesOf(interfaceIndex: number, family: 4 | 6): readonly InterfaceAddress[] {
    const key = `${interfaceIndex} ${family}`;
    const addresses = this.#addresses.get(key) ?? this.#network.addressesOf(interfaceIndex, family);
    this.#addresses.set(key, addresses);
    return addresses;
  }

  holds(address: AddressChange): boolean {
    return this.#network.holds(address);
  }

  /** Addresses of an interface that are no virtual ones, which come and go: nobody may send from those. */
  ownAddressesOf(link: Link, family: 4 | 6): readonly InterfaceAddress[] {
    const key = `${link.name} ${family}`;
    const known = this.#own.get(key);
    if (known !== undefined) return known;
    this.#virtual ??= virtualByInterface(this.#routers);
    const virtual = this.#virtual.get(link.name);
    const own = this.addressesOf(link.index, family).filter(({ address }) => virtual?.has(address.join('.')) !== true);
    this.#own.set(key, own);
    return own;
  }
}

function virtualByInterface(routers: readonly VirtualRouterConfig[]): ReadonlyMap<string, ReadonlySet<string>> {
  const all = new Map<string, Set<string>>();
  for (const { interface: name, bytes } of routers.flatMap(placedAddresses)) {
    const virtual = all.get(name) ?? new Set<string>();
    all.set(name, virtual.add(bytes.join('.')));
  }
  return all;
}
