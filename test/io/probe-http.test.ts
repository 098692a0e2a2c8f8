import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { CheckCommon } from '../../src/config/types-checks.ts';
import { HttpTarget } from '../../src/sys/probe-http.ts';
import type { PlainHttp } from '../support/http-check.ts';
import { closedPort, closeServers, deafPort, httpCheck, serve, tcpServer } from '../support/probe-servers.ts';
import { until } from '../support/wait.ts';

/** Lateness that a busy machine may add to a deadline before a test calls it wrong. */
const PATIENCE_MS = 1500;

const targets: HttpTarget[] = [];

function target(port: number, check: PlainHttp & Partial<CheckCommon> = {}): HttpTarget {
  const made = new HttpTarget(httpCheck(port, check));
  targets.push(made);
  return made;
}

const probe = (port: number, check: PlainHttp & Partial<CheckCommon> = {}) => target(port, check).probe();

async function assertFails(probed: HttpTarget, reason: string, detail: RegExp) {
  const result = await probed.probe();
  assert.ok(!result.ok, 'passed');
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
  return result;
}

const httpServer = (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
  serve(createServer(answer));

/** A server that says exactly this, whatever it is asked, and then does as told. */
const rawServer = (answer: string, then: (socket: Socket) => void = () => {}) =>
  tcpServer((socket) => {
    socket.once('data', () => {
      socket.write(answer);
      then(socket);
    });
  });

/** Sends one piece every 20 ms until the other side goes. */
function drip(socket: Socket, piece: string): void {
  const timer = setInterval(() => socket.write(piece), 20);
  socket.on('close', () => clearInterval(timer));
}

describe('sys/probe-http', function () {
  this.timeout(10_000);

  afterEach(() => {
    for (const made of targets.splice(0)) made.close();
    closeServers();
  });

  describe('passes', () => {
    it('on a status of the range', async () => {
      assert.ok((await probe(await httpServer((_, response) => response.end('fine')))).ok);
    });

    it('on a text in the body', async () => {
      const port = await httpServer((_, response) => response.end('all systems go\n'));
      assert.ok((await probe(port, { body: 'systems go' })).ok);
    });

    it('on a text split over two chunks, long before the answer ends', async () => {
      const port = await rawServer('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n..SY\r\n', (socket) => {
        setTimeout(() => socket.write('4\r\nS..\n\r\n'), 20);
      });
      const result = await probe(port, { body: 'SYS', timeoutMs: 5000 });
      assert.ok(result.ok);
      assert.ok(result.latencyMs < 3000);
    });

    it('on any status asked for, also 404 and a redirect, which is not followed', async () => {
      let asked = 0;
      const port = await httpServer((request, response) => {
        asked++;
        response.writeHead(request.url === '/gone' ? 404 : 302, { location: '/elsewhere' }).end();
      });
      assert.ok((await probe(port, { path: '/gone', status: [{ from: 404, to: 404 }] })).ok);
      assert.ok((await probe(port, { status: [{ from: 300, to: 399 }] })).ok);
      assert.equal(asked, 2);
    });

    it('on HEAD, where the length is announced and no body comes', async () => {
      const port = await httpServer((_, response) => response.writeHead(200, { 'content-length': 1000 }).end());
      assert.ok((await probe(port, { method: 'HEAD' })).ok);
    });

    it('on 204 and on an answer that ends with its connection', async () => {
      assert.ok((await probe(await rawServer('HTTP/1.1 204 No Content\r\n\r\n'))).ok);
      const untilClose = await rawServer('HTTP/1.0 200 OK\r\n\r\nfine', (socket) => socket.end());
      assert.ok((await probe(untilClose, { body: 'fine' })).ok);
    });

    it('on 304, whatever length it has without a body', async () => {
      const status = [{ from: 304, to: 304 }];
      const port = await rawServer('HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n');
      for (let i = 0; i < 2; i++) assert.ok((await probe(port, { status })).ok);
    });

    it('over the interim answers before the final one', async () => {
      const port = await rawServer(
        'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      );
      assert.ok((await probe(port)).ok);
    });

    it('on 64 KiB of an endless body, if no text is wanted', async () => {
      const port = await httpServer((_, response) => {
        const pour = () => {
          while (!response.destroyed && response.write('x'.repeat(16_384)));
        };
        response.on('drain', pour);
        pour();
      });
      assert.ok((await probe(port)).ok);
      await assertFails(target(port, { body: 'y' }), 'answer', /not in the first 65536 bytes of the body: "xxx/);
    });

    it('again and again, with a new connection each time and the same client', async () => {
      const ports: (number | undefined)[] = [];
      const port = await httpServer((request, response) => {
        ports.push(request.socket.remotePort);
        response.end('fine');
      });
      const kept = target(port, { body: 'fine' });
      for (let i = 0; i < 5; i++) assert.ok((await kept.probe()).ok);
      assert.equal(new Set(ports).size, 5);
    });
  });

  describe('asks', () => {
    const rows: [name: string, check: PlainHttp & Partial<CheckCommon>, method: string, url: string, host: RegExp][] = [
      ['GET / of the address', {}, 'GET', '/', /^127\.0\.0\.1:\d+$/],
      ['the path with its query', { path: '/healthz?full=1' }, 'GET', '/healthz?full=1', /:/],
      ['for the host that is set', { host: 'www.example.com' }, 'GET', '/', /^www\.example\.com$/],
      ['with HEAD', { method: 'HEAD' }, 'HEAD', '/', /:/],
      ['with OPTIONS', { method: 'OPTIONS' }, 'OPTIONS', '/', /:/],
      ['with POST and no body', { method: 'POST' }, 'POST', '/', /:/],
    ];
    for (const [name, check, method, url, host] of rows) {
      it(name, async () => {
        let seen: IncomingMessage | undefined;
        const port = await httpServer((request, response) => {
          seen = request;
          response.end();
        });
        assert.ok((await probe(port, check)).ok);
        assert.equal(seen?.method, method);
        assert.equal(seen?.url, url);
        assert.match(seen?.headers.host ?? '', host);
        assert.equal(seen?.headers.connection, 'close');
        assert.equal(seen?.headers['user-agent'], 'lvsd');
      });
    }
  });

  describe('fails with', () => {
    it('status, and says which', async () => {
      const port = await httpServer((_, response) => response.writeHead(503).end());
      await assertFails(target(port), 'status', /HTTP status 503, expected 200-299/);
    });

    it('answer, and shows what came instead', async () => {
      const port = await httpServer((_, response) => response.end('database: down\n'));
      await assertFails(target(port, { body: 'up' }), 'answer', /not in the body of 15 bytes: "database: down\\n"/);
    });

    it('answer, if HEAD can bring no body to look at', async () => {
      const port = await httpServer((_, response) => response.end('up'));
      await assertFails(target(port, { body: 'up', method: 'HEAD' }), 'answer', /body of 0 bytes/);
    });

    it('refused', async () => {
      const refused = target(await closedPort());
      for (let i = 0; i < 3; i++) await assertFails(refused, 'refused', /ECONNREFUSED/);
    });

    it('timeout, when no connection comes about', async () => {
      const deaf = target(await deafPort(), { timeoutMs: 150 });
      for (let i = 0; i < 2; i++) await assertFails(deaf, 'timeout', /no connection within 150 ms/);
    });

    it('timeout, when the server stays silent', async () => {
      const silent = target(await tcpServer(() => {}), { timeoutMs: 150 });
      const result = await assertFails(silent, 'timeout', /no answer within 150 ms/);
      assert.ok(result.latencyMs >= 149 && result.latencyMs < 150 + PATIENCE_MS, `${result.latencyMs} ms`);
    });

    it('timeout, when the head drips', async () => {
      const port = await rawServer('HTTP/1.1 200 OK\r\nX-Long: ', (socket) => drip(socket, '.'));
      const result = await assertFails(target(port, { timeoutMs: 200 }), 'timeout', /no answer within 200 ms/);
      assert.ok(result.latencyMs < 200 + PATIENCE_MS);
    });

    it('timeout, when the body drips, whether a text is wanted or not', async () => {
      const port = await rawServer('HTTP/1.1 200 OK\r\n\r\n', (socket) => drip(socket, '.'));
      for (const body of [null, 'x']) {
        await assertFails(target(port, { timeoutMs: 200, body }), 'timeout', /no end of the answer within 200 ms/);
      }
    });

    it('closed, when the server hangs up without a word', async () => {
      await assertFails(target(await tcpServer((socket) => socket.end())), 'closed', /closed/);
      const port = await tcpServer((socket) => socket.once('data', () => socket.end()));
      await assertFails(target(port), 'closed', /before the end of the answer/);
    });

    it('closed, when the body is cut in the middle', async () => {
      // "Connection: close" is what most servers answer to us, and makes the parser take the end of the connection as an end.
      for (const more of ['', '\r\nConnection: close']) {
        for (const length of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
          const head = `HTTP/1.1 200 OK\r\n${length}${more}\r\n\r\n`;
          const port = await rawServer(`${head}5\r\nhello`, (socket) => socket.end());
          await assertFails(target(port), 'closed', /before the end of the answer/);
        }
      }
    });

    it('reset, when that cuts the body', async () => {
      const port = await rawServer('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello', (socket) => {
        setTimeout(() => socket.resetAndDestroy(), 30);
      });
      await assertFails(target(port), 'reset', /ECONNRESET/);
    });

    it('reset', async () => {
      const port = await tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
      await assertFails(target(port), 'reset', /ECONNRESET/);
    });

    it('protocol, when the answer is not HTTP', async () => {
      const port = await rawServer('220 mail.example.com ESMTP\r\n', (socket) => socket.end());
      await assertFails(target(port), 'protocol', /./);
    });

    it('protocol, when the answer contradicts itself, or is that to another question', async () => {
      const answers = [
        'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n0\r\n\r\n',
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
      ];
      for (const answer of answers) await assertFails(target(await rawServer(answer)), 'protocol', /./);
    });

    it('protocol, when the head does not end', async () => {
      const port = await rawServer(`HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(100_000)}`);
      await assertFails(target(port), 'protocol', /./);
    });

    it('protocol, when the check itself is none', async () => {
      const port = await httpServer((_, response) => response.end());
      await assertFails(target(port, { path: '/a b' }), 'protocol', /path/);
      await assertFails(target(port, { host: 'a\r\nb' }), 'protocol', /host/);
    });
  });

  describe('introduces itself', () => {
    /** What the server reads first, of `length` bytes. */
    async function firstBytes(
      length: number,
      check: PlainHttp & Partial<CheckCommon>,
    ): Promise<[Buffer, number, number]> {
      let got = Buffer.alloc(0);
      let from = 0;
      const port = await tcpServer((socket) => {
        from = socket.remotePort ?? 0;
        socket.on('data', (chunk) => {
          got = Buffer.concat([got, chunk]);
          if (got.length >= length) socket.destroy();
        });
      });
      await probe(port, check);
      return [got, from, port];
    }

    it('by version 1 of the PROXY protocol, before the request', async () => {
      const [got, from, port] = await firstBytes(50, { proxyProtocol: 'v1' });
      const wanted = `PROXY TCP4 127.0.0.1 127.0.0.1 ${from} ${port}\r\nGET / HTTP/1.1\r\n`;
      assert.equal(got.toString().slice(0, wanted.length), wanted);
    });

    it('by version 2, before the request or the TLS handshake', async () => {
      const header = '0d0a0d0a000d0a515549540a20000000';
      const [plain] = await firstBytes(20, { proxyProtocol: 'v2' });
      assert.equal(plain.subarray(0, 20).toString('hex'), `${header}${Buffer.from('GET ').toString('hex')}`);
      const [tls] = await firstBytes(20, { proxyProtocol: 'v2', type: 'https' });
      // A TLS record of a handshake: 22, 3.
      assert.equal(tls.subarray(0, 18).toString('hex'), `${header}1603`);
    });

    it('from the address that is set', async () => {
      let from = '';
      const port = await httpServer((request, response) => {
        from = request.socket.remoteAddress ?? '';
        response.end();
      });
      assert.ok((await probe(port, { sourceAddress: '127.0.0.9' })).ok);
      assert.equal(from, '127.0.0.9');
    });
  });

  it('is not delayed by neighbours that are silent, drip, pour or are nested deeply', async () => {
    const silent = await tcpServer(() => {});
    const dripping = await rawServer('HTTP/1.1 200 OK\r\n\r\n', (socket) => drip(socket, '.'));
    const pouring = await httpServer((_, response) => {
      const pour = () => {
        while (!response.destroyed && response.write('aaaaaaaaab'.repeat(1600)));
      };
      response.on('drain', pour);
      pour();
    });
    const nested = await httpServer((_, response) => response.end('['.repeat(32_000) + ']'.repeat(32_000)));
    const regex = { wanted: [{ kind: 'regex', regex: '(a+)+c' }] } as const;
    const json = [{ path: '$', steps: [], exists: true, equals: 1, min: null, max: null }];
    const bad = [silent, dripping, pouring, nested].map((port, index) =>
      target(port, {
        timeoutMs: 1500,
        body: 'c',
        ...(index === 2 ? regex : {}),
        ...(index === 3 ? { json, body: null } : {}),
      }),
    );
    const healthy = target(await httpServer((_, response) => response.end('fine')), { body: 'fine' });
    const failing = Promise.all(bad.map((one) => one.probe()));
    const latencies: number[] = [];
    for (let i = 0; i < 20; i++) {
      const result = await healthy.probe();
      assert.ok(result.ok);
      latencies.push(result.latencyMs);
    }
    latencies.sort((a, b) => a - b);
    assert.ok((latencies[10] ?? 0) < 300, `${latencies}`);
    assert.ok((await failing).every(({ ok }) => !ok));
  });

  it('recovers after every kind of failure', async () => {
    let answer: (socket: Socket) => void = () => {};
    const port = await tcpServer((socket) => socket.once('data', () => answer(socket)));
    const kept = target(port, { timeoutMs: 500, body: 'fine' });
    const good = (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine');
    const bad: [string, (socket: Socket) => void][] = [
      ['timeout', () => {}],
      ['reset', (socket) => socket.resetAndDestroy()],
      ['closed', (socket) => socket.end()],
      ['protocol', (socket) => socket.end('nonsense\r\n\r\n')],
      ['status', (socket) => socket.end('HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nfine')],
      ['answer', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad')],
    ];
    for (const [reason, how] of bad) {
      answer = how;
      const result = await kept.probe();
      assert.equal(result.ok ? 'passed' : result.reason, reason);
      answer = good;
      assert.deepEqual({ after: reason, ok: (await kept.probe()).ok }, { after: reason, ok: true });
    }
  });

  it('lets go of the connection on every path', async () => {
    const closed: Promise<unknown>[] = [];
    const port = await tcpServer((socket) => {
      // Not `once` of node:events: it takes a reset, which is an end as well, for a failure.
      closed.push(new Promise((resolve) => socket.once('close', resolve)));
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\nstart');
        drip(socket, '.');
      });
    });
    await probe(port, { body: 'start' });
    await probe(port, { timeoutMs: 100 });
    await probe(port, { status: [{ from: 500, to: 599 }] });
    const before = closed.length;
    const cancelled = target(port, { timeoutMs: 10_000 });
    const result = cancelled.probe();
    await until(() => closed.length > before);
    cancelled.close();
    const ended = await result;
    assert.ok(!ended.ok && ended.reason === 'local');
    assert.ok(closed.length >= 3);
    await Promise.all(closed);
  });
});
