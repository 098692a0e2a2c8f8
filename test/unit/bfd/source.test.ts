import assert from 'node:assert/strict';
import { sourceFor } from '../../../src/bfd/source.ts';
import type { BfdSessionConfig } from '../../../src/config/types-bfd.ts';
import { formatAddress, parseAddress } from '../../../src/net/ip.ts';
import type { InterfaceAddress } from '../../../src/net/rtnetlink.ts';
import { config as session } from './builders.ts';

const session6: BfdSessionConfig = { ...session, neighbor: 'fd00::3', family: 6 };

function on(text: string, changes: Partial<InterfaceAddress> = {}): InterfaceAddress {
  const [address = '', length] = text.split('/');
  const bytes = parseAddress(address)?.bytes;
  assert.ok(bytes !== undefined);
  return {
    interfaceIndex: 2,
    address: bytes,
    prefixLength: Number(length),
    secondary: false,
    tentative: false,
    ...changes,
  };
}

describe('bfd/source: what a session speaks from', () => {
  const table: readonly (readonly [
    rule: string,
    config: BfdSessionConfig,
    addresses: readonly InterfaceAddress[],
    expected: string,
  ])[] = [
    ['the only one', session, [on('192.0.2.2/24')], '192.0.2.2'],
    ["the one in the neighbour's subnet", session, [on('10.0.0.1/8'), on('192.0.2.2/24')], '192.0.2.2'],
    ['a prefix that ends inside an octet', session, [on('192.0.2.66/26'), on('192.0.2.20/27')], '192.0.2.20'],
    ['the older of two', session, [on('192.0.2.5/24', { secondary: true }), on('192.0.2.2/24')], '192.0.2.2'],
    ['one of another subnet, if there is no other', session, [on('10.0.0.1/8')], '10.0.0.1'],
    ['never a virtual address', session, [on('192.0.2.100/24'), on('10.0.0.1/8')], '10.0.0.1'],
    [
      'IPv6 global for a global neighbour',
      session6,
      [on('fe80::2/64'), on('fd00::100/64'), on('fd00::2/64')],
      'fd00::2',
    ],
    [
      'IPv6 link-local for a link-local one',
      { ...session6, neighbor: 'fe80::3' },
      [on('fd00::2/64'), on('fe80::2/64')],
      'fe80::2',
    ],
    ['as configured', { ...session, sourceAddress: '10.0.0.1' }, [on('192.0.2.2/24'), on('10.0.0.1/8')], '10.0.0.1'],
    [
      'not before duplicate address detection is over',
      session6,
      [on('fd00::2/64', { tentative: true })],
      'interface eth0 has no global IPv6 address of its own to send from',
    ],
    ['none', session, [], 'interface eth0 has no IPv4 address of its own to send from'],
    [
      "not the neighbour's own",
      session,
      [on('192.0.2.3/24')],
      'interface eth0 has no IPv4 address of its own to send from',
    ],
    [
      'link-local missing',
      { ...session6, neighbor: 'fe80::3' },
      [on('fd00::2/64')],
      'interface eth0 has no link-local IPv6 address of its own to send from',
    ],
    [
      'as configured, but it is not there',
      { ...session, sourceAddress: '10.0.0.1' },
      [on('192.0.2.2/24')],
      'interface eth0 does not have the address 10.0.0.1',
    ],
  ];
  for (const [rule, config, addresses, expected] of table) {
    it(`${rule}: ${expected}`, () => {
      const source = sourceFor(config, addresses, new Set(['192.0.2.100', 'fd00::100']));
      assert.equal(source.ok ? formatAddress(source.value) : source.error, expected);
    });
  }
});
