import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  encodeControl,
  netlinkPortId,
  parseControl,
  sockaddrIn,
  sockaddrIn6,
  sockaddrLl,
  sockaddrNl,
  sockaddrOfFrame,
  sockaddrUn,
} from '../../../src/net/sockaddr.ts';

const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'));
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex'));

describe('net/sockaddr: addresses as the kernel wants them', () => {
  const rows: { name: string; made: Uint8Array | null; wire: string | null }[] = [
    { name: 'sockaddr_in', made: sockaddrIn(bytes('e0000012'), 80), wire: '0200 0050 e0000012 0000000000000000' },
    {
      name: 'sockaddr_in6',
      made: sockaddrIn6(bytes('ff020000000000000000000000000012'), 80, 3),
      wire: '0a00 0050 00000000 ff020000000000000000000000000012 03000000',
    },
    {
      name: 'sockaddr_ll to bind',
      made: sockaddrLl(0x0806, 3),
      wire: '1100 0806 03000000 0000 00 00 0000000000000000',
    },
    {
      name: 'sockaddr_ll to send',
      made: sockaddrLl(0x86dd, 3, bytes('333300000001')),
      wire: '1100 86dd 03000000 0000 00 06 333300000001 0000',
    },
    {
      name: 'sockaddr_ll of a whole frame',
      made: sockaddrOfFrame(bytes('333300000001 02000000000a 86dd 60000000'), 3),
      wire: '1100 86dd 03000000 0000 00 06 333300000001 0000',
    },
    { name: 'sockaddr_nl', made: sockaddrNl(0x1234, 1), wire: '1000 0000 34120000 01000000' },
    { name: 'sockaddr_un, path', made: sockaddrUn('/run/x'), wire: '0100 2f72756e2f78 00' },
    { name: 'sockaddr_un, abstract by @', made: sockaddrUn('@lvsd'), wire: '0100 00 6c767364' },
    { name: 'sockaddr_un, abstract by NUL', made: sockaddrUn('\0lvsd'), wire: '0100 00 6c767364' },
    { name: 'sockaddr_un, empty', made: sockaddrUn(''), wire: null },
    { name: 'sockaddr_un, empty abstract name', made: sockaddrUn('@'), wire: null },
    { name: 'sockaddr_un, path of 108', made: sockaddrUn('a'.repeat(108)), wire: null },
  ];
  for (const { name, made, wire } of rows) {
    it(name, () => assert.equal(hex(made), wire === null ? null : wire.replaceAll(' ', '')));
  }

  it('sockaddr_un holds a path of 107 and an abstract name of 107', () => {
    assert.equal(sockaddrUn('a'.repeat(107))?.length, 110);
    assert.equal(sockaddrUn(`@${'a'.repeat(107)}`)?.length, 110);
  });

  it('netlinkPortId reads it back, and is 0 for too few bytes', () => {
    assert.equal(netlinkPortId(sockaddrNl(4_000_000_000)), 4_000_000_000);
    assert.equal(netlinkPortId(new Uint8Array(4)), 0);
  });
});

describe('net/sockaddr: control messages', () => {
  // IPV6_HOPLIMIT (41/52) 255 and IPV6_PKTINFO (41/50) fe80::1 on interface 3, as recvmsg gave them.
  const hopLimit = '1400000000000000 29000000 34000000 ff000000 00000000';
  const packetInfo = '2400000000000000 29000000 32000000 fe800000000000000000000000000001 03000000 00000000';

  it('parses and encodes two messages', () => {
    const messages = parseControl(bytes(hopLimit + packetInfo));
    assert.deepEqual(
      messages.map(({ level, type, data }) => [level, type, hex(data)]),
      [
        [41, 52, 'ff000000'],
        [41, 50, 'fe80000000000000000000000000000103000000'],
      ],
    );
    assert.equal(hex(encodeControl(messages)), (hopLimit + packetInfo).replaceAll(' ', ''));
  });

  it('takes a last message without its padding', () => {
    assert.equal(parseControl(bytes('1400000000000000 29000000 34000000 ff000000')).length, 1);
  });

  it('stops at a message that is not whole', () => {
    for (const second of [
      '0f00000000000000 29000000 34000000',
      '1100000000000000 29000000 34000000',
      '1000000001000000 29000000 34000000',
      '00',
    ]) {
      assert.equal(parseControl(bytes(hopLimit + second)).length, 1, second);
    }
  });

  it('never throws on random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (random) => void parseControl(random)));
  });
});
