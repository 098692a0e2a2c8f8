import assert from 'node:assert/strict';
import { advertOf, expectedOf } from '../../../src/vrrp/expected.ts';
import { MessageChecker } from '../../../src/vrrp/message-checker.ts';
import { encodeAdvert } from '../../../src/vrrp/packet.ts';
import type { ReceivedMessage } from '../../../src/vrrp/receive.ts';
import { ip, routerConfig } from './builders.ts';

const CONFIG = routerConfig();
const EXPECTED = expectedOf(CONFIG);
const OWN = ip('192.0.2.1');
const ENVELOPE = { source: ip('192.0.2.2'), destination: ip('224.0.0.18') };

function message(priority = 150, given: Partial<ReceivedMessage> = {}): ReceivedMessage {
  const data = encodeAdvert(advertOf(CONFIG, priority), ENVELOPE, 'pseudo');
  return { data, ...ENVELOPE, ttl: 255, arrivedAt: 1, ...given };
}

describe('vrrp/message-checker', () => {
  it('the same message again is the same advertisement, without a new look', () => {
    const checker = new MessageChecker();
    const first = checker.check(message(), EXPECTED, OWN);
    assert.equal(first.ok && first.value.priority, 150);
    assert.equal(checker.check(message(150, { arrivedAt: 2 }), EXPECTED, OWN), first);
  });

  it('the transport may use its octets again', () => {
    const checker = new MessageChecker();
    const { data } = message();
    checker.check(message(150, { data }), EXPECTED, OWN);
    data[2] = 200; // its checksum is wrong now
    assert.deepEqual(checker.check(message(150, { data }), EXPECTED, OWN), { ok: false, error: 'checksum-errors' });
  });

  const others: readonly [string, Partial<ReceivedMessage>, string][] = [
    ['another octet', { data: message().data.map((octet, i) => (i === 2 ? octet ^ 1 : octet)) }, 'checksum-errors'],
    ['one octet more', { data: Uint8Array.of(...message().data, 0) }, 'packet-length-errors'],
    ['a smaller TTL', { ttl: 254 }, 'ip-ttl-errors'],
    ['another source', { source: ip('192.0.2.3') }, 'checksum-errors'],
    ['another destination', { destination: ip('192.0.2.1') }, 'unexpected-unicast'],
    ['a header in front', { behindHeader: true }, 'authentication-header'],
  ];
  for (const [what, given, error] of others) {
    it(`${what} is looked at`, () => {
      const checker = new MessageChecker();
      assert.equal(checker.check(message(), EXPECTED, OWN).ok, true);
      assert.deepEqual(checker.check(message(150, given), EXPECTED, OWN), { ok: false, error });
      assert.equal(checker.check(message(), EXPECTED, OWN).ok, true);
    });
  }

  it('another configuration, no router, or another address of our own is looked at', () => {
    const checker = new MessageChecker();
    assert.equal(checker.check(message(), EXPECTED, OWN).ok, true);
    const unicast = expectedOf(routerConfig({ peers: ['192.0.2.2'] }));
    assert.deepEqual(checker.check(message(), unicast, OWN), { ok: false, error: 'unexpected-multicast' });
    assert.deepEqual(checker.check(message(), null, OWN), { ok: false, error: 'vrid-errors' });
    assert.deepEqual(checker.check(message(), EXPECTED, ENVELOPE.source), { ok: false, error: 'own-address' });
  });
});
