/** Texts of the kernel (6.1), of depmod and of keepalived, as they were seen. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readKeepalivedFile } from '../../../src/doctor/keepalived-file.ts';
import { portMismatches } from '../../../src/doctor/ports.ts';
import { parseIgmp, parseIgmp6, parseModuleNames, parseSockets, parseSyncMessage } from '../../../src/doctor/proc.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const REST = '00000000:00000000 00:00000000 00000000     0        0 37 1 00000000f49d4ccc 100 0 0 10 0\n';

describe('doctor: /proc/net', () => {
  it('tcp: listening sockets only', () => {
    const text = `${HEAD}   0: 00000000:07E8 00000000:0000 0A ${REST}   1: 1500000A:0050 00000000:0000 0A ${REST}   2: 1500000A:0050 3300000A:C001 01 ${REST}`;
    assert.deepEqual(parseSockets(text, 'tcp'), [
      { protocol: 'tcp', address: '0.0.0.0', port: 2024 },
      { protocol: 'tcp', address: '10.0.0.21', port: 80 },
    ]);
  });

  it('udp: bound sockets, those of the kernel too (224.0.0.81:8848)', () => {
    assert.deepEqual(parseSockets(`${HEAD} 9: 510000E0:2290 00000000:0000 07 ${REST}`, 'udp'), [
      { protocol: 'udp', address: '224.0.0.81', port: 8848 },
    ]);
  });

  it('tcp6: words in the byte order of the machine', () => {
    const text = `${HEAD} 0: 000000FD000000000000000000010000:0050 00000000000000000000000000000000:0000 0A ${REST}`;
    assert.deepEqual(parseSockets(text, 'tcp'), [{ protocol: 'tcp', address: 'fd00::100', port: 80 }]);
  });

  it('igmp and igmp6: the groups of each interface', () => {
    const igmp =
      'Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n4\teth1      :     2      V3\n\t\t\t\t510000E0     1 0:00000000\t\t0\n';
    assert.deepEqual(parseIgmp(igmp), [
      { interface: 'lo', group: '224.0.0.1' },
      { interface: 'eth1', group: '224.0.0.81' },
    ]);
    assert.deepEqual(parseIgmp6('4    eth1            ff020000000000000000000000000081     1 0000000C 0\n'), [
      { interface: 'eth1', group: 'ff02::81' },
    ]);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 64 }), (text, data) => {
        parseSockets(text, 'tcp');
        parseIgmp(text);
        parseIgmp6(text);
        parseModuleNames(text);
        parseSyncMessage(data, '10.0.0.1');
        readKeepalivedFile(text);
      }),
    );
  });
});

describe('doctor: modules', () => {
  it('reads /proc/modules, modules.builtin and modules.dep', () => {
    assert.deepEqual(
      [...parseModuleNames('ip_vs_rr 16384 0 - Live 0x0\nip_vs 200 2 ip_vs_rr, Live 0x0\n')].slice(0, 2),
      ['ip_vs_rr', 'ip_vs'],
    );
    const dep =
      'kernel/net/netfilter/ipvs/ip_vs_wlc.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz\nkernel/net/ipv4/ip-gre.ko:\n';
    assert.deepEqual([...parseModuleNames(dep)].slice(0, 2), ['ip_vs_wlc', 'ip_gre']);
  });
});

describe('doctor: sync messages', () => {
  const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
  it('version 1 and 0, and nothing else', () => {
    const first = bytes(`00070024080100000006${'00'.repeat(26)}`);
    assert.deepEqual(parseSyncMessage(first, 'x'), { from: 'x', syncId: 7, version: 1 });
    const old = bytes(`0809001c0006dab601bb01bb${'00'.repeat(16)}`);
    assert.deepEqual(parseSyncMessage(old, 'x'), { from: 'x', syncId: 9, version: 0 });
    assert.deepEqual(parseSyncMessage(bytes('000a0004'), 'x'), { from: 'x', syncId: 10, version: 0 });
    assert.equal(parseSyncMessage(first.subarray(1), 'x'), null);
  });
});

describe('doctor: keepalived.conf', () => {
  it('finds virtual routers and virtual servers, not in comments', () => {
    const text = `! vrrp_instance OLD { interface eth9 }
global_defs { router_id a }
vrrp_instance web {
  state BACKUP
  interface eth0 # not eth1
  virtual_router_id 51
  virtual_ipaddress { 10.0.0.100/24 dev eth5 }
  unicast_peer { 10.0.0.12 }
}
vrrp_instance db { virtual_router_id 52
interface eth1 }
# virtual_server 10.0.0.100 80 { }
`;
    assert.deepEqual(readKeepalivedFile(text), {
      routers: [
        { interface: 'eth0', vrid: 51 },
        { interface: 'eth1', vrid: 52 },
      ],
      hasVirtualServers: false,
    });
    assert.equal(readKeepalivedFile(`${text}virtual_server 10.0.0.100 80 {\n}\n`).hasVirtualServers, true);
  });
});

describe("doctor: ports of the kernel's table", () => {
  const MASQUERADE = 0;
  const TUNNEL = 2;
  const DIRECT = 3;
  const table = (forwardMethod: number, port: number, servicePort = 80) =>
    [
      {
        id: { kind: 'address', family: 4, protocol: 6, address: '10.0.0.100', port: servicePort },
        destinations: [{ id: { family: 4, address: '10.0.0.21', port }, settings: { forwardMethod } }],
      },
    ] as const;

  it('differ only where the kernel cannot rewrite them', () => {
    const wrong = [{ service: '10.0.0.100 port 80', destination: '10.0.0.21 port 8080' }];
    assert.deepEqual(portMismatches(table(DIRECT, 8080)), wrong);
    assert.deepEqual(portMismatches(table(TUNNEL, 8080)), wrong);
    assert.deepEqual(portMismatches(table(MASQUERADE, 8080)), []);
    assert.deepEqual(portMismatches(table(DIRECT, 80)), []);
    assert.deepEqual(portMismatches(table(DIRECT, 80, 0)), []);
    const [plain] = table(DIRECT, 80, 81);
    const marked = {
      ...plain,
      id: { kind: 'fwmark', family: 4, fwmark: 7 },
      destinations: plain.destinations,
    } as const;
    assert.deepEqual(portMismatches([marked]), []);
  });
});
