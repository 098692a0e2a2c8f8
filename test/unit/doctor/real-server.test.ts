import assert from 'node:assert/strict';
import { realServerFindings } from '../../../src/doctor/findings.ts';
import { address, link, realServer, role, withSettings } from './builders.ts';
import { holding, itFinds, LAN, type Row, V6 } from './real-server-rows.ts';

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

describe('doctor: a real server', () => {
  it('a healthy one has no findings, for any of its addresses', () => {
    assert.deepEqual(realServerFindings(realServer, [role(), V6]), []);
  });

  describe('arp', () => itFinds(arp));
  describe('placement', () => itFinds(placement));
});
