import assert from 'node:assert/strict';
import {
  decodeDaemon,
  decodeDestination,
  decodeInfo,
  decodeService,
  decodeTimeouts,
} from '../../../src/ipvs/decode.ts';
import { destinationKey, serviceKey } from '../../../src/ipvs/key.ts';
import { AttrWriter } from '../../../src/net/nlattr.ts';
import type { Result } from '../../../src/util/result.ts';
import { fwmark, IDLE, settingsOf, tcp, unwrap } from './builders.ts';
import { payloads, vectors } from './vectors.ts';

describe('IPVS replies', () => {
  it('reads a service (vector 46), without the HASHED flag', () => {
    const settings = settingsOf(tcp('10.0.0.1', 80), { scheduler: 'rr', flags: 0x1, timeoutS: 120 });
    assert.deepEqual(onlyOne(46, decodeService), { id: tcp('10.0.0.1', 80), settings, statistics: IDLE });
  });

  it('reads the services of a dump (vector 97)', () => {
    const rows = payloads(97).map((payload) => {
      const { id, settings } = unwrap(decodeService(payload));
      const { scheduler, flags, timeoutS, prefixLength, persistenceEngine } = settings;
      return `${serviceKey(id)} ${scheduler} 0x${flags.toString(16)} ${timeoutS} /${prefixLength} ${persistenceEngine}`;
    });
    assert.deepEqual(rows, [
      'tcp 10.0.0.6:80 mh 0x18 0 /32 null',
      'tcp 10.0.0.5:80 sh 0x18 0 /32 null',
      'tcp 10.0.0.1:80 wlc 0x0 0 /32 null',
      'tcp 10.0.0.14:80 wlc 0x1 0 /32 null',
      'tcp 10.0.0.15:80 wlc 0x0 0 /32 null',
      'tcp 10.0.0.12:80 wlc 0x0 0 /32 null',
      'tcp 10.0.0.10:80 none 0x0 0 /32 null',
      'tcp 10.0.0.11:80 wlc 0x0 0 /32 null',
      'tcp 10.0.0.18:80 wlc 0x0 0 /32 null',
      'tcp 10.0.0.19:80 rr 0x0 0 /32 null',
      'tcp 10.0.0.16:80 rr 0x0 0 /32 null',
      'tcp 10.0.0.17:80 rr 0x0 0 /32 null',
      'protocol-50 10.0.0.8:0 rr 0x0 0 /32 null',
      'udp 10.0.0.4:53 rr 0x4 0 /32 null',
      'tcp 10.0.0.9:0 rr 0x0 0 /32 null',
      'tcp 10.0.0.3:5060 rr 0x1 300 /32 sip',
      'udp 10.0.0.3:5060 rr 0x1 300 /32 sip',
      'tcp 10.0.0.2:443 lc 0x1 600 /16 null',
      'sctp 10.0.0.7:3868 fo 0x0 0 /32 null',
      'udp [2001:db8::1]:53 rr 0x0 0 /128 null',
      'fwmark 100 ipv6 lc 0x0 0 /128 null',
      'fwmark 100 wrr 0x1 300 /24 null',
    ]);
  });

  it('reads the destinations of a dump (vector 99)', () => {
    const rows = payloads(99).map((payload) => {
      const { id, settings: s, counters } = unwrap(decodeDestination(payload, 4));
      assert.deepEqual(counters, { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 });
      const tunnel = `${s.tunnelType}:${s.tunnelPort}:${s.tunnelFlags}`;
      return `${destinationKey(id)} ${s.forwardMethod} w${s.weight} ${s.upperThreshold}/${s.lowerThreshold} ${tunnel}`;
    });
    assert.deepEqual(rows, [
      '192.168.1.19:80 3 w70000 0/0 0:0:0',
      '192.168.1.18:80 2 w1 0/0 9:1:0',
      '192.168.1.17:80 5 w5 0/0 0:0:0',
      '192.168.1.16:80 4 w5 0/0 0:0:0',
      '127.0.0.1:80 1 w5 0/0 0:0:0',
      '192.168.1.15:80 2 w5 0/0 2:0:0',
      '192.168.1.14:80 2 w4 0/0 1:6080:2',
      '192.168.1.13:80 2 w3 0/0 0:0:0',
      '192.168.1.12:81 3 w2 0/0 0:0:0',
      '192.168.1.12:80 3 w2 100/50 0:0:0',
      '192.168.1.11:8080 0 w0 0/0 0:0:0',
    ]);
  });

  it('reads the sync daemons, defaults filled in (vectors 115, 133, 136)', () => {
    const master = { role: 'master', interface: 'lo', syncId: 7, group: '224.0.0.81', port: 8848, ttl: 1 };
    assert.deepEqual(
      payloads(115).map((payload) => unwrap(decodeDaemon(payload))),
      [
        { ...master, maxLength: 1472 },
        { role: 'backup', interface: 'lo', syncId: 7, maxLength: 1400, group: '224.0.0.90', port: 9000, ttl: 2 },
      ],
    );
    assert.deepEqual(onlyOne(133, decodeDaemon), { ...master, maxLength: 65000 });
    assert.deepEqual(onlyOne(136, decodeDaemon), { ...master, maxLength: 10 });
  });

  it('reads timeouts and version (vectors 138, 143, 1)', () => {
    assert.deepEqual(onlyOne(138, decodeTimeouts), { tcpS: 900, tcpFinS: 120, udpS: 300 });
    assert.deepEqual(onlyOne(143, decodeTimeouts), { tcpS: 120, tcpFinS: 60, udpS: 33 });
    assert.deepEqual(onlyOne(1, decodeInfo), { version: '1.2.1', connectionTableSize: 4096 });
  });

  it('reads every reply of the family, and each as one kind only', () => {
    const decoders = [decodeService, forService4, decodeDaemon, decodeTimeouts, decodeInfo];
    const counts = decoders.map(() => 0);
    for (const index of vectors.keys()) {
      if (index === 0) continue; // the controller's answer
      for (const payload of payloads(index)) {
        const readable = decoders.map((decode) => decode(payload).ok);
        assert.equal(readable.filter(Boolean).length, 1, `vector ${index}`);
        readable.forEach((is, kind) => {
          counts[kind] = (counts[kind] ?? 0) + (is ? 1 : 0);
        });
      }
    }
    assert.deepEqual(counts, [48, 11, 5, 2, 3]);
  });
});

describe('IPVS statistics', () => {
  const CONNECTIONS = 1;
  const IN_BYTES = 4;
  const service = (stats: (writer: AttrWriter) => void): Uint8Array => {
    const writer = new AttrWriter();
    const nest = writer.put8(1).put8(1).put16(0).beginNest(1);
    writer.u16(1, 2).u32(5, 7).string(6, 'rr').u32(7, 2).u32(8, 0).u32(9, 0);
    stats(writer);
    return writer.endNest(nest).finish();
  };

  it('prefers the 64 bit form', () => {
    const payload = service((writer) => {
      const stats = writer.beginNest(10);
      writer.u32(CONNECTIONS, 5).endNest(stats);
      const stats64 = writer.beginNest(12);
      writer.bytes(CONNECTIONS, Uint8Array.of(5, 0, 0, 0, 1, 0, 0, 0)).endNest(stats64);
    });
    assert.equal(unwrap(decodeService(payload)).statistics.connections, 0x1_0000_0005);
  });

  it('falls back to the 32 bit form, whose bytes are 64 bit', () => {
    const payload = service((writer) => {
      const stats = writer.beginNest(10);
      writer.u32(CONNECTIONS, 0xffffffff);
      writer.bytes(IN_BYTES, Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0)).endNest(stats);
    });
    const { connections, inBytes } = unwrap(decodeService(payload)).statistics;
    assert.deepEqual([connections, inBytes], [0xffffffff, 0x100_0000_0000]);
  });

  it('reads none as zero', () => {
    const payload = service(() => {});
    assert.deepEqual(unwrap(decodeService(payload)), {
      id: fwmark(7),
      settings: { scheduler: 'rr', flags: 0, timeoutS: 0, prefixLength: 0, persistenceEngine: null },
      statistics: IDLE,
    });
  });
});

function forService4(payload: Uint8Array): ReturnType<typeof decodeDestination> {
  return decodeDestination(payload, 4);
}

function onlyOne<T>(index: number, decode: (payload: Uint8Array) => Result<T, unknown>): T {
  const [payload, ...rest] = payloads(index);
  assert.ok(payload !== undefined && rest.length === 0);
  return unwrap(decode(payload));
}
