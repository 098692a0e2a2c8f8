/** What a virtual router brings along while it is MASTER, from the configuration to what rtnetlink takes. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';
import type { VirtualAddress, VirtualRouteConfig, VirtualRuleConfig } from '../config/types-addresses.ts';
import { parseAddress } from '../net/ip.ts';
import type { AddressChange, NewAddress } from '../net/rtnetlink.ts';
import type { NetworkBytes, RouteChange, RuleChange } from '../net/rtnetlink-routes.ts';
import { err, ok, type Result } from '../util/result.ts';

/** Index of an interface by its name; null: there is none. */
export type IndexOf = (interfaceName: string) => number | null;

/** A virtual or extra address where it lives. */
export interface PlacedAddress {
  readonly interface: string;
  readonly bytes: Uint8Array;
  readonly config: VirtualAddress;
  /** False: an extra address. */
  readonly advertised: boolean;
  /** "192.0.2.100/24 dev eth0": the same for the same address on the same interface. */
  readonly key: string;
}

/** They are asked for at every network event. */
const placed = new WeakMap<VirtualRouterConfig, readonly PlacedAddress[]>();
const keys = new WeakMap<VirtualRouterConfig, readonly string[]>();

/** All addresses of the router in the order in which they are added. */
export function placedAddresses(config: VirtualRouterConfig): readonly PlacedAddress[] {
  const known = placed.get(config);
  if (known !== undefined) return known;
  const addresses = [...placesOf(config, 'virtualAddresses'), ...placesOf(config, 'extraAddresses')];
  placed.set(config, addresses);
  return addresses;
}

function placesOf(config: VirtualRouterConfig, list: 'virtualAddresses' | 'extraAddresses'): readonly PlacedAddress[] {
  const usual = config.virtualMac?.interface ?? config.interface;
  return config[list].flatMap((address) => {
    const bytes = parseAddress(address.address)?.bytes;
    if (bytes === undefined) return [];
    const place = address.interface ?? usual;
    const key = `${address.address}/${address.prefixLength} dev ${place}`;
    return [{ interface: place, bytes, config: address, advertised: list === 'virtualAddresses', key }];
  });
}

/** The address as rtnetlink takes it on interface number `interfaceIndex`. */
export function newAddress({ bytes, config }: PlacedAddress, interfaceIndex: number): NewAddress {
  return {
    interfaceIndex,
    address: bytes,
    prefixLength: config.prefixLength,
    scope: config.scope,
    label: config.label,
    broadcast: config.broadcast === null ? null : (parseAddress(config.broadcast)?.bytes ?? null),
  };
}

/** Whether all advertised addresses are there, by `holds`: what a router that was Active a moment ago finds. */
export function holdsAdvertised(
  config: VirtualRouterConfig,
  indexOf: IndexOf,
  holds: (address: AddressChange) => boolean,
): boolean {
  return placedAddresses(config).every((address) => {
    const index = indexOf(address.interface);
    return !address.advertised || (index !== null && holds(newAddress(address, index)));
  });
}

/** Interfaces that an address names and that are not the router's own. */
export function furtherInterfaces(config: VirtualRouterConfig): readonly string[] {
  const own = [config.interface, config.virtualMac?.interface];
  return [...new Set(placedAddresses(config).map((address) => address.interface))].filter(
    (name) => !own.includes(name),
  );
}

/**
 * Keys of addresses, routes and rules, different if anything about them is: what a reload leaves in place, and what a
 * router leaves to another one that has the same.
 */
export function belongingKeys(config: VirtualRouterConfig): readonly string[] {
  const known = keys.get(config);
  if (known !== undefined) return known;
  const all = [
    ...placedAddresses(config).map(keyOfAddress),
    ...config.virtualRoutes.map(keyOfRoute),
    ...config.virtualRules.map(keyOfRule),
  ];
  keys.set(config, all);
  return all;
}

/** The kernel has either the one or the other: on one interface IPv4 tells them apart by the prefix length, IPv6 by nothing. */
export function excludes(a: PlacedAddress, b: PlacedAddress): boolean {
  const isSame = a.interface === b.interface && String(a.bytes) === String(b.bytes);
  return isSame && (a.bytes.length === 16 || a.config.prefixLength === b.config.prefixLength);
}

export function keyOfAddress({ key, config: { scope, label, broadcast } }: PlacedAddress): string {
  return `${key} ${scope} ${label} ${broadcast}`;
}

export const keyOfRoute = (route: VirtualRouteConfig): string => `route ${JSON.stringify(route)}`;
export const keyOfRule = (rule: VirtualRuleConfig): string => `rule ${JSON.stringify(rule)}`;

/** The route as rtnetlink takes it. The error: its interface is not there. */
export function routeChange(route: VirtualRouteConfig, indexOf: IndexOf): Result<RouteChange, string> {
  const interfaceIndex = route.interface === null ? null : indexOf(route.interface);
  if (route.interface !== null && interfaceIndex === null) return err(`no interface ${route.interface}`);
  return ok({
    family: route.family,
    to: networkBytes(route.to),
    type: route.type,
    gateway: bytesOf(route.via),
    interfaceIndex,
    source: bytesOf(route.source),
    table: route.table,
    metric: route.metric,
    scope: route.scope,
  });
}

export function ruleChange({ from, to, ...rest }: VirtualRuleConfig): RuleChange {
  return { ...rest, from: from === null ? null : networkBytes(from), to: to === null ? null : networkBytes(to) };
}

/** As `ip route` writes it: "198.51.100.0/24 via 192.0.2.1 dev eth0 table 100". */
export function routeText(route: VirtualRouteConfig): string {
  const parts = [
    route.type === 'unicast' ? '' : `${route.type} `,
    route.to.prefixLength === 0 ? 'default' : `${route.to.address}/${route.to.prefixLength}`,
    route.via === null ? '' : ` via ${route.via}`,
    route.interface === null ? '' : ` dev ${route.interface}`,
    route.table === MAIN_TABLE ? '' : ` table ${route.table}`,
    route.source === null ? '' : ` src ${route.source}`,
    route.metric === null ? '' : ` metric ${route.metric}`,
  ];
  return parts.join('');
}

/** As `ip rule` writes it: "20000: from 192.0.2.0/24 lookup 100". */
export function ruleText(rule: VirtualRuleConfig): string {
  const network = (value: VirtualRuleConfig['from']) =>
    value === null ? null : `${value.address}/${value.prefixLength}`;
  const { fwmark } = rule;
  const parts = [
    `${rule.priority}: from ${network(rule.from) ?? 'all'}`,
    rule.to === null ? '' : ` to ${network(rule.to)}`,
    fwmark === null ? '' : ` fwmark ${fwmark.value}${fwmark.mask === ALL_BITS ? '' : `/${fwmark.mask}`}`,
    rule.incomingInterface === null ? '' : ` iif ${rule.incomingInterface}`,
    rule.outgoingInterface === null ? '' : ` oif ${rule.outgoingInterface}`,
    rule.action === 'lookup' ? ` lookup ${rule.table === MAIN_TABLE ? 'main' : rule.table}` : ` ${rule.action}`,
  ];
  return parts.join('');
}

const MAIN_TABLE = 254;
const ALL_BITS = 0xffff_ffff;

function networkBytes({
  address,
  prefixLength,
}: {
  readonly address: string;
  readonly prefixLength: number;
}): NetworkBytes {
  return { address: bytesOf(address) ?? new Uint8Array(), prefixLength };
}

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : (parseAddress(text)?.bytes ?? null);
}
