/** Which services in the kernel a virtual server is: one, or the group that its lists span. Pure. */
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import type { PortRange } from './ranges.ts';
import { addressesOf, sizeOf } from './ranges.ts';
import type { RawVirtualServer } from './schema.ts';
import type { ServiceIdConfig } from './types.ts';

/** Each of them is a service of its own in the kernel, with all real servers: more of them is what a fwmark is for. */
const MAX_SERVICES = 4096;
const FWMARK_ALONE = 'does not go with `fwmark`: the mark alone says what is balanced';

/** The key of the file that says where the services are. */
export type IdKey = 'address' | 'addresses' | 'fwmark' | 'fwmarks';

/** Null if there are none, which is reported. */
export function identify(
  server: RawVirtualServer,
  path: Path,
  report: Report,
): { readonly ids: readonly ServiceIdConfig[]; readonly key: IdKey } | null {
  for (const [one, several] of [
    ['address', 'addresses'],
    ['port', 'ports'],
    ['fwmark', 'fwmarks'],
  ] as const) {
    if (server[one] !== undefined && server[several] !== undefined)
      report([...path, one], `does not go with \`${several}\`: give one or the other`);
  }
  const marks = server.fwmarks ?? (server.fwmark === undefined ? null : [server.fwmark]);
  if (marks === null) return addressIds(server, path, report);
  const key = server.fwmarks === undefined ? 'fwmark' : 'fwmarks';
  for (const other of ['address', 'addresses', 'port', 'ports', 'protocol'] as const) {
    if (server[other] !== undefined) report([...path, other], FWMARK_ALONE);
  }
  const family = server.family === 'ipv6' ? 6 : 4;
  const ids = marks.map((fwmark) => ({ kind: 'fwmark', family, fwmark }) as const);
  return { ids: distinct(ids, [...path, key], report), key };
}

function addressIds(
  server: RawVirtualServer,
  path: Path,
  report: Report,
): { readonly ids: readonly ServiceIdConfig[]; readonly key: IdKey } | null {
  if (server.family !== undefined)
    report([...path, 'family'], 'only goes with `fwmark`: an address has its own family');
  const portRanges = portRangesOf(server);
  const key = server.addresses === undefined ? 'address' : 'addresses';
  const single = server.address;
  const ranges = server.addresses ?? (single === undefined ? null : [{ first: single, last: single }]);
  if (ranges === null) {
    const missing = portRanges === null ? '`address` and `port`' : '`address`';
    report(path, `missing: ${missing} (or \`fwmark\` alone)`);
    return null;
  }
  if (portRanges === null) {
    report([...path, 'port'], 'missing: must be a whole number from 0 to 65535');
    return null;
  }
  const family = ranges[0]?.first.family ?? 4;
  for (const [index, { first }] of ranges.entries()) {
    if (first.family === family) continue;
    const reason = 'a virtual server has one family (give the other one its own)';
    report([...path, key, index], `must be IPv${family} as the first address: ${reason}; found ${quote(first.text)}`);
    return null;
  }
  // Counted before they are made: a short text may mean very many.
  const portCount = portRanges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const size = ranges.reduce((sum, range) => sum + sizeOf(range), 0n) * BigInt(portCount);
  if (size > MAX_SERVICES) {
    const found = `found ${size}: mark the packets and give \`fwmark\` for more`;
    report(
      [...path, portCount > MAX_SERVICES ? 'ports' : key],
      `must not make more than ${MAX_SERVICES} services, addresses times ports; ${found}`,
    );
    return null;
  }
  const ports = portRanges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
  const protocol = server.protocol ?? 'tcp';
  const addresses = ranges.flatMap((range) => addressesOf(range, MAX_SERVICES));
  const ids = addresses.flatMap((address) =>
    ports.map((port) => ({ kind: 'address', family, protocol, address, port }) as const),
  );
  return { ids: distinct(ids, [...path, new Set(ports).size < ports.length ? 'ports' : key], report), key };
}

function portRangesOf({ port, ports }: RawVirtualServer): readonly PortRange[] | null {
  return ports ?? (port === undefined ? null : [{ first: port, last: port }]);
}

/** The ids, each once. One problem is enough where two ranges share many. */
function distinct(ids: readonly ServiceIdConfig[], path: Path, report: Report): readonly ServiceIdConfig[] {
  const known = new Map<string, ServiceIdConfig>();
  let twin: string | null = null;
  for (const id of ids) {
    const text = serviceText(id);
    if (known.has(text)) twin ??= text;
    else known.set(text, id);
  }
  if (twin !== null) report(path, `${twin} is given twice`);
  return [...known.values()];
}

/** `tcp 192.0.2.1:80`, `IPv4 fwmark 7`: equal exactly when the kernel takes two ids for one service. */
export function serviceText(id: ServiceIdConfig): string {
  if (id.kind === 'fwmark') return `IPv${id.family} fwmark ${id.fwmark}`;
  return `${id.protocol} ${id.family === 6 ? `[${id.address}]` : id.address}:${id.port}`;
}
