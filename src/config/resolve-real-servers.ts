/** Real and sorry servers: families, ports, thresholds. Pure. */

import type { Forwarding } from '../ipvs/types.ts';
import type { Address } from '../net/ip.ts';
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import { resolveChecks } from './resolve-checks.ts';
import type { RawCheck, RawDefaults, RawVirtualServer } from './schema.ts';
import type { RealServerConfig, ServiceIdConfig, SorryServerConfig } from './types.ts';

/** What a real server inherits from its virtual server and the file. */
export interface ServerContext {
  readonly id: ServiceIdConfig;
  readonly forwarding: Forwarding;
  readonly defaults: RawDefaults;
  /** Whether the kernel's sync daemon will run. */
  readonly connectionSync: boolean;
  readonly report: Report;
}

interface RawTarget {
  readonly address: Address;
  readonly port?: number | undefined;
  readonly forwarding?: Forwarding | undefined;
}

/** Used for a virtual server on TCP that says nothing about checks. */
const CONNECT: RawCheck = { type: 'tcp' };

export function resolveRealServers(
  server: RawVirtualServer,
  context: ServerContext,
  path: Path,
): readonly RealServerConfig[] {
  const { report } = context;
  const seen = new Map<string, number>();
  const implied = impliedChecks(server, context, path);
  return server.real_servers.map((real, index) => {
    const at = [...path, 'real_servers', index];
    const target = resolveTarget(real, context, at);
    const key = `${target.address} ${target.port}`;
    const twin = seen.get(key);
    if (twin === undefined) seen.set(key, index);
    else
      report([...at, 'address'], `${quote(target.address)} with port ${target.port} is already real_servers[${twin}]`);
    if (real.lower_threshold > real.upper_threshold) {
      const upper =
        real.upper_threshold === 0
          ? '`upper_threshold`, which is 0 (no limit)'
          : `\`upper_threshold\`, which is ${real.upper_threshold}`;
      report([...at, 'lower_threshold'], `must not be above ${upper}; found ${real.lower_threshold}`);
    }
    const checksPath = real.checks === undefined ? [...path, 'checks'] : [...at, 'checks'];
    return {
      ...target,
      weight: real.weight ?? context.defaults.weight,
      upperThreshold: real.upper_threshold,
      lowerThreshold: real.lower_threshold,
      checks: resolveChecks(real.checks ?? implied, target, context.defaults.check, checksPath, report),
    };
  });
}

/** The checks of real servers that have none of their own. */
function impliedChecks(server: RawVirtualServer, { id, report }: ServerContext, path: Path): readonly RawCheck[] {
  if (server.checks !== undefined) return server.checks;
  const needed = server.real_servers.some((real) => real.checks === undefined);
  if (!needed) return [];
  if (id.kind === 'address' && id.protocol === 'tcp') {
    if (id.port > 0) return [CONNECT];
    report(
      [...path, 'checks'],
      'missing: port 0 has no port to connect to; give `checks` with a `port`, or `checks: []` to never probe',
    );
    return [];
  }
  const what = id.kind === 'fwmark' ? 'a fwmark' : id.protocol;
  report(
    [...path, 'checks'],
    `missing: ${what} has no check by default; give \`checks\`, or \`checks: []\` to never probe`,
  );
  return [];
}

/** Where packets of a real or sorry server go. Reports what the kernel refuses or could not do. */
export function resolveTarget(raw: RawTarget, context: ServerContext, path: Path): SorryServerConfig {
  const { id, report } = context;
  const forwarding = raw.forwarding ?? context.forwarding;
  const { family, text } = raw.address;
  if (family !== id.family) {
    // ip_vs_ctl.c: mixed families need tunnelling, and the sync protocol cannot describe them.
    const must = `must be IPv${id.family} as the virtual server`;
    const found = `found ${quote(text)}`;
    if (forwarding !== 'tunnel') report([...path, 'address'], `${must}, unless \`forwarding: tunnel\`; ${found}`);
    else if (context.connectionSync) report([...path, 'address'], `${must}, because of \`connection_sync\`; ${found}`);
  }
  const servicePort = id.kind === 'fwmark' ? 0 : id.port;
  if (forwarding !== 'nat' && raw.port !== undefined && raw.port !== servicePort) {
    const allowed = servicePort === 0 ? 'be left out' : `be ${servicePort} or left out`;
    report(
      [...path, 'port'],
      `must ${allowed}: only \`forwarding: nat\` can change the port, not ${forwarding}; found ${raw.port}`,
    );
  }
  return { address: text, port: raw.port ?? servicePort, forwarding };
}
