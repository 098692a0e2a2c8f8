import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { CheckConfig } from '../../src/config/types-checks.ts';
import { Watches } from '../../src/sys/watches.ts';
import { closedPort, closeServers, tcpCheck, tcpServer } from '../support/probe-servers.ts';
import { sleep, until } from '../support/wait.ts';

const watched = (port: number, more: Partial<CheckConfig> = {}): CheckConfig =>
  ({ ...tcpCheck(port), watch: true, ...more }) as CheckConfig;

describe('sys/watches', () => {
  const told: string[][] = [];
  let watches: Watches;
  beforeEach(() => {
    told.length = 0;
    watches = new Watches((keys) => told.push([...keys]));
  });
  afterEach(() => {
    watches.close();
    closeServers();
  });

  /** A server that keeps its visitors. */
  async function hall(): Promise<{ port: number; visitors: Socket[] }> {
    const visitors: Socket[] = [];
    const port = await tcpServer((socket) => {
      visitors.push(socket);
      socket.resume();
    });
    return { port, visitors };
  }

  it('holds one connection to a place that several checks share, and none for those without watch', async () => {
    const [a, b] = [await hall(), await hall()];
    watches.set(
      new Map([
        ['a1', watched(a.port)],
        ['a2', watched(a.port, { intervalMs: 500 })],
        ['b', tcpCheck(b.port)],
      ]),
    );
    await until(() => watches.stats().connected === 1);
    await sleep(50);
    assert.deepEqual([a.visitors.length, b.visitors.length], [1, 0]);
    assert.deepEqual(watches.stats(), { places: 1, connecting: 0, connected: 1, ended: 0 });
  });

  for (const [name, end] of [
    ['an end', (socket: Socket) => socket.end()],
    ['a reset', (socket: Socket) => socket.resetAndDestroy()],
  ] as const) {
    it(`tells ${name} at once, with the keys as they are now, and connects again`, async () => {
      const { port, visitors } = await hall();
      watches.set(new Map([['old', watched(port)]]));
      await until(() => watches.stats().connected === 1 && visitors.length === 1);
      watches.set(
        new Map([
          ['new', watched(port)],
          ['other', watched(port)],
        ]),
      );
      const endedAt = performance.now();
      for (const visitor of visitors.slice(0, 1)) end(visitor);
      await until(() => told.length > 0);
      assert.ok(performance.now() - endedAt < 200, `${performance.now() - endedAt} ms`);
      await until(() => visitors.length === 2);
      const againMs = performance.now() - endedAt;
      assert.ok(againMs > 240 && againMs < 1500, `${againMs} ms`);
      // And once more: the server may have been dying.
      assert.deepEqual(told, [
        ['new', 'other'],
        ['new', 'other'],
      ]);
    });
  }

  it('a server that ends every connection is asked less and less often', async () => {
    const at: number[] = [];
    const port = await tcpServer((socket) => {
      at.push(performance.now());
      socket.end();
    });
    watches.set(new Map([['a', watched(port)]]));
    await until(() => at.length === 4);
    const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0));
    for (const [i, least] of [240, 490, 990].entries()) {
      assert.ok((gaps[i] ?? 0) > least && (gaps[i] ?? 0) < least * 2 + 500, `${gaps}`);
    }
  });

  it('a place where nobody listens is no news, and is tried again', async () => {
    const port = await closedPort();
    watches.set(new Map([['a', watched(port)]]));
    await sleep(400);
    assert.deepEqual(told, []);
    assert.deepEqual(watches.stats(), { places: 1, connecting: 0, connected: 0, ended: 0 });
  });

  it('tells once more when nobody is there any more, and then not again', async () => {
    const visitors: Socket[] = [];
    const server = createServer((socket) => visitors.push(socket.resume())).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    watches.set(new Map([['a', watched(address.port)]]));
    await until(() => visitors.length === 1);
    server.close();
    for (const visitor of visitors) visitor.destroy();
    await until(() => told.length === 3);
    await sleep(700); // one more attempt
    assert.equal(told.length, 3);
  });

  it('is tried at once when a probe passes again, but not where connections came about and were ended', async () => {
    const attempts = { refused: 0, ending: 0 };
    const refusing = await closedPort();
    const ending = await tcpServer((socket) => {
      attempts.ending++;
      socket.end();
    });
    watches.set(
      new Map([
        ['refused', watched(refusing)],
        ['ending', watched(ending)],
      ]),
    );
    await until(() => watches.stats().ended === 2); // the second time: 500 ms to the next attempt
    const server = createServer((socket) => {
      attempts.refused++;
      socket.resume();
    }).listen(refusing, '127.0.0.1');
    await once(server, 'listening');
    const before = attempts.ending;
    for (const key of ['refused', 'ending', 'unknown']) watches.probed(key, true);
    await until(() => attempts.refused === 1, 150);
    assert.equal(attempts.ending, before);
    // Here a probe failed in between: the server was really away.
    for (const passed of [false, true]) watches.probed('ending', passed);
    await until(() => attempts.ending === before + 1, 150);
    await until(() => watches.stats().ended === before + 1);
    watches.probed('ending', true);
    await sleep(100);
    assert.equal(attempts.ending, before + 1);
    watches.close();
    server.close();
  });

  it('a server that talks without end is left alone', async () => {
    let visits = 0;
    const port = await tcpServer((socket) => {
      visits++;
      const chunk = Buffer.alloc(65_536, 'x');
      const fill = () => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', fill);
      fill();
    });
    watches.set(new Map([['a', watched(port)]]));
    await until(() => visits === 1 && watches.stats().connected === 0);
    await sleep(600);
    assert.equal(visits, 1);
    assert.deepEqual(told, []);
  });

  it('lets go of what is not wanted any more, without telling', async () => {
    const { port, visitors } = await hall();
    watches.set(new Map([['a', watched(port)]]));
    await until(() => visitors.length === 1);
    watches.set(new Map());
    await until(() => visitors[0]?.readableEnded === true);
    watches.set(new Map([['a', watched(port)]]));
    await until(() => visitors.length === 2);
    watches.close();
    watches.set(new Map([['a', watched(port)]]));
    await until(() => visitors[1]?.readableEnded === true);
    await sleep(300);
    assert.equal(visitors.length, 2);
    assert.deepEqual(told, []);
    assert.deepEqual(watches.stats(), { places: 0, connecting: 0, connected: 0, ended: 0 });
  });

  it('connects to 64 places at a time, and to all in the end', async () => {
    const port = await tcpServer((socket) => socket.resume(), '0.0.0.0');
    const place = (n: number) => watched(port, { address: `127.0.${Math.floor(n / 250)}.${(n % 250) + 1}` });
    watches.set(new Map(Array.from({ length: 300 }, (_, n) => [`${n}`, place(n)])));
    assert.equal(watches.stats().connecting, 64);
    await until(() => watches.stats().connected === 300);
    assert.equal(watches.stats().connecting, 0);
  });
});
