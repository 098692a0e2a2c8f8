import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AttrWriter } from '../../../src/net/nlattr.ts';
import {
  decodeLinkOrigin,
  isMacvlanOf,
  writeAddMacvlan,
  writeDeleteLink,
  writeGetLink,
  writeSetLinkUp,
} from '../../../src/net/rtnetlink-links.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex'));
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const MAC = bytes('00005e000133');
const SEQ = 0x6b00f5c2;

describe('net/rtnetlink-links', () => {
  const requests: readonly [command: string, write: (w: AttrWriter, seq: number) => void, wire: string][] = [
    [
      // iproute2 6.1 leaves out NLA_F_NESTED (80).
      'ip link add vrrp.51 link eth0 address 00:00:5e:00:01:33 type macvlan mode bridge',
      (w, seq) => writeAddMacvlan(w, seq, { name: 'vrrp.51', parentIndex: 3, mac: MAC }),
      `5c000000 1000 0506 c2f5006b 00000000 | 00000000 00000000 00000000 00000000 | 0a000100 00005e000133 0000 |
       08000500 03000000 | 0c000300 767272702e353100 | 1c001280 0b000100 6d6163766c616e 00 0c000280 08000100 04000000`,
    ],
    [
      'ip link set up',
      (w, seq) => writeSetLinkUp(w, seq, 4, true),
      '20000000 1000 0500 c2f5006b 00000000 | 00000000 04000000 01000000 01000000',
    ],
    [
      'ip link set down',
      (w, seq) => writeSetLinkUp(w, seq, 4, false),
      '20000000 1000 0500 c2f5006b 00000000 | 00000000 04000000 00000000 01000000',
    ],
    [
      'ip link del',
      (w, seq) => writeDeleteLink(w, seq, 4),
      '20000000 1100 0500 c2f5006b 00000000 | 00000000 04000000 00000000 00000000',
    ],
    [
      'ip link show eth0',
      (w, seq) => writeGetLink(w, seq, 'eth0'),
      '2c000000 1200 0500 c2f5006b 00000000 | 00000000 00000000 00000000 00000000 | 09000300 6574683000 000000',
    ],
  ];
  for (const [command, write, wire] of requests) {
    it(command, () => {
      const w = new AttrWriter();
      write(w, SEQ);
      assert.equal(hex(w.finish()), wire.replaceAll(/[\s|]/g, ''));
    });
  }

  const told = (flags: string, mode: string): Uint8Array =>
    bytes(
      `00000100 04000000 ${flags} 00000000 | 0c000300 767272702e353100 | 0a000100 00005e000133 0000 | 08000500 03000000 |
       1c001200 0b000100 6d6163766c616e 00 0c000200 08000100 ${mode}`,
    );

  it('a macvlan of ours', () => {
    const found = decodeLinkOrigin(told('43100100', '04000000'));
    assert.deepEqual(found, {
      ok: true,
      value: { index: 4, up: true, macvlan: { parentIndex: 3, mode: 4, mac: MAC } },
    });
    const { value } = found;
    assert.equal(isMacvlanOf(value, { parentIndex: 3, mac: MAC }), true);
    assert.equal(isMacvlanOf(value, { parentIndex: 5, mac: MAC }), false);
    assert.equal(isMacvlanOf(value, { parentIndex: 3, mac: bytes('00005e000134') }), false);
  });

  it('one in another mode, and one that is down', () => {
    const found = decodeLinkOrigin(told('02100000', '01000000'));
    assert.ok(found.ok);
    assert.equal(found.value.up, false);
    assert.equal(isMacvlanOf(found.value, { parentIndex: 3, mac: MAC }), false);
  });

  it('another kind of interface is no macvlan', () => {
    const veth = bytes(
      '00000100 05000000 43100100 00000000 | 0a000100 020000000001 0000 | 08000500 03000000 | 0c001200 08000100 76657468',
    );
    assert.deepEqual(decodeLinkOrigin(veth), { ok: true, value: { index: 5, up: true, macvlan: null } });
  });

  it('what is too short is an error, and nothing throws', () => {
    assert.deepEqual(decodeLinkOrigin(new Uint8Array(15)), { ok: false, error: { kind: 'short' } });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (payload) => void decodeLinkOrigin(payload)));
  });
});
