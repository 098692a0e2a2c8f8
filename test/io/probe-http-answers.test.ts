import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Readable } from 'node:stream';
import { parseJsonPath } from '../../src/config/checks/http-json.ts';
import type { CheckCommon } from '../../src/config/types-checks.ts';
import { HttpTarget } from '../../src/sys/probe-http.ts';
import type { PlainHttp } from '../support/http-check.ts';
import { closeHttp2Servers, http2Server } from '../support/http2-servers.ts';
import { closeServers, httpCheck, serve } from '../support/probe-servers.ts';

/** What the servers of both versions have in common. */
interface Request extends Readable {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly socket: { readonly remotePort?: number | undefined };
}
interface Response {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  write(text: string): boolean;
  end(): unknown;
  end(text: string): unknown;
}
type Answer = (request: Request, response: Response) => void;

const targets: HttpTarget[] = [];

function target(port: number, check: PlainHttp & Partial<CheckCommon> = {}): HttpTarget {
  const made = new HttpTarget(httpCheck(port, check));
  targets.push(made);
  return made;
}

async function assertFails(probed: HttpTarget, reason: string, detail: RegExp): Promise<void> {
  const result = await probed.probe();
  assert.ok(!result.ok, 'passed');
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
}

const regex = (text: string) => ({ kind: 'regex', regex: text }) as const;
const text = (wanted: string) => ({ kind: 'text', text: wanted }) as const;
const json = (path: string, more: { equals?: string | number; max?: number } = {}) => ({
  path,
  steps: parseJsonPath(path) ?? assert.fail(path),
  exists: true,
  min: null,
  max: null,
  ...more,
});
const digestOf = (algorithm: 'md5' | 'sha256', body: string) => ({
  algorithm,
  hex: createHash(algorithm).update(body).digest('hex'),
});
const STATUS = [{ from: 200, to: 299 }];

for (const version of ['1.1', '2'] as const) {
  describe(`sys/probe-http: answers over HTTP/${version}`, function () {
    this.timeout(10_000);

    afterEach(() => {
      for (const made of targets.splice(0)) made.close();
      closeServers();
      closeHttp2Servers();
    });

    const server = (answer: Answer): Promise<number> =>
      version === '2' ? http2Server(answer) : serve(createServer(answer));
    const saying = (body: string) => server((_, response) => response.end(body));

    describe('a body', () => {
      const BODY = '{"status":"ok","load":[1,2]}';
      const rows: [what: string, check: PlainHttp, problem: RegExp | null][] = [
        ['with the text', { body: '"ok"' }, null],
        ['without the text', { body: 'down' }, /"down" not in the body of 28 bytes: "{\\"status/],
        ['that the expression matches', { wanted: [regex('"status": ?"ok"')] }, null],
        ['that it does not match', { wanted: [regex('^ok$')] }, /\/\^ok\$\/ not in the body of 28 bytes/],
        ['without what it must not hold', { unwanted: [text('error')] }, null],
        ['with what it must not hold', { unwanted: [text('status')] }, /"status" in the body of 28 bytes/],
        ['that an expression must not match', { unwanted: [regex('l[aeo]+d')] }, /\/l\[aeo\]\+d\/ in the body/],
        ['with both', { wanted: [text('ok')], unwanted: [text('load')] }, /"load" in the body/],
        ['with the value', { json: [json('status', { equals: 'ok' }), json('load[1]', { max: 2 })] }, null],
        ['with another value', { json: [json('load[0]', { equals: 2 })] }, /load\[0\] is 1, expected 2/],
        ['with the SHA-256', { digest: digestOf('sha256', BODY) }, null],
        ['with the MD5', { digest: digestOf('md5', BODY) }, null],
        [
          'with another digest',
          { digest: digestOf('md5', 'x') },
          /digest of the body of 28 bytes is md5:[0-9a-f]{32}, exp/,
        ],
        ['with all of it', { body: 'ok', json: [json('status')], digest: digestOf('sha256', BODY) }, null],
        ['with all but one', { body: 'no', json: [json('status')], digest: digestOf('sha256', BODY) }, /"no" not in/],
      ];
      for (const [what, check, problem] of rows) {
        it(`${what} ${problem === null ? 'passes' : 'fails'}`, async () => {
          const probed = target(await saying(BODY), { ...check, version });
          if (problem === null)
            assert.deepEqual({ ...(await probed.probe()), latencyMs: 0 }, { ok: true, latencyMs: 0 });
          else await assertFails(probed, 'answer', problem);
        });
      }

      it('that is not JSON fails', async () => {
        const probed = target(await saying('<html>'), { version, json: [json('status')] });
        await assertFails(probed, 'answer', /not JSON: .*: "<html>"/);
      });

      it('of exactly 64 KiB is compared as a whole, one of a byte more is not', async () => {
        const body = 'x'.repeat(65_536);
        const digest = digestOf('sha256', body);
        assert.ok((await target(await saying(body), { version, digest }).probe()).ok);
        await assertFails(target(await saying(`${body}x`), { version, digest }), 'answer', /longer than 65536 bytes/);
      });

      it('without an end is read for 64 KiB', async () => {
        const port = await server((_, response) => {
          const pour = setInterval(() => response.write('x'.repeat(16_384)), 1);
          setTimeout(() => clearInterval(pour), 200);
        });
        assert.ok((await target(port, { version }).probe()).ok);
        assert.ok((await target(port, { version, unwanted: [text('y')] }).probe()).ok);
        await assertFails(target(port, { version, body: 'y' }), 'answer', /not in the first 65536 bytes of the body/);
        await assertFails(target(port, { version, json: [json('a')] }), 'answer', /too long to be read as JSON/);
      });
    });

    describe('a request', () => {
      it('has the method, headers and body that are set', async () => {
        let seen = '';
        const port = await server((request, response) => {
          const { method, url, headers } = request;
          request.on('data', (chunk: Buffer) => {
            seen += chunk.toString();
          });
          request.on('end', () => {
            const host = headers['host'] ?? headers[':authority'];
            seen += `|${method} ${url} ${host} ${headers['x-probe']} ${headers['user-agent']} ${headers['content-length']}`;
            response.end('fine');
          });
        });
        const check = { method: 'PUT', path: '/a?b', host: 'www.example.com', requestBody: 'hällo' };
        const headers = { 'x-probe': 'yes', 'user-agent': 'other' };
        const result = await target(port, { version, ...check, headers }).probe();
        assert.ok(result.ok);
        assert.equal(seen, 'hällo|PUT /a?b www.example.com yes other 6');
      });

      it('is one of several, in their order, each with its own answer', async () => {
        const seen: string[] = [];
        const connections = new Set<unknown>();
        const port = await server((request, response) => {
          seen.push(`${request.method} ${request.url}`);
          connections.add(request.socket.remotePort);
          response.statusCode = request.url === '/gone' ? 404 : 200;
          response.end(`this is ${request.url}`);
        });
        const urls = [
          { path: '/a', body: 'is /a' },
          { path: '/gone', method: 'HEAD', status: [{ from: 404, to: 404 }] },
          { path: '/c', digest: digestOf('md5', 'this is /c') },
        ];
        const kept = target(port, { version, urls });
        for (let i = 0; i < 3; i++) assert.ok((await kept.probe()).ok);
        assert.deepEqual(seen.slice(3), ['GET /a', 'HEAD /gone', 'GET /c', 'GET /a', 'HEAD /gone', 'GET /c']);
        assert.equal(connections.size, version === '2' ? 3 : 9);
        const failing = target(port, { version, urls: [{ path: '/a' }, { path: '/gone' }, { path: '/c' }] });
        await assertFails(failing, 'status', /^HTTP status 404, expected 200-299 \(GET \/gone\)$/);
        assert.equal(seen.length, 11);
      });

      it('shares its deadline with the others', async () => {
        const port = await server((request, response) => {
          setTimeout(() => response.end(), 90);
          if (request.url === '/never') response.write('a');
        });
        const urls = [{ path: '/1' }, { path: '/2' }, { path: '/3' }, { path: '/4' }, { path: '/5' }];
        const slow = target(port, { version, urls, timeoutMs: 250 });
        for (let i = 0; i < 2; i++) await assertFails(slow, 'timeout', /^no .* \(GET \/[23]\) within 250 ms/);
      });
    });

    describe('a header with the weight', () => {
      const rows: [value: string | null, wanted: object][] = [
        ['75%', { ok: true, advice: { weightPercent: 75 } }],
        ['12', { ok: true, advice: { weight: 12 } }],
        ['a lot', { ok: true, warning: 'header x-weight is neither a weight nor a percentage: "a lot"' }],
        [null, { ok: true, advice: {} }],
      ];
      for (const [value, wanted] of rows) {
        it(`${value ?? 'that is absent'} is ${JSON.stringify(wanted)}`, async () => {
          const port = await server((_, response) => {
            if (value !== null) response.setHeader('X-Weight', value);
            response.end();
          });
          const { latencyMs, ...result } = await target(port, { version, weightHeader: 'x-weight' }).probe();
          assert.ok(latencyMs > 0);
          assert.deepEqual(result, wanted);
        });
      }

      it('says nothing if the answer fails, and the last of several requests has the last word', async () => {
        const port = await server((request, response) => {
          if (request.url !== '/silent') response.setHeader('X-Weight', request.url === '/a' ? '10' : '20%');
          response.statusCode = request.url === '/bad' ? 500 : 200;
          response.end();
        });
        const weightHeader = 'x-weight';
        await assertFails(target(port, { version, weightHeader, path: '/bad', status: STATUS }), 'status', /500/);
        const urls = [{ path: '/a' }, { path: '/b' }, { path: '/silent' }];
        const both = await target(port, { version, weightHeader, urls }).probe();
        assert.deepEqual({ ...both, latencyMs: 0 }, { ok: true, advice: { weightPercent: 20 }, latencyMs: 0 });
      });
    });
  });
}
