import assert from 'node:assert/strict';
import { parseAddress } from '../../../src/net/ip.ts';
import { type ChecksumForm, type DecodedAdvert, encodeAdvert } from '../../../src/vrrp/packet.ts';
import {
  checkMessage,
  checkSender,
  checksumToSend,
  hasSameAddresses,
  type ReceivedMessage,
  type Refusal,
} from '../../../src/vrrp/receive.ts';

const ip = (text: string) => parseAddress(text)?.bytes ?? new Uint8Array();
const envelope = { source: ip('10.0.0.12'), destination: ip('224.0.0.18') };
const advert = { vrid: 51, priority: 100, maxAdvertiseIntervalCs: 100, addresses: [ip('10.0.0.100')] };
const good: ReceivedMessage = {
  ...envelope,
  data: encodeAdvert(advert, envelope, 'rfc9568'),
  ttl: 255,
  arrivedAt: null,
};

/** The good message with one octet changed; the checksum is left as it was. */
const altered = (at: number, value: number): ReceivedMessage => {
  const data = good.data.slice();
  data[at] = value;
  return { ...good, data };
};

describe('vrrp/receive (RFC 9568 section 7.1)', () => {
  it('takes a good advertisement', () => {
    assert.deepEqual(checkMessage(good), { ok: true, value: { ...advert, checksumForm: 'rfc9568' } });
  });

  it('takes one whose TTL the transport cannot tell', () => {
    assert.equal(checkMessage({ ...good, ttl: null }).ok, true);
  });

  const refused: readonly [name: string, message: ReceivedMessage, refusal: Refusal][] = [
    ['TTL 254', { ...good, ttl: 254 }, 'ip-ttl-errors'],
    ['TTL 0', { ...good, ttl: 0 }, 'ip-ttl-errors'],
    ['TTL before version', { ...altered(0, 0x21), ttl: 1 }, 'ip-ttl-errors'],
    ['version 2', altered(0, 0x21), 'version-errors'],
    ['version before type', altered(0, 0x22), 'version-errors'],
    ['type 2', altered(0, 0x32), 'invalid-type-pkts-rcvd'],
    ['a wrong count', altered(3, 2), 'packet-length-errors'],
    ['a wrong checksum', altered(6, 0), 'checksum-errors'],
    ['a changed priority', altered(2, 255), 'checksum-errors'],
    [
      'interval 0 (erratum 8301)',
      { ...good, data: encodeAdvert({ ...advert, maxAdvertiseIntervalCs: 0 }, envelope, 'rfc9568') },
      'interval-errors',
    ],
  ];
  for (const [name, message, refusal] of refused) {
    it(`refuses ${name}: ${refusal}`, () => {
      assert.deepEqual(checkMessage(message), { ok: false, error: refusal });
    });
  }

  const senders: readonly [name: string, source: string, peers: readonly string[], refusal: Refusal | null][] = [
    ['anybody on the link when multicast', '10.0.0.12', [], null],
    ['not our own address', '10.0.0.11', [], 'own-address'],
    ['a configured peer', '10.0.0.12', ['10.0.0.12', '10.0.0.13'], null],
    ['no stranger when unicast', '10.0.0.14', ['10.0.0.12', '10.0.0.13'], 'unknown-peer'],
  ];
  for (const [name, source, peers, refusal] of senders) {
    it(`takes ${name}`, () => {
      const got = checkSender(
        { ...good, source: ip(source) },
        { ownAddresses: [ip('10.0.0.11')], peers: peers.map(ip) },
      );
      assert.equal(got.ok ? null : got.error, refusal);
    });
  }

  const lists: readonly [name: string, theirs: readonly string[], same: boolean][] = [
    ['the same', ['10.0.0.100', '10.0.0.101'], true],
    ['the same in another order', ['10.0.0.101', '10.0.0.100'], true],
    ['one missing', ['10.0.0.100'], false],
    ['another one', ['10.0.0.100', '10.0.0.102'], false],
    ['one too many', ['10.0.0.100', '10.0.0.101', '10.0.0.102'], false],
  ];
  for (const [name, theirs, same] of lists) {
    it(`compares address lists: ${name}`, () => {
      const decoded: DecodedAdvert = { ...advert, addresses: theirs.map(ip), checksumForm: 'pseudo' };
      assert.equal(hasSameAddresses(decoded, [ip('10.0.0.100'), ip('10.0.0.101')]), same);
    });
  }

  const forms: readonly [setting: 'auto' | ChecksumForm, heard: ChecksumForm | null, sent: ChecksumForm][] = [
    ['auto', null, 'pseudo'],
    ['auto', 'rfc9568', 'rfc9568'],
    ['auto', 'pseudo', 'pseudo'],
    ['rfc9568', 'pseudo', 'rfc9568'],
    ['pseudo', 'rfc9568', 'pseudo'],
  ];
  for (const [setting, heard, sent] of forms) {
    it(`checksum ${setting} after hearing ${heard ?? 'nobody'} sends ${sent}`, () => {
      assert.equal(checksumToSend(setting, heard), sent);
    });
  }
});
