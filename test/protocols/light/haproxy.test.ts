/** HTTP checks against HAProxy, whose reading of HTTP and of the PROXY protocol is its own. */
import assert from 'node:assert/strict';
import type { CheckCommon } from '../../../src/config/types-checks.ts';
import { HttpTarget } from '../../../src/sys/probe-http.ts';
import type { PlainHttp } from '../../support/http-check.ts';
import { httpCheck, selfSigned } from '../../support/probe-servers.ts';
import {
  fileIn,
  freePort,
  listening,
  programFolder,
  requireProgram,
  startProgram,
  stopPrograms,
} from '../../support/real-program.ts';

interface Ports {
  readonly plain: number;
  readonly h2c: number;
  readonly tls: number;
  readonly proxy: number;
}

const configOf = (folder: string, { plain, h2c, tls, proxy }: Ports) => `
global
  stats socket ${folder}/admin.sock level admin
defaults
  mode http
  timeout client 10s
  timeout connect 1s
  timeout server 10s
frontend all
  bind 127.0.0.1:${plain}
  bind 127.0.0.1:${h2c} proto h2
  bind 127.0.0.1:${tls} ssl crt ${folder}/both.pem alpn h2,http/1.1
  bind 127.0.0.1:${proxy} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[method] %[src] %[dst_port] %HV %[req.hdr(x-probe)]" if { path /echo }
  http-request return status 200 content-type text/plain string "fine" hdr X-Weight 25 if { path /weight }
  http-request return status 503 if { path /down }
  http-request reject if { path /reject }
  http-request silent-drop if { path /silent }
  http-request return status 200 if { path / } { hdr(host) -i www.example.com }
  default_backend none
backend none
`;

describe('http checks against haproxy', function () {
  this.timeout(20_000);
  let ports: Ports;
  let caFile = '';

  before(async function () {
    const haproxy = requireProgram(this, 'haproxy', 'haproxy');
    const folder = programFolder();
    const certificate = selfSigned('probe.test', 10);
    caFile = fileIn(folder, 'cert.pem', certificate.cert);
    fileIn(folder, 'both.pem', certificate.cert + certificate.key);
    ports = { plain: await freePort(), h2c: await freePort(), tls: await freePort(), proxy: await freePort() };
    const config = fileIn(folder, 'haproxy.cfg', configOf(folder, ports));
    await startProgram(haproxy, ['-db', '-q', '-f', config], { ready: listening(ports.plain) });
  });
  after(stopPrograms);

  async function probe(port: number, check: PlainHttp & Partial<CheckCommon>): Promise<string> {
    const target = new HttpTarget(httpCheck(port, check));
    const result = await target.probe();
    target.close();
    if (!result.ok) return `${result.reason}: ${result.detail}`;
    return `passed ${result.advice === undefined ? '' : JSON.stringify(result.advice)}`.trim();
  }

  const ways: [way: string, port: () => number, more: () => PlainHttp, version: string][] = [
    ['HTTP/1.1', () => ports.plain, () => ({}), '1.1'],
    ['HTTP/2', () => ports.h2c, () => ({ version: '2' }), '2.0'],
    ['HTTP/1.1 over TLS', () => ports.tls, () => ({ type: 'https', verify: false }), '1.1'],
    ['HTTP/2 over TLS', () => ports.tls, () => ({ type: 'https', caFile, version: '2' }), '2.0'],
  ];
  for (const [way, port, more, version] of ways) {
    it(`over ${way}: answers, weights, refusals, silence`, async () => {
      const said = `GET 127.0.0.1 ${port()} HTTP/${version} yes`;
      const headers = { 'x-probe': 'yes' };
      assert.equal(await probe(port(), { ...more(), path: '/echo', headers, body: said }), 'passed');
      assert.equal(
        await probe(port(), { ...more(), path: '/weight', weightHeader: 'x-weight' }),
        'passed {"weight":25}',
      );
      assert.match(await probe(port(), { ...more(), path: '/down' }), /^status: HTTP status 503/);
      assert.match(await probe(port(), { ...more(), path: '/reject' }), /^(?:closed|reset): /);
      assert.match(
        await probe(port(), { ...more(), path: '/silent', timeoutMs: 200 }),
        /^(?:timeout: no answer|closed|reset)/,
      );
    });
  }

  it('asks for the virtual host', async () => {
    assert.equal(await probe(ports.plain, { host: 'www.example.com' }), 'passed');
    assert.match(await probe(ports.plain, { host: 'other.example.com' }), /^status: HTTP status 503/);
  });

  it('introduces itself by the PROXY protocol, in either version', async () => {
    const said = { path: '/echo', body: `GET 127.0.0.1 ${ports.proxy} HTTP/1.1` };
    assert.equal(await probe(ports.proxy, { ...said, proxyProtocol: 'v1' }), 'passed');
    // LOCAL: the connection as it is.
    assert.equal(await probe(ports.proxy, { ...said, proxyProtocol: 'v2' }), 'passed');
    assert.match(await probe(ports.proxy, said), /^(?:closed|reset): /);
    assert.match(
      await probe(ports.plain, { ...said, proxyProtocol: 'v2' }),
      /^(?:status: HTTP status 400|closed|reset)/,
    );
  });
});
