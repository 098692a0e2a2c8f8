/** Routes and rules of virtual routers: what the kernel would refuse (fib_frontend.c, ip6_fib.c, fib_rules.c). Pure. */
import type { Address, Prefix } from '../net/ip.ts';
import { isLinkLocal } from '../net/ip.ts';
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import type { RawRoute, RawRule } from './schema-addresses.ts';
import type { VirtualRouteConfig, VirtualRuleConfig } from './types-addresses.ts';

/** RT_SCOPE_* of linux/rtnetlink.h. */
export const SCOPES = { global: 0, site: 200, link: 253, host: 254 } as const;
const TABLES = { default: 253, main: 254, local: 255 } as const;
const ALL_BITS = 0xffff_ffff;

type Network = Prefix | 'default';
type Resolved = VirtualRouteConfig['to'];

/** `usual`: the router's family, for what does not tell its own. */
export function resolveRoutes(
  raw: readonly RawRoute[],
  usual: 4 | 6,
  list: Path,
  report: Report,
): readonly VirtualRouteConfig[] {
  const seen = new Map<string, number>();
  return raw.map((entry, index) => {
    const at = [...list, index];
    const family = familyOf(entry.to, entry.via, entry.source) ?? usual;
    checkNextHop(entry, family, at, report);
    const route: VirtualRouteConfig = {
      family,
      to: resolveNetwork(entry.to, family, [...at, 'to'], report),
      type: entry.type,
      via: entry.via?.text ?? null,
      interface: entry.interface ?? null,
      source: entry.source?.text ?? null,
      table: tableNumber(entry.table),
      metric: entry.metric ?? null,
      scope: scopeOf(entry, family, at, report),
    };
    // What the kernel tells routes apart by.
    const key = JSON.stringify([route.family, route.to, route.table, route.metric ?? (family === 6 ? 1024 : 0)]);
    const twin = seen.get(key);
    if (twin === undefined) seen.set(key, index);
    else report(at, `has the same destination, table and metric as ${list.at(-1)}[${twin}]: give another metric`);
    return route;
  });
}

export function resolveRules(
  raw: readonly RawRule[],
  usual: 4 | 6,
  list: Path,
  report: Report,
): readonly VirtualRuleConfig[] {
  const seen = new Map<string, number>();
  return raw.map((entry, index) => {
    const at = [...list, index];
    const family = familyOf(entry.from, entry.to) ?? usual;
    checkSelectors(entry, at, report);
    const rule: VirtualRuleConfig = {
      family,
      from: entry.from === undefined ? null : resolveNetwork(entry.from, family, [...at, 'from'], report),
      to: entry.to === undefined ? null : resolveNetwork(entry.to, family, [...at, 'to'], report),
      fwmark: entry.fwmark === undefined ? null : { value: entry.fwmark, mask: entry.fwmask ?? ALL_BITS },
      incomingInterface: entry.incoming_interface ?? null,
      outgoingInterface: entry.outgoing_interface ?? null,
      action: entry.action,
      table: entry.table === undefined ? 0 : tableNumber(entry.table),
      priority: entry.priority,
    };
    const key = JSON.stringify(rule);
    const twin = seen.get(key);
    if (twin === undefined) seen.set(key, index);
    else report(at, `is the same rule as ${list.at(-1)}[${twin}]`);
    return rule;
  });
}

function checkNextHop(entry: RawRoute, family: 4 | 6, at: Path, report: Report): void {
  if (entry.type !== 'unicast') {
    for (const key of ['via', 'interface', 'source'] as const) {
      if (entry[key] !== undefined)
        report([...at, key], `does not go with \`type: ${entry.type}\`, which sends nothing`);
    }
    return;
  }
  for (const key of ['via', 'source'] as const) {
    const address = entry[key];
    if (address !== undefined && address.family !== family)
      report([...at, key], `must be IPv${family} as the network; found ${quote(address.text)}`);
  }
  if (entry.via === undefined && entry.interface === undefined)
    report(at, 'needs `via` or `interface`: packets have to leave somewhere');
  if (entry.via?.family === 6 && isLinkLocal(entry.via.bytes) && entry.interface === undefined)
    report([...at, 'via'], `needs \`interface\`: ${entry.via.text} is link-local and could be on any`);
}

function scopeOf({ scope, type, via }: RawRoute, family: 4 | 6, at: Path, report: Report): number {
  if (family === 6) {
    if (scope !== undefined) report([...at, 'scope'], 'only goes with IPv4: IPv6 routes have none');
    return SCOPES.global;
  }
  if (via !== undefined && (scope === 'link' || scope === 'host'))
    report([...at, 'scope'], `must be global or site with \`via\`: a next hop is beyond the link; found "${scope}"`);
  return SCOPES[scope ?? (type === 'unicast' && via === undefined ? 'link' : 'global')];
}

function checkSelectors(entry: RawRule, at: Path, report: Report): void {
  const { from, to, fwmark, fwmask, action, table } = entry;
  const selectors = [from, to, fwmark, entry.incoming_interface, entry.outgoing_interface];
  if (selectors.every((selector) => selector === undefined)) {
    report(
      at,
      'needs from, to, fwmark, incoming_interface or outgoing_interface (`from: 0.0.0.0/0` if all packets are meant)',
    );
  }
  if (from !== undefined && from !== 'default' && to !== undefined && to !== 'default') {
    const { family } = from.address;
    if (to.address.family !== family)
      report([...at, 'to'], `must be IPv${family} as \`from\`; found ${quote(to.address.text)}`);
  }
  if (fwmask !== undefined && fwmark === undefined) report([...at, 'fwmask'], 'only goes with `fwmark`');
  if (fwmask !== undefined && fwmark !== undefined && (fwmark & ~fwmask) >>> 0 !== 0)
    report([...at, 'fwmark'], `has bits that \`fwmask\` leaves out, so no packet would match; found ${fwmark}`);
  if (action === 'lookup' && table === undefined) report(at, 'needs `table`: where to look');
  if (action !== 'lookup' && table !== undefined)
    report([...at, 'table'], `does not go with \`action: ${action}\`, which looks nowhere`);
}

function familyOf(...given: readonly (Network | Address | undefined)[]): 4 | 6 | null {
  for (const value of given) {
    if (value === undefined || value === 'default') continue;
    return 'family' in value ? value.family : value.address.family;
  }
  return null;
}

function resolveNetwork(network: Network, family: 4 | 6, at: Path, report: Report): Resolved {
  if (network === 'default') return { address: family === 4 ? '0.0.0.0' : '::', prefixLength: 0 };
  const { address, prefixLength } = network;
  if (hasHostBits(address.bytes, prefixLength)) {
    report(
      at,
      `must be a network, with zeros behind its first ${prefixLength} bits; found ${quote(`${address.text}/${prefixLength}`)}`,
    );
  }
  return { address: address.text, prefixLength };
}

function hasHostBits(bytes: Uint8Array, prefixLength: number): boolean {
  return bytes.some((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - index * 8));
    return (byte & (0xff >> kept)) !== 0;
  });
}

function tableNumber(table: RawRoute['table']): number {
  return typeof table === 'number' ? table : TABLES[table];
}
