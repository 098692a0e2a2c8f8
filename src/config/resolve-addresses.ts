/** Addresses of virtual routers, their virtual MAC and what they accept: what must fit together. Pure. */
import { isLinkLocal, parseAddress } from '../net/ip.ts';
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import { resolveRoutes, resolveRules, SCOPES } from './resolve-routes.ts';
import type { RawVirtualRouter } from './schema.ts';
import type { RawVirtualAddress } from './schema-addresses.ts';
import type { VirtualServerConfig } from './types.ts';
import type { BelongingsConfig, VirtualAddress, VirtualMacConfig } from './types-addresses.ts';

/** IPvX Addr Count has 8 bits (RFC 9568 section 5.2.5). */
const MAX_IPV4_ADDRESSES = 255;
/** An advertisement must fit one Ethernet frame: (1500 - 40 IPv6 - 8 UDP - 8 VRRP) / 16. */
const MAX_IPV6_ADDRESSES = 90;

/** What all virtual routers have already: each address, virtual MAC and the like belongs to one of them. */
export class Holders {
  readonly addresses = new Map<string, string>();
  readonly virtualMacs = new Map<string, string>();
}

export function resolveBelongings(
  router: RawVirtualRouter,
  family: 4 | 6,
  holders: Holders,
  path: Path,
  report: Report,
): BelongingsConfig {
  checkAdvertised(router, family, [...path, 'virtual_addresses'], report);
  const virtualMac = resolveVirtualMac(router, family, holders, path, report);
  if (!router.accept && router.priority === 255)
    report([...path, 'accept'], 'must be true with `priority: 255`: the owner takes what is for its own addresses');
  const resolved = (key: 'virtual_addresses' | 'extra_addresses'): readonly VirtualAddress[] =>
    router[key].map((entry, index) => {
      const at = [...path, key, index];
      // Another family than that of the router is told already.
      if (key === 'extra_addresses' || entry.address.family === family) checkHolder(router, entry, holders, at, report);
      return resolveAddress(entry, virtualMac?.interface ?? router.interface, at, report);
    });
  const virtualAddresses = resolved('virtual_addresses');
  const extraAddresses = resolved('extra_addresses');
  checkScopes([...virtualAddresses, ...extraAddresses], virtualAddresses.length, path, report);
  return {
    virtualAddresses,
    extraAddresses,
    virtualRoutes: resolveRoutes(router.virtual_routes, family, [...path, 'virtual_routes'], report),
    virtualRules: resolveRules(router.virtual_rules, family, [...path, 'virtual_rules'], report),
    promoteSecondaries: router.promote_secondaries,
    virtualMac,
    accept: router.accept,
  };
}

/** Virtual servers are reached through the same hook of the kernel that `accept: false` closes. */
export function checkAccepting(
  routers: readonly RawVirtualRouter[],
  servers: readonly VirtualServerConfig[],
  report: Report,
): void {
  const refusing = routers.flatMap((router, index) =>
    router.accept ? [] : [{ router, path: ['vrrp', index, 'accept'] }],
  );
  for (const { router, path } of refusing) {
    const held = new Set([...router.virtual_addresses, ...router.extra_addresses].map(({ address }) => address.text));
    const server = servers.find(({ ids }) => ids.some((id) => id.kind === 'address' && held.has(id.address)));
    if (server !== undefined)
      report(path, `must be true: the virtual server ${quote(server.name)} has an address of this virtual router`);
  }
}

/** What goes into advertisements. */
function checkAdvertised(router: RawVirtualRouter, family: 4 | 6, list: Path, report: Report): void {
  const limit = family === 4 ? MAX_IPV4_ADDRESSES : MAX_IPV6_ADDRESSES;
  if (router.virtual_addresses.length > limit) {
    const found = router.virtual_addresses.length;
    report(list, `must hold at most ${limit} IPv${family} addresses, what one advertisement takes; found ${found}`);
  }
  for (const [index, { address }] of router.virtual_addresses.entries()) {
    const at = [...list, index];
    if (address.family !== family) {
      report(
        at,
        `must be IPv${family} as the first address; a virtual router has one family; found ${quote(address.text)}`,
      );
    } else if (family === 6 && index === 0 && !isLinkLocal(address.bytes)) {
      report(at, `must be link-local (fe80::/10) as the first IPv6 address (RFC 9568); found ${quote(address.text)}`);
    }
  }
}

function checkHolder(
  router: RawVirtualRouter,
  { address, interface: place }: RawVirtualAddress,
  { addresses }: Holders,
  at: Path,
  report: Report,
): void {
  // A link-local address means something else on each interface.
  const key = isLinkLocal(address.bytes) ? `${address.text} ${place ?? router.interface}` : address.text;
  const holder = addresses.get(key);
  if (holder === undefined) addresses.set(key, router.name);
  else report(at, `${address.text} is already an address of ${quote(holder)}`);
}

function resolveAddress(entry: RawVirtualAddress, usual: string, at: Path, report: Report): VirtualAddress {
  const { address, prefixLength, scope, label, broadcast } = entry;
  const place = entry.interface ?? usual;
  if (address.family === 6) {
    for (const key of ['scope', 'label', 'broadcast'] as const) {
      if (entry[key] !== undefined) report([...at, key], 'only goes with an IPv4 address: IPv6 has none');
    }
  }
  if (label !== undefined && label !== place && !label.startsWith(`${place}:`)) {
    report(
      [...at, 'label'],
      `must be the interface's name, alone or with a colon and more, such as "${place}:1"; found ${quote(label)}`,
    );
  }
  if (broadcast !== undefined && broadcast.family !== 4)
    report([...at, 'broadcast'], `must be an IPv4 address; found ${quote(broadcast.text)}`);
  return {
    address: address.text,
    prefixLength,
    interface: entry.interface ?? null,
    scope: SCOPES[scope ?? 'global'],
    label: label ?? null,
    broadcast: broadcast?.text ?? null,
  };
}

/** The kernel refuses two scopes in one network of an interface (devinet.c, __inet_insert_ifa). */
function checkScopes(addresses: readonly VirtualAddress[], advertised: number, path: Path, report: Report): void {
  const scopes = new Map<string, VirtualAddress>();
  for (const [index, entry] of addresses.entries()) {
    const network = networkBits(entry);
    if (network === null) continue;
    const key = `${entry.interface} ${network}/${entry.prefixLength}`;
    const first = scopes.get(key);
    if (first === undefined) scopes.set(key, entry);
    else if (first.scope !== entry.scope) {
      const at = index < advertised ? ['virtual_addresses', index] : ['extra_addresses', index - advertised];
      report(
        [...path, ...at],
        `must have the scope of ${first.address}, which is in the same network on the interface`,
      );
    }
  }
}

/** Null: IPv6, which has no such rule. */
function networkBits({ address, prefixLength }: VirtualAddress): string | null {
  const bytes = parseAddress(address)?.bytes;
  if (bytes?.length !== 4) return null;
  return bytes.map((byte, index) => byte & ~(0xff >> Math.min(8, Math.max(0, prefixLength - index * 8)))).join('.');
}

function resolveVirtualMac(
  router: RawVirtualRouter,
  family: 4 | 6,
  { virtualMacs }: Holders,
  path: Path,
  report: Report,
): VirtualMacConfig | null {
  const { virtual_mac: wanted, virtual_router_id: vrid } = router;
  if (wanted === false) return null;
  const name = wanted === true ? `vrrp${family}.${vrid}` : wanted.interface;
  const at = [...path, 'virtual_mac'];
  const holder = virtualMacs.get(name);
  if (holder !== undefined)
    report(at, `the interface ${name} is already that of ${quote(holder)}: give another name, { interface: NAME }`);
  else virtualMacs.set(name, router.name);
  if (name === router.interface) report(at, `must be another interface than that of the virtual router, ${name}`);
  if (router.priority === 255)
    report(at, 'does not go with `priority: 255`: the owner has the addresses on its own interface');
  return { interface: name };
}
