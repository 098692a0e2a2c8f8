import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  addressesOf,
  addressText,
  numberText,
  parseAddressRange,
  parsePortRange,
  sizeOf,
} from '../../../src/config/ranges.ts';
import { formatAddress } from '../../../src/net/ip.ts';

function expanded(text: string, limit = 10): readonly string[] | null {
  const range = parseAddressRange(text);
  return range === null ? null : addressesOf(range, limit);
}

describe('config: ranges of addresses', () => {
  const rows: readonly (readonly [text: string, addresses: readonly string[] | null])[] = [
    ['192.0.2.1', ['192.0.2.1']],
    ['192.0.2.1-192.0.2.1', ['192.0.2.1']],
    ['192.0.2.254-192.0.3.1', ['192.0.2.254', '192.0.2.255', '192.0.3.0', '192.0.3.1']],
    ['255.255.255.254-255.255.255.255', ['255.255.255.254', '255.255.255.255']],
    ['2001:DB8::fffe-2001:db8::1:0', ['2001:db8::fffe', '2001:db8::ffff', '2001:db8::1:0']],
    ['192.0.2.2-192.0.2.1', null],
    ['192.0.2.1-2001:db8::1', null],
    ['192.0.2.1-9', null],
    ['192.0.2.1 - 192.0.2.9', null],
    ['192.0.2.1-192.0.2.2-192.0.2.3', null],
    ['-192.0.2.1', null],
    ['192.0.2.1-', null],
    ['', null],
  ];
  for (const [text, addresses] of rows) {
    it(JSON.stringify(text), () => assert.deepEqual(expanded(text), addresses));
  }

  it('their size is exact, and no more than asked for is made', () => {
    const range = parseAddressRange('::1-ffff::');
    assert.ok(range !== null);
    assert.equal(sizeOf(range), 0xffff_0000_0000_0000_0000_0000_0000_0000n);
    assert.deepEqual(addressesOf(range, 2), ['::1', '::2']);
  });

  it('written and expanded again they are the same', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 300 }), (first, count) => {
        const start = formatAddress(first);
        const last = first.length === 4 ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
        const addresses = expanded(`${start}-${last}`, count);
        assert.ok(addresses !== null);
        const [text, ...others] = addressText(addresses);
        assert.deepEqual(others, []);
        assert.deepEqual(expanded(text ?? '', count), addresses);
      }),
      { numRuns: 300 },
    );
  });
});

describe('config: ranges of ports', () => {
  const rows: readonly (readonly [text: string, range: ReturnType<typeof parsePortRange>])[] = [
    ['80-80', { first: 80, last: 80 }],
    ['1-65535', { first: 1, last: 65_535 }],
    ['2-1', null],
    ['0-1', null],
    ['1-65536', null],
    ['80', null],
    ['80-', null],
    ['080-90', null],
  ];
  for (const [text, range] of rows) {
    it(JSON.stringify(text), () => assert.deepEqual(parsePortRange(text), range));
  }
});

describe('config: lists in short', () => {
  it('what follows one another is a range, in the order given', () => {
    assert.deepEqual(numberText([80, 443, 8000, 8001, 8002, 79]), ['80', '443', '8000-8002', '79']);
    assert.deepEqual(numberText([]), []);
    assert.deepEqual(addressText(['192.0.2.1', '192.0.2.3', '192.0.2.4']), ['192.0.2.1', '192.0.2.3-192.0.2.4']);
  });
});
