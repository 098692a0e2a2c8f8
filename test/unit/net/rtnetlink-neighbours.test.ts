import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeLostNeighbour } from '../../../src/net/rtnetlink-neighbours.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex'));

describe('net/rtnetlink-neighbours', () => {
  const cases: readonly [name: string, wire: string, value: object | null][] = [
    [
      'an IPv4 neighbour that failed, as the kernel tells it',
      '02000000 03000000 2000 00 01 | 08000100 0a000015 | 08000400 03000000 | 14000300 00000000 00000000 00000000 00000000',
      { interfaceIndex: 3, address: '10.0.0.21' },
    ],
    [
      'an IPv6 one',
      '0a000000 04000000 2000 00 01 | 14000100 fd000000000000000000000000000021',
      { interfaceIndex: 4, address: 'fd00::21' },
    ],
    ['one that answers', '02000000 03000000 0200 00 01 | 08000100 0a000015 | 0a000200 020000000115 0000', null],
    ['one that is asked', '02000000 03000000 1000 00 01 | 08000100 0a000015 | 0a000200 020000000115 0000', null],
    ["a bridge's", '07000000 03000000 2000 00 01 | 08000100 0a000015', null],
    ['an address of the other width', '02000000 03000000 2000 00 01 | 14000100 fd000000000000000000000000000021', null],
    ['no address', '02000000 03000000 2000 00 01', null],
    ['attributes cut off', '02000000 03000000 2000 00 01 | 08000100 0a00', null],
    ['too short', '02000000 03000000 2000', null],
  ];
  for (const [name, wire, value] of cases) {
    it(name, () => assert.deepEqual(decodeLostNeighbour(bytes(wire)), value));
  }

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (payload) => void decodeLostNeighbour(payload)));
  });
});
