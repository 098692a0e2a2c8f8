import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AttrWriter } from '../../../src/net/nlattr.ts';
import {
  type AddressChange,
  decodeAddress,
  decodeLink,
  decodeOwnAddress,
  type InterfaceAddress,
  type Link,
  type NewAddress,
  writeAddAddress,
  writeDeleteAddress,
  writeDumpAddresses,
  writeDumpLinks,
} from '../../../src/net/rtnetlink.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex'));
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

const change = (interfaceIndex: number, address: string, prefixLength: number): AddressChange => ({
  interfaceIndex,
  address: bytes(address),
  prefixLength,
});
/** IFA_PROTO 112: whose address it is. iproute2 6.1 does not write it. */
const OURS = '05000b00 70000000';
const plain = (interfaceIndex: number, address: string, prefixLength: number): NewAddress => ({
  ...change(interfaceIndex, address, prefixLength),
  scope: 0,
  label: null,
  broadcast: null,
});
const FD00_101 = 'fd000000000000000000000000000101';

describe('net/rtnetlink: requests as iproute2 6.1 sends them', () => {
  const requests: readonly [command: string, seq: number, write: (w: AttrWriter, seq: number) => void, wire: string][] =
    [
      [
        'ip addr add 10.1.0.100/24 dev eth0',
        0x6b00f5b9,
        (w, seq) => writeAddAddress(w, seq, plain(3, '0a010064', 24)),
        `30000000 1400 0506 b9f5006b 00000000 | 02180000 03000000 | 08000200 0a010064 | 08000100 0a010064 | ${OURS}`,
      ],
      [
        'ip addr add 10.99.0.1/32 dev lo',
        0x6b00f5c5,
        (w, seq) => writeAddAddress(w, seq, plain(1, '0a630001', 32)),
        `30000000 1400 0506 c5f5006b 00000000 | 02200000 01000000 | 08000200 0a630001 | 08000100 0a630001 | ${OURS}`,
      ],
      [
        'ip -6 addr add fd00::101/128 dev eth0 nodad preferred_lft 0',
        0x6b00f5b9,
        (w, seq) => writeAddAddress(w, seq, plain(3, FD00_101, 128)),
        `5c000000 1400 0506 b9f5006b 00000000 | 0a800200 03000000 | 14000200 ${FD00_101} | 14000100 ${FD00_101} |
         14000600 00000000 ffffffff 00000000 00000000 | ${OURS}`,
      ],
      [
        'ip addr add 10.1.0.101/32 dev eth0 broadcast 10.1.0.255 label eth0:vip scope host',
        0x6b00f5b9,
        (w, seq) =>
          writeAddAddress(w, seq, {
            ...plain(3, '0a010065', 32),
            scope: 254,
            label: 'eth0:vip',
            broadcast: bytes('0a0100ff'),
          }),
        `48000000 1400 0506 b9f5006b 00000000 | 022000fe 03000000 | 08000200 0a010065 | 08000100 0a010065 |
         08000400 0a0100ff | 0d000300 657468303a766970 00000000 | ${OURS}`,
      ],
      [
        'ip addr del 10.1.0.101/32 dev eth0',
        0x6b00f5bb,
        (w, seq) => writeDeleteAddress(w, seq, change(3, '0a010065', 32)),
        '28000000 1500 0500 bbf5006b 00000000 | 02200000 03000000 | 08000200 0a010065 | 08000100 0a010065',
      ],
      [
        'ip -6 addr del fd00::101/128 dev eth0',
        0x6b00f5bc,
        (w, seq) => writeDeleteAddress(w, seq, change(3, FD00_101, 128)),
        `40000000 1500 0500 bcf5006b 00000000 | 0a800000 03000000 | 14000200 ${FD00_101} | 14000100 ${FD00_101}`,
      ],
      [
        'a dump of all links',
        7,
        writeDumpLinks,
        '20000000 1200 0103 07000000 00000000 | 00000000 00000000 00000000 00000000',
      ],
      ['a dump of all addresses', 8, writeDumpAddresses, '18000000 1600 0103 08000000 00000000 | 00000000 00000000'],
    ];
  for (const [command, seq, write, wire] of requests) {
    it(command, () => {
      const w = new AttrWriter();
      write(w, seq);
      assert.equal(hex(w.finish()), wire.replaceAll(/[\s|]/g, ''));
    });
  }
});

/** Payloads behind the nlmsghdr. CACHEINFO as in every event: no limit of lifetime. */
const CACHEINFO = '14000600 ffffffff ffffffff c2790400 c2790400';
const FD00_55 = 'fd000000000000000000000000000055';

const address = (given: Partial<InterfaceAddress>): InterfaceAddress => ({
  interfaceIndex: 3,
  address: bytes('0a050001'),
  prefixLength: 24,
  secondary: false,
  tentative: false,
  ...given,
});
const v6 = (given: Partial<InterfaceAddress>): InterfaceAddress =>
  address({ address: bytes(FD00_55), prefixLength: 64, ...given });

describe('net/rtnetlink: address events', () => {
  const events: readonly [name: string, payload: string, expected: InterfaceAddress | null][] = [
    [
      'the first IPv4 address of its subnet',
      `02188000 03000000 08000100 0a050001 08000200 0a050001 09000300 65746830 00000000 08000800 80000000 ${CACHEINFO}`,
      address({}),
    ],
    [
      'a secondary IPv4 address, told by IFA_FLAGS',
      '02180000 03000000 08000100 0a050002 08000200 0a050002 08000800 81000000',
      address({ address: bytes('0a050002'), secondary: true }),
    ],
    [
      'IFA_FLAGS overrides the flags of the header',
      '02180100 03000000 08000100 0a050001 08000200 0a050001 08000800 80000000',
      address({}),
    ],
    [
      'without IFA_FLAGS those of the header count',
      '02180100 03000000 08000100 0a050001 08000200 0a050001',
      address({ secondary: true }),
    ],
    [
      'point to point: ours is IFA_LOCAL, IFA_ADDRESS is the other end',
      '02200000 04000000 08000100 0a050009 08000200 0a050001',
      address({ interfaceIndex: 4, prefixLength: 32 }),
    ],
    [
      'an IPv6 address in duplicate address detection',
      `0a40c000 03000000 14000100 ${FD00_55} ${CACHEINFO} 08000800 c0000000`,
      v6({ tentative: true }),
    ],
    ['an IPv6 address that passed it', `0a408000 03000000 14000100 ${FD00_55} 08000800 80000000`, v6({})],
    [
      'an IPv6 address that is a duplicate (DADFAILED)',
      `0a408800 03000000 14000100 ${FD00_55} 08000800 88000000`,
      v6({ tentative: true }),
    ],
    [
      'a temporary IPv6 address: the flag has two meanings',
      `0a408100 03000000 14000100 ${FD00_55} 08000800 81000000`,
      v6({ secondary: true }),
    ],
    ['a deprecated IPv6 address', `0a40a000 03000000 14000100 ${FD00_55} 08000800 a0000000`, v6({ secondary: true })],
    ['another family', '0c180000 03000000 06000100 0a050000 06000200 0a050000', null],
    ['no address', '02180000 03000000', null],
  ];
  for (const [name, payload, expected] of events) {
    it(name, () => {
      assert.deepEqual(decodeAddress(bytes(payload)), { ok: true, value: expected });
    });
  }

  it('refuses a payload shorter than its header', () => {
    assert.deepEqual(decodeAddress(bytes('02188000 030000')), { ok: false, error: { kind: 'short' } });
  });

  it('refuses attributes that run over the end', () => {
    assert.deepEqual(decodeAddress(bytes('02188000 03000000 09000100 0a050001')), {
      ok: false,
      error: { kind: 'attributes' },
    });
  });

  it('keeps no view into the receive buffer', () => {
    const payload = bytes('02180000 03000000 08000100 0a050001 08000200 0a050001');
    const decoded = decodeAddress(payload);
    payload.fill(0);
    assert.deepEqual(decoded, { ok: true, value: address({}) });
  });
});

const NAME_ETH0 = '09000300 65746830 00000000';
const MAC_A = '0a000100 02000000 000a0000';

const link = (given: Partial<Link>): Link => ({
  index: 3,
  name: 'eth0',
  usable: true,
  mac: bytes('02000000000a'),
  ...given,
});

describe('net/rtnetlink: whose an address is', () => {
  const told = '02188000 03000000 | 08000100 0a010064 | 08000200 0a010064';
  it('ours has our number', () => {
    assert.deepEqual(decodeOwnAddress(bytes(`${told} | ${OURS}`))?.address, bytes('0a010064'));
  });
  it("another number, or none, is another's", () => {
    assert.equal(decodeOwnAddress(bytes(`${told} | 05000b00 03000000`)), null);
    assert.equal(decodeOwnAddress(bytes(told)), null);
  });
});

describe('net/rtnetlink: link events', () => {
  /** ifinfomsg: family, pad, type, index, flags, change; then IFLA_IFNAME and IFLA_ADDRESS. */
  const events: readonly [name: string, payload: string, expected: Link][] = [
    ['up with carrier', `00000100 03000000 43100100 00000000 ${NAME_ETH0} ${MAC_A}`, link({})],
    ['up, cable pulled', `00000100 03000000 03100000 00000000 ${NAME_ETH0} ${MAC_A}`, link({ usable: false })],
    ['set down', `00000100 03000000 02100000 00000000 ${NAME_ETH0} ${MAC_A}`, link({ usable: false })],
    [
      'running but set down: not usable',
      `00000100 03000000 42100100 00000000 ${NAME_ETH0} ${MAC_A}`,
      link({ usable: false }),
    ],
    [
      'loopback: usable, nobody listens to ARP',
      '00000403 01000000 49000100 00000000 07000300 6c6f0000 0a000100 00000000 00000000',
      link({ index: 1, name: 'lo', mac: null }),
    ],
    [
      'an Ethernet with ARP switched off',
      `00000100 03000000 c3100100 00000000 ${NAME_ETH0} ${MAC_A}`,
      link({ mac: null }),
    ],
    [
      'a tunnel, whose hardware address is an IPv4 address',
      '00000003 05000000 51000100 00000000 0a000300 74756e6c 30000000 08000100 0a010001',
      link({ index: 5, name: 'tunl0', mac: null }),
    ],
    ['no name, no address', '00000100 03000000 43100100 00000000', link({ name: '', mac: null })],
  ];
  for (const [name, payload, expected] of events) {
    it(name, () => {
      assert.deepEqual(decodeLink(bytes(payload)), { ok: true, value: expected });
    });
  }

  it('refuses a payload shorter than its header', () => {
    assert.deepEqual(decodeLink(new Uint8Array(15)), { ok: false, error: { kind: 'short' } });
  });

  it('refuses attributes that run over the end', () => {
    assert.deepEqual(decodeLink(bytes('00000100 03000000 43100100 00000000 ff000300 65746830')), {
      ok: false,
      error: { kind: 'attributes' },
    });
  });

  it('keeps no view into the receive buffer', () => {
    const payload = bytes(`00000100 03000000 43100100 00000000 ${NAME_ETH0} ${MAC_A}`);
    const decoded = decodeLink(payload);
    payload.fill(0);
    assert.deepEqual(decoded, { ok: true, value: link({}) });
  });
});

describe('net/rtnetlink: random bytes', () => {
  it('never throw', () => {
    const header = fc.constantFrom('', '02188000 03000000', '0a40c000 03000000', '00000100 03000000 43100100 00000000');
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 80 }), (start, random) => {
        const payload = Uint8Array.from([...bytes(start), ...random]);
        decodeLink(payload);
        decodeAddress(payload);
      }),
    );
  });
});
