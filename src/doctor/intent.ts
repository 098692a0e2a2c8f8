/** What this machine is meant to do, as far as the checks need it. Pure. */
import type { SyncDaemon } from '../ipvs/types.ts';
import { FAR_AWAY } from './facts.ts';

/** A director: what its configuration says. */
export interface DirectorIntent {
  readonly routers: readonly RouterIntent[];
  readonly services: readonly ServiceIntent[];
  readonly sync: SyncIntent | null;
  /** What lvsd writes below net/ipv4/vs when it runs, by name. */
  readonly ipvsSettings: Readonly<Record<string, string>>;
  /** Some check verifies a certificate, which has dates. */
  readonly verifiesCertificates: boolean;
}

export interface RouterIntent {
  readonly name: string;
  readonly interface: string;
  readonly vrid: number;
  readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[];
}

/** One service of a virtual server. */
export interface ServiceIntent {
  readonly virtualServer: string;
  readonly family: 4 | 6;
  /** Null: by firewall mark. */
  readonly address: string | null;
  /** 0: by address. */
  readonly fwmark: number;
  readonly scheduler: string;
  readonly persistent: boolean;
  readonly realServers: readonly RealServerIntent[];
}

export interface RealServerIntent {
  readonly address: string;
  readonly forwarding: Forwarding;
  /** What the tunnel adds to a packet, in bytes; 0 without a tunnel. */
  readonly overheadBytes: number;
}

export type SyncIntent = Omit<SyncDaemon, 'role'>;

export type Forwarding = 'nat' | 'direct' | 'tunnel' | 'fullnat';
export type TunnelType = 'ipip' | 'gue' | 'gre';

/** A real server: the virtual addresses that it serves. */
export interface RealServerRole {
  readonly vip: string;
  readonly family: 4 | 6;
  readonly forwarding: Forwarding;
  /** Only of `tunnel`. */
  readonly tunnel: TunnelType;
  /** UDP port of a GUE tunnel. */
  readonly tunnelPort: number;
}

/** What has to be looked up one by one. */
export interface Needs {
  readonly routes: readonly { readonly address: string; readonly mark: number }[];
  readonly modules: readonly string[];
}

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
/** UDP 8 and GUE 4; GRE 4; a checksum is 4 more in both. */
const ENCAPSULATION: Readonly<Record<TunnelType, number>> = { ipip: 0, gue: 12, gre: 4 };
const CHECKSUM: Readonly<Record<TunnelType, number>> = { ipip: 0, gue: 4, gre: 4 };

/** What a tunnel adds to each packet, in bytes, to a server of that family. */
export function tunnelOverhead(type: TunnelType, serverFamily: 4 | 6, withChecksum: boolean): number {
  const header = serverFamily === 4 ? IPV4_HEADER : IPV6_HEADER;
  return header + ENCAPSULATION[type] + (withChecksum ? CHECKSUM[type] : 0);
}

/** The device that receives tunnelled packets of a family, and the module that makes it. */
export function tunnelDevice(type: TunnelType, family: 4 | 6): { readonly device: string; readonly module: string } {
  if (type === 'gre') {
    return family === 4 ? { device: 'gre0', module: 'ip_gre' } : { device: 'ip6gre0', module: 'ip6_gre' };
  }
  return family === 4 ? { device: 'tunl0', module: 'ipip' } : { device: 'ip6tnl0', module: 'ip6_tunnel' };
}

/** What a director's checks look up. */
export function directorNeeds(intent: DirectorIntent | null): Needs {
  const services = intent?.services ?? [];
  const servers = services.flatMap(({ realServers }) => realServers.map(({ address }) => ({ address, mark: 0 })));
  const marks = services.flatMap(({ fwmark, family }) =>
    fwmark === 0 ? [] : [{ address: FAR_AWAY[family], mark: fwmark }],
  );
  return {
    routes: [...servers, ...marks, ...Object.values(FAR_AWAY).map((address) => ({ address, mark: 0 }))],
    modules: ['ip_vs', ...new Set(services.flatMap(({ scheduler }) => modulesOf(scheduler)))],
  };
}

/** What a real server's checks look up. */
export function realServerNeeds(roles: readonly RealServerRole[]): Needs {
  const tunnelled = roles.filter(({ forwarding }) => forwarding === 'tunnel');
  const modules = tunnelled.flatMap(({ tunnel, family }) => [
    tunnelDevice(tunnel, family).module,
    ...(tunnel === 'gue' ? ['fou'] : []),
  ]);
  return {
    routes: Object.values(FAR_AWAY).map((address) => ({ address, mark: 0 })),
    modules: [...new Set(modules)],
  };
}

/** Scheduler "none" is built in. */
export function modulesOf(scheduler: string): readonly string[] {
  return scheduler === 'none' ? [] : [`ip_vs_${scheduler}`];
}
