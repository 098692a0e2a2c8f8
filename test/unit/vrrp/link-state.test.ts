import assert from 'node:assert/strict';
import type { VirtualRouterConfig } from '../../../src/config/types.ts';
import type { AddressChange, InterfaceAddress, Link } from '../../../src/net/rtnetlink.ts';
import type { LinkState } from '../../../src/vrrp/instance-ports.ts';
import { linkStateOf } from '../../../src/vrrp/link-state.ts';
import { type NetworkView, Surroundings } from '../../../src/vrrp/surroundings.ts';
import { ip, routerConfig, vip as virtual } from './builders.ts';

const up: Link = { index: 3, name: 'eth0', usable: true, mac: ip('192.0.2.1') };
const has = (text: string, prefixLength: number, given: Partial<InterfaceAddress> = {}): InterfaceAddress => ({
  interfaceIndex: 3,
  address: ip(text),
  prefixLength,
  secondary: false,
  tentative: false,
  ...given,
});

const isSame = (a: AddressChange, b: AddressChange): boolean =>
  a.interfaceIndex === b.interfaceIndex && a.prefixLength === b.prefixLength && String(a.address) === String(b.address);

/** On a machine with one or two interfaces and `routers`; `addresses` of both. */
function stateOf(
  config: VirtualRouterConfig,
  links: readonly (Link | null)[],
  addresses: readonly InterfaceAddress[],
  routers = [config],
): LinkState {
  const network: NetworkView = {
    link: (name) => links.find((link) => link?.name === name) ?? null,
    addressesOf: (index, family) =>
      addresses.filter((entry) => entry.interfaceIndex === index && entry.address.length === (family === 4 ? 4 : 16)),
    holds: (wanted) => addresses.some((entry) => isSame(entry, wanted)),
  };
  return linkStateOf(config, new Surroundings(network, routers));
}

const v4 = routerConfig();
const owner = routerConfig({ priority: 255 });
const two = routerConfig({
  virtualAddresses: [virtual('192.0.2.100', 24), virtual('198.51.100.7', 32)],
});
const v6 = routerConfig({
  family: 6,
  virtualAddresses: [virtual('fe80::100', 64), virtual('2001:db8::100', 64)],
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
      assert.deepEqual(stateOf(config, [up], addresses), {
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
      assert.deepEqual(stateOf(config, [link], addresses), { fault });
    });
  }

  describe('addresses elsewhere', () => {
    const eth1: Link = { ...up, index: 4, name: 'eth1' };
    const elsewhere = routerConfig({
      virtualAddresses: [virtual('192.0.2.100', 24), { ...virtual('198.51.100.7', 32), interface: 'eth1' }],
      extraAddresses: [virtual('2001:db8::7', 128)],
    });
    const cases: readonly [name: string, links: readonly Link[], more: readonly InterfaceAddress[], state: object][] = [
      ['all in place', [up, eth1], [vip, has('198.51.100.7', 32, { interfaceIndex: 4 })], { holdsAddresses: true }],
      ['on the wrong interface', [up, eth1], [vip, has('198.51.100.7', 32)], { holdsAddresses: false }],
      ['their interface is missing', [up], [vip], { fault: 'interface eth1 does not exist' }],
      [
        'their interface is down',
        [up, { ...eth1, usable: false }],
        [vip],
        { fault: 'interface eth1 is down or has no carrier' },
      ],
    ];
    for (const [name, links, more, state] of cases) {
      it(name, () => {
        const found = stateOf(elsewhere, links, [own, ...more]);
        assert.deepEqual(found, 'fault' in state ? state : { fault: null, primaryAddress: ip('192.0.2.1'), ...state });
      });
    }

    it('with a virtual MAC they are on its interface, and the router sends from the one below', () => {
      const config = routerConfig({ virtualMac: { interface: 'vrrp4.51' } });
      const macvlan: Link = { ...up, index: 9, name: 'vrrp4.51', usable: false };
      const addresses = [own, has('192.0.2.100', 24, { interfaceIndex: 9 })];
      assert.deepEqual(stateOf(config, [up, macvlan], addresses), {
        fault: null,
        primaryAddress: ip('192.0.2.1'),
        holdsAddresses: true,
      });
    });
  });

  describe('the address to send from', () => {
    const at = (config: VirtualRouterConfig, ...addresses: readonly InterfaceAddress[]) =>
      stateOf(config, [up], addresses);

    it('a source_address has to be there', () => {
      const config = routerConfig({ sourceAddress: '192.0.2.2' });
      assert.deepEqual(at(config, own), { fault: 'interface eth0 has no address 192.0.2.2 to send from' });
      assert.deepEqual(at(config, own, has('192.0.2.2', 24, { secondary: true })), {
        fault: null,
        primaryAddress: ip('192.0.2.2'),
        holdsAddresses: false,
      });
    });

    it('to IPv6 peers beyond the link: not from a link-local one', () => {
      const config = { ...v6, peers: ['2001:db8::2'] };
      const state = at(config, has('fe80::1', 64), has('2001:db8::1', 64));
      assert.deepEqual(state, { fault: null, primaryAddress: ip('2001:db8::1'), holdsAddresses: false });
      assert.deepEqual(at(config), { fault: 'interface eth0 has no IPv6 address to send from' });
    });

    it('never that of another virtual router, though it may be an extra one', () => {
      const other = routerConfig({ name: 'other', extraAddresses: [virtual('192.0.2.1', 24)] });
      assert.deepEqual(stateOf(v4, [up], [own, has('10.0.0.1', 8)], [v4, other]), {
        fault: null,
        primaryAddress: ip('10.0.0.1'),
        holdsAddresses: false,
      });
    });
  });
});
