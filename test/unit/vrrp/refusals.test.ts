import assert from 'node:assert/strict';
import { authenticationOf } from '../../../src/vrrp/authentication.ts';
import { type Expected, REFUSALS, type ReceivedMessage, type Refusal } from '../../../src/vrrp/receive.ts';
import { explainRefusal, RefusalCounters } from '../../../src/vrrp/refusals.ts';
import { ip } from './builders.ts';
import { altered, expected2, expected3, message, toUs, unicast3, v2, v3 } from './receive-bench.ts';

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
