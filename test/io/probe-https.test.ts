import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckCommon } from '../../src/config/types-checks.ts';
import { HttpTarget } from '../../src/sys/probe-http.ts';
import { scriptProblems } from '../../src/sys/script-problems.ts';
import type { PlainHttp } from '../support/http-check.ts';
import {
  type Certificate,
  closedPort,
  closeServers,
  httpCheck,
  selfSigned,
  serve,
  tcpServer,
} from '../support/probe-servers.ts';
import { configOf, realServer, virtualServer } from '../unit/director/builders.ts';

const targets: HttpTarget[] = [];

const folder = mkdtempSync(join(tmpdir(), 'lvsd-https-'));
after(() => rmSync(folder, { recursive: true }));

/** In a file of its own, as the configuration names it. */
function fileOf(pem: string): string {
  const file = join(folder, `${createHash('sha256').update(pem).digest('hex')}.pem`);
  writeFileSync(file, pem);
  return file;
}

function target(port: number, check: PlainHttp & Partial<CheckCommon>, ca?: string): HttpTarget {
  const made = new HttpTarget(httpCheck(port, { ...check, ...(ca === undefined ? {} : { caFile: fileOf(ca) }) }));
  targets.push(made);
  return made;
}

async function assertFails(probed: HttpTarget, reason: string, detail: RegExp) {
  const result = await probed.probe();
  assert.ok(!result.ok, 'passed');
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
}

describe('sys/probe-http over TLS', function () {
  this.timeout(10_000);

  let good: Certificate;
  let expired: Certificate;
  before(() => {
    good = selfSigned('probe.test', 2);
    expired = selfSigned('probe.test', -1);
  });
  afterEach(() => {
    for (const made of targets.splice(0)) made.close();
    closeServers();
  });

  const tlsServer = (certificate: Certificate, seen: (name: unknown) => void = () => {}) =>
    serve(
      createTlsServer(certificate, (request, response) => {
        seen('servername' in request.socket ? request.socket.servername : undefined);
        response.end('fine');
      }),
    );
  const https = { type: 'https', host: 'probe.test' } as const;

  it('passes on a trusted certificate for the host, and asks for it by name', async () => {
    const names: unknown[] = [];
    const port = await tlsServer(good, (name) => names.push(name));
    const trusted = target(port, { ...https, body: 'fine' }, good.cert);
    for (let i = 0; i < 3; i++) assert.ok((await trusted.probe()).ok);
    assert.deepEqual(names, ['probe.test', 'probe.test', 'probe.test']);
  });

  it('takes the name from a host with a port', async () => {
    const port = await tlsServer(good);
    assert.ok((await target(port, { ...https, host: `probe.test:${port}` }, good.cert).probe()).ok);
  });

  it('passes on a certificate for the address, if no host is set, and names nobody', async () => {
    const names: unknown[] = [];
    const port = await tlsServer(good, (name) => names.push(name));
    assert.ok((await target(port, { type: 'https' }, good.cert).probe()).ok);
    assert.deepEqual(names, [false]);
  });

  it('passes on any certificate, if it is not to be checked', async () => {
    for (const certificate of [good, expired]) {
      const port = await tlsServer(certificate);
      assert.ok((await target(port, { ...https, host: 'other.test', verify: false }).probe()).ok);
    }
  });

  it('warns of a certificate that expires soon, and goes on passing', async () => {
    const port = await tlsServer(good);
    const soon = await target(port, { ...https, expiryWarningDays: 14 }, good.cert).probe();
    assert.ok(soon.ok);
    assert.match(soon.warning ?? '', /^certificate expires in 1 day, on /);
    const later = await target(port, { ...https, expiryWarningDays: 1 }, good.cert).probe();
    assert.deepEqual({ ...later, latencyMs: 0 }, { ok: true, latencyMs: 0 });
  });

  it('fails with local on a CA file that is not there', async () => {
    const port = await tlsServer(good);
    const blind = target(port, { ...https, caFile: '/nowhere/ca.pem' });
    for (let i = 0; i < 2; i++) await assertFails(blind, 'local', /cannot use the CA file \/nowhere\/ca\.pem/);
  });

  it('a CA file that cannot be used is told at loading too, once for each virtual server', () => {
    const checks = ['/nowhere/ca.pem', fileOf(good.cert)].map((caFile) => httpCheck(443, { ...https, caFile }));
    const servers = ['10.0.0.1', '10.0.0.2'].map((address) => realServer(address, { checks }));
    const [problem = '', ...more] = scriptProblems(configOf(virtualServer(servers)));
    assert.match(
      problem,
      /^checks of virtual server web say nothing .*: cannot use the CA file \/nowhere\/ca\.pem: ENOENT/,
    );
    assert.deepEqual(more, []);
  });

  it('goes by the CA file as it is now: one that appears, is renewed, or is gone', async () => {
    const port = await tlsServer(good);
    const caFile = join(folder, 'renewed.pem');
    const probed = target(port, { ...https, caFile });
    await assertFails(probed, 'local', /cannot use the CA file/);
    writeFileSync(caFile, good.cert);
    assert.ok((await probed.probe()).ok);
    writeFileSync(caFile, `${expired.cert}\n`);
    await assertFails(probed, 'tls', /self-signed certificate/);
    rmSync(caFile);
    await assertFails(probed, 'local', /cannot use the CA file/);
  });

  it('fails with tls on a certificate that nobody vouches for, every time', async () => {
    const untrusted = target(await tlsServer(good), https);
    for (let i = 0; i < 3; i++) await assertFails(untrusted, 'tls', /self-signed certificate/);
  });

  it('fails with tls on a certificate for another name, every time', async () => {
    const other = target(await tlsServer(good), { ...https, host: 'other.test' }, good.cert);
    for (let i = 0; i < 3; i++) await assertFails(other, 'tls', /other\.test.* is not in the cert's altnames/);
  });

  it('fails with tls on an expired certificate', async () => {
    await assertFails(target(await tlsServer(expired), https, expired.cert), 'tls', /certificate has expired/);
  });

  it('fails with tls on a server that speaks plain HTTP', async () => {
    const port = await serve(createServer((_, response) => response.end()));
    await assertFails(target(port, https), 'tls', /./);
  });

  it('fails with protocol, not tls, when what comes through TLS is not HTTP', async () => {
    const server = createTlsServer(good, () => {});
    server.on('secureConnection', (socket) => socket.end('nonsense\r\n\r\n'));
    await assertFails(target(await serve(server), https, good.cert), 'protocol', /HTTP/);
  });

  it('fails with closed, when the server hangs up in the handshake', async () => {
    const port = await tcpServer((socket) => socket.once('data', () => socket.end()));
    await assertFails(target(port, https), 'closed', /before secure TLS connection/);
  });

  it('fails with timeout, when the handshake does not end', async () => {
    const stuck = target(await tcpServer(() => {}), { ...https, timeoutMs: 150 });
    await assertFails(stuck, 'timeout', /no TLS handshake within 150 ms/);
  });

  it('fails with refused like the others', async () => {
    await assertFails(target(await closedPort(), https), 'refused', /ECONNREFUSED/);
  });
});
