import assert from 'node:assert/strict';
import fc from 'fast-check';
import { internetChecksum } from '../../../src/net/checksum.ts';
import { decodeEcho, decodeQueuedError, encodeEcho, withoutIpv4Header } from '../../../src/net/icmp-echo.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const PAYLOAD = bytes('00112233 44556677');

/** What a router quotes: the header of the request that it could not deliver to 10.9.0.2, and its first 8 bytes. */
const QUOTED_4 = '4500 0054 1234 4000 4001 0000 0a090001 0a090002  0800 abcd 1234 0007';
/** To fd00:9::2. */
const QUOTED_6 =
  '60000000 0010 3a 40 fd000009000000000000000000000001 fd000009000000000000000000000002  8000 abcd 1234 0007';

describe('net/icmp-echo', () => {
  it('writes an echo request with its checksum for IPv4 (RFC 792), without one for IPv6 (RFC 4443 4.1)', () => {
    const request = encodeEcho(4, 0x1234, 7, PAYLOAD);
    assert.deepEqual(request.subarray(0, 2), bytes('0800'));
    assert.deepEqual(request.subarray(4), bytes('1234 0007 00112233 44556677'));
    assert.equal(internetChecksum(request), 0);
    assert.deepEqual(encodeEcho(6, 0x1234, 7, PAYLOAD), bytes('8000 0000 1234 0007 00112233 44556677'));
  });

  const words: readonly [4 | 6, string, string][] = [
    [4, '0300', 'network unreachable'],
    [4, '0301', 'host unreachable'],
    [4, '030d', 'administratively prohibited'],
    [4, '0305', 'unreachable (code 5)'],
    [4, '0b00', 'time to live exceeded on the way'],
    [6, '0100', 'no route to the host'],
    [6, '0103', 'address unreachable'],
    [6, '0107', 'unreachable (code 7)'],
    [6, '0300', 'hop limit exceeded on the way'],
  ];
  for (const [family, typeAndCode, what] of words) {
    it(`reads the IPv${family} error ${typeAndCode} as "${what}"`, () => {
      const quoted = family === 4 ? QUOTED_4 : QUOTED_6;
      const destination = family === 4 ? bytes('0a090002') : bytes('fd000009000000000000000000000002');
      const news = decodeEcho(family, bytes(`${typeAndCode} 0000 00000000 ${quoted}`));
      assert.deepEqual(news, { kind: 'error', id: 0x1234, sequence: 7, destination, what });
    });
  }

  const refused: readonly [string, 4 | 6, string][] = [
    ['is cut in its header', 4, '0000 0000 1234 00'],
    ['is an echo request', 4, '0800 0000 1234 0007'],
    ['says that fragmentation is needed', 4, `0304 0000 00000500 ${QUOTED_4}`],
    ['says that fragments came too late', 4, `0b01 0000 00000000 ${QUOTED_4}`],
    ['says that the packet is too big', 6, `0200 0000 00000500 ${QUOTED_6}`],
    ['quotes less than 8 bytes of the request', 4, `0301 0000 00000000 ${QUOTED_4.slice(0, -4)}`],
    ['quotes a UDP datagram', 4, `0303 0000 00000000 ${QUOTED_4.replace('4001', '4011')}`],
    ['quotes an echo reply', 4, `0301 0000 00000000 ${QUOTED_4.replace('0800 abcd', '0000 abcd')}`],
    ['quotes a packet of the other family', 6, `0103 0000 00000000 ${QUOTED_4}`],
  ];
  for (const [why, family, hex] of refused) {
    it(`takes no news from a message that ${why}`, () => assert.equal(decodeEcho(family, bytes(hex)), null));
  }

  it('reads a reply', () => {
    const reply = { kind: 'reply', id: 0x1234, sequence: 7, payload: PAYLOAD };
    assert.deepEqual(decodeEcho(4, bytes('0000 ffff 1234 0007 00112233 44556677')), reply);
    assert.deepEqual(decodeEcho(6, bytes('8100 ffff 1234 0007 00112233 44556677')), reply);
  });

  it('reads what a ping socket queues (linux/errqueue.h), if the network said it', () => {
    const destination = bytes('0a090002');
    const queued = (extended: string) =>
      decodeQueuedError(4, bytes('0800 abcd 1234 0007'), destination, bytes(extended));
    const what = 'host unreachable';
    assert.deepEqual(queued('71000000 02 03 01 00 00000000 00000000'), {
      kind: 'error',
      id: 0x1234,
      sequence: 7,
      destination,
      what,
    });
    assert.equal(queued('71000000 01 03 01 00 00000000 00000000'), null, 'this host said it');
    assert.equal(queued('71000000 02 03 04 00 00000000 00000000'), null, 'fragmentation needed');
    assert.equal(queued('71000000 02 03 01'), null, 'cut');
  });

  it('skips an IPv4 header with options, and refuses what is none', () => {
    assert.deepEqual(withoutIpv4Header(bytes(`46${'00'.repeat(23)} 0102`)), bytes('0102'));
    assert.equal(withoutIpv4Header(bytes(`44${'00'.repeat(30)}`)), null);
    assert.equal(withoutIpv4Header(bytes(`46${'00'.repeat(22)}`)), null);
    assert.equal(withoutIpv4Header(bytes('')), null);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.constantFrom(4 as const, 6 as const), fc.uint8Array({ maxLength: 120 }), (family, message) => {
        decodeEcho(family, message);
        decodeQueuedError(family, message, message, message);
        withoutIpv4Header(message);
      }),
      { numRuns: 2000 },
    );
  });
});
