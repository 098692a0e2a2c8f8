/** Virtual servers: the rules the kernel has for them, and those it should have. Pure. */
import { longestPrefix } from '../net/ip.ts';
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import type { CheckDefaults } from './resolve-checks.ts';
import { checkNames } from './resolve-names.ts';
import type { ServerContext, ServiceTraits } from './resolve-real-servers.ts';
import { resolveRealServers, resolveSorryServers } from './resolve-real-servers.ts';
import { resolveServiceLevel, type ServiceContext } from './resolve-service.ts';
import { identify, serviceText } from './resolve-service-ids.ts';
import { resolveTunnel } from './resolve-tunnel.ts';
import type { RawConfig, RawPersistence, RawVirtualServer } from './schema.ts';
import type { PersistenceConfig, ServiceIdConfig, TargetConfig, VirtualServerConfig } from './types.ts';

/** What virtual servers depend on besides the file's defaults. */
export interface VirtualServerContext extends ServiceContext {
  readonly checkDefaults: CheckDefaults;
}

/** The virtual servers that have an identity; the others are reported. */
export function resolveVirtualServers(
  raw: readonly RawVirtualServer[],
  file: RawConfig,
  outer: VirtualServerContext,
): readonly VirtualServerConfig[] {
  const { report } = outer;
  checkNames('virtual_servers', raw, report);
  const ids = new Map<string, string>();
  return raw.flatMap((server, index) => {
    const path = ['virtual_servers', index];
    const identity = identify(server, path, report);
    if (identity === null) return [];
    claim(identity.ids, server.name, ids, [...path, identity.key], report);
    return [resolveVirtualServer(server, identity.ids, file, path, outer)];
  });
}

/** Two groups may share many services: the first says enough. */
function claim(
  ids: readonly ServiceIdConfig[],
  name: string,
  holders: Map<string, string>,
  path: Path,
  report: Report,
): void {
  let told = false;
  for (const id of ids) {
    const text = serviceText(id);
    const holder = holders.get(text);
    if (holder === undefined) holders.set(text, name);
    else if (!told) {
      report(path, `${text} is already the virtual server ${quote(holder)}`);
      told = true;
    }
  }
}

function resolveVirtualServer(
  server: RawVirtualServer,
  ids: readonly ServiceIdConfig[],
  file: RawConfig,
  path: Path,
  outer: VirtualServerContext,
): VirtualServerConfig {
  const { report } = outer;
  checkSchedulerFlags(server, server.scheduler ?? file.defaults.scheduler, path, report);
  const traits = traitsOf(ids);
  if (server.one_packet && !traits.carriesUdp) {
    report([...path, 'one_packet'], 'only goes with `protocol: udp` or `fwmark`');
  }
  if (traits.ports.has(0) && !traits.marked && server.persistence === undefined) {
    report(
      [...path, 'port'],
      'port 0 (all ports) needs `persistence`: else each connection of a client may go elsewhere',
    );
  }
  const context: ServerContext = {
    ...outer,
    ...traits,
    tunnel: server.tunnel === undefined ? null : resolveTunnel(server.tunnel, [...path, 'tunnel'], report),
    forwarding: server.forwarding ?? file.defaults.forwarding,
    defaults: file.defaults,
    connectionSync: file.connection_sync !== undefined,
  };
  const realServers = resolveRealServers(server, context, path);
  const sorryServers = resolveSorryServers(server, realServers, context, path);
  const targets: readonly TargetConfig[] = [...realServers, ...sorryServers];
  if (server.tunnel !== undefined && !targets.some(({ forwarding }) => forwarding === 'tunnel')) {
    report([...path, 'tunnel'], 'only goes with `forwarding: tunnel`, which no real server here has');
  }
  const fullNat = targets.some(({ forwarding }) => forwarding === 'fullnat');
  if (fullNat) checkFullNat(server, traits, path, report);
  return {
    name: server.name,
    ids,
    scheduler: server.scheduler ?? file.defaults.scheduler,
    schedulerFlags: server.scheduler_flags,
    persistence: server.persistence === undefined ? null : resolvePersistence(server.persistence, traits, path, report),
    onePacket: server.one_packet,
    quorum: server.quorum,
    onFailure: server.on_failure ?? file.defaults.on_failure,
    initial: server.initial ?? file.defaults.initial,
    drainTimeoutMs: server.drain_timeout ?? file.defaults.drain_timeout,
    sourceAddresses: resolveSources(server, fullNat, traits, path, report),
    realServers,
    sorryServers,
    ...resolveServiceLevel(server, realServers, path, outer),
  };
}

function traitsOf(ids: readonly ServiceIdConfig[]): ServiceTraits {
  const [first] = ids;
  return {
    family: first?.family ?? 4,
    protocol: first?.kind === 'address' ? first.protocol : null,
    marked: first?.kind === 'fwmark',
    carriesUdp: first?.kind === 'fwmark' || first?.protocol === 'udp',
    ports: new Set(ids.map((id) => (id.kind === 'fwmark' ? 0 : id.port))),
  };
}

function checkFullNat(server: RawVirtualServer, { protocol }: ServiceTraits, path: Path, report: Report): void {
  if (protocol === 'sctp') {
    report(
      [...path, 'protocol'],
      'sctp does not go with `forwarding: fullnat`: an association names its addresses within',
    );
  }
  if (server.one_packet) {
    // ip_vs_nfct.c, ip_vs_update_conntrack: "no reply is expected", so none would find its way back.
    report([...path, 'one_packet'], 'does not go with `forwarding: fullnat`: the replies would not come back');
  }
}

function resolveSources(
  server: RawVirtualServer,
  fullNat: boolean,
  { family }: ServiceTraits,
  path: Path,
  report: Report,
): readonly string[] {
  const sources = server.source_addresses ?? [];
  const at = [...path, 'source_addresses'];
  if (sources.length > 0 && !fullNat) {
    report(at, 'only goes with `forwarding: fullnat`, which no real server here has');
  }
  for (const [index, source] of sources.entries()) {
    if (source.family !== family) {
      report([...at, index], `must be IPv${family} as the virtual server; found ${quote(source.text)}`);
    }
    if (sources.findIndex((other) => other.text === source.text) < index) {
      report([...at, index], `${source.text} is given twice`);
    }
  }
  return sources.map((source) => source.text);
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

function resolvePersistence(
  raw: RawPersistence,
  { family, carriesUdp }: ServiceTraits,
  path: Path,
  report: Report,
): PersistenceConfig {
  const longest = longestPrefix(family);
  const prefixLength = raw.prefix_length ?? longest;
  if (prefixLength > longest) {
    report(
      [...path, 'persistence', 'prefix_length'],
      `must be from 1 to ${longest} for IPv${family}; found ${prefixLength}`,
    );
  }
  if (raw.engine !== undefined && !carriesUdp) {
    report([...path, 'persistence', 'engine'], 'sip only goes with `protocol: udp` or `fwmark`');
  }
  return { timeoutMs: raw.timeout, prefixLength, engine: raw.engine ?? null };
}
