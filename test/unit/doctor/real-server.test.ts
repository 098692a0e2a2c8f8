import assert from 'node:assert/strict';
import type { Facts } from '../../../src/doctor/facts.ts';
import { commandOf, type Finding } from '../../../src/doctor/finding.ts';
import { realServerFindings } from '../../../src/doctor/findings.ts';
import type { RealServerRole } from '../../../src/doctor/intent.ts';
import { address, LO, link, realServer, role, route, TUNL0, withRoutes, withSettings } from './builders.ts';

interface Row {
  readonly broken: string;
  readonly facts?: Facts;
  readonly role?: RealServerRole;
  /** `severity id`, with "!" behind what `--fix` mends. */
  readonly found: readonly string[];
  /** Commands of all findings. */
  readonly fix?: readonly string[];
}

const V6 = role({ vip: 'fd00::100', family: 6 });
const TUNNEL = role({ forwarding: 'tunnel' });
const LAN = address('eth0', '10.0.0.21/24');

const brief = ({ severity, id, safe }: Finding): string => `${severity} ${id}${safe ? '!' : ''}`;
const holding = (...addresses: Facts['addresses']): Facts => ({ ...realServer, addresses: [LAN, ...addresses] });
const tunnelled = (more: Partial<Facts> = {}): Facts => ({ ...holding(address('tunl0', '10.0.0.100/32')), ...more });

const arp: readonly Row[] = [
  {
    broken: 'the ARP problem, not yet there',
    facts: withSettings(
      { ...realServer, addresses: [LAN] },
      { 'net/ipv4/conf/all/arp_ignore': '0', 'net/ipv4/conf/all/arp_announce': '0' },
    ),
    found: ['error arp-answered!', 'error arp-announced!', 'error virtual-address-absent!'],
    fix: [
      'sysctl -w net.ipv4.conf.eth0.arp_ignore=1',
      'sysctl -w net.ipv4.conf.eth0.arp_announce=2',
      'ip address add 10.0.0.100/32 dev lo',
    ],
  },
  {
    broken: 'set on lo, where it has no effect',
    facts: withSettings(realServer, { 'net/ipv4/conf/all/arp_ignore': '0', 'net/ipv4/conf/lo/arp_ignore': '1' }),
    found: ['error arp-answered!'],
  },
  {
    broken: 'set on the interface instead of "all"',
    facts: withSettings(realServer, {
      'net/ipv4/conf/all/arp_ignore': '0',
      'net/ipv4/conf/all/arp_announce': '0',
      'net/ipv4/conf/eth0/arp_ignore': '1',
      'net/ipv4/conf/eth0/arp_announce': '2',
    }),
    found: [],
  },
  {
    broken: 'arp_announce 1: the virtual address is in the subnet, and still announced',
    facts: withSettings(realServer, { 'net/ipv4/conf/all/arp_announce': '1' }),
    found: ['error arp-announced!'],
  },
  ...(['2', '8'] as const).map((value) => ({
    broken: `arp_ignore ${value} is quiet too`,
    facts: withSettings(realServer, { 'net/ipv4/conf/eth0/arp_ignore': value }),
    found: [],
  })),
  {
    broken: 'arp_ignore 4 of the interface beats 1 of "all", and does nothing',
    facts: withSettings(realServer, { 'net/ipv4/conf/eth0/arp_ignore': '4' }),
    found: ['error arp-answered'],
    fix: ['sysctl -w net.ipv4.conf.eth0.arp_ignore=1'],
  },
  {
    broken: 'arp_ignore 3 with an address of scope universe',
    facts: withSettings(realServer, { 'net/ipv4/conf/all/arp_ignore': '3' }),
    found: ['error arp-answered'],
    fix: ['sysctl -w net.ipv4.conf.all.arp_ignore=1'],
  },
  {
    broken: 'arp_ignore 3 with an address of scope host',
    facts: withSettings(holding(address('lo', '10.0.0.100/32', { scope: 254 })), {
      'net/ipv4/conf/all/arp_ignore': '3',
    }),
    found: [],
  },
  {
    broken: 'an interface that is down, a bridge port and a VLAN with dots',
    facts: {
      ...withSettings(realServer, {
        'net/ipv4/conf/all/arp_ignore': '0',
        'net/ipv4/conf/eth0/arp_ignore': '1',
        'net/ipv4/conf/eth0.7/arp_ignore': '0',
      }),
      links: [...realServer.links, link('eth1', { up: false }), link('veth1', { portOf: 'bridge' }), link('eth0.7')],
    },
    found: ['error arp-answered!'],
    fix: ['sysctl -w net/ipv4/conf/eth0.7/arp_ignore=1'],
  },
  {
    broken: 'IPv6 has no such problem',
    facts: withSettings(realServer, { 'net/ipv4/conf/all/arp_ignore': '0', 'net/ipv4/conf/all/arp_announce': '0' }),
    role: V6,
    found: [],
  },
  {
    broken: 'IPv6 neighbours proxied',
    facts: withSettings(realServer, { 'net/ipv6/conf/eth0/proxy_ndp': '1' }),
    role: V6,
    found: ['warning neighbours-proxied'],
  },
];

const placement: readonly Row[] = [
  {
    broken: 'virtual address on the LAN interface',
    facts: holding(address('eth0', '10.0.0.100/32')),
    found: ['error virtual-address-exposed!'],
    fix: ['ip address add 10.0.0.100/32 dev lo', 'ip address del 10.0.0.100/32 dev eth0'],
  },
  {
    broken: 'on the LAN interface and on lo',
    facts: holding(address('eth0', '10.0.0.100/32', { label: 'eth0:1' }), address('lo', '10.0.0.100/32')),
    found: ['error virtual-address-exposed!'],
    fix: ['ip address del 10.0.0.100/32 dev eth0'],
  },
  {
    broken: 'on the LAN interface as the primary address of its subnet: not ours to delete',
    facts: holding(address('eth0', '10.0.0.100/24')),
    found: ['error virtual-address-exposed'],
  },
  {
    broken: 'on the LAN interface as a secondary address',
    facts: holding(address('eth0', '10.0.0.100/24', { secondary: true })),
    found: ['error virtual-address-exposed!'],
  },
  {
    broken: 'on the LAN interface by DHCP',
    facts: holding(address('eth0', '10.0.0.100/32', { permanent: false })),
    found: ['error virtual-address-exposed'],
  },
  {
    broken: 'on lo with the whole subnet',
    facts: holding(address('lo', '10.0.0.100/24')),
    found: ['error virtual-address-too-wide!'],
    fix: ['ip address add 10.0.0.100/32 dev lo', 'ip address del 10.0.0.100/24 dev lo'],
  },
  {
    broken: 'on lo with the prefix of the subnet, and with it another that would be deleted too',
    facts: holding(address('lo', '10.0.0.100/24'), address('lo', '10.0.0.101/24', { secondary: true })),
    found: ['error virtual-address-too-wide'],
  },
  {
    broken: 'on the LAN interface as its only address: the machine itself',
    facts: { ...realServer, addresses: [address('eth0', '10.0.0.100/32')] },
    found: ['error virtual-address-exposed'],
  },
  {
    broken: 'nothing: the director is a real server too',
    facts: {
      ...holding(address('eth0', '10.0.0.100/32')),
      ipvs: { virtualAddresses: ['10.0.0.100'], daemons: [], portMismatches: [] },
    },
    found: ['info real-server-is-director'],
  },
  {
    broken: 'on a dummy',
    facts: {
      ...holding(address('dummy0', '10.0.0.100/32')),
      links: [...realServer.links, link('dummy0', { arp: false })],
    },
    found: [],
  },
  {
    broken: 'on a dummy that is down',
    facts: {
      ...holding(address('dummy0', '10.0.0.100/32')),
      links: [...realServer.links, link('dummy0', { arp: false, up: false })],
    },
    found: ['error virtual-address-down!'],
    fix: ['ip link set dummy0 up'],
  },
  {
    broken: 'IPv6 address absent',
    facts: holding(),
    role: V6,
    found: ['error virtual-address-absent!'],
    fix: ['ip -6 address add fd00::100/128 dev lo nodad preferred_lft 0'],
  },
  {
    broken: 'IPv6 address on the LAN interface',
    facts: holding(address('lo', 'fd00::100/128'), address('eth0', 'fd00::100/128')),
    role: V6,
    found: ['error virtual-address-exposed!'],
    fix: ['ip -6 address del fd00::100/128 dev eth0'],
  },
];

const path: readonly Row[] = [
  { broken: 'nothing (tunnel)', facts: tunnelled(), role: TUNNEL, found: [] },
  {
    broken: 'no tunnel device',
    facts: { ...holding(), links: [LO, link('eth0')], modules: new Map([['ipip', 'available']]) },
    role: TUNNEL,
    found: ['error tunnel-missing!', 'error virtual-address-absent'],
    fix: ['modprobe ipip'],
  },
  {
    broken: 'no tunnel device, and no module',
    facts: {
      ...holding(address('lo', '10.0.0.100/32')),
      links: [LO, link('eth0')],
      modules: new Map([['ipip', 'missing']]),
    },
    role: TUNNEL,
    found: ['error tunnel-module-missing'],
  },
  {
    broken: 'tunl0 is down',
    facts: tunnelled({ links: [LO, link('eth0'), { ...TUNL0, up: false }] }),
    role: TUNNEL,
    found: ['error tunnel-down!', 'error virtual-address-down!'],
    fix: ['ip link set tunl0 up', 'ip link set tunl0 up'],
  },
  {
    broken: 'strict reverse path filter on tunl0, by "all"',
    facts: withSettings(tunnelled(), { 'net/ipv4/conf/all/rp_filter': '1' }),
    role: TUNNEL,
    found: ['error tunnel-rp-filter-strict!'],
    fix: ['sysctl -w net.ipv4.conf.tunl0.rp_filter=2'],
  },
  {
    broken: 'loose on tunl0',
    facts: withSettings(tunnelled(), { 'net/ipv4/conf/all/rp_filter': '1', 'net/ipv4/conf/tunl0/rp_filter': '2' }),
    role: TUNNEL,
    found: [],
  },
  {
    broken: 'segments too large for the tunnel',
    facts: withRoutes(tunnelled(), { '198.51.100.1': route('eth0', { gateway: '10.0.0.1' }) }),
    role: TUNNEL,
    found: ['warning segment-size-too-large'],
    fix: ['ip route change default via 10.0.0.1 dev eth0 advmss 1440'],
  },
  {
    broken: 'segments too large for GUE',
    facts: {
      ...tunnelled(),
      listeners: [...realServer.listeners, { protocol: 'udp', address: '0.0.0.0', port: 6080 }],
    },
    role: role({ forwarding: 'tunnel', tunnel: 'gue' }),
    found: ['warning segment-size-too-large'],
    fix: ['ip route change default via 10.0.0.1 dev eth0 advmss 1428'],
  },
  {
    broken: 'nobody receives GUE',
    facts: withRoutes(tunnelled(), {
      '198.51.100.1': route('eth0', { gateway: '10.0.0.1', advertisedMssBytes: 1400 }),
    }),
    role: role({ forwarding: 'tunnel', tunnel: 'gue', tunnelPort: 5555 }),
    found: ['error gue-port-closed'],
    fix: ['modprobe fou', 'ip fou add port 5555 gue'],
  },
  {
    broken: 'tunnel from another subnet: nobody on the LAN asks for the address',
    facts: {
      ...withSettings(tunnelled(), { 'net/ipv4/conf/all/arp_ignore': '0', 'net/ipv4/conf/all/arp_announce': '0' }),
      addresses: [address('eth0', '10.9.0.21/24'), address('tunl0', '10.0.0.100/32')],
    },
    role: TUNNEL,
    found: [],
  },
  {
    broken: 'tunnel in the subnet of the address',
    facts: withSettings(tunnelled(), { 'net/ipv4/conf/all/arp_ignore': '0' }),
    role: TUNNEL,
    found: ['error arp-answered!'],
  },
  {
    broken: 'clients come by one interface and are answered by another, strictly filtered',
    facts: withSettings(withRoutes(realServer, { '198.51.100.1': route('eth1', { gateway: '10.1.0.1' }) }), {
      'net/ipv4/conf/eth0/rp_filter': '1',
    }),
    found: ['warning rp-filter-strict'],
    fix: ['sysctl -w net.ipv4.conf.eth0.rp_filter=2'],
  },
  { broken: 'nobody listens', facts: { ...realServer, listeners: [] }, found: ['warning nobody-listens'] },
  {
    broken: 'a service that listens at the own address only',
    facts: {
      ...realServer,
      listeners: [...realServer.listeners, { protocol: 'tcp', address: '10.0.0.21', port: 443 }],
    },
    found: ['info listens-elsewhere'],
  },
  {
    broken: 'the virtual address of a NAT server',
    role: role({ forwarding: 'fullnat' }),
    found: ['error virtual-address-not-needed'],
    fix: ['ip address del 10.0.0.100/32 dev lo'],
  },
  { broken: 'nothing (NAT)', facts: holding(), role: role({ forwarding: 'nat' }), found: ['info way-back'] },
  {
    broken: 'NAT without a default route',
    facts: withRoutes(holding(), { '198.51.100.1': null }),
    role: role({ forwarding: 'nat' }),
    found: ['error no-way-back'],
  },
];

describe('doctor: a real server', () => {
  it('a healthy one has no findings, for any of its addresses', () => {
    assert.deepEqual(realServerFindings(realServer, [role(), V6]), []);
  });

  it('says what two addresses share once', () => {
    const facts = withSettings(tunnelled(), { 'net/ipv4/conf/all/rp_filter': '1' });
    const second = address('tunl0', '10.0.0.101/32');
    const both = { ...facts, addresses: [...facts.addresses, second] };
    const found = realServerFindings(both, [TUNNEL, { ...TUNNEL, vip: '10.0.0.101' }]);
    assert.deepEqual(found.map(brief), ['error tunnel-rp-filter-strict!']);
  });

  for (const [area, rows] of Object.entries({ arp, placement, path })) {
    for (const { broken, facts = realServer, role: as = role(), found, fix } of rows) {
      it(`${area}: ${broken}`, () => {
        const findings = realServerFindings(facts, [as]);
        assert.deepEqual(findings.map(brief), found);
        if (fix !== undefined) assert.deepEqual(findings.flatMap((finding) => finding.fix).map(commandOf), fix);
      });
    }
  }
});
