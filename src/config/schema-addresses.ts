/** What a virtual router brings along, in a configuration file: addresses, routes, rules, virtual MAC. Pure. */
import * as z from 'zod';
import type { Address, Prefix } from '../net/ip.ts';
import { parsePrefix } from '../net/ip.ts';
import { err, ok } from '../util/result.ts';
import {
  address,
  choice,
  flag,
  integer,
  list,
  mapping,
  movable,
  must,
  prefixed,
  readText,
  text,
  unicast,
} from './fields.ts';
import { interfaceName, U32_MAX } from './schema-words.ts';

/** A network: an address with a prefix length whose other bits are zero, or `default`. */
function network(allowed: string) {
  const error = must(allowed);
  return readText<Prefix | 'default'>(z.string({ error }), (written) => {
    const parsed = written === 'default' ? written : parsePrefix(written);
    return parsed === null ? err(error({ input: written })) : ok(parsed);
  });
}

/** A routing table by number or by one of the names that every machine has. */
function table() {
  const error = must(`a routing table: main, local, default or a number from 1 to ${U32_MAX}`);
  const number = z.int({ error }).min(1, { error }).max(U32_MAX, { error });
  return z.union([number, z.enum(['main', 'local', 'default'], { error })], { error });
}

const scope = () => choice(['global', 'site', 'link', 'host']);

const longAddress = mapping({
  address: prefixed(movable).describe('Address, optionally with a prefix length (default /32, /128)'),
  interface: interfaceName()
    .optional()
    .describe("Where it lives; default: the router's interface, or its virtual MAC's"),
  scope: scope().optional().describe('IPv4: scope, default global; host: never chosen as the source of packets'),
  label: text(/^[!-.0-~]{1,15}$/, 'a label of 1 to 15 characters')
    .optional()
    .describe('IPv4: label for old tools, the name of the interface, a colon and more'),
  broadcast: address(() => null)
    .optional()
    .describe('IPv4: broadcast address; default: none'),
});

export interface RawVirtualAddress extends Prefix {
  readonly interface?: string | undefined;
  readonly scope?: z.output<ReturnType<typeof scope>> | undefined;
  readonly label?: string | undefined;
  readonly broadcast?: Address | undefined;
}

/** An address as text or with everything that goes with it. */
const virtualAddress = () =>
  z.union(
    [
      prefixed(movable).transform((prefix): RawVirtualAddress => prefix),
      longAddress.transform(({ address, ...rest }): RawVirtualAddress => ({ ...rest, ...address })),
    ],
    { error: must('an address such as 192.0.2.100/24, or a mapping with address, interface, scope, label, broadcast') },
  );

const route = mapping({
  to: network('a network such as 198.51.100.0/24, or default').describe('Where to: a network, or default'),
  via: address(unicast).optional().describe('The next hop; default: none, on the link'),
  interface: interfaceName().optional().describe('Outgoing interface; without via required'),
  source: address(unicast).optional().describe("Source of the director's own packets, such as a virtual address"),
  table: table().default('main').describe('Routing table: main, local, default or a number'),
  metric: integer(0, U32_MAX).optional().describe('The smaller one wins; default: IPv4 0, IPv6 1024'),
  scope: scope().optional().describe('IPv4: default link without via, global with it'),
  type: choice(['unicast', 'blackhole', 'unreachable', 'prohibit'])
    .default('unicast')
    .describe('What becomes of packets; all but unicast drop them'),
});

const rule = mapping({
  from: network('a network such as 192.0.2.0/24, or default').optional().describe('Packets from this network'),
  to: network('a network such as 192.0.2.0/24, or default').optional().describe('Packets to this network'),
  fwmark: integer(1, U32_MAX).optional().describe('Packets with this firewall mark'),
  fwmask: integer(1, U32_MAX).optional().describe('With fwmark: the bits of it that count, default all'),
  incoming_interface: interfaceName().optional().describe('Packets that came in here; lo: our own'),
  outgoing_interface: interfaceName().optional().describe('Packets of sockets that are bound to this interface'),
  action: choice(['lookup', 'blackhole', 'unreachable', 'prohibit'])
    .default('lookup')
    .describe('Look into a table, or drop'),
  table: table().optional().describe('With action lookup, required: main, local, default or a number'),
  priority: integer(1, U32_MAX)
    .default(20_000)
    .describe('Order of rules, the smallest first; the main table is looked into at 32766'),
});

const named = mapping({ interface: interfaceName().describe('Its name') });

/** Keys of a virtual router. */
export const addressKeys = {
  virtual_addresses: list(virtualAddress())
    .min(1, { error: 'must hold at least one address' })
    .describe('Addresses of one family that move together; IPv6: the first is link-local'),
  extra_addresses: list(virtualAddress())
    .default([])
    .describe('More addresses, of either family, that move along but are not advertised'),
  virtual_routes: list(route).default([]).describe('Routes that are there while MASTER'),
  virtual_rules: list(rule).default([]).describe('Rules of policy routing that are there while MASTER'),
  promote_secondaries: flag()
    .default(false)
    .describe('IPv4: when an address is deleted, the others of its subnet stay (net.ipv4.conf.*.promote_secondaries)'),
  virtual_mac: z
    .union([flag(), named], { error: must('true, false or a mapping with interface') })
    .default(false)
    .describe('The virtual MAC of RFC 9568 on an interface of its own; true: named vrrp4.VRID or vrrp6.VRID'),
  accept: flag()
    .default(true)
    .describe('Take packets for the addresses; false: none but neighbour discovery (not for virtual servers)'),
};

export type RawAddresses = z.output<z.ZodObject<typeof addressKeys>>;
export type RawRoute = RawAddresses['virtual_routes'][number];
export type RawRule = RawAddresses['virtual_rules'][number];
