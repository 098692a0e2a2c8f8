import assert from 'node:assert/strict';
import type { Facts } from '../../../src/doctor/facts.ts';
import { commandOf, type Finding } from '../../../src/doctor/finding.ts';
import { directorFindings } from '../../../src/doctor/findings.ts';
import type { DirectorIntent } from '../../../src/doctor/intent.ts';
import { address, director, intent, link, route, service, via, withRoutes, withSettings } from './builders.ts';

interface Row {
  readonly broken: string;
  readonly facts?: Facts;
  readonly intent?: DirectorIntent | null;
  /** `severity id`, in order. */
  readonly found: readonly string[];
  /** Commands of the first finding. */
  readonly fix?: readonly string[];
}

const brief = ({ severity, id }: Finding): string => `${severity} ${id}`;
const wants = (more: Partial<DirectorIntent>): DirectorIntent => ({ ...intent, ...more });
const serving = (...services: DirectorIntent['services']): DirectorIntent => wants({ services });
const daemon = director.ipvs?.daemons[0];
const running = (more: object): Facts =>
  daemon === undefined
    ? director
    : { ...director, ipvs: { virtualAddresses: [], daemons: [{ ...daemon, ...more }], portMismatches: [] } };
const keepalived = (more: Partial<Facts['keepalived'][number]>): Facts => ({
  ...director,
  keepalived: [{ pid: 4, configFile: '/k', routers: [], hasVirtualServers: false, ...more }],
});

const forwarding: readonly Row[] = [
  {
    broken: 'forwarding off, NAT',
    facts: withSettings(director, { 'net/ipv4/ip_forward': '0' }),
    intent: wants({ services: [via('fullnat')], sync: null }),
    found: ['error forwarding-off'],
    fix: ['sysctl -w net.ipv4.ip_forward=1'],
  },
  {
    broken: 'forwarding off, direct routing',
    facts: withSettings(director, { 'net/ipv4/ip_forward': '0' }),
    found: ['warning forwarding-off'],
  },
  {
    broken: 'IPv6 forwarding off, NAT',
    facts: withRoutes(withSettings(director, { 'net/ipv6/conf/all/forwarding': '0' }), { 'fd00::21': route('eth0') }),
    intent: wants({
      routers: [{ name: 'six', interface: 'eth0', vrid: 1, addresses: [{ address: 'fd00::100', prefixLength: 64 }] }],
      services: [
        service({
          family: 6,
          address: 'fd00::100',
          realServers: [{ address: 'fd00::21', forwarding: 'nat', overheadBytes: 0 }],
        }),
      ],
    }),
    found: ['error forwarding-off'],
    fix: ['sysctl -w net.ipv6.conf.all.forwarding=1'],
  },
  {
    broken: 'IPv6 default route by advertisement, accept_ra 1',
    facts: withRoutes(withSettings(director, { 'net/ipv6/conf/eth0/accept_ra': '1' }), {
      '2001:db8::1': route('eth0', { gateway: 'fe80::1', fromRouterAdvertisement: true }),
      'fd00::21': route('eth0'),
    }),
    intent: wants({
      routers: [{ name: 'six', interface: 'eth0', vrid: 1, addresses: [{ address: 'fd00::100', prefixLength: 64 }] }],
      services: [
        service({
          family: 6,
          address: 'fd00::100',
          realServers: [{ address: 'fd00::21', forwarding: 'direct', overheadBytes: 0 }],
        }),
      ],
    }),
    found: ['warning router-advertisements-ignored'],
    fix: ['sysctl -w net.ipv6.conf.eth0.accept_ra=2'],
  },
  {
    broken: 'strict reverse path filter by "all"',
    facts: withSettings(director, { 'net/ipv4/conf/all/rp_filter': '1', 'net/ipv4/conf/eth0/rp_filter': '0' }),
    found: ['warning rp-filter-strict'],
    fix: ['sysctl -w net.ipv4.conf.eth0.rp_filter=2'],
  },
  {
    broken: 'nothing: strict, but there is only one way in and out',
    facts: withSettings(
      { ...director, addresses: director.addresses.filter((fact) => fact.interface !== 'eth1') },
      { 'net/ipv4/conf/eth0/rp_filter': '1' },
    ),
    intent: wants({ sync: null }),
    found: [],
  },
  {
    broken: '"all" strict, the interface loose: the greater one counts',
    facts: withSettings(director, { 'net/ipv4/conf/all/rp_filter': '1', 'net/ipv4/conf/eth0/rp_filter': '2' }),
    found: [],
  },
  {
    broken: 'redirects with NAT on one interface; client and server in one subnet',
    facts: withSettings(director, { 'net/ipv4/conf/eth0/send_redirects': '1' }),
    intent: wants({ services: [via('nat')] }),
    found: ['warning redirects-sent', 'warning nat-in-one-subnet'],
    fix: ['sysctl -w net.ipv4.conf.all.send_redirects=0', 'sysctl -w net.ipv4.conf.eth0.send_redirects=0'],
  },
  {
    broken: 'redirects with direct routing: the kernel sends none',
    facts: withSettings(director, { 'net/ipv4/conf/all/send_redirects': '1' }),
    found: [],
  },
];

const addresses: readonly Row[] = [
  {
    broken: 'no interface for the virtual router',
    facts: { ...director, links: [link('eth1')] },
    found: ['error router-interface-missing'],
  },
  {
    broken: 'the interface of the virtual router is down',
    facts: { ...director, links: [link('eth0', { up: false, running: false }), link('eth1')] },
    found: ['error router-interface-down'],
    fix: ['ip link set eth0 up'],
  },
  {
    broken: 'virtual address on no interface, and no virtual router brings it',
    intent: serving(service({ address: '10.0.0.101' })),
    found: ['error virtual-address-absent'],
  },
  {
    broken: 'a group without a virtual router is one finding',
    intent: serving(service({ address: '10.0.0.101' }), service({ address: '10.0.0.102' })),
    found: ['error virtual-address-absent'],
  },
  {
    broken: 'virtual address of no virtual router, but on an interface',
    facts: { ...director, addresses: [...director.addresses, address('lo', '10.0.0.101/32')] },
    intent: serving(service({ address: '10.0.0.101' })),
    found: [],
  },
  {
    broken: 'virtual address on lo beside the virtual router: the standby answers ARP',
    facts: { ...director, addresses: [...director.addresses, address('lo', '10.0.0.100/32')] },
    found: ['error virtual-address-answered'],
    fix: ['sysctl -w net.ipv4.conf.eth0.arp_ignore=1', 'sysctl -w net.ipv4.conf.eth0.arp_announce=2'],
  },
  {
    broken: 'the same with arp_ignore 1',
    facts: {
      ...withSettings(director, { 'net/ipv4/conf/eth0/arp_ignore': '1' }),
      addresses: [...director.addresses, address('lo', '10.0.0.100/32')],
    },
    found: [],
  },
  {
    broken: 'marked packets without policy routing, no virtual address of ours',
    facts: withRoutes(director, { '198.51.100.1 mark 7': route('eth0', { gateway: '10.0.0.1' }) }),
    intent: { ...serving(service({ address: null, fwmark: 7 })), routers: [] },
    found: ['warning marked-packets-not-local'],
    fix: ['ip rule add fwmark 7 table 100', 'ip route add local default dev lo table 100'],
  },
  {
    broken: 'marked packets with policy routing',
    facts: withRoutes(director, { '198.51.100.1 mark 7': route('lo', { local: true }) }),
    intent: { ...serving(service({ address: null, fwmark: 7 })), routers: [] },
    found: [],
  },
  {
    broken: 'a real server without a route',
    facts: withRoutes(director, { '10.0.0.21': null }),
    found: ['error real-server-without-route'],
  },
  {
    broken: 'direct routing through a gateway',
    facts: withRoutes(director, { '10.0.0.21': route('eth0', { gateway: '10.0.0.1' }) }),
    found: ['error direct-server-behind-router'],
  },
  {
    broken: 'NAT and tunnels go through gateways',
    facts: withRoutes(director, { '10.0.0.21': route('eth1', { gateway: '10.1.0.1', mtuBytes: 9000 }) }),
    intent: serving(via('fullnat'), via('tunnel', 20)),
    found: [],
  },
  {
    broken: 'the real server is this director',
    facts: withRoutes(director, { '10.0.0.21': route('lo', { local: true }) }),
    found: ['info real-server-is-director'],
  },
  {
    broken: 'a stranger gave a direct real server another port',
    facts: {
      ...director,
      ipvs: {
        virtualAddresses: [],
        daemons: [],
        portMismatches: [{ service: '10.0.0.100 port 80', destination: '10.0.0.21 port 8080' }],
      },
    },
    found: ['error ports-differ'],
  },
];

const kernel: readonly Row[] = [
  {
    broken: 'no ip_vs',
    facts: { ...director, modules: new Map([['ip_vs', 'missing']]) },
    found: ['error ipvs-missing'],
  },
  {
    broken: 'no scheduler',
    facts: {
      ...director,
      modules: new Map([
        ['ip_vs', 'loaded'],
        ['ip_vs_twos', 'missing'],
      ]),
    },
    intent: serving(service({ scheduler: 'twos' })),
    found: ['error scheduler-missing'],
  },
  {
    broken: 'nothing tells which schedulers there are',
    facts: { ...director, modules: new Map([['ip_vs_wlc', 'unknown']]) },
    found: [],
  },
  {
    broken: 'connection tracking three quarters full',
    facts: withSettings(director, { 'net/netfilter/nf_conntrack_count': '196608' }),
    found: ['warning conntrack-full'],
    fix: ['sysctl -w net.netfilter.nf_conntrack_max=1048576'],
  },
  {
    broken: 'connection tracking full',
    facts: withSettings(director, { 'net/netfilter/nf_conntrack_count': '262144' }),
    found: ['error conntrack-full'],
  },
  {
    broken: 'full NAT with the defaults of a small machine',
    facts: withSettings(director, {
      'net/netfilter/nf_conntrack_max': '32768',
      'net/netfilter/nf_conntrack_tcp_timeout_established': '432000',
      'net/netfilter/nf_conntrack_tcp_loose': '0',
    }),
    intent: serving(via('fullnat')),
    found: ['warning conntrack-small', 'warning conntrack-strict', 'info conntrack-timeout'],
  },
  {
    broken: 'the same without full NAT',
    facts: withSettings(director, { 'net/netfilter/nf_conntrack_max': '32768' }),
    found: [],
  },
  {
    broken: 'persistence that outlives its server, and floods the other director',
    facts: withSettings(director, {
      'net/ipv4/vs/expire_quiescent_template': '0',
      'net/ipv4/vs/sync_refresh_period': '0',
    }),
    intent: serving(service({ persistent: true })),
    found: ['info persistence-outlives-server', 'info sync-floods'],
  },
  {
    broken: 'the same, but lvsd sets both when it runs',
    facts: withSettings(director, {
      'net/ipv4/vs/expire_quiescent_template': '0',
      'net/ipv4/vs/sync_refresh_period': '0',
    }),
    intent: wants({
      services: [service({ persistent: true })],
      ipvsSettings: { expire_quiescent_template: '1', sync_refresh_period: '10' },
    }),
    found: [],
  },
  { broken: 'tunnel of 1480 bytes', intent: serving(via('tunnel', 20)), found: ['info tunnel-mtu'] },
  {
    broken: 'tunnel of 1480 bytes, without path MTU discovery',
    facts: withSettings(director, { 'net/ipv4/vs/pmtu_disc': '0' }),
    intent: serving(via('tunnel', 20)),
    found: ['warning tunnel-mtu'],
    fix: ['sysctl -w net.ipv4.vs.pmtu_disc=1'],
  },
  {
    broken: 'a route with room for the tunnel',
    facts: withRoutes(director, { '10.0.0.21': route('eth0', { mtuBytes: 1520 }) }),
    intent: serving(via('tunnel', 20)),
    found: [],
  },
];

const rest: readonly Row[] = [
  {
    broken: 'no sync interface',
    facts: { ...director, links: [link('eth0')] },
    found: ['error sync-interface-missing'],
  },
  {
    broken: 'sync interface down and without address',
    facts: {
      ...director,
      links: [link('eth0'), link('eth1', { running: false })],
      addresses: director.addresses.filter((item) => item.interface !== 'eth1'),
    },
    found: ['error sync-interface-down', 'error sync-without-address'],
  },
  {
    broken: 'sync on loopback',
    intent: wants({ sync: { interface: 'lo', syncId: 7, maxLength: null, group: null, port: null, ttl: null } }),
    facts: { ...director, ipvs: null },
    found: ['error sync-on-loopback'],
  },
  {
    broken: 'sync messages above the MTU',
    intent: wants({ sync: { interface: 'eth1', syncId: 7, maxLength: 1473, group: null, port: null, ttl: null } }),
    found: ['warning sync-messages-too-long'],
  },
  { broken: 'daemon with another sync id', facts: running({ syncId: 8 }), found: ['error sync-daemon-differs'] },
  { broken: 'daemon with another port', facts: running({ port: 8849 }), found: ['error sync-daemon-differs'] },
  { broken: 'daemon with the default port', facts: running({ port: 0, group: null }), found: [] },
  {
    broken: 'daemon on another interface, which left the group',
    facts: running({ interface: 'eth0' }),
    found: ['error sync-daemon-differs', 'error sync-group-left'],
  },
  { broken: 'the interface left the group', facts: { ...director, groups: [] }, found: ['error sync-group-left'] },
  {
    broken: 'backup_only with both daemons',
    facts:
      daemon === undefined
        ? director
        : {
            ...withSettings(director, { 'net/ipv4/vs/backup_only': '1' }),
            ipvs: { virtualAddresses: [], daemons: [daemon, { ...daemon, role: 'master' }], portMismatches: [] },
          },
    found: ['error sync-backup-only'],
    fix: ['sysctl -w net.ipv4.vs.backup_only=0'],
  },
  {
    broken: 'the other director sends another sync id, in the old format',
    facts: { ...director, syncMessages: [{ from: '10.1.0.12', syncId: 8, version: 0 }] },
    found: ['error sync-id-differs', 'warning sync-version-old'],
  },
  {
    broken: 'the other director sends what we expect',
    facts: { ...director, syncMessages: [{ from: '10.1.0.12', syncId: 7, version: 1 }] },
    found: [],
  },
  {
    broken: 'old sync version here',
    facts: withSettings(director, { 'net/ipv4/vs/sync_version': '0' }),
    found: ['warning sync-version-old'],
  },
  {
    broken: 'connection sync with a real server of the other family',
    facts: withRoutes(director, { 'fd00::21': route('eth0', { mtuBytes: 9000 }) }),
    intent: serving(service({ realServers: [{ address: 'fd00::21', forwarding: 'tunnel', overheadBytes: 40 }] })),
    found: ['error sync-mixed-families'],
  },
  {
    broken: 'keepalived with the same virtual router',
    facts: keepalived({ routers: [{ interface: 'eth0', vrid: 51 }] }),
    found: ['error keepalived-same-router'],
    fix: ['systemctl disable --now keepalived'],
  },
  {
    broken: 'keepalived with other virtual routers',
    facts: keepalived({
      routers: [
        { interface: 'eth0', vrid: 52 },
        { interface: 'eth1', vrid: 51 },
      ],
    }),
    found: [],
  },
  {
    broken: 'keepalived with virtual servers',
    facts: keepalived({ hasVirtualServers: true }),
    found: ['error keepalived-owns-table'],
  },
  {
    broken: 'keepalived with virtual servers, no configuration of ours',
    facts: keepalived({ hasVirtualServers: true }),
    intent: null,
    found: ['warning keepalived-owns-table'],
  },
  { broken: 'a clock of 1970', facts: { ...director, nowMs: 0 }, found: ['warning clock-wrong'] },
  {
    broken: 'a clock of 1970, and certificates to verify',
    facts: { ...director, nowMs: 0 },
    intent: wants({ verifiesCertificates: true }),
    found: ['error clock-wrong'],
  },
  { broken: 'no NTP', facts: { ...director, clockSynchronised: false }, found: ['info clock-unsynchronised'] },
  { broken: 'nobody knows about NTP', facts: { ...director, clockSynchronised: null }, found: [] },
];

describe('doctor: a director', () => {
  it('a healthy one has no findings', () => {
    assert.deepEqual(directorFindings(director, intent), []);
    assert.deepEqual(directorFindings(director, null), []);
  });

  for (const [area, rows] of Object.entries({ forwarding, addresses, kernel, rest })) {
    for (const { broken, facts = director, intent: wanted = intent, found, fix } of rows) {
      it(`${area}: ${broken}`, () => {
        const findings = directorFindings(facts, wanted);
        assert.deepEqual(findings.map(brief), found);
        if (fix !== undefined) assert.deepEqual(findings[0]?.fix.map(commandOf), fix);
        for (const { safe, what, why } of findings) {
          assert.equal(safe, false, 'nothing is changed on a director');
          assert.ok(what.length > 10 && why.length > 20);
        }
      });
    }
  }
});
