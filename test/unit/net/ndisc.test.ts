import assert from 'node:assert/strict';
import { internetChecksum, pseudoHeader } from '../../../src/net/checksum.ts';
import { decodeNeighborAdvertisement, neighborSolicitation, unsolicitedNa } from '../../../src/net/ndisc.ts';
import { ip } from '../vrrp/builders.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const MAC = hex('02000000000a');
const ICMP = 14 + 40;

describe('net/ndisc', () => {
  it('advertises as keepalived does', () => {
    assert.equal(
      toHex(unsolicitedNa(MAC, ip('fe80::100'), false)),
      '33330000000102000000000a86dd6000000000203aff' +
        'fe800000000000000000000000000100ff020000000000000000000000000001' +
        '8800559420000000fe800000000000000000000000000100020102000000000a',
    );
  });

  it('advertises from the virtual MAC', () => {
    assert.equal(
      toHex(unsolicitedNa(hex('00005e00023d'), ip('fe80::100'), false).slice(ICMP)),
      '8800f76020000000fe800000000000000000000000000100020100005e00023d',
    );
  });

  it('asks from an address of its own, so that the answer comes to it alone (RFC 4861 section 4.3)', () => {
    const frame = neighborSolicitation(MAC, ip('fe80::a'), ip('fd00::12:3456'));
    assert.equal(
      toHex(frame).replace(/8700..../, '8700----'),
      '3333ff12345602000000000a86dd6000000000203aff' +
        'fe80000000000000000000000000000aff0200000000000000000001ff123456' +
        '8700----00000000fd000000000000000000000000123456010102000000000a',
    );
    const header = pseudoHeader(ip('fe80::a'), ip('ff02::1:ff12:3456'), 58, 32);
    assert.equal(internetChecksum(header, frame.slice(ICMP)), 0);
  });

  it('reads an advertisement', () => {
    const message = unsolicitedNa(MAC, ip('fd00::100'), true).slice(ICMP);
    assert.deepEqual(decodeNeighborAdvertisement(message), { target: ip('fd00::100'), mac: MAC });
  });

  const good = '88000000 60000000 fd000000000000000000000000000100';
  const rows: readonly [name: string, message: string, mac: string | null][] = [
    ['without options', good, null],
    ['with an unknown option first', `${good} 0e02 0000000000000000000000000000 0201 02000000000b`, '02000000000b'],
    ['with an option cut off', `${good} 0201 0200`, null],
    ['with a link-layer address of another length', `${good} 0202 0200000000000000000000000000`, null],
  ];
  for (const [name, message, mac] of rows) {
    it(`reads one ${name}`, () => {
      const read = decodeNeighborAdvertisement(hex(message));
      assert.deepEqual(read, { target: ip('fd00::100'), mac: mac === null ? null : hex(mac) });
    });
  }

  const refused: readonly [name: string, message: string][] = [
    ['nothing', ''],
    ['a solicitation', good.replace('88', '87')],
    ['another code', good.replace('8800', '8801')],
    ['an octet too few', good.slice(0, -2)],
    ['an option of length 0 (section 4.6)', `${good} 0200 02000000000b`],
  ];
  for (const [name, message] of refused) {
    it(`does not read ${name}`, () => assert.equal(decodeNeighborAdvertisement(hex(message)), null));
  }
});
