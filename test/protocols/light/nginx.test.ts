/** HTTP checks against nginx: versions 1.1 and 2, TLS, the PROXY protocol, and answers that fail. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { parseJsonPath } from '../../../src/config/checks/http-json.ts';
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

const PAGE = '{"status":"ok","peers":[{"name":"a","lag":3}]}';

interface Ports {
  readonly plain: number;
  readonly h2c: number;
  readonly tls: number;
  readonly tls11: number;
  readonly proxy: number;
}

/** One process in the foreground, everything in one folder. */
const configOf = (folder: string, { plain, h2c, tls, tls11, proxy }: Ports) => `
daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ssl_certificate ${folder}/cert.pem;
  ssl_certificate_key ${folder}/key.pem;
  root ${folder}/html;
  set_real_ip_from 127.0.0.1;
  real_ip_header proxy_protocol;
  server {
    listen 127.0.0.1:${plain};
    listen 127.0.0.1:${h2c} http2;
    listen 127.0.0.1:${tls} ssl http2;
    listen 127.0.0.1:${tls11} ssl;
    listen 127.0.0.1:${proxy} proxy_protocol;
    server_name probe.test;
    location = /echo { return 200 "$request_method $host $http_x_probe $content_length $proxy_protocol_addr $server_protocol\\n"; }
    location = /weight { add_header X-Weight 40%; return 200 fine; }
    location = /drain { return 503; }
    location = /moved { return 301 /elsewhere; }
    location = /hangup { return 444; }
    location = /drip { limit_rate 1; try_files /big.txt =404; }
  }
  server { listen 127.0.0.1:${plain}; server_name other.test; return 200 other; }
}
`;

const found = async (target: HttpTarget) => {
  const result = await target.probe();
  target.close();
  if (!result.ok) return `${result.reason}: ${result.detail}`;
  const { latencyMs, ok, ...rest } = result;
  assert.ok(ok && latencyMs > 0);
  return Object.keys(rest).length === 0 ? 'passed' : `passed ${JSON.stringify(rest)}`;
};

describe('http checks against nginx', function () {
  this.timeout(20_000);
  let ports: Ports;
  let caFile = '';

  before(async function () {
    const nginx = requireProgram(this, 'nginx', 'nginx-light');
    const folder = programFolder();
    const certificate = selfSigned('probe.test', 10);
    caFile = fileIn(folder, 'cert.pem', certificate.cert);
    fileIn(folder, 'key.pem', certificate.key);
    mkdirSync(`${folder}/html`);
    fileIn(`${folder}/html`, 'status.json', PAGE);
    fileIn(`${folder}/html`, 'big.txt', 'x'.repeat(100_000));
    ports = {
      plain: await freePort(),
      h2c: await freePort(),
      tls: await freePort(),
      tls11: await freePort(),
      proxy: await freePort(),
    };
    const config = fileIn(folder, 'nginx.conf', configOf(folder, ports));
    await startProgram(nginx, ['-c', config, '-p', folder, '-e', 'stderr'], { ready: listening(ports.plain) });
  });
  after(stopPrograms);

  const json = (path: string, more: object) => ({
    path,
    steps: parseJsonPath(path) ?? [],
    exists: true,
    min: null,
    max: null,
    ...more,
  });
  const digest = { algorithm: 'sha256', hex: createHash('sha256').update(PAGE).digest('hex') } as const;

  type Check = PlainHttp & Partial<CheckCommon>;
  const both: [what: string, check: Check, wanted: string | RegExp][] = [
    ['a file by its text', { path: '/status.json', body: '"ok"' }, 'passed'],
    [
      'a file by an expression',
      { path: '/status.json', wanted: [{ kind: 'regex', regex: '"lag":[0-9]\\}' }] },
      'passed',
    ],
    ['a file by its JSON', { path: '/status.json', json: [json('peers[0].lag', { max: 5 })] }, 'passed'],
    ['a file by its digest', { path: '/status.json', digest }, 'passed'],
    [
      'a value beyond its bound',
      { path: '/status.json', json: [json('peers[0].lag', { max: 2 })] },
      /^answer: peers\[0\]\.lag is 3/,
    ],
    ['another digest', { path: '/echo', digest }, /^answer: the digest of the body/],
    ['HEAD', { path: '/status.json', method: 'HEAD' }, 'passed'],
    ['OPTIONS that is refused', { path: '/status.json', method: 'OPTIONS' }, /^status: HTTP status 405/],
    ['a header', { path: '/echo', headers: { 'x-probe': 'hello' }, body: ' hello ' }, 'passed'],
    ['a body', { path: '/echo', method: 'POST', requestBody: 'abcde', body: ' 5 ' }, 'passed'],
    ['a redirect', { path: '/moved', status: [{ from: 301, to: 301 }] }, 'passed'],
    ['a weight', { path: '/weight', weightHeader: 'x-weight' }, 'passed {"advice":{"weightPercent":40}}'],
    ['what is not there', { path: '/nothing' }, /^status: HTTP status 404/],
    ['a server that drains', { path: '/drain' }, /^status: HTTP status 503/],
    ['a wrong text', { path: '/weight', body: 'nowhere' }, /^answer: "nowhere" not in the body of 4 bytes: "fine"/],
    [
      'a byte a second',
      { path: '/drip', timeoutMs: 300, body: 'y' },
      /^timeout: no (?:end of the )?answer within 300 ms/,
    ],
    [
      'several',
      {
        urls: [
          { path: '/weight', body: 'fine' },
          { path: '/status.json', digest },
        ],
      },
      'passed',
    ],
    [
      'several, one of which fails',
      { urls: [{ path: '/weight' }, { path: '/drain' }] },
      /503, expected 200-299 \(GET \/drain\)$/,
    ],
  ];
  const versions = {
    'HTTP/1.1': () => ({ port: ports.plain }),
    'HTTP/2': () => ({ port: ports.h2c, version: '2' }),
    'HTTP/1.1 over TLS': () => ({ port: ports.tls, type: 'https', caFile, host: 'probe.test' }),
    'HTTP/2 over TLS': () => ({ port: ports.tls, type: 'https', caFile, host: 'probe.test', version: '2' }),
  } satisfies Record<string, () => Check & { readonly port: number }>;
  for (const [version, base] of Object.entries(versions)) {
    describe(version, () => {
      for (const [what, check, wanted] of both) {
        it(what, async () => {
          const { port, ...rest } = base() as Check & { readonly port: number };
          const result = await found(new HttpTarget(httpCheck(port, { ...rest, ...check })));
          if (typeof wanted === 'string') assert.equal(result, wanted);
          else assert.match(result, wanted);
        });
      }

      it('a connection that is hung up', async () => {
        const { port, ...rest } = base() as Check & { readonly port: number };
        assert.match(await found(new HttpTarget(httpCheck(port, { ...rest, path: '/hangup' }))), /^(?:closed|reset): /);
      });
    });
  }

  it('asks for the virtual host', async () => {
    const check = { host: 'other.test', body: 'other' };
    assert.equal(await found(new HttpTarget(httpCheck(ports.plain, check))), 'passed');
  });

  it('speaks HTTP/2 only where nginx does', async () => {
    const check = { type: 'https', caFile, host: 'probe.test', version: '2' } as const;
    assert.match(
      await found(new HttpTarget(httpCheck(ports.tls11, check))),
      /^protocol: the server does not offer HTTP\/2/,
    );
    assert.match(await found(new HttpTarget(httpCheck(ports.plain, { version: '2' }))), /^(?:protocol|closed|reset): /);
    assert.equal(
      await found(new HttpTarget(httpCheck(ports.tls, { ...check, path: '/echo', body: 'HTTP/2.0' }))),
      'passed',
    );
  });

  it('checks the certificate: its name, its issuer, its last day', async () => {
    const https = { type: 'https', path: '/weight' } as const;
    const probe = (check: PlainHttp) => found(new HttpTarget(httpCheck(ports.tls, { ...https, ...check })));
    assert.equal(await probe({ host: 'probe.test', caFile }), 'passed');
    assert.match(await probe({ host: 'other.test', caFile }), /^tls: .*other\.test/);
    assert.match(await probe({ host: 'probe.test' }), /^tls: self-signed certificate/);
    assert.equal(await probe({ host: 'other.test', verify: false }), 'passed');
    assert.match(
      await probe({ host: 'probe.test', caFile, expiryWarningDays: 30 }),
      /^passed .*certificate expires in 9 days/,
    );
  });

  it('introduces itself by the PROXY protocol', async () => {
    const probe = (check: PlainHttp) => found(new HttpTarget(httpCheck(ports.proxy, { path: '/echo', ...check })));
    assert.equal(await probe({ proxyProtocol: 'v1', body: ' 127.0.0.1 HTTP/1.1' }), 'passed');
    assert.equal(await probe({ proxyProtocol: 'v2' }), 'passed');
    assert.match(await probe({}), /^(?:closed|status|reset|protocol): /);
    const elsewhere = { path: '/echo', proxyProtocol: 'v1' } as const;
    assert.match(
      await found(new HttpTarget(httpCheck(ports.plain, elsewhere))),
      /^(?:status: HTTP status 400|closed|reset)/,
    );
  });
});
