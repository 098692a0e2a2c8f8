import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckCommon } from '../../src/config/types-checks.ts';
import { HttpTarget } from '../../src/sys/probe-http.ts';
import type { PlainHttp } from '../support/http-check.ts';
import { closeHttp2Servers, http2Server, silentTlsServer, streamServer } from '../support/http2-servers.ts';
import {
  type Certificate,
  closedPort,
  closeServers,
  deafPort,
  httpCheck,
  selfSigned,
  serve,
  tcpServer,
} from '../support/probe-servers.ts';
import { until } from '../support/wait.ts';

const targets: HttpTarget[] = [];

function target(port: number, check: PlainHttp & Partial<CheckCommon> = {}): HttpTarget {
  const made = new HttpTarget(httpCheck(port, { version: '2', ...check }));
  targets.push(made);
  return made;
}

async function assertFails(probed: HttpTarget, reason: string, detail: RegExp) {
  const result = await probed.probe();
  assert.ok(!result.ok, 'passed');
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
  return result;
}

/** Sends one piece every 20 ms until the other side goes. */
function drip(stream: { write(piece: string): boolean; on(event: 'close', then: () => void): unknown }): void {
  const timer = setInterval(() => stream.write('.'), 20);
  stream.on('close', () => clearInterval(timer));
}

describe('sys/probe-http over HTTP/2', function () {
  this.timeout(10_000);

  const folder = mkdtempSync(join(tmpdir(), 'lvsd-h2-'));
  const caFile = join(folder, 'ca.pem');
  let certificate: Certificate;
  before(() => {
    certificate = selfSigned('probe.test', 2);
    writeFileSync(caFile, certificate.cert);
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    for (const made of targets.splice(0)) made.close();
    closeServers();
    closeHttp2Servers();
  });
  const https = () => ({ type: 'https', host: 'probe.test', caFile }) as const;

  it('passes without TLS by prior knowledge, with a new connection each time', async () => {
    const ports = new Set<unknown>();
    const port = await http2Server((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('fine');
    });
    const kept = target(port, { body: 'fine' });
    for (let i = 0; i < 4; i++) assert.ok((await kept.probe()).ok);
    assert.equal(ports.size, 4);
  });

  it('passes over TLS, agreed upon by ALPN, and asks for the host', async () => {
    let seen = '';
    const port = await http2Server((request, response) => {
      seen = `${request.httpVersion} ${request.scheme} ${request.authority}`;
      response.end();
    }, certificate);
    assert.ok((await target(port, https()).probe()).ok);
    assert.equal(seen, '2.0 https probe.test');
  });

  it('warns of a certificate that expires soon', async () => {
    const port = await http2Server((_, response) => response.end(), certificate);
    const result = await target(port, { ...https(), expiryWarningDays: 14 }).probe();
    assert.ok(result.ok);
    assert.match(result.warning ?? '', /certificate expires in 1 day/);
    const later = await target(port, { ...https(), expiryWarningDays: 1 }).probe();
    assert.ok(later.ok && later.warning === undefined);
  });

  it('looks at the status alone when that is wrong, and does not follow redirects', async () => {
    const port = await http2Server((_, response) => response.writeHead(302, { location: '/' }).end());
    await assertFails(target(port), 'status', /HTTP status 302, expected 200-299/);
    assert.ok((await target(port, { status: [{ from: 302, to: 302 }] }).probe()).ok);
  });

  it('passes over interim answers', async () => {
    const port = await streamServer((stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a>' });
      stream.respond({ ':status': 200 });
      stream.end('fine');
    });
    assert.ok((await target(port, { body: 'fine' }).probe()).ok);
  });

  describe('fails with', () => {
    it('refused', async () => {
      const refused = target(await closedPort());
      for (let i = 0; i < 2; i++) await assertFails(refused, 'refused', /ECONNREFUSED/);
    });

    it('timeout, when no connection comes about', async () => {
      await assertFails(target(await deafPort(), { timeoutMs: 150 }), 'timeout', /no connection within 150 ms/);
    });

    it('timeout, when the server stays silent, or says nothing but hello', async () => {
      await assertFails(target(await tcpServer(() => {}), { timeoutMs: 150 }), 'timeout', /no answer within 150 ms/);
      await assertFails(target(await streamServer(() => {}), { timeoutMs: 150 }), 'timeout', /no answer within 150 ms/);
    });

    it('timeout, when the body drips', async () => {
      const port = await streamServer((stream) => {
        stream.respond({ ':status': 200 });
        drip(stream);
      });
      const dripping = target(port, { timeoutMs: 200 });
      for (let i = 0; i < 2; i++) await assertFails(dripping, 'timeout', /no end of the answer within 200 ms/);
    });

    it('timeout, when bytes of a frame drip', async () => {
      const port = await tcpServer((socket) => {
        // A SETTINGS frame, then the beginning of a HEADERS frame.
        socket.write(Buffer.from('000000040000000000', 'hex'));
        socket.write(Buffer.from('00ffff010400000001', 'hex'));
        drip(socket);
      });
      await assertFails(target(port, { timeoutMs: 200 }), 'timeout', /no answer within 200 ms/);
    });

    it('closed, when the server hangs up: at once, before or within the answer', async () => {
      await assertFails(target(await tcpServer((socket) => socket.end())), 'closed', /closed/);
      const before = await streamServer((stream) => stream.session?.destroy());
      await assertFails(target(before), 'closed', /closed/);
      const within = await streamServer((stream) => {
        stream.respond({ ':status': 200, 'content-length': 100 });
        stream.write('hello');
        setTimeout(() => stream.session?.destroy(), 20);
      });
      await assertFails(target(within), 'closed', /before the end of the answer/);
    });

    it('reset, by the server or by its machine', async () => {
      const stream = await streamServer((one) => one.close(0x7));
      await assertFails(target(stream), 'reset', /REFUSED_STREAM/);
      const machine = await tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
      await assertFails(target(machine), 'reset', /ECONNRESET/);
    });

    it('protocol, when the server speaks HTTP/1.1, or anything else', async () => {
      const older = await serve(createServer((_, response) => response.end()));
      await assertFails(target(older), 'protocol', /./);
      const mail = await tcpServer((socket) => socket.write('220 mail.example.com ESMTP\r\n'));
      await assertFails(target(mail), 'protocol', /./);
    });

    it('protocol, when HTTP/2 is not agreed upon over TLS', async () => {
      const port = await serve(createTlsServer(certificate, (_, response) => response.end()));
      await assertFails(target(port, https()), 'protocol', /does not offer HTTP\/2/);
    });

    it('protocol, when the server knows nothing of ALPN', async () => {
      await assertFails(target(await silentTlsServer(certificate), https()), 'protocol', /does not offer HTTP\/2/);
    });

    it('tls, when the certificate is for another name', async () => {
      const port = await http2Server((_, response) => response.end(), certificate);
      await assertFails(target(port, { ...https(), host: 'other.test' }), 'tls', /is not in the cert's altnames/);
    });

    it('local, when the CA file is not there', async () => {
      const port = await http2Server((_, response) => response.end(), certificate);
      await assertFails(
        target(port, { ...https(), caFile: '/nowhere/ca.pem' }),
        'local',
        /CA file \/nowhere\/ca\.pem: /,
      );
    });
  });

  it('recovers after every kind of failure, and one probe is told nothing of the other', async () => {
    let how = 'good';
    const port = await streamServer((stream) => {
      if (how === 'timeout') return;
      if (how === 'reset') stream.close(0x7);
      else if (how === 'closed') stream.session?.destroy();
      else {
        stream.respond({ ':status': how === 'status' ? 500 : 200 });
        stream.end(how === 'answer' ? 'bad' : 'fine');
      }
    });
    const kept = target(port, { timeoutMs: 500, body: 'fine' });
    for (const bad of ['timeout', 'reset', 'closed', 'status', 'answer']) {
      how = bad;
      const result = await kept.probe();
      assert.equal(result.ok ? 'passed' : result.reason, bad);
      how = 'good';
      assert.deepEqual({ after: bad, ok: (await kept.probe()).ok }, { after: bad, ok: true });
    }
  });

  it('lets go of the connection on every path', async () => {
    let opened = 0;
    let closed = 0;
    const port = await streamServer((stream, path) => {
      opened++;
      stream.session?.once('close', () => closed++);
      if (path === '/silent') return;
      stream.respond({ ':status': 200 });
      drip(stream);
    });
    await target(port, { body: '.' }).probe();
    await target(port, { timeoutMs: 100 }).probe();
    await target(port, { timeoutMs: 100, path: '/silent' }).probe();
    const before = opened;
    const cancelled = target(port, { timeoutMs: 10_000 });
    const result = cancelled.probe();
    await until(() => opened > before);
    cancelled.close();
    const ended = await result;
    assert.ok(!ended.ok && ended.reason === 'local');
    await until(() => closed === opened);
    assert.ok(opened >= 2);
  });
});
