import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeControl } from '../../../src/bfd/packet.ts';
import { type ReceivedDatagram, type Refusal, receiveControl } from '../../../src/bfd/receive.ts';
import { packet } from './builders.ts';

const neighbor = Uint8Array.of(192, 0, 2, 2);
const expected = { neighbor, localDiscriminator: 0x0a0b0c0d };
const good: ReceivedDatagram = { payload: encodeControl(packet()), source: neighbor, ttl: 255 };
const withFlags = (second: number): Uint8Array => {
  const payload = new Uint8Array(26);
  payload.set(encodeControl(packet()));
  payload.set([second], 1);
  payload.set([26], 3);
  return payload;
};

describe('bfd/receive (RFC 5881 section 5, RFC 5880 section 6.8.6)', () => {
  it('takes a packet of the neighbour for this session', () => {
    assert.deepEqual(receiveControl(good, expected), { ok: true, value: packet() });
  });

  it('takes a Down packet of a neighbour that does not know our discriminator yet', () => {
    const payload = encodeControl(packet({ state: 'down', yourDiscriminator: 0 }));
    assert.equal(receiveControl({ ...good, payload }, expected).ok, true);
  });

  const table: readonly (readonly [rule: string, change: Partial<ReceivedDatagram>, refusal: Refusal])[] = [
    ['TTL 254: a router forwarded it', { ttl: 254 }, 'ttl'],
    ['TTL 0', { ttl: 0 }, 'ttl'],
    ['no TTL told', { ttl: null }, 'ttl'],
    ['another sender', { source: Uint8Array.of(192, 0, 2, 3) }, 'source'],
    ['another family', { source: new Uint8Array(16) }, 'source'],
    ['garbage', { payload: new Uint8Array(24) }, 'version'],
    [
      "another session's discriminator",
      { payload: encodeControl(packet({ yourDiscriminator: 0x0a0b0c0e })) },
      'unknown-session',
    ],
    ['an authentication section', { payload: withFlags(0xc4) }, 'authentication'],
    // The cheapest first, and a packet from afar says nothing, however good it is.
    ['a forwarded packet of a stranger', { ttl: 64, source: Uint8Array.of(8, 8, 8, 8) }, 'ttl'],
  ];
  for (const [rule, change, refusal] of table) {
    it(`refuses ${rule}: ${refusal}`, () => {
      assert.deepEqual(receiveControl({ ...good, ...change }, expected), { ok: false, error: refusal });
    });
  }

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (payload) => {
        assert.equal(typeof receiveControl({ ...good, payload }, expected).ok, 'boolean');
      }),
      { numRuns: 1000 },
    );
  });
});
