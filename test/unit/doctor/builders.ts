/** Facts of healthy machines, to be broken one by one. */
import type { AddressFact, Facts, LinkFact, RouteFact } from '../../../src/doctor/facts.ts';
import type { DirectorIntent, RealServerRole, ServiceIntent } from '../../../src/doctor/intent.ts';
import type { SyncDaemon } from '../../../src/ipvs/types.ts';

export const link = (name: string, more: Partial<LinkFact> = {}): LinkFact => ({
  name,
  up: true,
  running: true,
  loopback: false,
  arp: true,
  kind: null,
  mtuBytes: 1500,
  portOf: null,
  ...more,
});

export const LO = link('lo', { loopback: true, arp: false, mtuBytes: 65_536 });
export const TUNL0 = link('tunl0', { arp: false, kind: 'ipip', mtuBytes: 1480 });

export const address = (name: string, text: string, more: Partial<AddressFact> = {}): AddressFact => {
  const [plain = '', length = ''] = text.split('/');
  return {
    interface: name,
    family: plain.includes(':') ? 6 : 4,
    address: plain,
    prefixLength: Number(length),
    scope: 0,
    label: name,
    secondary: false,
    deprecated: false,
    permanent: true,
    ...more,
  };
};

export const route = (name: string, more: Partial<RouteFact> = {}): RouteFact => ({
  local: false,
  interface: name,
  gateway: null,
  mtuBytes: null,
  advertisedMssBytes: null,
  fromRouterAdvertisement: false,
  ...more,
});

const NOTHING: Facts = {
  nowMs: 1_800_000_000_000,
  clockSynchronised: true,
  kernel: '6.1.0',
  settings: new Map(),
  links: [],
  addresses: [],
  routes: new Map(),
  modules: new Map(),
  listeners: [],
  groups: [],
  ipvs: null,
  keepalived: [],
  syncMessages: [],
};

const FAR: readonly [string, RouteFact][] = [
  ['198.51.100.1', route('eth0', { gateway: '10.0.0.1' })],
  ['2001:db8::1', route('eth0', { gateway: 'fe80::1' })],
];

/** The sync daemon that runs on the director. */
export const BACKUP: SyncDaemon = {
  role: 'backup',
  interface: 'eth1',
  syncId: 7,
  maxLength: 1472,
  group: '224.0.0.81',
  port: 8848,
  ttl: 1,
};

/** A director with eth0 to clients and servers, eth1 for sync. */
export const director: Facts = {
  ...NOTHING,
  settings: new Map([
    ['net/ipv4/ip_forward', '1'],
    ['net/ipv6/conf/all/forwarding', '1'],
    ['net/ipv4/conf/all/rp_filter', '0'],
    ['net/ipv4/conf/eth0/rp_filter', '2'],
    ['net/ipv4/conf/all/send_redirects', '0'],
    ['net/ipv4/conf/eth0/send_redirects', '0'],
    ['net/ipv4/conf/all/arp_ignore', '0'],
    ['net/ipv4/vs/sync_version', '1'],
    ['net/ipv4/vs/sync_refresh_period', '10'],
    ['net/ipv4/vs/expire_quiescent_template', '1'],
    ['net/ipv4/vs/pmtu_disc', '1'],
    ['net/netfilter/nf_conntrack_count', '100'],
    ['net/netfilter/nf_conntrack_max', '262144'],
    ['net/netfilter/nf_conntrack_tcp_loose', '1'],
    ['net/netfilter/nf_conntrack_tcp_timeout_established', '86400'],
  ]),
  links: [LO, link('eth0'), link('eth1')],
  addresses: [
    address('lo', '127.0.0.1/8', { scope: 254 }),
    address('eth0', '10.0.0.11/24'),
    address('eth1', '10.1.0.11/24'),
  ],
  routes: new Map([...FAR, ['10.0.0.21', route('eth0')]]),
  modules: new Map([
    ['ip_vs', 'loaded'],
    ['ip_vs_wlc', 'available'],
  ]),
  groups: [{ interface: 'eth1', group: '224.0.0.81' }],
  ipvs: {
    virtualAddresses: ['10.0.0.100'],
    daemons: [BACKUP],
    portMismatches: [],
  },
};

export const service = (more: Partial<ServiceIntent> = {}): ServiceIntent => ({
  virtualServer: 'web',
  family: 4,
  address: '10.0.0.100',
  fwmark: 0,
  scheduler: 'wlc',
  persistent: false,
  realServers: [{ address: '10.0.0.21', forwarding: 'direct', overheadBytes: 0 }],
  ...more,
});

/** One server with that method, at 10.0.0.21. */
export const via = (forwarding: 'nat' | 'direct' | 'tunnel' | 'fullnat', overheadBytes = 0): ServiceIntent =>
  service({ realServers: [{ address: '10.0.0.21', forwarding, overheadBytes }] });

export const intent: DirectorIntent = {
  routers: [{ name: 'web', interface: 'eth0', vrid: 51, addresses: [{ address: '10.0.0.100', prefixLength: 24 }] }],
  services: [service()],
  sync: { interface: 'eth1', syncId: 7, maxLength: null, group: null, port: null, ttl: null },
  ipvsSettings: {},
  verifiesCertificates: false,
};

/** A real server that is set up for direct routing, and for tunnels. */
export const realServer: Facts = {
  ...NOTHING,
  settings: new Map([
    ['net/ipv4/conf/all/arp_ignore', '1'],
    ['net/ipv4/conf/all/arp_announce', '2'],
    ['net/ipv4/conf/eth0/arp_ignore', '0'],
    ['net/ipv4/conf/eth0/arp_announce', '0'],
    ['net/ipv4/conf/all/rp_filter', '0'],
    ['net/ipv4/conf/tunl0/rp_filter', '0'],
    ['net/ipv6/conf/eth0/proxy_ndp', '0'],
  ]),
  links: [LO, link('eth0'), TUNL0],
  addresses: [
    address('eth0', '10.0.0.21/24'),
    address('eth0', 'fd00::21/64'),
    address('lo', '10.0.0.100/32'),
    address('lo', 'fd00::100/128'),
  ],
  routes: new Map([
    ['198.51.100.1', route('eth0', { gateway: '10.0.0.1', advertisedMssBytes: 1440 })],
    ['2001:db8::1', route('eth0', { gateway: 'fe80::1', advertisedMssBytes: 1400 })],
  ]),
  modules: new Map([['ipip', 'loaded']]),
  listeners: [
    { protocol: 'tcp', address: '0.0.0.0', port: 80 },
    { protocol: 'tcp', address: '::', port: 80 },
  ],
};

export const role = (more: Partial<RealServerRole> = {}): RealServerRole => ({
  vip: '10.0.0.100',
  family: 4,
  forwarding: 'direct',
  tunnel: 'ipip',
  tunnelPort: 6080,
  ...more,
});

/** The same facts with some settings changed. */
export function withSettings(facts: Facts, changed: Readonly<Record<string, string>>): Facts {
  return { ...facts, settings: new Map([...facts.settings, ...Object.entries(changed)]) };
}

export function withRoutes(facts: Facts, changed: Readonly<Record<string, RouteFact | null>>): Facts {
  return { ...facts, routes: new Map([...facts.routes, ...Object.entries(changed)]) };
}
