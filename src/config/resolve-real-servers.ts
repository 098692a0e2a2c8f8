/** Real and sorry servers: families, ports, thresholds, checks. Pure. */
import type { Forwarding } from '../ipvs/types.ts';
import type { Address } from '../net/ip.ts';
import type { Path } from './problems.ts';
import { quote } from './problems.ts';
import { type CheckDefaults, resolveChecks } from './resolve-checks.ts';
import { checkSorryServers, resolveRequired, type ServiceContext, sorryServersOf } from './resolve-service.ts';
import { IPIP, resolveTunnel } from './resolve-tunnel.ts';
import type { RawCheck, RawDefaults, RawTunnel, RawVirtualServer } from './schema.ts';
import type { RealServerConfig, SorryServerConfig, TargetConfig, TunnelConfig } from './types.ts';

/** What the services of one virtual server have in common. */
export interface ServiceTraits {
  readonly family: 4 | 6;
  /** Null: a fwmark may carry any. */
  readonly protocol: 'tcp' | 'udp' | 'sctp' | null;
  readonly marked: boolean;
  readonly carriesUdp: boolean;
  /** Of the services; 0 for all ports and for a fwmark. */
  readonly ports: ReadonlySet<number>;
}

/** What a real server inherits from its virtual server and the file. */
export interface ServerContext extends ServiceTraits, ServiceContext {
  readonly forwarding: Forwarding;
  /** The virtual server's; null: it says nothing. */
  readonly tunnel: TunnelConfig | null;
  readonly defaults: RawDefaults;
  readonly checkDefaults: CheckDefaults;
  /** Whether the kernel's sync daemon will run. */
  readonly connectionSync: boolean;
}

interface RawTarget {
  readonly address: Address;
  readonly port?: number | undefined;
  readonly forwarding?: Forwarding | undefined;
  readonly tunnel?: RawTunnel | undefined;
}

/** Used for a virtual server on TCP that says nothing about checks. */
const CONNECT: RawCheck = { type: 'tcp', log_failures: false, watch: false };

export function resolveRealServers(
  server: RawVirtualServer,
  context: ServerContext,
  path: Path,
): readonly RealServerConfig[] {
  const { report } = context;
  const places = new Map<string, Places>();
  const implied = impliedChecks(server, context, path);
  return server.real_servers.map((real, index) => {
    const at = [...path, 'real_servers', index];
    const target = resolveTarget(real, context, at);
    const there: Places = places.get(target.address) ?? new Map();
    const twin = placeOf(target.port, there, context.ports);
    if (twin === null) places.set(target.address, there.set(target.port, index));
    if (twin !== null) {
      const where = target.port === null ? 'these ports' : `port ${target.port}`;
      report([...at, 'address'], `${quote(target.address)} with ${where} is already real_servers[${twin}]`);
    }
    if (real.lower_threshold > real.upper_threshold) {
      const upper =
        real.upper_threshold === 0
          ? '`upper_threshold`, which is 0 (no limit)'
          : `\`upper_threshold\`, which is ${real.upper_threshold}`;
      report([...at, 'lower_threshold'], `must not be above ${upper}; found ${real.lower_threshold}`);
    }
    const checksPath = real.checks === undefined ? [...path, 'checks'] : [...at, 'checks'];
    const checks = resolveChecks(real.checks ?? implied, target, context.checkDefaults, checksPath, report);
    return {
      ...target,
      weight: real.weight ?? context.defaults.weight,
      upperThreshold: real.upper_threshold,
      lowerThreshold: real.lower_threshold,
      checks,
      required: resolveRequired(server, real, checks.length, at, context),
      tier: real.tier,
      onFailure: real.on_failure ?? null,
      notifyUp: real.notify_up ?? null,
      notifyDown: real.notify_down ?? null,
    };
  });
}

export function resolveSorryServers(
  server: RawVirtualServer,
  realServers: readonly RealServerConfig[],
  context: ServerContext,
  path: Path,
): readonly SorryServerConfig[] {
  const { checkDefaults, ports, report } = context;
  const resolved = sorryServersOf(server, path, report).map(({ sorry, path: at }) => {
    const target = resolveTarget(sorry, context, at);
    const checks = resolveChecks(sorry.checks ?? [], target, checkDefaults, [...at, 'checks'], report);
    return { config: { ...target, weight: sorry.weight, checks }, path: at };
  });
  checkSorryServers(resolved, realServers, (a, b) => clash(a, b, ports), report);
  return resolved.map(({ config }) => config);
}

/** Of one address: the indexes of its real servers by port; null: the services' ports. */
type Places = Map<number | null, number>;

/** Which of them would be the same destination as one with this port. */
function placeOf(port: number | null, places: Places, ports: ReadonlySet<number>): number | null {
  const same = places.get(port);
  if (same !== undefined) return same;
  if (port !== null) return (ports.has(port) ? places.get(null) : undefined) ?? null;
  for (const one of ports) {
    const place = places.get(one);
    if (place !== undefined) return place;
  }
  return null;
}

/** Whether two of one virtual server are the same destination in one of its services, which have these ports. */
function clash(a: TargetConfig, b: TargetConfig, ports: ReadonlySet<number>): boolean {
  if (a.address !== b.address) return false;
  if (a.port === null) return b.port === null || ports.has(b.port);
  return b.port === null ? ports.has(a.port) : a.port === b.port;
}

/** The checks of real servers that have none of their own. */
function impliedChecks(server: RawVirtualServer, context: ServerContext, path: Path): readonly RawCheck[] {
  const { protocol, marked, ports, report } = context;
  if (server.checks !== undefined) return server.checks;
  const needed = server.real_servers.some((real) => real.checks === undefined);
  if (!needed) return [];
  if (protocol === 'tcp') {
    if (ports.size === 1 && !ports.has(0)) return [CONNECT];
    const why = ports.size > 1 ? 'which of the ports to connect to is not said' : 'port 0 has no port to connect to';
    report([...path, 'checks'], `missing: ${why}; give \`checks\` with a \`port\`, or \`checks: []\` to never probe`);
    return [];
  }
  const what = marked ? 'a fwmark' : protocol;
  report(
    [...path, 'checks'],
    `missing: ${what} has no check by default; give \`checks\`, or \`checks: []\` to never probe`,
  );
  return [];
}

/** Where packets of a real or sorry server go. Reports what the kernel refuses or could not do. */
export function resolveTarget(raw: RawTarget, context: ServerContext, path: Path): TargetConfig {
  const { report } = context;
  const forwarding = raw.forwarding ?? context.forwarding;
  const { family, text } = raw.address;
  if (family !== context.family) {
    // ip_vs_ctl.c: mixed families need tunnelling, and the sync protocol cannot describe them.
    const must = `must be IPv${context.family} as the virtual server`;
    const found = `found ${quote(text)}`;
    if (forwarding !== 'tunnel') report([...path, 'address'], `${must}, unless \`forwarding: tunnel\`; ${found}`);
    else if (context.connectionSync) report([...path, 'address'], `${must}, because of \`connection_sync\`; ${found}`);
  }
  if (raw.tunnel !== undefined && forwarding !== 'tunnel') {
    report([...path, 'tunnel'], `only goes with \`forwarding: tunnel\`, not ${forwarding}`);
  }
  const ofItsOwn = raw.tunnel === undefined ? null : resolveTunnel(raw.tunnel, [...path, 'tunnel'], report);
  const tunnel = forwarding === 'tunnel' ? (ofItsOwn ?? context.tunnel ?? IPIP) : null;
  return { address: text, port: portOf(raw, forwarding, context, path), forwarding, tunnel };
}

/** Null: the service's, where there are several. */
function portOf(raw: RawTarget, forwarding: Forwarding, { ports, report }: ServerContext, path: Path): number | null {
  const [first = 0] = ports;
  const own = ports.size === 1 ? first : null;
  if (raw.port === undefined || raw.port === own) return own;
  if (forwarding === 'direct' || forwarding === 'tunnel') {
    const allowed = own === null || own === 0 ? 'be left out' : `be ${own} or left out`;
    const why = `only \`forwarding: nat\` or \`fullnat\` can change the port, not ${forwarding}`;
    report([...path, 'port'], `must ${allowed}: ${why}; found ${raw.port}`);
  }
  return raw.port;
}
