import assert from 'node:assert/strict';
import { internetChecksum, pseudoHeader } from '../../../src/net/checksum.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex'));
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

const v4 = { source: bytes('0a010001'), destination: bytes('e0000012') };
const v6 = {
  source: bytes('fe80000000000000000000fffe00000a'),
  destination: bytes('ff020000000000000000000000000012'),
};

describe('net/checksum (RFC 1071)', () => {
  const sums: readonly [name: string, chunks: readonly string[], checksum: number][] = [
    ['the example of section 3', ['0001 f203 f4f5 f6f7'], 0x220d],
    ['an odd length is padded with a zero octet', ['0001 f203 f4f5 f6'], 0x2304],
    ['one octet is the high half of a word', ['12'], 0xedff],
    ['nothing', [], 0xffff],
    ['an empty chunk', ['', '0001 f203 f4f5 f6f7'], 0x220d],
    ['chunks count as if joined', ['0001', 'f203 f4f5', 'f6f7'], 0x220d],
    ['the last chunk may be odd', ['0001 f203', 'f4f5 f6'], 0x2304],
    ['a carry that carries again', ['ffff 0001 ffff'], 0xfffe],
    ['a message that carries its checksum sums to zero', ['0001 f203 f4f5 f6f7 220d'], 0],
    ['an advertisement of keepalived without pseudo-header', ['31339602 00320000 0a010064 0a010065'], 0x23cd],
  ];
  for (const [name, chunks, checksum] of sums) {
    it(name, () => {
      assert.equal(internetChecksum(...chunks.map(bytes)), checksum);
    });
  }

  it('does not overflow on the largest packet', () => {
    assert.equal(internetChecksum(new Uint8Array(65_536).fill(0xff)), 0);
  });

  it('reads a view into a larger buffer', () => {
    assert.equal(internetChecksum(bytes('ffff 0001 f203 f4f5 f6f7 ffff').subarray(2, 10)), 0x220d);
  });
});

describe('net/checksum: pseudo-headers', () => {
  it('IPv4: addresses, zero, protocol, length (RFC 793 section 3.1)', () => {
    assert.equal(hex(pseudoHeader(v4.source, v4.destination, 112, 16)), '0a010001e000001200700010');
  });

  it('IPv6: addresses, 32-bit length, three zeros, next header (RFC 8200 section 8.1)', () => {
    assert.equal(
      hex(pseudoHeader(v6.source, v6.destination, 58, 0x01_0203)),
      'fe80000000000000000000fffe00000aff020000000000000000000000000012000102030000003a',
    );
  });

  const captured: readonly [name: string, header: Uint8Array, message: string, checksum: number][] = [
    [
      'keepalived, VRRPv3 over IPv4',
      pseudoHeader(v4.source, v4.destination, 112, 16),
      '31339602 00320000 0a010064 0a010065',
      0x3938,
    ],
    [
      'keepalived, VRRPv3 over IPv6',
      pseudoHeader(v6.source, v6.destination, 112, 40),
      '313d9602 00320000 fe800000000000000000000000000100 fd000000000000000000000000000100',
      0x3dd4,
    ],
    [
      'keepalived, unsolicited neighbor advertisement',
      pseudoHeader(bytes('fe800000000000000000000000000100'), bytes('ff020000000000000000000000000001'), 58, 32),
      '88000000 20000000 fe800000000000000000000000000100 0201 02000000000a',
      0x5594,
    ],
  ];
  for (const [name, header, message, checksum] of captured) {
    it(`sums ${name}`, () => {
      assert.equal(internetChecksum(header, bytes(message)), checksum);
    });
  }
});
