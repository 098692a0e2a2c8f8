import assert from 'node:assert/strict';
import fc from 'fast-check';
import { authenticationOf, refuseAuthentication } from '../../../src/vrrp/authentication.ts';
import { messageFromIpv4 } from '../../../src/vrrp/ip-packet.ts';
import { type Advert, type DecodeError, decodeAdvert, type Envelope, encodeAdvert } from '../../../src/vrrp/packet.ts';
import { ip } from './builders.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const toHex = (b: Uint8Array) => Buffer.from(b).toString('hex');
const envelope: Envelope = { source: ip('10.1.0.1'), destination: ip('224.0.0.18') };
const six: Envelope = { source: ip('fe80::1'), destination: ip('ff02::12') };
const addresses = [ip('10.1.0.100'), ip('10.1.0.101')];

describe('vrrp/packet (RFC 9568 section 5.2)', () => {
  const advert: Advert = { version: 3, vrid: 51, priority: 150, maxAdvertiseIntervalCs: 50, addresses };

  const refused: readonly [name: string, wire: string, error: DecodeError][] = [
    ['an empty message', '', { kind: 'length', need: 8, have: 0 }],
    ['a cut header', '31339602003223', { kind: 'length', need: 8, have: 7 }],
    ['version 2 where 3 is spoken', '21339602003223cd 0a010064 0a010065', { kind: 'version', got: 2 }],
    ['version 4', '41339602003223cd 0a010064 0a010065', { kind: 'version', got: 4 }],
    ['version before type and length', '42', { kind: 'version', got: 4 }],
    ['an unknown type', '32339602003223cd 0a010064 0a010065', { kind: 'type', got: 2 }],
    ['type before length', '32', { kind: 'type', got: 2 }],
    ['more addresses than there are', '31339603003223cd 0a010064 0a010065', { kind: 'length', need: 20, have: 16 }],
    ['octets behind the addresses', '31339602003223cd 0a010064 0a010065 00', { kind: 'length', need: 16, have: 17 }],
    ['no address (erratum 8299)', '3133960000322dd4', { kind: 'length', need: 12, have: 8 }],
    ['length before checksum', '3133960000320000', { kind: 'length', need: 12, have: 8 }],
    ['a wrong checksum', '31339602003223ce 0a010064 0a010065', { kind: 'checksum' }],
  ];
  for (const [name, wire, error] of refused) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(decodeAdvert(hex(wire), envelope, 3), { ok: false, error });
    });
  }

  it('ignores the reserved bits on receipt', () => {
    const got = decodeAdvert(hex('31339602f03233cc 0a010064 0a010065'), envelope, 3);
    assert.deepEqual(got, { ok: true, value: { ...advert, checksumForm: 'rfc9568' } });
  });

  it('accepts no checksum without a pseudo-header on IPv6', () => {
    const message = encodeAdvert({ ...advert, addresses: [ip('fe80::100')] }, six, 'rfc9568');
    const got = decodeAdvert(message, six, 3);
    assert.ok(got.ok);
    assert.equal(got.value.checksumForm, 'pseudo');
  });
});

describe('vrrp/packet (RFC 3768 section 5.1)', () => {
  const GOOD = '2133960200 0133fe 0a010064 0a010065 0000000000000000';

  const refused: readonly [name: string, wire: string, error: DecodeError][] = [
    ['a cut header', '21339602000133', { kind: 'length', need: 8, have: 7 }],
    ['version 3 where 2 is spoken', '31339602000133fe 0a010064 0a010065', { kind: 'version', got: 3 }],
    ['an unknown type', '22339602000133fe 0a010064 0a010065 0000000000000000', { kind: 'type', got: 2 }],
    ['no authentication data', '21339602000133fe 0a010064 0a010065', { kind: 'length', need: 24, have: 16 }],
    ['cut authentication data', GOOD.slice(0, -2), { kind: 'length', need: 24, have: 23 }],
    ['octets behind it', `${GOOD}00`, { kind: 'length', need: 24, have: 25 }],
    ['no address', '213396000001485f 0000000000000000', { kind: 'length', need: 20, have: 16 }],
    // CARP has the protocol number and the first octet of VRRPv2: 36 octets, its fourth octet is 7.
    ['CARP', `2133 00 07 01 01 0000 ${'00'.repeat(28)}`, { kind: 'length', need: 44, have: 36 }],
    ['a wrong checksum', GOOD.replace('33fe', '33ff'), { kind: 'checksum' }],
    ['a changed password', `${GOOD.slice(0, -2)}01`, { kind: 'checksum' }],
    // The form of version 3 with a pseudo-header: version 2 never has one.
    ['a checksum with a pseudo-header', GOOD.replace('33fe', '4961'), { kind: 'checksum' }],
  ];
  for (const [name, wire, error] of refused) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(decodeAdvert(hex(wire), envelope, 2), { ok: false, error });
    });
  }

  it('is for IPv4 only', () => {
    for (const expected of [2, 3, null] as const) {
      const got = decodeAdvert(hex(GOOD), six, expected);
      assert.deepEqual(got, { ok: false, error: { kind: 'version', got: 2 } });
    }
  });

  it('carries intervals of 1 to 255 s in its one octet', () => {
    for (const seconds of [1, 2, 100, 255]) {
      const authentication = authenticationOf('x');
      const advert: Advert = {
        version: 2,
        vrid: 1,
        priority: 1,
        maxAdvertiseIntervalCs: 100 * seconds,
        addresses,
        authentication,
      };
      const message = encodeAdvert(advert, envelope, 'rfc9568');
      assert.equal(message[5], seconds);
      assert.deepEqual(decodeAdvert(message, envelope, 2), { ok: true, value: { ...advert, checksumForm: null } });
    }
  });
});

describe('vrrp/packet: whatever the bytes', () => {
  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), fc.constantFrom(2, 3, null), (b, v4, expected) => {
        const address = new Uint8Array(v4 ? 4 : 16);
        decodeAdvert(b, { source: address, destination: address }, expected);
        messageFromIpv4(b, null);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('vrrp/authentication (RFC 2338 section 5.3.6)', () => {
  const wire: readonly [password: string | null, type: number, data: string][] = [
    [null, 0, '0000000000000000'],
    ['a', 1, '6100000000000000'],
    ['secret12', 1, '7365637265743132'],
  ];
  for (const [password, type, data] of wire) {
    it(`sends ${password ?? 'no password'}`, () => {
      const { type: got, data: bytes } = authenticationOf(password);
      assert.deepEqual([got, toHex(bytes)], [type, data]);
    });
  }

  /** Their type, their data, our password, behind a header; what becomes of it. */
  const rows: readonly [type: number, data: string, ours: string | null, header: boolean, refusal: string | null][] = [
    [0, '0000000000000000', null, false, null],
    [0, '6162630000000000', null, false, null], // RFC 3768 section 5.3.10: ignored on reception
    [0, '0000000000000000', 'abc', false, 'auth-type-mismatch'],
    [0, '6162630000000000', 'abc', false, 'auth-type-mismatch'],
    [1, '6162630000000000', null, false, 'auth-type-mismatch'],
    [1, '6162630000000000', 'abc', false, null],
    [1, '6162640000000000', 'abc', false, 'auth-failures'],
    [1, '6162630000000001', 'abc', false, 'auth-failures'],
    [1, '6162000000000000', 'abc', false, 'auth-failures'],
    [2, '0000000000000000', null, false, 'authentication-header'],
    [2, '0000000000000000', 'abc', true, 'authentication-header'],
    [1, '6162630000000000', 'abc', true, 'authentication-header'],
    [3, '0000000000000000', null, false, 'invalid-auth-type'],
    [254, '6162630000000000', 'abc', false, 'invalid-auth-type'],
  ];
  for (const [type, data, ours, header, refusal] of rows) {
    const place = header ? ' behind a header' : '';
    it(`type ${type} ${data}${place} to ${ours ?? 'no password'}: ${refusal ?? 'accepted'}`, () => {
      assert.equal(refuseAuthentication({ type, data: hex(data) }, authenticationOf(ours), header), refusal);
    });
  }
});

describe('vrrp/ip-packet', () => {
  const VRRP = '45c0 0024 0001 0000 ff70 d094 0a010001 e0000012 3133960200323938 0a0100640a010065';
  const AH = '45c0 0044 0001 0000 ff33 d0b1 0a010001 e0000012 7004 0000 0a010001 00000001 ab722cd0fe828998d9d28893';
  const INSIDE = '21339602020131fe 0a010064 0a010065 0000000000000000';

  it('takes a packet apart', () => {
    const message = messageFromIpv4(hex(VRRP), 7);
    assert.deepEqual(message, {
      data: hex('31339602003239380a0100640a010065'),
      source: ip('10.1.0.1'),
      destination: ip('224.0.0.18'),
      ttl: 255,
      arrivedAt: 7,
      behindHeader: false,
    });
  });

  it('cuts off what is behind the packet, and takes options', () => {
    assert.deepEqual(messageFromIpv4(hex(`${VRRP} 0000`), 7), messageFromIpv4(hex(VRRP), 7));
    const options = VRRP.replace('45c0 0024', '46c0 0028').replace('e0000012', 'e0000012 94040000');
    assert.deepEqual(messageFromIpv4(hex(options), 7), messageFromIpv4(hex(VRRP), 7));
  });

  it('finds the message behind an IP Authentication Header', () => {
    const message = messageFromIpv4(hex(`${AH} ${INSIDE}`), null);
    assert.deepEqual([toHex(message?.data ?? hex('')), message?.behindHeader], [INSIDE.replaceAll(' ', ''), true]);
  });

  const nothing: readonly [name: string, packet: string][] = [
    ['an empty packet', ''],
    ['a cut header', VRRP.slice(0, 40)],
    ['a header length below 20', VRRP.replace('45c0', '44c0')],
    ['a total length below the header', VRRP.replace('0024', '0013')],
    ['a total length beyond what arrived', VRRP.replace('0024', '0025')],
    ['another protocol', VRRP.replace('ff70', 'ff11')],
    ['an Authentication Header in front of something else', `${AH.replace('7004', '1104')} ${INSIDE}`],
    ['an Authentication Header longer than the packet', `${AH.replace('7004', '70ff')} ${INSIDE}`],
    ['an Authentication Header without a sequence number', `${AH.replace('7004', '7000')} ${INSIDE}`],
    ['an Authentication Header of no length', `${AH.replace('0044', '0014')} ${INSIDE}`],
  ];
  for (const [name, packet] of nothing) {
    it(`makes nothing of ${name}`, () => {
      assert.equal(messageFromIpv4(hex(packet), null), null);
    });
  }
});
