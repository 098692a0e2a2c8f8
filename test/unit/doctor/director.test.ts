import assert from 'node:assert/strict';
import { directorFindings } from '../../../src/doctor/findings.ts';
import { address, director, intent, link, route, service, via, withRoutes, withSettings } from './builders.ts';
import { itFinds, type Row, serving, wants } from './director-rows.ts';

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

describe('doctor: a director', () => {
  it('a healthy one has no findings', () => {
    assert.deepEqual(directorFindings(director, intent), []);
    assert.deepEqual(directorFindings(director, null), []);
  });

  describe('forwarding', () => itFinds(forwarding));
  describe('addresses', () => itFinds(addresses));
});
