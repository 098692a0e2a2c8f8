import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { gratuitousArp } from '../../../src/net/arp.ts';
import { parseAddress } from '../../../src/net/ip.ts';
import { unsolicitedNa } from '../../../src/net/ndisc.ts';
import {
  type Advert,
  type ChecksumForm,
  type DecodeError,
  decodeAdvert,
  type Envelope,
  encodeAdvert,
} from '../../../src/vrrp/packet.ts';

/** One frame of keepalived 2.2.7, see test/vectors/keepalived-vrrp.json. */
interface Frame {
  readonly capture: string;
  readonly frame: number;
  readonly kind: string;
  readonly hex: string;
  readonly src: string;
  readonly dst: string;
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly max_adver_int_cs: number;
  readonly addresses: readonly string[];
  readonly spa: string;
  readonly target: string;
  readonly sha: string;
  readonly eth_src: string;
  readonly flags: string;
}

const frames = JSON.parse(readFileSync('test/vectors/keepalived-vrrp.json', 'utf8')) as readonly Frame[];
const bytes = (text: string) => parseAddress(text)?.bytes ?? new Uint8Array();
const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const toHex = (b: Uint8Array) => Buffer.from(b).toString('hex');
const ETHERNET = 14;
/** The VRRP message of an Ethernet frame. */
const messageOf = (frame: Frame) => hex(frame.hex).slice(ETHERNET + (frame.src.includes(':') ? 40 : 20));

describe('vrrp/packet against frames of keepalived 2.2.7', () => {
  const adverts = frames.filter((frame) => frame.version === 3 && frame.kind.startsWith('advert'));

  it('has frames of every capture of VRRPv3', () => {
    const captures = new Set(adverts.map((frame) => frame.capture));
    assert.deepEqual([...captures].sort(), ['v3-ipv4', 'v3-ipv4-10ms', 'v3-ipv6', 'v3-unicast']);
  });

  for (const frame of adverts) {
    const advert: Advert = {
      vrid: frame.vrid,
      priority: frame.priority,
      maxAdvertiseIntervalCs: frame.max_adver_int_cs,
      addresses: frame.addresses.map(bytes),
    };
    const envelope: Envelope = { source: bytes(frame.src), destination: bytes(frame.dst) };
    it(`decodes and encodes ${frame.capture} frame ${frame.frame} (${frame.kind})`, () => {
      const message = messageOf(frame);
      assert.deepEqual(decodeAdvert(message, envelope), { ok: true, value: { ...advert, checksumForm: 'pseudo' } });
      assert.equal(toHex(encodeAdvert(advert, envelope, 'pseudo')), toHex(message));
    });
  }

  for (const frame of frames.filter(({ version }) => version === 2)) {
    it(`refuses VRRPv2 ${frame.capture} frame ${frame.frame} by its version`, () => {
      const b = hex(frame.hex);
      // Behind an AH header (protocol 51, 24 octets) in one of the captures.
      const message = b.slice(ETHERNET + 20 + (b[ETHERNET + 9] === 51 ? 24 : 0));
      const got = decodeAdvert(message, { source: bytes(frame.src), destination: bytes(frame.dst) });
      assert.deepEqual(got, { ok: false, error: { kind: 'version', got: 2 } });
    });
  }

  for (const frame of frames.filter(({ kind }) => kind === 'gratuitous-arp')) {
    it(`builds the gratuitous ARP of ${frame.capture} frame ${frame.frame}`, () => {
      assert.equal(toHex(gratuitousArp(hex(frame.sha), bytes(frame.spa))), frame.hex);
    });
  }

  for (const frame of frames.filter(({ kind }) => kind === 'unsolicited-na')) {
    it(`builds the unsolicited NA of ${frame.capture} frame ${frame.frame}`, () => {
      assert.equal(frame.flags, '20000000');
      assert.equal(toHex(unsolicitedNa(hex(frame.eth_src), bytes(frame.target), false)), frame.hex);
    });
  }
});

describe('vrrp/packet (RFC 9568 section 5.2)', () => {
  const envelope: Envelope = { source: bytes('10.1.0.1'), destination: bytes('224.0.0.18') };
  const advert: Advert = {
    vrid: 51,
    priority: 150,
    maxAdvertiseIntervalCs: 50,
    addresses: [bytes('10.1.0.100'), bytes('10.1.0.101')],
  };

  const forms: readonly [name: string, form: ChecksumForm, wire: string][] = [
    ['with the pseudo-header of keepalived', 'pseudo', '3133960200323938 0a010064 0a010065'],
    ['5.2.8 without a pseudo-header', 'rfc9568', '31339602003223cd 0a010064 0a010065'],
  ];
  for (const [name, form, wire] of forms) {
    it(`encodes and decodes IPv4 ${name}`, () => {
      assert.equal(toHex(encodeAdvert(advert, envelope, form)), wire.replaceAll(' ', ''));
      assert.deepEqual(decodeAdvert(hex(wire), envelope), { ok: true, value: { ...advert, checksumForm: form } });
    });
  }

  const refused: readonly [name: string, wire: string, error: DecodeError][] = [
    ['an empty message', '', { kind: 'length', need: 8, have: 0 }],
    ['a cut header', '31339602003223', { kind: 'length', need: 8, have: 7 }],
    ['version 2', '21339602003223cd 0a010064 0a010065', { kind: 'version', got: 2 }],
    ['version 4', '41339602003223cd 0a010064 0a010065', { kind: 'version', got: 4 }],
    ['an unknown type', '32339602003223cd 0a010064 0a010065', { kind: 'type', got: 2 }],
    ['more addresses than there are', '31339603003223cd 0a010064 0a010065', { kind: 'length', need: 20, have: 16 }],
    ['octets behind the addresses', '31339602003223cd 0a010064 0a010065 00', { kind: 'length', need: 16, have: 17 }],
    ['no address (erratum 8299)', '3133960000322dd4', { kind: 'length', need: 12, have: 8 }],
    ['a wrong checksum', '31339602003223ce 0a010064 0a010065', { kind: 'checksum' }],
  ];
  for (const [name, wire, error] of refused) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(decodeAdvert(hex(wire), envelope), { ok: false, error });
    });
  }

  it('ignores the reserved bits on receipt', () => {
    const got = decodeAdvert(hex('31339602f03233cc 0a010064 0a010065'), envelope);
    assert.deepEqual(got, { ok: true, value: { ...advert, checksumForm: 'rfc9568' } });
  });

  it('accepts no checksum without a pseudo-header on IPv6', () => {
    const six: Envelope = { source: bytes('fe80::1'), destination: bytes('ff02::12') };
    const message = encodeAdvert({ ...advert, addresses: [bytes('fe80::100')] }, six, 'rfc9568');
    const got = decodeAdvert(message, six);
    assert.ok(got.ok);
    assert.equal(got.value.checksumForm, 'pseudo');
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (b, v4) => {
        const address = new Uint8Array(v4 ? 4 : 16);
        decodeAdvert(b, { source: address, destination: address });
      }),
      { numRuns: 5000 },
    );
  });
});
