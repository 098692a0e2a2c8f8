import assert from 'node:assert/strict';
import { arpProbe, decodeArp, gratuitousArp } from '../../../src/net/arp.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const MAC = hex('02000000000a');
const VIP = hex('0a010064');
const ETHERNET = 14;

describe('net/arp', () => {
  const rows: readonly [name: string, frame: Uint8Array, want: string][] = [
    [
      'gratuitous, as keepalived sends it',
      gratuitousArp(MAC, VIP),
      'ffffffffffff02000000000a0806 0001080006040001 02000000000a 0a010064 ffffffffffff 0a010064',
    ],
    [
      'gratuitous, from the virtual MAC',
      gratuitousArp(hex('00005e000133'), VIP, 'request'),
      'ffffffffffff00005e0001330806 0001080006040001 00005e000133 0a010064 ffffffffffff 0a010064',
    ],
    [
      'gratuitous, as a reply',
      gratuitousArp(MAC, VIP, 'reply'),
      'ffffffffffff02000000000a0806 0001080006040002 02000000000a 0a010064 02000000000a 0a010064',
    ],
    [
      'a probe tells nobody an address (RFC 5227 section 2.1.1)',
      arpProbe(MAC, VIP),
      'ffffffffffff02000000000a0806 0001080006040001 02000000000a 00000000 000000000000 0a010064',
    ],
  ];
  for (const [name, frame, want] of rows) {
    it(`builds: ${name}`, () => assert.equal(toHex(frame), want.replaceAll(' ', '')));
  }

  it('reads an answer', () => {
    assert.deepEqual(decodeArp(hex('0001080006040002 02000000000b 0a010064 02000000000a 00000000')), {
      senderMac: hex('02000000000b'),
      senderAddress: VIP,
    });
  });

  it('reads what it builds, Ethernet padding or not', () => {
    const payload = arpProbe(MAC, VIP).slice(ETHERNET);
    const padded = new Uint8Array(46);
    padded.set(payload);
    assert.deepEqual(decodeArp(padded), decodeArp(payload));
    assert.deepEqual(decodeArp(payload), { senderMac: MAC, senderAddress: hex('00000000') });
  });

  const refused: readonly [name: string, payload: string][] = [
    ['nothing', ''],
    ['an octet too few', '0001080006040002 02000000000b 0a010064 02000000000a 000000'],
    ['another link layer', '0006080006040002 02000000000b 0a010064 02000000000a 00000000'],
    ['another protocol', '0001080906040002 02000000000b 0a010064 02000000000a 00000000'],
    ['other lengths', '0001080008040002 02000000000b 0a010064 02000000000a 00000000'],
  ];
  for (const [name, payload] of refused) {
    it(`does not read ${name}`, () => assert.equal(decodeArp(hex(payload)), null));
  }
});
