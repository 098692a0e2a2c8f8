import assert from 'node:assert/strict';
import type { Facts } from '../../../src/doctor/facts.ts';
import { realServerFindings } from '../../../src/doctor/findings.ts';
import { address, LO, link, realServer, role, route, TUNL0, withRoutes, withSettings } from './builders.ts';
import { brief, holding, itFinds, type Row, TUNNEL } from './real-server-rows.ts';

const tunnelled = (more: Partial<Facts> = {}): Facts => ({ ...holding(address('tunl0', '10.0.0.100/32')), ...more });

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

describe('doctor: the way to a real server and back', () => {
  it('what two addresses share is said once', () => {
    const facts = withSettings(tunnelled(), { 'net/ipv4/conf/all/rp_filter': '1' });
    const second = address('tunl0', '10.0.0.101/32');
    const both = { ...facts, addresses: [...facts.addresses, second] };
    const found = realServerFindings(both, [TUNNEL, { ...TUNNEL, vip: '10.0.0.101' }]);
    assert.deepEqual(found.map(brief), ['error tunnel-rp-filter-strict!']);
  });

  itFinds(path);
});
