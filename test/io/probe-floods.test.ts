import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { GrpcCheckConfig } from '../../src/config/checks/grpc.ts';
import { GrpcTarget } from '../../src/sys/probe-grpc.ts';
import { HttpTarget } from '../../src/sys/probe-http.ts';
import { closeHttp2Servers, streamServer } from '../support/http2-servers.ts';
import { PLAIN_CHECK } from '../support/plain-check.ts';
import { closeServers, httpCheck, LOOPBACK, tcpServer } from '../support/probe-servers.ts';

const TIMEOUT_MS = 8000;

/** Sends the head, and then the same again and again, as fast as it is taken. */
function flood(head: Uint8Array | string, again: Uint8Array): Promise<number> {
  return tcpServer((socket: Socket) => {
    const pour = () => {
      while (!socket.destroyed && socket.write(again));
    };
    socket.resume();
    socket.on('drain', pour);
    socket.write(head);
    pour();
  });
}

const times = (text: string) => Buffer.from(text.repeat(1000));

/** RFC 9113 section 4.1. */
function frame(type: number, flags: number, stream: number, payload: readonly number[] = []): Buffer {
  return Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, stream, ...payload]);
}

const frames = (...args: Parameters<typeof frame>) => Buffer.concat(Array<Buffer>(1000).fill(frame(...args)));
const SETTINGS = frame(4, 0, 0);
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n';

/** What is no part of any answer costs a probe no more than a few megabytes, however long it could go on. */
describe('a server that sends without end', function () {
  this.timeout(2 * TIMEOUT_MS);
  afterEach(() => {
    closeServers();
    closeHttp2Servers();
  });

  const overHttp1: readonly [string, string, Buffer, RegExp][] = [
    ['interim responses', '', times('HTTP/1.1 103 Early Hints\r\n\r\n'), /^protocol: more than 32 interim responses/],
    ['a chunk extension', `${CHUNKED}1;`, times('aaaaaaaa'), /^answer: the server sent \d+ bytes/],
    ['headers', 'HTTP/1.1 200 OK\r\n', times('A: b\r\n'), /^protocol: Headers Overflow/],
    ['trailers', `${CHUNKED}0\r\n`, times('A: b\r\n'), /^protocol: Headers Overflow/],
  ];
  for (const [what, head, again, told] of overHttp1) {
    it(`fails for ${what}, long before its deadline`, async () => {
      const port = await flood(head, again);
      const target = new HttpTarget(httpCheck(port, { timeoutMs: TIMEOUT_MS, body: 'never' }));
      await assertSoon(target, told);
    });
  }

  const overHttp2: readonly [string, Buffer, RegExp][] = [
    ['interim responses', frames(1, 4, 1, [0x48, 3, 0x31, 0x30, 0x33]), /^protocol: more than 32 interim responses/],
    ['WINDOW_UPDATE', frames(8, 0, 0, [0, 0, 0, 1]), /^(answer: the server sent|protocol: Flow control)/],
    // Newer versions of nghttp2 lose patience themselves.
    ['PRIORITY', frames(2, 0, 1, [0, 0, 0, 0, 1]), /^(answer: the server sent|protocol: Protocol error)/],
    ['GOAWAY', frames(7, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0]), /^answer: the server sent/],
    [
      'frames of no known type',
      frames(0x20, 0, 0, Array(100).fill(0)),
      /^(answer: the server sent|protocol: Protocol error)/,
    ],
    ['PING', frames(6, 0, 0, Array(8).fill(0)), /^protocol: Flooding/],
    ['SETTINGS', frames(4, 0, 0, [0, 3, 0, 0, 0, 100]), /^protocol: Flooding/],
  ];
  for (const [what, again, told] of overHttp2) {
    it(`fails for ${what} in HTTP/2 and gRPC, long before its deadline`, async () => {
      const port = await flood(SETTINGS, again);
      await assertSoon(new HttpTarget(httpCheck(port, { version: '2', timeoutMs: TIMEOUT_MS })), told);
      const check: GrpcCheckConfig = {
        ...PLAIN_CHECK,
        type: 'grpc',
        address: LOOPBACK,
        port,
        timeoutMs: TIMEOUT_MS,
        service: '',
        tls: null,
      };
      await assertSoon(new GrpcTarget(check), told);
    });
  }

  it('does not abort the process with header blocks that it never finishes', async () => {
    // Without care Node does: "Assertion failed: (current_nghttp2_memory_) == (0)", when the remains are collected.
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const field = [0, 5, ...Buffer.from('field'), 5, ...Buffer.from('value')];
    const block = frame(1, 0, 1, [0x88, ...field, ...field]);
    const more = frame(9, 0, 1, field);
    for (const rest of [frame(6, 0, 0, Array(8).fill(0)), Buffer.concat(Array<Buffer>(20).fill(more))]) {
      const answer = Buffer.concat([SETTINGS, block, rest]);
      const port = await tcpServer((socket) => socket.once('data', () => socket.write(answer)));
      const probes = Array.from(
        { length: 60 },
        () => new HttpTarget(httpCheck(port, { version: '2', timeoutMs: 100 })),
      );
      for (let round = 0; round < 5; round += 1) {
        for (const { ok } of await Promise.all(probes.map((target) => target.probe()))) assert.ok(!ok);
        collect();
      }
      for (const target of probes) target.close();
    }
  });

  it('is told to stop when the answer is known, in HTTP/2, and the next request goes on', async () => {
    let poured = 0;
    const port = await streamServer((stream, path) => {
      stream.respond({ ':status': 200 });
      if (path === '/small') {
        setTimeout(() => stream.end('ok'), 300);
        return;
      }
      const chunk = Buffer.alloc(65_536, 'found ');
      const pour = () => {
        for (; !stream.destroyed; poured += chunk.length) if (!stream.write(chunk)) break;
      };
      stream.on('drain', pour);
      pour();
    });
    const urls = [
      { path: '/large', body: 'found' },
      { path: '/small', body: 'ok' },
    ];
    const target = new HttpTarget(httpCheck(port, { version: '2', timeoutMs: TIMEOUT_MS, urls }));
    const result = await target.probe();
    target.close();
    assert.ok(result.ok, result.ok ? '' : result.detail);
    assert.ok(poured < 4_000_000, `${poured} bytes were sent`);
  });
});

async function assertSoon(target: HttpTarget | GrpcTarget, told: RegExp): Promise<void> {
  const result = await target.probe();
  target.close();
  assert.ok(!result.ok, 'passed');
  assert.match(`${result.reason}: ${result.detail}`, told);
  assert.ok(result.latencyMs < TIMEOUT_MS / 2, `${result.latencyMs} ms`);
}
