/** Persistence masks of IPv4 services: prefixes, and those with holes that the kernel takes too. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { granularityOf, ipv4MaskBytes, ipv4MaskText } from '../../../src/ipvs/mask.ts';

describe('ipvs/mask', () => {
  for (const [mask, granularity, text] of [
    [0xffffffff, { prefixLength: 32 }, '255.255.255.255'],
    [0xffffff00, { prefixLength: 24 }, '255.255.255.0'],
    [0xfffffffe, { prefixLength: 31 }, '255.255.255.254'],
    [0x80000000, { prefixLength: 1 }, '128.0.0.0'],
    [0, { prefixLength: 0 }, '0.0.0.0'],
    [0xff00ff00, { prefixLength: 8, holedMask: 0xff00ff00 }, '255.0.255.0'],
    [0x00000018, { prefixLength: 0, holedMask: 0x18 }, '0.0.0.24'],
    [0x7f000001, { prefixLength: 0, holedMask: 0x7f000001 }, '127.0.0.1'],
  ] as const) {
    it(text, () => {
      assert.deepEqual(granularityOf(mask), granularity);
      assert.equal(ipv4MaskText(granularity), text);
    });
  }

  it('loses no bit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (mask) => {
        const [a = 0, b = 0, c = 0, d = 0] = ipv4MaskBytes(granularityOf(mask));
        assert.equal(((a << 24) | (b << 16) | (c << 8) | d) >>> 0, mask);
      }),
    );
  });
});
