import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type ControlPacket,
  decodeControl,
  diagnosticText,
  encodeControl,
  type PacketRefusal,
  STATES,
} from '../../../src/bfd/packet.ts';
import { packet } from './builders.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** keepalived 2.2.7, 10.1.0.1 (discriminator 1542c9cd) and 10.1.0.2, 200 ms both ways, captured by tcpdump. */
const one = { myDiscriminator: 0x1542c9cd, requiredMinRxUs: 200_000 };
const two = { myDiscriminator: 0xcdc0e92f, yourDiscriminator: 0x1542c9cd, requiredMinRxUs: 200_000 };
const golden: readonly (readonly [what: string, hex: string, packet: ControlPacket])[] = [
  [
    'Down, the neighbour not known',
    '20400318 1542c9cd 00000000 000f4240 00030d40 00000000',
    packet({ ...one, state: 'down', yourDiscriminator: 0, desiredMinTxUs: 1_000_000 }),
  ],
  [
    'Init',
    '20800318 1542c9cd cdc0e92f 000f4240 00030d40 00000000',
    packet({ ...one, state: 'init', yourDiscriminator: 0xcdc0e92f, desiredMinTxUs: 1_000_000 }),
  ],
  ['Up and Poll', '20e00318 cdc0e92f 1542c9cd 00030d40 00030d40 00000000', packet({ ...two, poll: true })],
  [
    'Up and Final',
    '20d00318 1542c9cd cdc0e92f 00030d40 00030d40 00000000',
    packet({ ...one, yourDiscriminator: 0xcdc0e92f, final: true }),
  ],
  ['Up', '20c00318 cdc0e92f 1542c9cd 00030d40 00030d40 00000000', packet(two)],
  [
    'Down, because the detection time expired',
    '21400318 0fb0203b 00000000 000f4240 00030d40 00000000',
    packet({
      diagnostic: 1,
      state: 'down',
      myDiscriminator: 0x0fb0203b,
      yourDiscriminator: 0,
      desiredMinTxUs: 1_000_000,
      requiredMinRxUs: 200_000,
    }),
  ],
  [
    'every bit that may be set',
    '3f3af018 ffffffff fffffffe fffffffd fffffffc fffffffb',
    {
      ...packet({ diagnostic: 31, state: 'admin-down', poll: true, final: true, demand: true }),
      controlPlaneIndependent: true,
      detectMultiplier: 240,
      myDiscriminator: 0xffffffff,
      yourDiscriminator: 0xfffffffe,
      desiredMinTxUs: 0xfffffffd,
      requiredMinRxUs: 0xfffffffc,
      requiredMinEchoRxUs: 0xfffffffb,
    },
  ],
];

describe('bfd/packet (RFC 5880 section 4.1)', () => {
  for (const [what, hex, expected] of golden) {
    it(`decodes and encodes: ${what}`, () => {
      assert.deepEqual(decodeControl(bytes(hex)), { ok: true, value: expected });
      assert.deepEqual(encodeControl(expected), bytes(hex));
    });
  }

  const refused: readonly (readonly [rule: string, hex: string, refusal: PacketRefusal])[] = [
    ['version 0', '00c00318 93092098 0a0b0c0d 00030d40 00030d40 00000000', 'version'],
    ['version 2', '40c00318 93092098 0a0b0c0d 00030d40 00030d40 00000000', 'version'],
    ['Length 23 without authentication', '20c00317 93092098 0a0b0c0d 00030d40 00030d40 00000000', 'length'],
    ['Length 25 with authentication', '20c40319 93092098 0a0b0c0d 00030d40 00030d40 00000000 0103', 'length'],
    ['Length beyond the payload', '20c00319 93092098 0a0b0c0d 00030d40 00030d40 00000000', 'length'],
    ['a payload cut short', '20c00318 93092098 0a0b0c0d 00030d40 00030d40 000000', 'length'],
    ['an empty payload', '', 'length'],
    ['Detect Mult 0', '20c00018 93092098 0a0b0c0d 00030d40 00030d40 00000000', 'detect-multiplier'],
    ['the Multipoint bit', '20c10318 93092098 0a0b0c0d 00030d40 00030d40 00000000', 'multipoint'],
    ['My Discriminator 0', '20c00318 00000000 0a0b0c0d 00030d40 00030d40 00000000', 'my-discriminator'],
    ['Your Discriminator 0 in Init', '20800318 93092098 00000000 00030d40 00030d40 00000000', 'your-discriminator'],
    ['Your Discriminator 0 in Up', '20c00318 93092098 00000000 00030d40 00030d40 00000000', 'your-discriminator'],
    // The order of section 6.8.6: each has the faults of all behind it.
    ['all at once: version first', '00c10017 00000000 00000000 00030d40 00030d40 00000000', 'version'],
    ['then length', '20c10017 00000000 00000000 00030d40 00030d40 00000000', 'length'],
    ['then multiplier', '20c10018 00000000 00000000 00030d40 00030d40 00000000', 'detect-multiplier'],
    ['then multipoint', '20c10118 00000000 00000000 00030d40 00030d40 00000000', 'multipoint'],
    ['then My Discriminator', '20c00118 00000000 00000000 00030d40 00030d40 00000000', 'my-discriminator'],
  ];
  for (const [rule, hex, refusal] of refused) {
    it(`6.8.6 refuses ${rule}`, () => {
      assert.deepEqual(decodeControl(bytes(hex)), { ok: false, error: refusal });
    });
  }

  it('6.8.6 takes Your Discriminator 0 in Down and AdminDown', () => {
    for (const second of ['40', '00']) {
      const decoded = decodeControl(bytes(`20${second}0318 93092098 00000000 00030d40 00030d40 00000000`));
      assert.equal(decoded.ok, true);
    }
  });

  it('sees an authentication section and what lies behind the packet, and does not read either', () => {
    const decoded = decodeControl(bytes('20c4031b 93092098 0a0b0c0d 00030d40 00030d40 00000000 01036162 ffff'));
    assert.ok(decoded.ok);
    assert.equal(decoded.value.authentication, true);
  });

  it('never throws, and what it takes comes back as it was', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 30 }), fc.boolean(), (random, plausible) => {
        const input = random.slice();
        if (plausible && input.length >= 4) input.set([0x20 | ((input[0] ?? 0) & 0x1f), (input[1] ?? 0) & 0xfa, 3, 24]);
        const decoded = decodeControl(input);
        if (decoded.ok) assert.deepEqual(encodeControl(decoded.value), input.slice(0, 24));
      }),
      { numRuns: 2000 },
    );
    const any = fc.record({
      diagnostic: fc.nat(31),
      state: fc.constantFrom(...STATES),
      poll: fc.boolean(),
      final: fc.boolean(),
      controlPlaneIndependent: fc.boolean(),
      authentication: fc.constant(false),
      demand: fc.boolean(),
      detectMultiplier: fc.integer({ min: 1, max: 255 }),
      myDiscriminator: fc.integer({ min: 1, max: 0xffff_ffff }),
      yourDiscriminator: fc.integer({ min: 1, max: 0xffff_ffff }),
      desiredMinTxUs: fc.nat(0xffff_ffff),
      requiredMinRxUs: fc.nat(0xffff_ffff),
      requiredMinEchoRxUs: fc.nat(0xffff_ffff),
    });
    fc.assert(
      fc.property(any, (record) => {
        const value = { ...record };
        assert.deepEqual(decodeControl(encodeControl(value)), { ok: true, value });
      }),
      { numRuns: 500 },
    );
  });

  it('names diagnostics in words', () => {
    assert.equal(diagnosticText(1), 'control detection time expired');
    assert.equal(diagnosticText(7), 'administratively down');
    assert.equal(diagnosticText(30), 'diagnostic 30');
  });
});
