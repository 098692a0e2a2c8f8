import assert from 'node:assert/strict';
import type { VirtualRouterConfig } from '../../../src/config/types.ts';
import type { InterfaceAddress, Link } from '../../../src/net/rtnetlink.ts';
import { linkStateOf, virtualAddressesOn } from '../../../src/vrrp/link-state.ts';
import { ip, routerConfig } from './builders.ts';

const up: Link = { index: 3, name: 'eth0', usable: true, mac: ip('192.0.2.1') };
const has = (text: string, prefixLength: number, given: Partial<InterfaceAddress> = {}): InterfaceAddress => ({
  interfaceIndex: 3,
  address: ip(text),
  prefixLength,
  secondary: false,
  tentative: false,
  ...given,
});

const v4 = routerConfig();
const owner = routerConfig({ priority: 255 });
const two = routerConfig({
  virtualAddresses: [
    { address: '192.0.2.100', prefixLength: 24 },
    { address: '198.51.100.7', prefixLength: 32 },
  ],
});
const v6 = routerConfig({
  family: 6,
  virtualAddresses: [
    { address: 'fe80::100', prefixLength: 64 },
    { address: '2001:db8::100', prefixLength: 64 },
  ],
});

const own = has('192.0.2.1', 24);
const vip = has('192.0.2.100', 24, { secondary: true });

describe('vrrp/link-state', () => {
  const ready: readonly [
    name: string,
    config: VirtualRouterConfig,
    addresses: readonly InterfaceAddress[],
    primary: string,
    holds: boolean,
  ][] = [
    ['sends from its own address', v4, [own], '192.0.2.1', false],
    ['a virtual address is never sent from', v4, [has('192.0.2.100', 24), own], '192.0.2.1', true],
    ['finds its addresses in place', v4, [own, vip], '192.0.2.1', true],
    ['with another prefix length they are others', v4, [own, has('192.0.2.100', 32)], '192.0.2.1', false],
    ['one of two in place is not enough', two, [own, vip], '192.0.2.1', false],
    ['both in place', two, [own, vip, has('198.51.100.7', 32)], '192.0.2.1', true],
    ['the first of several own addresses', v4, [own, has('10.0.0.1', 8)], '192.0.2.1', false],
    [
      'a primary address before a secondary one',
      v4,
      [has('192.0.2.9', 24, { secondary: true }), own],
      '192.0.2.1',
      false,
    ],
    ['a secondary one if there is no other', v4, [has('192.0.2.9', 24, { secondary: true })], '192.0.2.9', false],
    ['the owner sends from the virtual address', owner, [has('192.0.2.100', 24)], '192.0.2.100', true],
    ['the owner prefers another address of its own', owner, [has('192.0.2.100', 24), own], '192.0.2.1', true],
    ['IPv6 sends from a link-local address', v6, [has('2001:db8::1', 64), has('fe80::1', 64)], 'fe80::1', false],
    [
      'IPv6 with all its addresses in place',
      v6,
      [has('fe80::1', 64), has('fe80::100', 64), has('2001:db8::100', 64)],
      'fe80::1',
      true,
    ],
  ];
  for (const [name, config, addresses, primary, holdsAddresses] of ready) {
    it(name, () => {
      assert.deepEqual(linkStateOf(config, up, addresses), {
        fault: null,
        primaryAddress: ip(primary),
        holdsAddresses,
      });
    });
  }

  const faults: readonly [
    name: string,
    config: VirtualRouterConfig,
    link: Link | null,
    addresses: readonly InterfaceAddress[],
    fault: string,
  ][] = [
    ['no interface', v4, null, [], 'interface eth0 does not exist'],
    ['no carrier', v4, { ...up, usable: false }, [own], 'interface eth0 is down or has no carrier'],
    ['no address', v4, up, [], 'interface eth0 has no IPv4 address to send from'],
    ['nothing but the virtual address', v4, up, [vip], 'interface eth0 has no IPv4 address to send from'],
    [
      'no link-local address',
      v6,
      up,
      [has('2001:db8::1', 64)],
      'interface eth0 has no link-local IPv6 address to send from',
    ],
    [
      'a link-local address in duplicate address detection',
      v6,
      up,
      [has('fe80::1', 64, { tentative: true })],
      'interface eth0 has no link-local IPv6 address to send from',
    ],
    [
      'only the virtual link-local address',
      v6,
      up,
      [has('fe80::100', 64)],
      'interface eth0 has no link-local IPv6 address to send from',
    ],
  ];
  for (const [name, config, link, addresses, fault] of faults) {
    it(`cannot take part: ${name}`, () => {
      assert.deepEqual(linkStateOf(config, link, addresses), { fault });
    });
  }

  it('gives the virtual addresses as changes of the interface', () => {
    assert.deepEqual(virtualAddressesOn(two, 3), [
      { interfaceIndex: 3, address: ip('192.0.2.100'), prefixLength: 24 },
      { interfaceIndex: 3, address: ip('198.51.100.7'), prefixLength: 32 },
    ]);
  });
});
