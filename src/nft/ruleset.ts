/**
 * Full NAT as an nftables table. IPVS rewrites the destination of a connection (masquerading); the rules here rewrite its
 * source, so that the real server answers through this director wherever it is. The number of rules does not depend on the
 * number of members: maps hold them, one lookup finds them.
 *
 * How a connection of IPVS is known, with net.ipv4.vs.conntrack=1: conntrack's original direction still is client ->
 * virtual address, while the packet in postrouting already goes to the real server (ip_vs_nfct.c leaves the original tuple
 * alone and does not set IPS_DST_NAT). Both together name the virtual server and the real server. Pure.
 */
import type { DestinationId, ServiceId } from '../ipvs/types.ts';

/** What becomes of the source address: nothing, the address of the outgoing interface, or one of these. */
export type SourceTranslation = 'keep' | 'masquerade' | readonly string[];

/** A real server of a virtual server that forwards by rewriting the destination. */
export interface NatMember {
  readonly service: ServiceId;
  readonly destination: DestinationId;
  /** 'keep' (plain NAT) matters only where a full-NAT member of another service would also fit its connections. */
  readonly source: SourceTranslation;
}

/** Elements of one map: key to verdict, both as nft writes them; a set has empty verdicts. */
export type Elements = ReadonlyMap<string, string>;

/** What the table should hold. */
export interface NatTable {
  /** Chains that rewrite the source: name to rule. */
  readonly chains: ReadonlyMap<string, string>;
  /** Name of map or set to its elements; all of them are there, most are empty. */
  readonly maps: ReadonlyMap<string, Elements>;
}

/** Our table, for all families. Nothing outside of it is ever touched. */
export const TABLE = 'inet lvsd';

const INTERFACE_CHAIN = 'to_interface';
/** NFT_NAME_MAXLEN is 256. */
const MAX_NAME_LENGTH = 200;
/** Both directors choose the same source address for a client: a fixed seed. */
const HASH_SEED = 1;
/** Elements in one command: the parser of nft takes time for long ones. */
const ELEMENTS_A_LINE = 1000;
const FAMILIES = [4, 6] as const;

/** The table for these members. Empty `chains` mean that no table is needed. */
export function natTable(members: readonly NatMember[]): NatTable {
  const translated = members.filter(({ source }) => source !== 'keep');
  const maps = new Map(MAPS.map(({ name }) => [name, new Map<string, string>()]));
  const chains = new Map<string, string>();
  const put = (map: string, key: string, verdict: string) => maps.get(map)?.set(key, verdict);
  for (const member of [...keptApart(members, translated), ...translated]) {
    const { service, destination } = member;
    if (service.family !== destination.family) continue; // IPVS rewrites no family: such a destination is a tunnel
    const verdict = verdictOf(member, chains);
    const { map, key } = placeOf(service, destination);
    put(map, key, verdict);
    if (service.kind === 'fwmark') {
      put(`not_rewritten${service.family}`, `${destination.address} . ${destination.address}`, '');
    }
  }
  return { chains, maps };
}

/** True when no source is to be rewritten. */
export function isEmpty(table: NatTable): boolean {
  return table.chains.size === 0;
}

/** One transaction that makes the table what it should be, whatever it was. Connections in progress do not notice. */
export function replaceScript(table: NatTable): string {
  const maps = MAPS.map(({ name, kind, type }) => `  ${kind} ${name} { type ${type}; }`);
  const chains = [...table.chains].map(([name, rule]) => `  chain ${name} { ${rule}; }`);
  return [
    ...removal(),
    `table ${TABLE} {`,
    '  comment "full NAT of lvsd, which undoes changes made by others"',
    ...maps,
    ...chains,
    '  chain postrouting {',
    // Before the usual priority: a general masquerading rule would choose the address otherwise.
    '    type nat hook postrouting priority srcnat - 1; policy accept;',
    ...FAMILIES.flatMap(rewrittenMarked),
    // A destination rewritten by somebody else's rule: IPVS never saw the virtual address.
    '    ct status dnat return',
    ...FAMILIES.flatMap(rewrittenUnmarked),
    '  }',
    '}',
    ...[...table.maps].flatMap(([name, elements]) => elementLines('add', name, [...elements])),
    '',
  ].join('\n');
}

/** One transaction from a table that holds `from` to `to`; null when they are the same. */
export function changeScript(from: NatTable, to: NatTable): string | null {
  const newChains = [...to.chains].filter(([name]) => !from.chains.has(name));
  const oldChains = [...from.chains.keys()].filter((name) => !to.chains.has(name));
  const lines = newChains.flatMap(([name, rule]) => [
    `add chain ${TABLE} ${name}`,
    `flush chain ${TABLE} ${name}`,
    `add rule ${TABLE} ${name} ${rule}`,
  ]);
  for (const [name, wanted] of to.maps) {
    const held = from.maps.get(name) ?? new Map<string, string>();
    const gone = [...held].filter(([key, verdict]) => wanted.get(key) !== verdict);
    const fresh = [...wanted].filter(([key, verdict]) => held.get(key) !== verdict);
    lines.push(...elementLines('delete', name, gone), ...elementLines('add', name, fresh));
  }
  for (const name of oldChains) lines.push(`delete chain ${TABLE} ${name}`);
  return lines.length === 0 ? null : `${lines.join('\n')}\n`;
}

/** One transaction that leaves no table, whether there was one or not. */
export function removeScript(): string {
  return `${removal().join('\n')}\n`;
}

interface MapDeclaration {
  readonly name: string;
  readonly kind: 'map' | 'set';
  readonly type: string;
}

const MAPS: readonly MapDeclaration[] = FAMILIES.flatMap((family): MapDeclaration[] => {
  const address = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
  const endpoint = `${address} . inet_service`;
  return [
    { name: `by_mark${family}`, kind: 'map', type: `mark . ${address} : verdict` },
    { name: `not_rewritten${family}`, kind: 'set', type: `${address} . ${address}` },
    { name: `by_service${family}`, kind: 'map', type: `inet_proto . ${endpoint} . ${endpoint} : verdict` },
    { name: `by_address${family}`, kind: 'map', type: `inet_proto . ${address} . ${address} : verdict` },
  ];
});

/**
 * A service by firewall mark comes first, as in IPVS (ip_vs_service_find). The mark alone does not tell whether IPVS had
 * the packet: one that the director only routes to the real server still has the destination it came with.
 */
function rewrittenMarked(family: 4 | 6): string[] {
  const ip = family === 4 ? 'ip' : 'ip6';
  return [
    `    ct original ${ip} daddr . ${ip} daddr @not_rewritten${family} return`,
    `    meta mark . ${ip} daddr vmap @by_mark${family}`,
  ];
}

/** Then the service with the port, then the one of all ports. */
function rewrittenUnmarked(family: 4 | 6): string[] {
  const ip = family === 4 ? 'ip' : 'ip6';
  const original = `meta l4proto . ct original ${ip} daddr`;
  return [
    // nft wants to know a protocol that has ports before it reads `proto-dst`.
    `    meta l4proto { tcp, udp, sctp } ${original} . ct original proto-dst . ${ip} daddr . th dport vmap @by_service${family}`,
    `    ${original} . ${ip} daddr vmap @by_address${family}`,
  ];
}

/** Where a member is looked up. Real servers of a mark or of all ports need no port: IPVS decided for the address. */
function placeOf(service: ServiceId, destination: DestinationId): { readonly map: string; readonly key: string } {
  const { family, address } = destination;
  if (service.kind === 'fwmark') return { map: `by_mark${family}`, key: `${service.fwmark} . ${address}` };
  const target = `${service.protocol} . ${service.address}`;
  if (service.port === 0) return { map: `by_address${family}`, key: `${target} . ${address}` };
  // IPVS leaves the port alone for a destination without one.
  const port = destination.port === 0 ? service.port : destination.port;
  return { map: `by_service${family}`, key: `${target} . ${service.port} . ${address} . ${port}` };
}

/**
 * Members of plain NAT whose connections would fit a full-NAT member that is looked up later: the same real server behind
 * a mark, or behind one port of an address whose other ports are full NAT. They get an element that keeps the source.
 */
function keptApart(members: readonly NatMember[], translated: readonly NatMember[]): readonly NatMember[] {
  const addresses = new Set<string>();
  const allPorts = new Set<string>();
  for (const { service, destination } of translated) {
    if (service.kind === 'fwmark') continue;
    addresses.add(destination.address);
    if (service.port === 0) allPorts.add(placeOf(service, destination).key);
  }
  return members.filter(({ service, destination, source }) => {
    if (source !== 'keep') return false;
    if (service.kind === 'fwmark') return addresses.has(destination.address);
    return service.port !== 0 && allPorts.has(placeOf({ ...service, port: 0 }, destination).key);
  });
}

/** `goto` the chain that rewrites the source, which is put into `chains`. */
function verdictOf({ service, source }: NatMember, chains: Map<string, string>): string {
  if (source === 'keep') return 'return';
  if (source === 'masquerade' || source.length === 0) {
    chains.set(INTERFACE_CHAIN, 'masquerade');
    return `goto ${INTERFACE_CHAIN}`;
  }
  const name = chainName(source);
  chains.set(name, sourceRule(service.family === 4 ? 'ip' : 'ip6', source));
  return `goto ${name}`;
}

function sourceRule(ip: 'ip' | 'ip6', addresses: readonly string[]): string {
  if (addresses.length === 1) return `snat ${ip} to ${addresses.join()}`;
  const choices = addresses.map((address, i) => `${i} : ${address}`).join(', ');
  return `snat ${ip} to jhash ${ip} saddr . th sport mod ${addresses.length} seed ${HASH_SEED} map { ${choices} }`;
}

/** `to/192.0.2.1/192.0.2.2`, `to/2001_db8__1`: the addresses, in characters that nft takes in a name. */
function chainName(addresses: readonly string[]): string {
  const name = ['to', ...addresses.map((address) => address.replaceAll(':', '_'))].join('/');
  return name.length <= MAX_NAME_LENGTH ? name : `to/${addresses.length}/${hash64(name)}`;
}

/** FNV-1a, 64 bits, as text. */
function hash64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}

function elementLines(
  command: 'add' | 'delete',
  map: string,
  elements: readonly (readonly [string, string])[],
): string[] {
  const texts = elements.map(([key, verdict]) => (command === 'add' && verdict !== '' ? `${key} : ${verdict}` : key));
  const lines: string[] = [];
  for (let at = 0; at < texts.length; at += ELEMENTS_A_LINE) {
    lines.push(`${command} element ${TABLE} ${map} { ${texts.slice(at, at + ELEMENTS_A_LINE).join(', ')} }`);
  }
  return lines;
}

/** `add` first: deleting a table that is not there is an error. */
function removal(): string[] {
  return [`add table ${TABLE}`, `delete table ${TABLE}`];
}
