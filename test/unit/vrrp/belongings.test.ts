import assert from 'node:assert/strict';
import type { VirtualRouteConfig, VirtualRuleConfig } from '../../../src/config/types-addresses.ts';
import {
  belongingKeys,
  excludes,
  furtherInterfaces,
  newAddress,
  placedAddresses,
  routeChange,
  routeText,
  ruleText,
} from '../../../src/vrrp/belongings.ts';
import { interfaceSettings } from '../../../src/vrrp/interface-settings.ts';
import { RepairPace } from '../../../src/vrrp/repair-pace.ts';
import { ip, routerConfig, vip } from './builders.ts';

const route = (given: Partial<VirtualRouteConfig> = {}): VirtualRouteConfig => ({
  family: 4,
  to: { address: '198.51.100.0', prefixLength: 24 },
  type: 'unicast',
  via: null,
  interface: null,
  source: null,
  table: 254,
  metric: null,
  scope: 0,
  ...given,
});
const rule = (given: Partial<VirtualRuleConfig> = {}): VirtualRuleConfig => ({
  family: 4,
  from: null,
  to: null,
  fwmark: null,
  incomingInterface: null,
  outgoingInterface: null,
  action: 'lookup',
  table: 100,
  priority: 1000,
  ...given,
});

const placesOf = (given: Parameters<typeof routerConfig>[0]): readonly string[] =>
  placedAddresses(routerConfig(given)).map(({ key, advertised }) => `${key}${advertised ? '' : ' (extra)'}`);

describe('vrrp/belongings: which addresses the kernel cannot have side by side', () => {
  const placed = (address: string, length: number, place = 'eth0') => {
    const [first] = placedAddresses(routerConfig({ interface: place, virtualAddresses: [vip(address, length)] }));
    assert.ok(first);
    return first;
  };
  for (const [what, a, b, expected] of [
    ['the same', placed('192.0.2.1', 24), placed('192.0.2.1', 24), true],
    ['IPv4 with another prefix length', placed('192.0.2.1', 24), placed('192.0.2.1', 32), false],
    ['IPv6 with another prefix length', placed('2001:db8::1', 64), placed('2001:db8::1', 128), true],
    ['on another interface', placed('2001:db8::1', 64), placed('2001:db8::1', 64, 'eth1'), false],
    ['another one', placed('192.0.2.1', 24), placed('192.0.2.2', 24), false],
  ] as const) {
    it(what, () => assert.equal(excludes(a, b), expected));
  }
});

describe('vrrp/belongings: where addresses live', () => {
  const addresses = {
    virtualAddresses: [vip('192.0.2.100', 24), { ...vip('198.51.100.7', 32), interface: 'eth1' }],
    extraAddresses: [vip('2001:db8::7', 64)],
  };

  it('on the interface of the router, or another one', () => {
    assert.deepEqual(placesOf(addresses), [
      '192.0.2.100/24 dev eth0',
      '198.51.100.7/32 dev eth1',
      '2001:db8::7/64 dev eth0 (extra)',
    ]);
    assert.deepEqual(furtherInterfaces(routerConfig(addresses)), ['eth1']);
  });

  it('with a virtual MAC on its interface, which nobody has to provide', () => {
    const given = { ...addresses, virtualMac: { interface: 'vrrp4.51' } };
    assert.deepEqual(placesOf(given), [
      '192.0.2.100/24 dev vrrp4.51',
      '198.51.100.7/32 dev eth1',
      '2001:db8::7/64 dev vrrp4.51 (extra)',
    ]);
    assert.deepEqual(furtherInterfaces(routerConfig(given)), ['eth1']);
  });

  it('as rtnetlink takes them', () => {
    const config = routerConfig({
      virtualAddresses: [{ ...vip('192.0.2.100', 24), scope: 253, label: 'eth0:1', broadcast: '192.0.2.255' }],
    });
    const [address] = placedAddresses(config);
    assert.ok(address !== undefined);
    assert.deepEqual(newAddress(address, 3), {
      interfaceIndex: 3,
      address: ip('192.0.2.100'),
      prefixLength: 24,
      scope: 253,
      label: 'eth0:1',
      broadcast: ip('192.0.2.255'),
    });
  });
});

describe('vrrp/belongings: keys', () => {
  it('equal for what a reload leaves alone, others for everything else', () => {
    const before = routerConfig({ virtualRoutes: [route()], virtualRules: [rule()] });
    const same = routerConfig({ virtualRoutes: [route()], virtualRules: [rule()], priority: 7 });
    assert.deepEqual(belongingKeys(before), belongingKeys(same));
    const changed = routerConfig({
      virtualAddresses: [{ ...vip('192.0.2.100', 24), label: 'eth0:1' }],
      virtualRoutes: [route({ metric: 1 })],
      virtualRules: [rule({ priority: 1 })],
    });
    const kept = new Set(belongingKeys(changed));
    assert.deepEqual(
      belongingKeys(before).filter((key) => kept.has(key)),
      [],
    );
  });
});

describe('vrrp/belongings: routes and rules in words', () => {
  const routes: readonly [VirtualRouteConfig, string][] = [
    [route({ via: '192.0.2.1' }), '198.51.100.0/24 via 192.0.2.1'],
    [
      route({
        to: { address: '0.0.0.0', prefixLength: 0 },
        via: '192.0.2.1',
        interface: 'eth0',
        table: 100,
        source: '192.0.2.100',
        metric: 0,
      }),
      'default via 192.0.2.1 dev eth0 table 100 src 192.0.2.100 metric 0',
    ],
    [route({ type: 'prohibit' }), 'prohibit 198.51.100.0/24'],
  ];
  for (const [value, text] of routes) it(text, () => assert.equal(routeText(value), text));
  const rules: readonly [VirtualRuleConfig, string][] = [
    [rule({ from: { address: '192.0.2.0', prefixLength: 24 } }), '1000: from 192.0.2.0/24 lookup 100'],
    [
      rule({
        to: { address: '192.0.2.0', prefixLength: 24 },
        fwmark: { value: 7, mask: 15 },
        incomingInterface: 'eth0',
        outgoingInterface: 'eth1',
        table: 254,
      }),
      '1000: from all to 192.0.2.0/24 fwmark 7/15 iif eth0 oif eth1 lookup main',
    ],
    [
      rule({ fwmark: { value: 7, mask: 0xffff_ffff }, action: 'blackhole', table: 0 }),
      '1000: from all fwmark 7 blackhole',
    ],
  ];
  for (const [value, text] of rules) it(text, () => assert.equal(ruleText(value), text));

  it('a route through an interface that is not there cannot be added', () => {
    assert.deepEqual(
      routeChange(route({ interface: 'eth9' }), () => null),
      { ok: false, error: 'no interface eth9' },
    );
  });
});

describe('vrrp/interface-settings', () => {
  const settingsOf = (...given: readonly Parameters<typeof routerConfig>[0][]): readonly string[] =>
    interfaceSettings(given.map((config) => routerConfig(config))).map(
      ({ family, interface: place, name, least }) => `${family} ${place} ${name} ${least}`,
    );

  it('none without a reason', () => assert.deepEqual(settingsOf({}), []));

  it('promote_secondaries where IPv4 addresses are, once', () => {
    const given = {
      promoteSecondaries: true,
      extraAddresses: [
        { ...vip('198.51.100.7', 32), interface: 'eth1' },
        { ...vip('2001:db8::7', 64), interface: 'eth2' },
      ],
    };
    const expected = ['ipv4 eth0 promote_secondaries 1', 'ipv4 eth1 promote_secondaries 1'];
    assert.deepEqual(settingsOf(given, given), expected);
  });

  it('with a virtual MAC the interface below keeps silent about the addresses', () => {
    const virtualMac = { interface: 'vrrp4.51' };
    const expected = ['ipv4 eth0 arp_ignore 1', 'ipv4 eth0 arp_announce 2'];
    assert.deepEqual(settingsOf({ virtualMac }), expected);
    assert.deepEqual(settingsOf({ virtualMac, promoteSecondaries: true }), expected);
  });

  it('an IPv6 router with a virtual MAC needs none of ARP', () => {
    const given = { family: 6, virtualAddresses: [vip('fe80::1', 64)], virtualMac: { interface: 'vrrp6.51' } } as const;
    assert.deepEqual(settingsOf(given), []);
  });
});

describe('vrrp/repair-pace', () => {
  it('ten at once, then one in 100 ms, up to ten again after a second', () => {
    const pace = new RepairPace();
    const taken = (now: number, tries: number): number =>
      Array.from({ length: tries }, () => pace.take('web', now)).filter(Boolean).length;
    assert.equal(pace.has('web', 1000), true);
    assert.equal(taken(1000, 20), 10);
    assert.equal(pace.has('web', 1099), false);
    assert.equal(taken(1099, 1), 0);
    assert.equal(taken(1100, 5), 1);
    assert.equal(taken(1350, 5), 2);
    assert.equal(taken(9999, 20), 10);
    assert.equal(pace.take('other', 9999), true);
  });

  it('a new MASTER begins anew', () => {
    const pace = new RepairPace();
    for (let i = 0; i < 10; i++) pace.take('web', 0);
    assert.equal(pace.take('web', 0), false);
    pace.forget('web');
    assert.equal(pace.take('web', 0), true);
  });
});
