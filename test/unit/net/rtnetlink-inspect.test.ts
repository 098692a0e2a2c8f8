import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AttrWriter } from '../../../src/net/nlattr.ts';
import {
  decodeAddressDetails,
  decodeLinkDetails,
  decodeRoute,
  writeGetRoute,
} from '../../../src/net/rtnetlink-inspect.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex'));
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

describe('net/rtnetlink-inspect', () => {
  it('asks for a route: ip route get 198.51.100.1 mark 7', () => {
    const writer = new AttrWriter();
    writeGetRoute(writer, 0x11, Uint8Array.of(198, 51, 100, 1), 7);
    assert.equal(
      hex(writer.finish()),
      hex(
        bytes(
          '2c000000 1a00 0500 11000000 00000000 | 02200000 00000000 00000000 | 08000100 c6336401 | 08001000 07000000',
        ),
      ),
    );
  });

  const route = (type: string, attributes: string): string => `02200000 fe00 00 ${type} 00000000 ${attributes}`;
  const none = {
    local: false,
    interfaceIndex: null,
    gateway: null,
    mtuBytes: null,
    advertisedMssBytes: null,
    fromRouterAdvertisement: false,
  };
  const routes: readonly [name: string, wire: string, value: object][] = [
    ['on the link', route('01', '08000100 0a000015 08000400 03000000'), { ...none, interfaceIndex: 3 }],
    [
      'by a gateway, with mtu 1400 and advmss 1360',
      route('01', '08000500 0a000001 08000400 03000000 14000800 08000200 78050000 08000800 50050000'),
      { ...none, interfaceIndex: 3, gateway: '10.0.0.1', mtuBytes: 1400, advertisedMssBytes: 1360 },
    ],
    [
      'by an IPv6 gateway (RTA_VIA)',
      route('01', `16001200 0a00 fe80${'00'.repeat(13)}01 0000`),
      { ...none, gateway: 'fe80::1' },
    ],
    ['local', route('02', '08000400 01000000'), { ...none, local: true, interfaceIndex: 1 }],
    [
      'IPv6 by router advertisement',
      `0a800000 fe09 00 01 00000000 08000400 03000000`,
      { ...none, interfaceIndex: 3, fromRouterAdvertisement: true },
    ],
  ];
  for (const [name, wire, value] of routes) {
    it(`reads a route: ${name}`, () => assert.deepEqual(decodeRoute(bytes(wire)), { ok: true, value }));
  }

  it('reads a link: tunl0, an IPIP tunnel of a VRF', () => {
    const wire =
      '00000003 05000000 c1000000 00000000 0a000300 74756e6c3000 0000 08000400 c8050000 08000a00 09000000 10001200 09000100 6970697000 000000';
    assert.deepEqual(decodeLinkDetails(bytes(wire)), {
      ok: true,
      value: {
        index: 5,
        name: 'tunl0',
        up: true,
        running: true,
        loopback: false,
        arp: false,
        kind: 'ipip',
        mtuBytes: 1480,
        masterIndex: 9,
      },
    });
  });

  it('reads a link: Ethernet that is down', () => {
    const wire = '00000100 02000000 02100000 00000000 09000300 65746830 00000000';
    const link = decodeLinkDetails(bytes(wire));
    assert.deepEqual(link.ok && [link.value.name, link.value.up, link.value.arp, link.value.kind], [
      'eth0',
      false,
      true,
      null,
    ]);
  });

  it('reads addresses with scope, label and flags', () => {
    const v4 = decodeAddressDetails(
      bytes('022001fe 03000000 08000200 0a000064 08000100 0a000064 0b000300 6c6f3a76697000 00 08000800 81000000'),
    );
    assert.deepEqual(v4, {
      ok: true,
      value: {
        interfaceIndex: 3,
        family: 4,
        address: '10.0.0.100',
        prefixLength: 32,
        scope: 254,
        label: 'lo:vip',
        secondary: true,
        tentative: false,
        deprecated: false,
        permanent: true,
      },
    });
    const v6 = decodeAddressDetails(bytes(`0a800000 01000000 14000100 fd00${'00'.repeat(12)}0100 08000800 a0000000`));
    assert.deepEqual(v6.ok && [v6.value?.address, v6.value?.deprecated, v6.value?.secondary, v6.value?.permanent], [
      'fd00::100',
      true,
      false,
      true,
    ]);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (data) => {
        decodeLinkDetails(data);
        decodeAddressDetails(data);
        decodeRoute(data);
      }),
    );
  });
});
