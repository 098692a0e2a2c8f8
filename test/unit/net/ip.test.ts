import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import fc from 'fast-check';
import {
  compareBytes,
  formatAddress,
  isBroadcast,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseAddress,
  parsePrefix,
} from '../../../src/net/ip.ts';

const CANONICAL: readonly (readonly [text: string, canonical: string, hex: string])[] = [
  ['192.0.2.1', '192.0.2.1', 'c0000201'],
  ['0.0.0.0', '0.0.0.0', '00000000'],
  ['255.255.255.255', '255.255.255.255', 'ffffffff'],
  ['::', '::', '00000000000000000000000000000000'],
  ['0:0:0:0:0:0:0:1', '::1', '00000000000000000000000000000001'],
  ['2001:DB8::A', '2001:db8::a', '20010db800000000000000000000000a'],
  ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1', '20010db8000000000001000000000001'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3', '00010000000000020000000000000003'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', '00010002000300040005000600070000'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8', '00000002000300040005000600070008'],
  ['::ffff:c000:0201', '::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ['::192.0.2.1', '::c000:201', '000000000000000000000000c0000201'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221', '0064ff9b0000000000000000c0000221'],
  ['fe80::1', 'fe80::1', 'fe800000000000000000000000000001'],
];

const REFUSED = [
  '',
  ' ',
  '10',
  '10.1',
  '10.0.1',
  '010.0.0.1',
  '0x0a.0.0.1',
  '256.0.0.1',
  '1.2.3.4.5',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '1.2.3.4/24',
  'fe80::1%eth0',
  '1::2::3',
  '1::2:3:4:5:6:7:8',
  ':::',
  ':',
  ':1::2',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '00001::',
  '::g',
  '::1.2.3',
  '::01.2.3.4',
  '1.2.3.4::',
  '::1.2.3.4:5',
  '[::1]',
  'localhost',
  '1:2:3:4:5:6:7:1.2.3.4',
  '1.2.3.4\n',
  '::1\n',
  '１.2.3.4',
];

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function bytesOf(text: string): Uint8Array {
  const address = parseAddress(text);
  assert.ok(address, text);
  return address.bytes;
}

describe('net/ip', () => {
  describe('parseAddress', () => {
    for (const [text, canonical, bytes] of CANONICAL) {
      it(`reads ${text} as ${canonical}`, () => {
        const address = parseAddress(text);
        assert.ok(address);
        assert.deepEqual(
          { text: address.text, bytes: hex(address.bytes), family: address.family },
          { text: canonical, bytes, family: bytes.length === 8 ? 4 : 6 },
        );
      });
    }

    for (const text of REFUSED) {
      it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseAddress(text), null));
    }

    it('agrees with the system library on what an address is', () => {
      const part = fc.constantFrom('0', '1', '00', '255', '256', 'ffff', 'a', '::', ':', '.', '1.2.3.4', '%1', 'g');
      const group = fc.constantFrom('', '', '0', '1', 'ffff', '12345', '1.2.3.4');
      const texts = fc.oneof(
        fc.array(part, { maxLength: 16 }).map((parts) => parts.join('')),
        fc.array(group, { minLength: 2, maxLength: 10 }).map((groups) => groups.join(':')),
        fc
          .array(fc.constantFrom('1', 'a'), { minLength: 6, maxLength: 9 })
          .chain((groups) =>
            fc.nat(groups.length).map((at) => [...groups.slice(0, at), '', ...groups.slice(at)].join(':')),
          ),
        fc.ipV6(),
      );
      fc.assert(
        fc.property(texts, (text) => {
          const expected = text.includes('%') ? 0 : isIP(text);
          assert.equal(parseAddress(text)?.family ?? 0, expected, text);
        }),
        { numRuns: 4000 },
      );
    });
  });

  describe('formatAddress', () => {
    it('writes text that reads back as the same bytes', () => {
      const bytes = fc.oneof(
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc
          .array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
          .map((list) => Uint8Array.from(list)),
      );
      fc.assert(
        fc.property(bytes, (b) => assert.equal(hex(bytesOf(formatAddress(b))), hex(b))),
        { numRuns: 500 },
      );
    });

    it('throws for a length that no address has', () => {
      assert.throws(() => formatAddress(new Uint8Array(5)), { name: 'RangeError', message: /5 bytes, want 4 or 16/ });
    });
  });

  it('parsePrefix reads a length, or takes the longest', () => {
    const table: readonly (readonly [string, string | null])[] = [
      ['192.0.2.1/24', '192.0.2.1 24'],
      ['192.0.2.1', '192.0.2.1 32'],
      ['192.0.2.1/0', '192.0.2.1 0'],
      ['192.0.2.1/33', null],
      ['2001:DB8::1/64', '2001:db8::1 64'],
      ['2001:db8::1', '2001:db8::1 128'],
      ['2001:db8::1/129', null],
      ['192.0.2.1/', null],
      ['192.0.2.1/024', null],
      ['192.0.2.1/+8', null],
      ['192.0.2.1/8/8', null],
      ['/24', null],
    ];
    for (const [text, expected] of table) {
      const prefix = parsePrefix(text);
      assert.equal(prefix && `${prefix.address.text} ${prefix.prefixLength}`, expected, text);
    }
  });

  it('compareBytes orders by number, IPv4 first', () => {
    const sorted = [
      '9.255.255.255',
      '10.0.0.1',
      '10.0.0.2',
      '10.0.1.0',
      '200.0.0.1',
      '::1',
      'fe80::1',
      'fe80::2',
      'ff02::1',
    ];
    const shuffled = [...sorted].reverse().map(bytesOf).sort(compareBytes);
    assert.deepEqual(shuffled.map(formatAddress), sorted);
    assert.equal(compareBytes(bytesOf('10.0.0.1'), bytesOf('10.0.0.1')), 0);
  });

  describe('kinds', () => {
    const table: readonly (readonly [text: string, kinds: string])[] = [
      ['10.0.0.1', ''],
      ['2001:db8::1', ''],
      ['169.254.0.1', 'link-local'],
      ['169.253.255.255', ''],
      ['168.254.0.1', ''],
      ['fe80::1', 'link-local'],
      ['febf::1', 'link-local'],
      ['fec0::1', ''],
      ['fe7f::1', ''],
      ['223.255.255.255', ''],
      ['224.0.0.18', 'multicast'],
      ['239.255.255.255', 'multicast'],
      ['240.0.0.1', ''],
      ['ff02::12', 'multicast'],
      ['feff::', ''],
      ['0.0.0.0', 'unspecified'],
      ['::', 'unspecified'],
      ['127.0.0.1', 'loopback'],
      ['127.255.0.9', 'loopback'],
      ['126.0.0.1', ''],
      ['::1', 'loopback'],
      ['::2', ''],
      ['1::1', ''],
      ['255.255.255.255', 'broadcast'],
      ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'multicast'],
    ];
    for (const [text, kinds] of table) {
      it(`${text} is ${kinds === '' ? 'an ordinary address' : kinds}`, () => {
        const bytes = bytesOf(text);
        const found = [
          isLinkLocal(bytes) ? 'link-local' : '',
          isMulticast(bytes) ? 'multicast' : '',
          isUnspecified(bytes) ? 'unspecified' : '',
          isLoopback(bytes) ? 'loopback' : '',
          isBroadcast(bytes) ? 'broadcast' : '',
        ];
        assert.equal(found.join(''), kinds);
      });
    }
  });
});
