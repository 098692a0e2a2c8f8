import assert from 'node:assert/strict';
import type { VirtualRouterConfig } from '../../../src/config/types.ts';
import { formatAddress } from '../../../src/net/ip.ts';
import type { InterfaceAddress } from '../../../src/net/rtnetlink.ts';
import { sourceAddressOf } from '../../../src/vrrp/source-address.ts';
import { ip, routerConfig } from './builders.ts';

const has = (text: string, given: Partial<InterfaceAddress> = {}): InterfaceAddress => ({
  interfaceIndex: 3,
  address: ip(text),
  prefixLength: 24,
  secondary: false,
  tentative: false,
  ...given,
});
const v6 = (given: Partial<VirtualRouterConfig>) => routerConfig({ family: 6, ...given });

describe('vrrp/source-address', () => {
  const own = has('192.0.2.1');
  const global = has('2001:db8::1');
  const linkLocal = has('fe80::1');
  const rows: readonly [
    name: string,
    config: VirtualRouterConfig,
    addresses: readonly InterfaceAddress[],
    virtual: readonly string[],
    want: string,
  ][] = [
    ['the first own address', routerConfig(), [own, has('192.0.2.2')], [], '192.0.2.1'],
    ['never a virtual one', routerConfig(), [has('192.0.2.100'), own], ['192.0.2.100'], '192.0.2.1'],
    ['an IPv4 link-local one too', routerConfig(), [has('169.254.0.1')], [], '169.254.0.1'],
    [
      'the one that is configured',
      routerConfig({ sourceAddress: '192.0.2.2' }),
      [own, has('192.0.2.2')],
      [],
      '192.0.2.2',
    ],
    [
      'the one that is configured, secondary or not',
      routerConfig({ sourceAddress: '192.0.2.2' }),
      [own, has('192.0.2.2', { secondary: true })],
      [],
      '192.0.2.2',
    ],
    ['IPv6 multicast: link-local (RFC 9568 section 5.1.2.1)', v6({}), [global, linkLocal], [], 'fe80::1'],
    ['IPv6 peers on the link: link-local', v6({ peers: ['fe80::2'] }), [global, linkLocal], [], 'fe80::1'],
    ['IPv6 peers anywhere: global', v6({ peers: ['2001:db8::2'] }), [linkLocal, global], [], '2001:db8::1'],
    ['peers of both kinds: global', v6({ peers: ['fe80::2', '2001:db8::2'] }), [linkLocal, global], [], '2001:db8::1'],
    [
      'of several IPv6 ones the smallest: a dump has the newest first, events bring it last',
      v6({ peers: ['2001:db8::9'] }),
      [has('2001:db8::99'), has('2001:db8::2'), has('2001:db8::100')],
      [],
      '2001:db8::2',
    ],
    [
      'a temporary or deprecated IPv6 one only if there is no other: somebody else left it, or it will go',
      v6({}),
      [has('fe80::5:51', { secondary: true }), has('fe80::ff:fe00:10b')],
      [],
      'fe80::ff:fe00:10b',
    ],
    ['such a one rather than none', v6({}), [has('fe80::5:51', { secondary: true })], [], 'fe80::5:51'],
    ['of several link-local ones too', v6({}), [has('fe80::99'), has('fe80::2')], [], 'fe80::2'],
    ['the owner has only the virtual one', routerConfig({ priority: 255 }), [own], ['192.0.2.1'], '192.0.2.1'],
  ];
  for (const [name, config, addresses, virtual, want] of rows) {
    it(name, () => {
      const own = addresses.filter(({ address }) => !virtual.includes(formatAddress(address)));
      assert.deepEqual(sourceAddressOf(config, addresses, own), { ok: true, value: ip(want) });
    });
  }

  const missing: readonly [
    name: string,
    config: VirtualRouterConfig,
    addresses: readonly InterfaceAddress[],
    error: string,
  ][] = [
    ['no address', routerConfig(), [], 'interface eth0 has no IPv4 address to send from'],
    [
      'a tentative one only',
      v6({}),
      [has('fe80::1', { tentative: true })],
      'interface eth0 has no link-local IPv6 address to send from',
    ],
    [
      'no global one for peers anywhere',
      v6({ peers: ['2001:db8::2'] }),
      [linkLocal],
      'interface eth0 has no IPv6 address to send from',
    ],
    [
      'the configured one is not there',
      routerConfig({ sourceAddress: '192.0.2.2' }),
      [own],
      'interface eth0 has no address 192.0.2.2 to send from',
    ],
  ];
  for (const [name, config, addresses, error] of missing) {
    it(`cannot send: ${name}`, () =>
      assert.deepEqual(sourceAddressOf(config, addresses, addresses), { ok: false, error }));
  }
});
