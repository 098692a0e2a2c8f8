/** The referee of the interoperation tests is able to find a fault: good packets of keepalived, each with one octet changed. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Lab } from '../support/lab.ts';
import { judgeFile, type PcapOptions } from '../support/pcap.ts';

const V2 =
  '01005e00001202000000000a080045c0002c00010000ff70d08c0a010001e000001221339602000133fe0a0100640a0100650000000000000000';
const V3 = '01005e00001202000000000a080045c0002400010000ff70d0940a010001e000001231339602003239380a0100640a010065';
const V6 =
  '33330000001202000000000a86dd6c0e25a4002870fffe80000000000000000000fffe00000aff020000000000000000000000000012313d960200323dd4fe800000000000000000000000000100fd000000000000000000000000000100';
const GARP = 'ffffffffffff00005e0001330806000108000604000100005e0001330a010064ffffffffffff0a010064';
const NA =
  '33330000000102000000000a86dd6000000000203afffe800000000000000000000000000100ff0200000000000000000000000000018800559420000000fe800000000000000000000000000100020102000000000a';
/** The same virtual router on 10.1.0.2 with priority 100; the others are of 10.1.0.1 with 150. */
const V3_B = '01005e00001202000000000b080045c0002400010000ff70d0930a010002e00000123133640200326b370a0100640a010065';

/** A pcap file (libpcap's classic format, Ethernet) of frames in hexadecimal, 100 ms apart. */
function pcapOf(frames: readonly string[]): Buffer {
  const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
  const records = frames.flatMap((frame, i) => {
    const bytes = Buffer.from(frame, 'hex');
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1_700_000_000, 0);
    record.writeUInt32LE(i * 100_000, 4);
    record.writeUInt32LE(bytes.length, 8);
    record.writeUInt32LE(bytes.length, 12);
    return [record, bytes];
  });
  return Buffer.concat([header, ...records]);
}

/** The frame with another octet at an offset. */
function changed(frame: string, offset: number, octet: string): string {
  return frame.slice(0, offset * 2) + octet + frame.slice(offset * 2 + 2);
}

describe('the referee', function () {
  this.timeout(60_000);
  let lab: Lab;
  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 0, client: false });
  });
  after(() => lab?.destroy());

  const judge = async (frames: readonly string[], options?: PcapOptions) => {
    const file = lab.file('given.pcap');
    writeFileSync(file, pcapOf(frames));
    return judgeFile(file, options);
  };

  it('has nothing against good packets, and names who advertised', async () => {
    const { faults, senders } = await judge([V2, V3, V6, GARP, NA]);
    assert.deepEqual(faults, []);
    assert.deepEqual([...senders], ['10.1.0.1', '02:00:00:00:00:0a', 'fe80::ff:fe00:a']);
  });

  it('finds what is wrong', async () => {
    const rows: readonly [frame: string, fault: RegExp][] = [
      [changed(V2, 0x26, 'ff'), /vrrp of 10\.1\.0\.1 .*: bad checksum$/],
      [changed(V3, 0x24, '97'), /: bad checksum$/],
      [changed(V6, 0x38, '97'), /: bad checksum$/],
      [changed(V3, 0x16, 'fe'), /: TTL 254$/],
      [changed(V6, 0x15, '40'), /: TTL 64$/],
      [changed(V3, 0x18, '00'), /bad checksum of the IP header/],
      [changed(V3, 0x25, '01'), /: 16 octets with 1 addresses, not 12$/],
      [changed(V3, 5, '13'), /sent to 01:00:5e:00:00:13$/],
      [`01005e00001200005e000134${V3.slice(24)}`, /virtual MAC 00:00:5e:00:01:34 for VRID 51$/],
      [`01005e00001200005e000233${V3.slice(24)}`, /virtual MAC 00:00:5e:00:02:33 for VRID 51$/],
      [changed(NA, 0x39, '95'), /icmpv6 of fe80::100 .*: bad checksum$/],
      [changed(NA, 0x15, 'fe'), /: hop limit 254$/],
      [changed(GARP, 0x0b, '34'), /: says 00:00:5e:00:01:33, comes from 00:00:5e:00:01:34$/],
      [changed(V3, 0x25, '05'), /malformed/],
    ];
    const { faults } = await judge(rows.map(([frame]) => frame));
    for (const [i, [, fault]] of rows.entries()) {
      const own = faults.filter((text) => text.startsWith(`packet ${i + 1}, `));
      assert.ok(
        own.some((text) => fault.test(text)),
        `row ${i + 1} ${fault}: ${own.join('\n')}`,
      );
    }
  });

  it('is told when no pseudo-header is in the checksum, and when a TTL does not matter', async () => {
    const rfc9568 = V3.replace('3938', '23cd');
    assert.equal((await judge([rfc9568])).faults.length, 2);
    assert.deepEqual((await judge([rfc9568], { rfc9568: true })).faults, []);
    const { faults } = await judge([changed(V6, 0x15, '40')], { anyTtlFrom: ['fe80::ff:fe00:a'] });
    assert.deepEqual(faults, []);
  });

  it('finds one that goes on advertising beside a better one', async () => {
    const once = [V3_B, V3, V3_B, V3, V3, V3];
    assert.deepEqual((await judge(once)).faults, []);
    const { faults } = await judge([V3, V3_B, V3, V3_B, V3, V3_B, V3, V3_B]);
    assert.deepEqual(faults, ['packet 6: 10.1.0.2 goes on with priority 100 for VRID 51 IPv4, 10.1.0.1 has 150']);
  });
});
