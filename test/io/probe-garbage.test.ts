/** Probes over HTTP against answers that were good until bytes of them were changed, cut out or added. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer as createHttp2Server } from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import type { ProbeTarget } from '../../src/sys/probe.ts';
import { GrpcTarget } from '../../src/sys/probe-grpc.ts';
import { HttpTarget } from '../../src/sys/probe-http.ts';
import { PLAIN_CHECK } from '../support/plain-check.ts';
import { closeServers, httpCheck, LOOPBACK, tcpServer } from '../support/probe-servers.ts';
import { sleep, until } from '../support/wait.ts';

const AT_ONCE = 10;
const ROUNDS = 25;

/** Numbers that look random, the same each time: numerical recipes' generator. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function spoilt(good: Buffer, roll: (below: number) => number): Buffer {
  const bytes = Buffer.from(good);
  for (let i = roll(6); i > 0; i--) bytes[roll(bytes.length)] = roll(256);
  const at = roll(bytes.length);
  const noise = roll(4) === 0 ? Buffer.from(Array.from({ length: roll(40) }, () => roll(256))) : Buffer.alloc(0);
  const whole = Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
  return roll(3) === 0 ? whole.subarray(0, roll(whole.length + 1)) : whole;
}

/** Says it in one to four pieces, and then hangs up, resets, or waits. */
async function say(socket: Socket, text: Buffer, roll: (below: number) => number): Promise<void> {
  const pieces = 1 + roll(4);
  const size = Math.ceil(text.length / pieces);
  const end = roll(10);
  for (let i = 0; i < pieces && !socket.destroyed; i++) {
    socket.write(text.subarray(i * size, (i + 1) * size));
    await sleep(0);
  }
  if (end < 5) socket.end();
  else if (end < 7) socket.resetAndDestroy();
}

/** What an HTTP/2 server says to a good request: all bytes of the connection. */
async function recordedHttp2(): Promise<Buffer> {
  const server = createHttp2Server((_, response) => response.end('hello world')).listen(0, LOOPBACK);
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const said: Buffer[] = [];
  const between = createServer((client) => {
    const upstream = connect(address.port, LOOPBACK);
    for (const socket of [client, upstream]) socket.on('error', () => {});
    client.pipe(upstream);
    upstream.on('data', (chunk) => said.push(chunk)).pipe(client);
    client.on('close', () => upstream.destroy());
  }).listen(0, LOOPBACK);
  await once(between, 'listening');
  const front = between.address();
  assert.ok(front !== null && typeof front === 'object');
  const target = new HttpTarget(httpCheck(front.port, { version: '2' }));
  assert.ok((await target.probe()).ok);
  between.close();
  server.close();
  return Buffer.concat(said);
}

describe('probes over HTTP: garbage', function () {
  this.timeout(30_000);
  afterEach(closeServers);

  const chunks =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Weight: 9%\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n';
  const timeoutMs = 50;
  const kinds: [name: string, good: () => Promise<Buffer>, target: (port: number) => ProbeTarget][] = [
    [
      'HTTP/1.1',
      async () => Buffer.from(chunks),
      (port) => new HttpTarget(httpCheck(port, { timeoutMs, weightHeader: 'x-weight', urls: [{ body: 'world' }, {}] })),
    ],
    ['HTTP/2', recordedHttp2, (port) => new HttpTarget(httpCheck(port, { timeoutMs, version: '2' }))],
    [
      'gRPC',
      recordedHttp2,
      (port) =>
        new GrpcTarget({ ...PLAIN_CHECK, address: LOOPBACK, port, timeoutMs, type: 'grpc', service: '', tls: null }),
    ],
  ];
  for (const [name, good, make] of kinds) {
    it(`${name}: every probe ends with a result and leaves nothing behind`, async () => {
      const answer = await good();
      const roll = dice(1);
      const port = await tcpServer((socket) => socket.once('data', () => say(socket, spoilt(answer, roll), roll)));
      const descriptors = () => readdirSync('/proc/self/fd').length;
      const before = descriptors();
      const targets = Array.from({ length: AT_ONCE }, () => make(port));
      let failed = 0;
      for (let i = 0; i < ROUNDS; i++) {
        const results = await Promise.all(targets.map((target) => target.probe()));
        failed += results.filter(({ ok }) => !ok).length;
      }
      for (const target of targets) target.close();
      assert.ok(failed > ROUNDS, `only ${failed} of ${AT_ONCE * ROUNDS} failed`);
      closeServers();
      await until(() => descriptors() <= before);
    });
  }
});
