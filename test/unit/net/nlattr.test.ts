import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Attrs, AttrWriter, decodeAttrs } from '../../../src/net/nlattr.ts';

const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'));
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex'));

function decoded(text: string): Attrs {
  const result = decodeAttrs(bytes(text));
  assert.ok(result.ok);
  return result.value;
}

describe('net/nlattr: AttrWriter', () => {
  const rows: { name: string; write: (w: AttrWriter) => void; wire: string }[] = [
    { name: 'u8 is padded with three zeros', write: (w) => w.u8(13, 2), wire: '05000d00 02000000' },
    { name: 'u16 in host order', write: (w) => w.u16(1, 2), wire: '06000100 02000000' },
    { name: 'u16be in network order', write: (w) => w.u16be(2, 80), wire: '06000200 00500000' },
    { name: 'u32 in host order', write: (w) => w.u32(5, 0x01020304), wire: '08000500 04030201' },
    { name: 'u32 of a negative number', write: (w) => w.u32(4, -1), wire: '08000400 ffffffff' },
    { name: 'u32be in network order', write: (w) => w.u32be(9, 0xffffff00), wire: '08000900 ffffff00' },
    { name: 'string ends with a NUL that counts', write: (w) => w.string(6, 'rr'), wire: '07000600 72720000' },
    { name: 'string in UTF-8', write: (w) => w.string(6, 'ü'), wire: '07000600 c3bc0000' },
    { name: 'empty bytes are a flag', write: (w) => w.bytes(7, new Uint8Array(0)), wire: '04000700' },
    {
      name: 'bytes of 5 are padded to 8',
      write: (w) => w.bytes(7, bytes('0102030405')),
      wire: '09000700 01020304 05000000',
    },
    {
      name: 'put8, put16, put32 and putBytes bare',
      write: (w) => w.put8(1).put8(255).put16(0xabcd).put32(0x80000001).putBytes(bytes('0405')),
      wire: '01ff cdab 01000080 0405',
    },
    {
      // IPVS_CMD_ATTR_DEST of SET_DEST: address, port, weight 0, family
      name: 'nest sets NLA_F_NESTED and its own length',
      write: (w) => {
        const nest = w.beginNest(2);
        w.bytes(1, bytes('0a000001')).u16be(2, 80).u32(4, 0).u16(11, 2).endNest(nest);
      },
      wire: '24000280 | 08000100 0a000001 | 06000200 00500000 | 08000400 00000000 | 06000b00 02000000',
    },
    {
      // ip addr add 10.1.0.100/24 dev eth0 (index 3)
      name: 'RTM_NEWADDR as iproute2 sends it',
      write: (w) => {
        const message = w.beginMessage(20, 0x605, 0x6b00f5b9);
        w.put8(2)
          .put8(24)
          .put8(0)
          .put8(0)
          .put32(3)
          .bytes(2, bytes('0a010064'))
          .bytes(1, bytes('0a010064'))
          .endMessage(message);
      },
      wire: '28000000 1400 0506 b9f5006b 00000000 | 02180000 03000000 | 08000200 0a010064 | 08000100 0a010064',
    },
    {
      name: 'a message of odd length is padded, its length field is not, and the next one follows',
      write: (w) => {
        const first = w.beginMessage(16, 1, 7);
        w.put8(9).endMessage(first);
        w.endMessage(w.beginMessage(17, 5, 8));
      },
      wire: '11000000 1000 0100 07000000 00000000 09000000 | 10000000 1100 0500 08000000 00000000',
    },
  ];
  for (const { name, write, wire } of rows) {
    it(name, () => {
      // A capacity of 1 makes every write grow the buffer.
      for (const capacity of [1, 4096]) {
        const w = new AttrWriter(capacity);
        write(w);
        assert.equal(hex(w.finish()), wire.replaceAll(/[\s|]/g, ''));
        assert.equal(w.length, w.finish().length);
      }
    });
  }

  it('reset leaves nothing behind in the padding of what is written next', () => {
    const w = new AttrWriter(8);
    w.u32(1, -1);
    w.reset();
    assert.equal(hex(w.u8(1, 7).finish()), '0500010007000000');
  });

  it('refuses what a 16-bit length cannot hold', () => {
    const large = new Uint8Array(65_530);
    assert.throws(() => new AttrWriter().bytes(1, new Uint8Array(65_532)), RangeError);
    const w = new AttrWriter();
    const nest = w.beginNest(1);
    w.bytes(1, large);
    assert.throws(() => w.endNest(nest), RangeError);
  });
});

describe('net/nlattr: decodeAttrs', () => {
  it('reads each type, and masks the two flag bits', () => {
    const attrs = decoded('05000d00 07000000 | 06000180 0a000000 | 06000240 00500000 | 08000500 04030201');
    assert.equal(attrs.u8(13), 7);
    assert.equal(attrs.u16(1), 10);
    assert.equal(attrs.u16be(2), 80);
    assert.equal(attrs.u32(5), 0x01020304);
    assert.equal(attrs.u32be(5), 0x04030201);
    assert.equal(attrs.u32(99), null);
  });

  it('reads 64 bits as a number', () => {
    assert.equal(decoded('0c000400 ffffffff 01000000').u64(4), 8_589_934_591);
    assert.equal(decoded('0c000400 00000000 00002000').u64(4), 9_007_199_254_740_992);
  });

  it('answers null for a payload that is too short, and reads a longer one from its beginning', () => {
    const short = decoded('06000100 01020000');
    assert.equal(short.u32(1), null);
    assert.equal(short.u64(1), null);
    assert.equal(short.u16(1), 0x0201);
    assert.equal(short.u8(1), 1);
    assert.equal(decoded('04000100').u8(1), null);
  });

  it('reads text with and without NUL, and stops at the first one', () => {
    assert.equal(decoded('08000600 776c6300').string(6), 'wlc');
    assert.equal(decoded('0b000100 6d6163766c616e00').string(1), 'macvlan');
    assert.equal(decoded('08000600 72720078').string(6), 'rr');
    assert.equal(decoded('04000600').string(6), '');
    assert.equal(decoded('04000600').string(7), null);
  });

  it('of two of one type the last counts', () => {
    assert.equal(decoded('06000100 01000000 06000100 02000000').u16(1), 2);
  });

  it('reads nests with and without NLA_F_NESTED', () => {
    for (const type of ['0280', '0200']) {
      const dest = decoded(`1400${type} 08000100 0a000001 06000200 00500000`).nested(2);
      assert.equal(hex(dest?.bytes(1) ?? null), '0a000001');
      assert.equal(dest?.u16be(2), 80);
    }
    assert.equal(decoded('08000280 ff000100').nested(2), null, 'an inner length over the end');
    assert.equal(decoded('08000280 ff000100').nested(3), null, 'absent');
  });

  it('does not see what lies outside the range', () => {
    const buffer = bytes('ffffffff 06000100 02000000 08000500 01000000');
    const result = decodeAttrs(buffer, 4, 12);
    assert.ok(result.ok);
    assert.equal(result.value.u16(1), 2);
    assert.equal(result.value.u32(5), null);
  });

  it('works on a view into a larger buffer', () => {
    const result = decodeAttrs(bytes('ffffffff 06000100 02000000').subarray(4));
    assert.ok(result.ok);
    assert.equal(hex(result.value.bytes(1)), '0200');
  });

  const refusals: { name: string; wire: string; offset?: number; end?: number; error: object }[] = [
    {
      name: 'length below the header',
      wire: '03000100',
      error: { kind: 'length', offset: 0, length: 3, available: 4 },
    },
    {
      name: 'length 0 (would never end)',
      wire: '00000000',
      error: { kind: 'length', offset: 0, length: 0, available: 4 },
    },
    {
      name: 'length over the end, second attribute',
      wire: '04000100 0900010000000000',
      error: { kind: 'length', offset: 4, length: 9, available: 8 },
    },
    { name: 'offset beyond the buffer', wire: '00', offset: 4, error: { kind: 'range', offset: 4, end: 1, size: 1 } },
    {
      name: 'end beyond the buffer',
      wire: '04000100',
      offset: 0,
      end: 8,
      error: { kind: 'range', offset: 0, end: 8, size: 4 },
    },
    { name: 'negative offset', wire: '04000100', offset: -4, error: { kind: 'range', offset: -4, end: 4, size: 4 } },
    {
      name: 'offset that is no number',
      wire: '04000100',
      offset: Number.NaN,
      error: { kind: 'range', offset: Number.NaN, end: 4, size: 4 },
    },
  ];
  for (const { name, wire, offset, end, error } of refusals) {
    it(`refuses: ${name}`, () => {
      assert.deepEqual(decodeAttrs(bytes(wire), offset, end), { ok: false, error });
    });
  }

  it('ignores up to 3 bytes at the end, and a last attribute without its padding', () => {
    assert.equal(decoded('06000100 02000000 ffffff').u16(1), 2);
    assert.equal(decoded('06000100 0200').u16(1), 2);
  });

  it('never throws on random bytes, nor do the getters', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: -2, max: 70 }), (random, offset) => {
        const result = decodeAttrs(random, offset);
        if (!result.ok) return;
        for (let type = 0; type < 256; type++) {
          const attrs = result.value;
          attrs.u64(type);
          attrs.string(type);
          attrs.nested(type)?.u32(type);
        }
      }),
    );
  });

  it('gives back what the writer wrote', () => {
    const list = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 0x3fff }), fc.uint8Array({ maxLength: 40 })), {
      selector: ([type]) => type,
    });
    fc.assert(
      fc.property(list, (attributes) => {
        const w = new AttrWriter(4);
        for (const [type, payload] of attributes) w.bytes(type, payload);
        const result = decodeAttrs(w.finish());
        assert.ok(result.ok);
        for (const [type, payload] of attributes) assert.equal(hex(result.value.bytes(type)), hex(payload));
      }),
    );
  });
});
