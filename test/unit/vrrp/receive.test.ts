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
import { explainRefusal, RefusalCounters } from '../../../src/vrrp/refusals.ts';
import { ip } from './builders.ts';

const OWN = ip('10.0.0.11');
const envelope = { source: ip('10.0.0.12'), destination: ip('224.0.0.18') };
const addresses = [ip('10.0.0.100')];
const v3: Advert = { version: 3, vrid: 51, priority: 100, maxAdvertiseIntervalCs: 100, addresses };
const v2: Advert = { ...v3, version: 2, authentication: authenticationOf('secret') };
const expected3: Expected = {
  version: 3,
  authentication: authenticationOf(null),
  advertisementIntervalCs: 100,
  addresses,
  peers: [],
  leastTtl: 255,
};
/** With unicast peers, of whom the sender is one. */
const unicast3: Expected = { ...expected3, peers: [ip('10.0.0.13'), ip('10.0.0.12')] };
const expected2: Expected = { ...expected3, version: 2, authentication: authenticationOf('secret') };

/** As a peer sends it to this machine alone. */
function toUs(advert: Advert, given: Partial<ReceivedMessage> = {}, form: ChecksumForm = 'pseudo'): ReceivedMessage {
  const alone = { ...envelope, destination: OWN };
  return { ...alone, data: encodeAdvert(advert, alone, form), ttl: 255, arrivedAt: null, ...given };
}

function message(advert: Advert, given: Partial<ReceivedMessage> = {}): ReceivedMessage {
  return { ...envelope, data: encodeAdvert(advert, envelope, 'rfc9568'), ttl: 255, arrivedAt: null, ...given };
}

/** Summed with the multicast group, as keepalived before 1.3.7 did for unicast too. */
function dataFor(advert: Advert): Uint8Array {
  return encodeAdvert(advert, envelope, 'pseudo');
}

/** With octets changed; the checksum is left as it was, or made good. */
function altered(advert: Advert, changes: readonly [at: number, octet: number][], sum = true): ReceivedMessage {
  const { data } = message(advert);
  for (const [at, octet] of changes) data[at] = octet;
  if (!sum) return { ...message(advert), data };
  const view = new DataView(data.buffer);
  view.setUint16(6, 0);
  let total = 0;
  for (let at = 0; at < data.length; at += 2) total += view.getUint16(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  view.setUint16(6, ~total & 0xffff);
  return { ...message(advert), data };
}

const refusalOf = (received: ReceivedMessage, router: Expected | null): Refusal | null => {
  const checked = checkMessage(received, router, OWN);
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
    ['a peer summed for the group', toUs(v3, { data: dataFor(v3) }), 'checksum-errors', unicast3],
    ['a peer behind a router', toUs(v3, { ttl: 254 }), 'ip-ttl-errors', unicast3],
    ['a peer behind as many routers as are allowed', toUs(v3, { ttl: 250 }), null, { ...unicast3, leastTtl: 250 }],
    ['a peer behind one too many', toUs(v3, { ttl: 249 }), 'ip-ttl-errors', { ...unicast3, leastTtl: 250 }],
    ['a peer nearer than need be', toUs(v3, { ttl: 255 }), null, { ...unicast3, leastTtl: 250 }],
    ['multicast never comes from behind a router', message(v3, { ttl: 254 }), 'ip-ttl-errors'],
  ];
  for (const [name, received, refusal, router = expected3] of rows) {
    it(`${name}: ${refusal ?? 'accepted'}`, () => {
      const own = refusal === 'own-address' ? received.source : OWN;
      const checked = checkMessage(received, router, own);
      assert.equal(checked.ok ? null : checked.error, refusal);
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
  const rows: readonly [refusal: Refusal, message: ReceivedMessage, router: Expected | null][] = [
    ['unexpected-unicast', alone({ ...altered(all, [[0, 0x42]], false), ttl: 1 }), expected2],
    ['unexpected-multicast', { ...altered(all, [[0, 0x42]], false), ttl: 1 }, strict],
    [
      'ip-ttl-errors',
      {
        ...altered(
          all,
          [
            [0, 0x42],
            [3, 9],
          ],
          false,
        ),
        ttl: 1,
        behindHeader: true,
      },
      null,
    ],
    [
      'version-errors',
      {
        ...altered(
          all,
          [
            [0, 0x42],
            [3, 9],
          ],
          false,
        ),
        behindHeader: true,
      },
      null,
    ],
    [
      'invalid-type-pkts-rcvd',
      {
        ...altered(
          all,
          [
            [0, 0x22],
            [3, 9],
          ],
          false,
        ),
        behindHeader: true,
      },
      null,
    ],
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
      const own = refusal === 'unknown-peer' ? OWN : received.source;
      const checked = checkMessage(received, router, own);
      assert.equal(checked.ok ? null : checked.error, refusal);
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

describe('vrrp/refusals', () => {
  it('counts all, and is told once a minute for each reason and virtual router', () => {
    const counters = new RefusalCounters();
    const told = [0, 59_999, 60_000, 60_001, 119_999, 120_000].filter((now) => counters.count('auth-failures', now, 0));
    assert.deepEqual(told, [0, 60_000, 120_000]);
    assert.equal(counters.count('interval-errors', 60_001, 0), true);
    assert.deepEqual(
      [51, 52, 51].map((vrid) => counters.count('version-errors', 1, vrid)),
      [true, true, false],
    );
    assert.deepEqual(counters.report(), { 'auth-failures': 6, 'interval-errors': 1, 'version-errors': 3 });
  });

  const FROM = 'refused an advertisement of 10.0.0.12: ';
  const rows: readonly [refusal: Refusal, message: ReceivedMessage, router: Expected | null, said: string | null][] = [
    ['ip-ttl-errors', message(v3, { ttl: 254 }), null, 'its TTL is 254, not 255: it did not come from this link'],
    [
      'version-errors',
      message(v3),
      expected2,
      'it has VRRP version 3, this virtual router 2; set one `version` on both',
    ],
    ['version-errors', altered(v3, [[0, 0x71]]), null, 'it has VRRP version 7'],
    ['invalid-type-pkts-rcvd', message(v3), expected3, null],
    ['packet-length-errors', message(v3), expected3, null],
    ['checksum-errors', message(v3), expected3, null],
    ['vrid-errors', message(v3), null, null],
    [
      'authentication-header',
      message(v2),
      expected2,
      'it uses an IPsec authentication header (auth_type AH), which lvsd does not speak; use a password or none there',
    ],
    ['invalid-auth-type', altered(v2, [[4, 9]]), expected2, 'its authentication type 9 does not exist'],
    ['auth-type-mismatch', altered(v2, [[4, 0]]), expected2, 'it has no password, this virtual router has one'],
    [
      'auth-type-mismatch',
      message(v2),
      { ...expected2, authentication: authenticationOf(null) },
      'it has a password, this virtual router has none; set the same `password`',
    ],
    ['auth-failures', message(v2), expected2, 'its password is another one; set the same `password` on both'],
    [
      'interval-errors',
      message({ ...v2, maxAdvertiseIntervalCs: 300 }),
      expected2,
      'it advertises every 3 s, this virtual router every 1 s; VRRPv2 wants one `advertisement_interval` on both',
    ],
    ['interval-errors', message(v3), expected3, 'its advertisement interval is 0'],
    [
      'address-list-errors',
      message({ ...v2, addresses: [ip('10.0.0.9'), ip('10.0.0.100')] }),
      expected2,
      'its virtual addresses are others: 10.0.0.9, 10.0.0.100; VRRPv2 wants the same on both',
    ],
    [
      'own-address',
      message(v3),
      expected3,
      'it has our own address: another machine uses it too, or the network brings our packets back',
    ],
    ['unknown-peer', toUs(v3), unicast3, 'it is none of the `peers` of this virtual router'],
    [
      'unexpected-unicast',
      toUs(v3),
      expected3,
      'it was sent to this machine alone, this virtual router uses multicast; set `peers` on both or on neither',
    ],
    [
      'unexpected-multicast',
      message(v3),
      unicast3,
      'it was sent by multicast, this virtual router has `peers`; set them on both or on neither',
    ],
    [
      'ip-ttl-errors',
      toUs(v3, { ttl: 64 }),
      unicast3,
      'its TTL is 64, not 255: it did not come from this link, or its sender begins with less; set `ttl.least` for such a peer',
    ],
    [
      'ip-ttl-errors',
      toUs(v3, { ttl: 60 }),
      { ...unicast3, leastTtl: 62 },
      'its TTL is 60, below the 62 of `ttl.least`: it came from farther away',
    ],
  ];
  for (const [refusal, received, router, said] of rows) {
    it(`says of ${refusal}: ${said ?? 'nothing'}`, () => {
      assert.equal(explainRefusal(refusal, received, router), said === null ? null : `${FROM}${said}`);
    });
  }

  it('never tells a password', () => {
    for (const refusal of REFUSALS) {
      const said = explainRefusal(refusal, message(v2), expected2) ?? '';
      assert.ok(!said.includes('secret'), said);
    }
  });
});
