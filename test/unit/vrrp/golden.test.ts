/** Frames of keepalived 2.2.7: each is decoded, and what is ours to send is built byte for byte. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gratuitousArp } from '../../../src/net/arp.ts';
import { unsolicitedNa } from '../../../src/net/ndisc.ts';
import { authenticationOf } from '../../../src/vrrp/authentication.ts';
import { messageFromIpv4 } from '../../../src/vrrp/ip-packet.ts';
import { type Advert, type ChecksumForm, decodeAdvert, encodeAdvert } from '../../../src/vrrp/packet.ts';
import { checkMessage, type Expected, type ReceivedMessage, type Refusal } from '../../../src/vrrp/receive.ts';
import { ip } from './builders.ts';

/** One distinct frame of a capture, with the fields that tshark read in it. */
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
  readonly adver_int_s: number;
  readonly auth_type: number;
  readonly auth_data: string;
  readonly addresses: readonly string[];
  readonly spa: string;
  readonly target: string;
  readonly sha: string;
  readonly eth_src: string;
  readonly flags: string;
  readonly tshark_checksum: string;
}

const frames = JSON.parse(readFileSync('test/vectors/keepalived-vrrp.json', 'utf8')) as readonly Frame[];
const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const toHex = (b: Uint8Array) => Buffer.from(b).toString('hex');
const ETHERNET = 14;
const IPV6 = 40;
const OWN = { 4: ip('10.0.0.99'), 6: ip('fe80::99') } as const;

/** The VRRP message as the transport hands it over. */
function messageOf(frame: Frame): ReceivedMessage {
  const packet = hex(frame.hex).slice(ETHERNET);
  const envelope = { source: ip(frame.src), destination: ip(frame.dst) };
  if (frame.src.includes(':')) return { ...envelope, data: packet.slice(IPV6), ttl: packet[7] ?? 0, arrivedAt: null };
  const message = messageFromIpv4(packet, null);
  assert.ok(message !== null);
  assert.deepEqual({ source: message.source, destination: message.destination }, envelope);
  return message;
}

function advertOf(frame: Frame): Advert {
  const common = { vrid: frame.vrid, priority: frame.priority, addresses: frame.addresses.map(ip) };
  if (frame.version === 3) return { ...common, version: 3, maxAdvertiseIntervalCs: frame.max_adver_int_cs };
  const authentication = { type: frame.auth_type, data: hex(frame.auth_data) };
  return { ...common, version: 2, maxAdvertiseIntervalCs: frame.adver_int_s * 100, authentication };
}

/** What a virtual router with this password expects, that agrees with the frame in all else. */
function expectedFor(frame: Frame, password: string | null): Expected {
  const { version, maxAdvertiseIntervalCs: advertisementIntervalCs, addresses } = advertOf(frame);
  const authentication = authenticationOf(password);
  const peers = frame.dst === '224.0.0.18' || frame.dst === 'ff02::12' ? [] : [ip(frame.src)];
  return { version, authentication, advertisementIntervalCs, addresses, peers, leastTtl: 255 };
}

const refusalOf = (frame: Frame, expected: Expected): Refusal | null => {
  const checked = checkMessage(messageOf(frame), expected, OWN[frame.src.includes(':') ? 6 : 4]);
  return checked.ok ? null : checked.error;
};

describe('vrrp: every frame of keepalived 2.2.7', () => {
  const adverts = frames.filter((frame) => frame.kind.startsWith('advert'));

  it('none is left out', () => {
    const count = (kind: string) => frames.filter((frame) => frame.kind === kind).length;
    assert.equal(adverts.length, 28);
    // What is called "arp" is the kernel's own question for the unicast peer, and the answer.
    const others = ['gratuitous-arp', 'unsolicited-na', 'arp'].map(count);
    assert.deepEqual(others, [12, 4, 2]);
    assert.equal(frames.length, 28 + 12 + 4 + 2);
    assert.deepEqual([...new Set(adverts.map(({ capture }) => capture))].sort(), [
      'v2-auth-ah',
      'v2-auth-pass',
      'v2-noauth',
      'v3-ipv4',
      'v3-ipv4-10ms',
      'v3-ipv6',
      'v3-unicast',
    ]);
  });

  for (const frame of adverts) {
    const checksumForm = frame.version === 3 ? 'pseudo' : null;
    it(`decodes and encodes ${frame.capture} frame ${frame.frame} (${frame.kind})`, () => {
      const message = messageOf(frame);
      assert.equal(message.ttl, 255);
      assert.equal(frame.tshark_checksum, 'good');
      assert.deepEqual(decodeAdvert(message.data, message, null), {
        ok: true,
        value: { ...advertOf(frame), checksumForm },
      });
      assert.equal(toHex(encodeAdvert(advertOf(frame), message, 'pseudo')), toHex(message.data));
    });
  }

  for (const frame of adverts.filter(({ capture }) => capture !== 'v2-auth-ah')) {
    const password = frame.capture === 'v2-auth-pass' ? 'secret12' : null;
    it(`accepts ${frame.capture} frame ${frame.frame}, built with ${password ?? 'no'} password`, () => {
      assert.equal(refusalOf(frame, expectedFor(frame, password)), null);
      const advert = advertOf(frame);
      if (advert.version === 2) assert.deepEqual(advert.authentication, authenticationOf(password));
    });
  }

  for (const frame of adverts.filter(({ capture }) => capture === 'v2-auth-ah')) {
    it(`refuses ${frame.capture} frame ${frame.frame} by its name`, () => {
      assert.equal(messageOf(frame).behindHeader, true);
      assert.equal(refusalOf(frame, expectedFor(frame, null)), 'authentication-header');
      assert.equal(refusalOf(frame, expectedFor(frame, 'secret12')), 'authentication-header');
    });
  }

  for (const frame of adverts) {
    it(`refuses ${frame.capture} frame ${frame.frame} with the other version`, () => {
      const version = frame.version === 2 ? 3 : 2;
      assert.equal(refusalOf(frame, { ...expectedFor(frame, null), version }), 'version-errors');
    });
  }

  for (const frame of frames.filter(({ kind }) => kind === 'gratuitous-arp')) {
    it(`builds the gratuitous ARP of ${frame.capture} frame ${frame.frame}`, () => {
      assert.equal(toHex(gratuitousArp(hex(frame.sha), ip(frame.spa))), frame.hex);
    });
  }

  for (const frame of frames.filter(({ kind }) => kind === 'unsolicited-na')) {
    it(`builds the unsolicited NA of ${frame.capture} frame ${frame.frame}`, () => {
      assert.equal(frame.flags, '20000000');
      assert.equal(toHex(unsolicitedNa(hex(frame.eth_src), ip(frame.target), false)), frame.hex);
    });
  }
});

describe('vrrp: messages of keepalived with two addresses', () => {
  const NONE = authenticationOf(null);
  const PASSWORD = authenticationOf('s3cret');
  const two = [ip('10.1.0.100'), ip('10.1.0.101')];
  const six = [ip('fe80::100'), ip('fd00::100')];
  const v2 = (priority: number, authentication = NONE): Advert => ({
    version: 2,
    vrid: 51,
    priority,
    maxAdvertiseIntervalCs: 100,
    addresses: two,
    authentication,
  });
  const v3 = (priority: number, vrid = 51, addresses = two): Advert => ({
    version: 3,
    vrid,
    priority,
    maxAdvertiseIntervalCs: 50,
    addresses,
  });
  const [GROUP, PEER] = ['224.0.0.18', '10.1.0.2'];
  const [A, B] = ['fe80000000000000000000000000 0100', 'fd000000000000000000000000000100'];

  const rows: readonly [name: string, advert: Advert, to: string, form: ChecksumForm, wire: string][] = [
    ['v2', v2(150), GROUP, 'pseudo', '21339602000133fe 0a010064 0a010065 0000000000000000'],
    ['v2, password', v2(150, PASSWORD), GROUP, 'pseudo', '213396020101f6e3 0a010064 0a010065 7333637265740000'],
    ['v2, priority 0', v2(0), GROUP, 'pseudo', '213300020001c9fe 0a010064 0a010065 0000000000000000'],
    [
      'v2, priority 0, password',
      v2(0, PASSWORD),
      GROUP,
      'pseudo',
      '2133000201018ce4 0a010064 0a010065 7333637265740000',
    ],
    ['v2, unicast', v2(150), PEER, 'pseudo', '21339602000133fe 0a010064 0a010065 0000000000000000'],
    ['v3', v3(150), GROUP, 'pseudo', '3133960200323938 0a010064 0a010065'],
    ['v3, RFC 9568', v3(150), GROUP, 'rfc9568', '31339602003223cd 0a010064 0a010065'],
    ['v3, priority 0', v3(0), GROUP, 'pseudo', '313300020032cf38 0a010064 0a010065'],
    ['v3, priority 0, RFC 9568', v3(0), GROUP, 'rfc9568', '313300020032b9cd 0a010064 0a010065'],
    ['v3, unicast', v3(150), PEER, 'pseudo', '3133960200320f48 0a010064 0a010065'],
    ['v3, unicast, priority 0', v3(0), PEER, 'pseudo', '313300020032a548 0a010064 0a010065'],
    ['v3, IPv6', v3(150, 61, six), 'ff02::12', 'pseudo', `313d960200323dd4 ${A} ${B}`],
    ['v3, IPv6, priority 0', v3(0, 61, six), 'ff02::12', 'pseudo', `313d00020032d3d4 ${A} ${B}`],
  ];
  for (const [name, advert, to, form, wire] of rows) {
    it(`decodes and encodes ${name}`, () => {
      const source = ip(to.includes(':') ? 'fe80::ff:fe00:a' : '10.1.0.1');
      const envelope = { source, destination: ip(to) };
      assert.equal(toHex(encodeAdvert(advert, envelope, form)), wire.replaceAll(' ', ''));
      const checksumForm = advert.version === 3 ? form : null;
      assert.deepEqual(decodeAdvert(hex(wire), envelope, null), { ok: true, value: { ...advert, checksumForm } });
    });
  }
});
