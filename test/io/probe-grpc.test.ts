import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GrpcCheckConfig } from '../../src/config/checks/grpc.ts';
import { CAREFUL_TLS } from '../../src/config/checks/tls.ts';
import { GrpcTarget } from '../../src/sys/probe-grpc.ts';
import { closeHttp2Servers, http2Server, streamServer } from '../support/http2-servers.ts';
import { PLAIN_CHECK } from '../support/plain-check.ts';
import { closedPort, closeServers, LOOPBACK, selfSigned, serve, tcpServer } from '../support/probe-servers.ts';
import { until } from '../support/wait.ts';

const targets: GrpcTarget[] = [];

function target(port: number, check: Partial<GrpcCheckConfig> = {}): GrpcTarget {
  const plain = { ...PLAIN_CHECK, address: LOOPBACK, port, type: 'grpc', service: '', tls: null } as const;
  const made = new GrpcTarget({ ...plain, ...check });
  targets.push(made);
  return made;
}

async function assertFails(probed: GrpcTarget, reason: string, detail: RegExp): Promise<void> {
  const result = await probed.probe();
  assert.ok(!result.ok, 'passed');
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
}

const frame = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const GRPC = { ':status': 200, 'content-type': 'application/grpc' };

/** Answers with a message and trailers, as a gRPC server does. */
const saying = (message: string, trailers: Record<string, string> = { 'grpc-status': '0' }) =>
  streamServer((stream) => answer(stream, message, trailers));

function answer(stream: ServerHttp2Stream, message: string, trailers: Record<string, string>): void {
  stream.respond(GRPC, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(frame(message));
}

/** Answers with headers only. */
const refusing = (headers: Record<string, string | number>) =>
  streamServer((stream) => stream.respond({ ...GRPC, ...headers }, { endStream: true }));

const SERVING = '00 00000002 08 01';

describe('sys/probe-grpc', function () {
  this.timeout(10_000);

  const folder = mkdtempSync(join(tmpdir(), 'lvsd-grpc-'));
  after(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    for (const made of targets.splice(0)) made.close();
    closeServers();
    closeHttp2Servers();
  });

  it('passes on SERVING, again and again', async () => {
    const kept = target(await saying(SERVING));
    for (let i = 0; i < 3; i++) assert.ok((await kept.probe()).ok);
  });

  it('passes when a message comes in pieces', async () => {
    const port = await streamServer((stream) => {
      stream.respond(GRPC, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      for (const byte of frame(SERVING)) stream.write(Buffer.of(byte));
      stream.end();
    });
    assert.ok((await target(port).probe()).ok);
  });

  it('asks for the service by the health protocol', async () => {
    let seen: unknown;
    const port = await http2Server((request, response) => {
      const body: Buffer[] = [];
      request.on('data', (chunk: Buffer) => body.push(chunk));
      request.on('end', () => {
        const { headers } = request;
        seen = [
          request.method,
          request.url,
          headers['content-type'],
          headers['te'],
          headers['grpc-timeout'],
          Buffer.concat(body).toString('hex'),
        ];
        response.stream.respond({ ...GRPC, 'grpc-status': '5' }, { endStream: true });
      });
    });
    await assertFails(target(port, { service: 'a.B', timeoutMs: 900 }), 'answer', /service a\.B is not known/);
    const path = '/grpc.health.v1.Health/Check';
    assert.deepEqual(seen, ['POST', path, 'application/grpc', 'trailers', '900m', '00000000050a03612e42']);
  });

  it('passes over TLS', async () => {
    const certificate = selfSigned('probe.test', 2);
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, certificate.cert);
    const port = await streamServer((stream) => answer(stream, SERVING, { 'grpc-status': '0' }), certificate);
    const tls = { ...CAREFUL_TLS, serverName: 'probe.test', caFile, expiryWarningDays: 0 };
    assert.deepEqual({ ...(await target(port, { tls }).probe()), latencyMs: 0 }, { ok: true, latencyMs: 0 });
    const soon = await target(port, { tls: { ...tls, expiryWarningDays: 30 } }).probe();
    assert.ok(soon.ok);
    assert.match(soon.warning ?? '', /expires in 1 day/);
    await assertFails(target(port, { tls: { ...tls, caFile: null } }), 'tls', /self-signed certificate/);
    await assertFails(target(port, { tls: { ...tls, caFile: '/nowhere' } }), 'local', /CA file \/nowhere/);
  });

  describe('fails with', () => {
    const rows: [what: string, port: () => Promise<number>, reason: string, detail: RegExp][] = [
      ['told on NOT_SERVING', () => saying('00 00000002 08 02'), 'told', /^the server says NOT_SERVING$/],
      ['answer on UNKNOWN', () => saying('00 00000000'), 'answer', /says UNKNOWN: its health was not set yet/],
      ['answer on SERVICE_UNKNOWN', () => saying('00 00000002 08 03'), 'answer', /SERVICE_UNKNOWN/],
      ['answer on NOT_FOUND', () => saying('', { 'grpc-status': '5' }), 'answer', /not known .*5 NOT_FOUND/],
      ['answer on UNIMPLEMENTED', () => refusing({ 'grpc-status': 12 }), 'answer', /no gRPC health service/],
      [
        'status on UNAVAILABLE, with its message',
        () => refusing({ 'grpc-status': 14, 'grpc-message': 'shutting%20down' }),
        'status',
        /^gRPC status 14 UNAVAILABLE: shutting down$/,
      ],
      ['status on an error after a message', () => saying(SERVING, { 'grpc-status': '13' }), 'status', /13 INTERNAL/],
      ['status on HTTP 503', () => refusing({ ':status': 503 }), 'status', /HTTP status 503/],
      ['protocol on a web page', () => refusing({ 'content-type': 'text/html' }), 'protocol', /"text\/html", not app/],
      ['protocol without grpc-status', () => saying(SERVING, {}), 'protocol', /without a grpc-status/],
      ['protocol on a message cut short', () => saying('00 00000002 08'), 'protocol', /message of 2 bytes, got 1/],
      ['protocol without a message', () => saying(''), 'protocol', /no message/],
      [
        'answer on an oversized message',
        () => saying(`00 00010000 ${'00'.repeat(65_536)}`),
        'answer',
        /longer than 4096/,
      ],
      ['refused', () => closedPort(), 'refused', /ECONNREFUSED/],
      ['protocol on HTTP/1.1', () => serve(createServer((_, response) => response.end())), 'protocol', /./],
      ['timeout on silence', () => streamServer(() => {}), 'timeout', /no answer within 300 ms/],
      ['timeout where nothing speaks HTTP/2', () => tcpServer(() => {}), 'timeout', /no answer within 300 ms/],
      [
        'timeout on a message that drips',
        () =>
          streamServer((stream) => {
            stream.respond(GRPC);
            const timer = setInterval(() => stream.write(Buffer.of(0)), 30);
            stream.on('close', () => clearInterval(timer));
          }),
        'timeout',
        /within 300 ms/,
      ],
      [
        'closed when it is cut in the middle',
        () =>
          streamServer((stream) => {
            stream.respond(GRPC);
            stream.write(frame('00 0000'));
            setTimeout(() => stream.session?.destroy(), 20);
          }),
        'closed',
        /before the end of the answer/,
      ],
      ['reset by the stream', () => streamServer((stream) => stream.close(0x2)), 'reset', /INTERNAL_ERROR/],
    ];
    for (const [what, port, reason, detail] of rows) {
      it(what, async () => {
        const probed = target(await port(), { timeoutMs: 300 });
        for (let i = 0; i < 2; i++) await assertFails(probed, reason, detail);
      });
    }
  });

  it('lets go of the connection, answered or not', async () => {
    let opened = 0;
    let closed = 0;
    let silent = false;
    const port = await streamServer((stream) => {
      opened++;
      stream.session?.once('close', () => closed++);
      if (!silent) answer(stream, SERVING, { 'grpc-status': '0' });
    });
    assert.ok((await target(port).probe()).ok);
    silent = true;
    const waiting = target(port, { timeoutMs: 10_000 });
    const result = waiting.probe();
    await until(() => opened === 2);
    waiting.close();
    assert.equal((await result).ok, false);
    await until(() => closed === 2);
  });

  it('ends with local when it is cancelled', async () => {
    const probed = target(await streamServer(() => {}));
    const result = probed.probe();
    probed.close();
    const ended = await result;
    assert.ok(!ended.ok && ended.reason === 'local');
  });
});
