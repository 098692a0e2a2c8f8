/** Virtual servers: the rules the kernel has for them, and those it should have. Pure. */
import { longestPrefix } from '../net/ip.ts';
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import { resolveRealServers, resolveTarget } from './resolve-real-servers.ts';
import type { RawConfig, RawPersistence, RawVirtualServer } from './schema.ts';
import type { PersistenceConfig, ServiceIdConfig, VirtualServerConfig } from './types.ts';

/** The virtual servers that have an identity; the others are reported. */
export function resolveVirtualServers(
  raw: readonly RawVirtualServer[],
  file: RawConfig,
  report: Report,
): readonly VirtualServerConfig[] {
  const names = new Map<string, number>();
  const ids = new Map<string, string>();
  return raw.flatMap((server, index) => {
    const path = ['virtual_servers', index];
    const twin = names.get(server.name);
    if (twin !== undefined)
      report([...path, 'name'], `${quote(server.name)} is already the name of virtual_servers[${twin}]`);
    else names.set(server.name, index);
    const id = identify(server, path, report);
    if (id === null) return [];
    const holder = ids.get(idText(id));
    const at = [...path, id.kind];
    if (holder !== undefined) report(at, `${idText(id)} is already the virtual server ${quote(holder)}`);
    else ids.set(idText(id), server.name);
    return [resolveVirtualServer(server, id, file, path, report)];
  });
}

function resolveVirtualServer(
  server: RawVirtualServer,
  id: ServiceIdConfig,
  file: RawConfig,
  path: Path,
  report: Report,
): VirtualServerConfig {
  checkSchedulerFlags(server, server.scheduler ?? file.defaults.scheduler, path, report);
  if (server.one_packet && !carriesUdp(id)) {
    report([...path, 'one_packet'], 'only goes with `protocol: udp` or `fwmark`');
  }
  if (id.kind === 'address' && id.port === 0 && server.persistence === undefined) {
    report(
      [...path, 'port'],
      'port 0 (all ports) needs `persistence`: else each connection of a client may go elsewhere',
    );
  }
  const context = {
    id,
    forwarding: server.forwarding ?? file.defaults.forwarding,
    defaults: file.defaults,
    connectionSync: file.connection_sync !== undefined,
    report,
  };
  const realServers = resolveRealServers(server, context, path);
  const sorry = server.sorry_server;
  const sorryServer = sorry === undefined ? null : resolveTarget(sorry, context, [...path, 'sorry_server']);
  if (realServers.some((real) => real.address === sorryServer?.address && real.port === sorryServer.port)) {
    report(
      [...path, 'sorry_server', 'address'],
      `${quote(sorryServer?.address ?? '')} is also one of the real servers`,
    );
  }
  return {
    name: server.name,
    id,
    scheduler: server.scheduler ?? file.defaults.scheduler,
    schedulerFlags: server.scheduler_flags,
    persistence: server.persistence === undefined ? null : resolvePersistence(server.persistence, id, path, report),
    onePacket: server.one_packet,
    quorum: server.quorum,
    onFailure: server.on_failure ?? file.defaults.on_failure,
    initial: server.initial ?? file.defaults.initial,
    realServers,
    sorryServer,
  };
}

function identify(server: RawVirtualServer, path: Path, report: Report): ServiceIdConfig | null {
  if (server.fwmark !== undefined) {
    for (const key of ['address', 'port', 'protocol'] as const) {
      if (server[key] !== undefined)
        report([...path, key], 'does not go with `fwmark`: the mark alone says what is balanced');
    }
    return { kind: 'fwmark', family: server.family === 'ipv6' ? 6 : 4, fwmark: server.fwmark };
  }
  if (server.family !== undefined)
    report([...path, 'family'], 'only goes with `fwmark`: an address has its own family');
  if (server.address === undefined) {
    const missing = server.port === undefined ? '`address` and `port`' : '`address`';
    report(path, `missing: ${missing} (or \`fwmark\` alone)`);
    return null;
  }
  if (server.port === undefined) {
    report([...path, 'port'], 'missing: must be a whole number from 0 to 65535');
    return null;
  }
  const { family, text } = server.address;
  return { kind: 'address', family, protocol: server.protocol ?? 'tcp', address: text, port: server.port };
}

function idText(id: ServiceIdConfig): string {
  if (id.kind === 'fwmark') return `IPv${id.family} fwmark ${id.fwmark}`;
  return `${id.protocol} ${id.family === 6 ? `[${id.address}]` : id.address}:${id.port}`;
}

function carriesUdp(id: ServiceIdConfig): boolean {
  return id.kind === 'fwmark' || id.protocol === 'udp';
}

/** The kernel keeps three bits and does not mind which scheduler they are set for. */
function checkSchedulerFlags(server: RawVirtualServer, scheduler: string, path: Path, report: Report): void {
  const named = scheduler === 'sh' || scheduler === 'mh';
  for (const [index, flag] of server.scheduler_flags.entries()) {
    const at = [...path, 'scheduler_flags', index];
    if (server.scheduler_flags.indexOf(flag) < index) report(at, `${quote(flag)} is given twice`);
    const owner = flag.slice(0, 2);
    if (owner === 'fl') {
      if (named)
        report(
          at,
          `must be ${scheduler}-fallback or ${scheduler}-port with \`scheduler: ${scheduler}\`; found ${quote(flag)}`,
        );
    } else if (owner !== scheduler) {
      report(at, `${quote(flag)} only goes with \`scheduler: ${owner}\`; the scheduler is ${scheduler}`);
    }
  }
}

function resolvePersistence(raw: RawPersistence, id: ServiceIdConfig, path: Path, report: Report): PersistenceConfig {
  const longest = longestPrefix(id.family);
  const prefixLength = raw.prefix_length ?? longest;
  if (prefixLength > longest) {
    report(
      [...path, 'persistence', 'prefix_length'],
      `must be from 1 to ${longest} for IPv${id.family}; found ${prefixLength}`,
    );
  }
  if (raw.engine !== undefined && !carriesUdp(id)) {
    report([...path, 'persistence', 'engine'], 'sip only goes with `protocol: udp` or `fwmark`');
  }
  return { timeoutMs: raw.timeout, prefixLength, engine: raw.engine ?? null };
}
