import assert from 'node:assert/strict';
import { authenticationOf } from '../../../src/vrrp/authentication.ts';
import { type Advert, type ChecksumForm, encodeAdvert } from '../../../src/vrrp/packet.ts';
import {
  checkMessage,
  checksumToSend,
  countsForRouter,
  type Expected,
  hasSameAddresses,
  REFUSALS,
  type ReceivedMessage,
  type Refusal,
  vridOf,
} from '../../../src/vrrp/receive.ts';
import { ip } from './builders.ts';
import { altered, envelope, expected2, expected3, message, OWN, toUs, unicast3, v2, v3 } from './receive-bench.ts';

const refusalOf = (received: ReceivedMessage, router: Expected | null, own = OWN): Refusal | null => {
  const checked = checkMessage(received, router, own);
  return checked.ok ? null : checked.error;
};

describe('vrrp/receive (RFC 9568 section 7.1)', () => {
  it('takes a good advertisement', () => {
    assert.deepEqual(checkMessage(message(v3), expected3, OWN), {
      ok: true,
      value: { ...v3, checksumForm: 'rfc9568' },
    });
    assert.equal(vridOf(message(v3)), 51);
  });

  /** As keepalived before 1.3.7 summed for unicast too. */
  const groupSum = encodeAdvert(v3, envelope, 'pseudo');
  const rows: readonly [name: string, message: ReceivedMessage, refusal: Refusal | null, router?: Expected | null][] = [
    ['one whose TTL the transport cannot tell', message(v3, { ttl: null }), null],
    ['TTL 254', message(v3, { ttl: 254 }), 'ip-ttl-errors'],
    ['TTL 0', message(v3, { ttl: 0 }), 'ip-ttl-errors'],
    ['version 2', message(v2), 'version-errors'],
    ['version 1', altered(v3, [[0, 0x11]]), 'version-errors'],
    ['type 2', altered(v3, [[0, 0x32]]), 'invalid-type-pkts-rcvd'],
    ['a wrong count', altered(v3, [[3, 2]]), 'packet-length-errors'],
    ['nothing at all', message(v3, { data: new Uint8Array() }), 'packet-length-errors'],
    ['a wrong checksum', altered(v3, [[6, 0]], false), 'checksum-errors'],
    ['a changed priority', altered(v3, [[2, 255]], false), 'checksum-errors'],
    ['an identifier that nobody has', message(v3), 'vrid-errors', null],
    ['an Authentication Header', message(v3, { behindHeader: true }), 'authentication-header'],
    ['interval 0 (erratum 8301)', message({ ...v3, maxAdvertiseIntervalCs: 0 }), 'interval-errors'],
    ['another interval', message({ ...v3, maxAdvertiseIntervalCs: 4095 }), null],
    ['other addresses (told, not refused)', message({ ...v3, addresses: [ip('10.0.0.9')] }), null],
    ['our own address', message(v3), 'own-address'],
    ['a configured peer', toUs(v3), null, unicast3],
    ['a peer, checksum of RFC 9568', toUs(v3, {}, 'rfc9568'), null, unicast3],
    ['a stranger among peers', toUs(v3), 'unknown-peer', { ...unicast3, peers: [ip('10.0.0.13')] }],
    ['a peer by multicast', message(v3), 'unexpected-multicast', unicast3],
    ['a neighbour by unicast', toUs(v3), 'unexpected-unicast'],
    ['a peer summed for the group', toUs(v3, { data: groupSum }), 'checksum-errors', unicast3],
    ['a peer behind a router', toUs(v3, { ttl: 254 }), 'ip-ttl-errors', unicast3],
    ['a peer behind as many routers as are allowed', toUs(v3, { ttl: 250 }), null, { ...unicast3, leastTtl: 250 }],
    ['a peer behind one too many', toUs(v3, { ttl: 249 }), 'ip-ttl-errors', { ...unicast3, leastTtl: 250 }],
    ['a peer nearer than need be', toUs(v3, { ttl: 255 }), null, { ...unicast3, leastTtl: 250 }],
    ['multicast never comes from behind a router', message(v3, { ttl: 254 }), 'ip-ttl-errors'],
  ];
  for (const [name, received, refusal, router = expected3] of rows) {
    it(`${name}: ${refusal ?? 'accepted'}`, () => {
      assert.equal(refusalOf(received, router, refusal === 'own-address' ? received.source : OWN), refusal);
    });
  }
});

describe('vrrp/receive (RFC 3768 section 7.1)', () => {
  it('takes a good advertisement', () => {
    assert.deepEqual(checkMessage(message(v2), expected2, OWN), { ok: true, value: { ...v2, checksumForm: null } });
  });

  const other = [ip('10.0.0.100'), ip('10.0.0.101')];
  const rows: readonly [name: string, message: ReceivedMessage, refusal: Refusal | null, router?: Expected | null][] = [
    ['version 3', message(v3), 'version-errors'],
    ['version 3 without a virtual router', message(v3), 'vrid-errors', null],
    ['version 2 without a virtual router', message(v2), 'vrid-errors', null],
    ['no password', message({ ...v2, authentication: authenticationOf(null) }), 'auth-type-mismatch'],
    ['another password', message({ ...v2, authentication: authenticationOf('Secret') }), 'auth-failures'],
    ['a longer password', message({ ...v2, authentication: authenticationOf('secret1') }), 'auth-failures'],
    ['authentication type 3', altered(v2, [[4, 3]]), 'invalid-auth-type'],
    ['authentication type 2', altered(v2, [[4, 2]]), 'authentication-header'],
    ['an Authentication Header', message(v2, { behindHeader: true }), 'authentication-header'],
    ['another interval', message({ ...v2, maxAdvertiseIntervalCs: 200 }), 'interval-errors'],
    ['interval 0', message({ ...v2, maxAdvertiseIntervalCs: 0 }), 'interval-errors'],
    ['other addresses', message({ ...v2, addresses: other }), 'address-list-errors'],
    ['other addresses of a leaving router', message({ ...v2, addresses: other, priority: 0 }), 'address-list-errors'],
    ['other addresses of their owner', message({ ...v2, addresses: other, priority: 255 }), null],
  ];
  for (const [name, received, refusal, router = expected2] of rows) {
    it(`${name}: ${refusal ?? 'accepted'}`, () => {
      assert.equal(refusalOf(received, router), refusal);
    });
  }
});

describe('vrrp/receive: the order of the checks', () => {
  /** Each has every fault of those below it too, as far as they can stand together. */
  const wrong = { addresses: [ip('10.0.0.9')], maxAdvertiseIntervalCs: 700 } as const;
  const all: Advert = { ...v2, ...wrong, authentication: authenticationOf('other') };
  const strict: Expected = { ...expected2, peers: [ip('10.0.0.13')] };
  /** What a message of no faults but these is like, sent to this machine alone. */
  const alone = (received: ReceivedMessage): ReceivedMessage => ({ ...received, destination: OWN });
  /** A wrong count, a wrong checksum and an Authentication Header, behind this first octet. */
  const worst = (octet: number, ttl = 255): ReceivedMessage => ({
    ...altered(
      all,
      [
        [0, octet],
        [3, 9],
      ],
      false,
    ),
    ttl,
    behindHeader: true,
  });
  const rows: readonly [refusal: Refusal, message: ReceivedMessage, router: Expected | null][] = [
    ['unexpected-unicast', alone(worst(0x42, 1)), expected2],
    ['unexpected-multicast', worst(0x42, 1), strict],
    ['ip-ttl-errors', worst(0x42, 1), null],
    ['version-errors', worst(0x42), null],
    ['invalid-type-pkts-rcvd', worst(0x22), null],
    ['packet-length-errors', { ...altered(all, [[3, 9]], false), behindHeader: true }, null],
    ['checksum-errors', { ...altered(all, [[2, 9]], false), behindHeader: true }, null],
    ['vrid-errors', message(all, { behindHeader: true }), null],
    ['authentication-header', alone({ ...altered(all, [[4, 9]]), behindHeader: true }), strict],
    ['invalid-auth-type', alone(altered(all, [[4, 9]])), strict],
    ['auth-type-mismatch', alone(altered(all, [[4, 0]])), strict],
    ['auth-failures', alone(message(all)), strict],
    ['interval-errors', alone(message({ ...v2, ...wrong })), strict],
    ['address-list-errors', alone(message({ ...v2, addresses: wrong.addresses })), strict],
    ['own-address', alone(message(v2)), strict],
    ['unknown-peer', alone(message(v2)), strict],
  ];
  it('has a row for every reason, in its order', () => {
    assert.deepEqual(
      rows.map(([refusal]) => refusal),
      REFUSALS,
    );
  });
  for (const [refusal, received, router] of rows) {
    it(refusal, () => {
      assert.equal(refusalOf(received, router, refusal === 'unknown-peer' ? OWN : received.source), refusal);
    });
  }

  it('RFC 8347: what cannot be believed of a virtual router counts for none', () => {
    const global = REFUSALS.filter((refusal) => !countsForRouter(refusal));
    assert.deepEqual(global, ['ip-ttl-errors', 'version-errors', 'checksum-errors', 'vrid-errors']);
  });
});

describe('vrrp/receive: addresses and checksums', () => {
  const lists: readonly [name: string, theirs: readonly string[], same: boolean][] = [
    ['the same', ['10.0.0.100', '10.0.0.101'], true],
    ['the same in another order', ['10.0.0.101', '10.0.0.100'], true],
    ['one missing', ['10.0.0.100'], false],
    ['one twice, the other missing', ['10.0.0.100', '10.0.0.100'], false],
    ['another one', ['10.0.0.100', '10.0.0.102'], false],
    ['one too many', ['10.0.0.100', '10.0.0.101', '10.0.0.102'], false],
  ];
  for (const [name, theirs, same] of lists) {
    it(`compares address lists: ${name}`, () => {
      const decoded = { ...v3, addresses: theirs.map(ip), checksumForm: 'pseudo' } as const;
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
