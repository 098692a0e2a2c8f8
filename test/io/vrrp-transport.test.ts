/** The sockets of both transports on the loopback interface: what goes out comes in with its addresses and its TTL. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { formatAddress, parseAddress } from '../../src/net/ip.ts';
import { interfaceIndex, monotonicMs } from '../../src/sys/socket.ts';
import { openIpTransport } from '../../src/sys/vrrp-ip.ts';
import type { TransportHandlers, TransportPlace, VrrpTransport } from '../../src/sys/vrrp-transport.ts';
import { openUdpTransport } from '../../src/sys/vrrp-udp.ts';
import type { ReceivedMessage } from '../../src/vrrp/receive.ts';

const PORT = 18_112;
const hasIpv6 = existsSync('/proc/net/if_inet6');
const isRoot = process.getuid?.() === 0;
const bytes = (text: string): Uint8Array => parseAddress(text)?.bytes ?? new Uint8Array();
const MESSAGE = Uint8Array.of(0x31, 51, 100, 1, 0, 100, 0, 0, 10, 0, 0, 100);

interface Case {
  readonly name: string;
  readonly family: 4 | 6;
  readonly source: string;
  readonly peer: string;
  readonly open: (place: TransportPlace, handlers: TransportHandlers) => VrrpTransport;
  readonly skip: boolean;
}

const udp: Case['open'] = (place, handlers) => openUdpTransport(place, PORT, handlers);
const CASES: readonly Case[] = [
  { name: 'UDP, IPv4', family: 4, source: '127.0.0.2', peer: '127.0.0.3', open: udp, skip: false },
  { name: 'UDP, IPv6', family: 6, source: '::1', peer: '::1', open: udp, skip: !hasIpv6 },
  { name: 'IP, IPv4', family: 4, source: '127.0.0.2', peer: '127.0.0.3', open: openIpTransport, skip: !isRoot },
  { name: 'IP, IPv6', family: 6, source: '::1', peer: '::1', open: openIpTransport, skip: !isRoot || !hasIpv6 },
];

for (const { name, family, source, peer, open, skip } of CASES) {
  describe(`sys/vrrp transport: ${name}`, () => {
    const heard: ReceivedMessage[] = [];
    const failures: string[] = [];
    let transport: VrrpTransport;

    before(function () {
      if (skip) this.skip();
      const place = { interfaceName: 'lo', interfaceIndex: interfaceIndex('lo') ?? 0, family };
      const handlers = {
        message: (message: ReceivedMessage) => heard.push(message),
        failed: (what: string) => failures.push(what),
      };
      transport = open(place, handlers);
    });
    after(() => transport?.close());
    afterEach(() => {
      assert.deepEqual(failures.splice(0), []);
      heard.length = 0;
    });

    it('to a peer: from the wanted address, with the wanted TTL, and when it came', () => {
      const since = monotonicMs();
      for (const ttl of [255, 7])
        transport.send(MESSAGE, transport.route({ source: bytes(source), peer: bytes(peer), ttl }));
      transport.drain();
      assert.deepEqual(
        heard.map((message) => ({
          from: formatAddress(message.source),
          to: formatAddress(message.destination),
          ttl: message.ttl,
          data: message.data,
        })),
        [255, 7].map((ttl) => ({ from: source, to: peer, ttl, data: MESSAGE })),
      );
      for (const { arrivedAt } of heard) {
        assert.ok(arrivedAt !== null && arrivedAt >= since - 1 && arrivedAt <= monotonicMs() + 1, `${arrivedAt}`);
      }
    });

    it('each route has what its checksum covers', () => {
      const { envelope } = transport.route({ source: bytes(source), peer: bytes(peer), ttl: 255 });
      const covered = [envelope.source, envelope.destination].map(formatAddress);
      const nothing = family === 4 ? '0.0.0.0' : '::';
      assert.deepEqual(covered, name.startsWith('UDP') ? [nothing, nothing] : [source, peer]);
    });

    it('a receiver that the machine cannot reach is told by name', () => {
      const far = family === 4 ? '192.0.2.1' : '2001:db8::1';
      const bad = transport.route({
        source: bytes(family === 4 ? '192.0.2.9' : '2001:db8::9'),
        peer: bytes(far),
        ttl: 255,
      });
      transport.send(MESSAGE, bad);
      const [failure] = failures.splice(0);
      assert.match(failure ?? '', new RegExp(`^Cannot send to ${far} through lo: E[A-Z]+$`));
    });
  });
}

describe('sys/vrrp transport', () => {
  it('a port that is taken on the interface is an error with its name', () => {
    const place = { interfaceName: 'lo', interfaceIndex: interfaceIndex('lo') ?? 0, family: 4 as const };
    const handlers = { message: () => {}, failed: () => {} };
    const first = openUdpTransport(place, PORT, handlers);
    assert.throws(() => openUdpTransport(place, PORT, handlers), { code: 'EADDRINUSE' });
    first.close();
    openUdpTransport(place, PORT, handlers).close();
  });
});
