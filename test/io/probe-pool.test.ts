import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckConfig } from '../../src/config/types-checks.ts';
import type { ProbeResult } from '../../src/health/types.ts';
import { ProbePool } from '../../src/sys/probe-pool.ts';
import { ProbeWorkerHandle, WORKER_FILE } from '../../src/sys/probe-worker-handle.ts';
import { NO_STATS } from '../../src/sys/prober-stats.ts';
import {
  closedPort,
  closeServers,
  httpCheck,
  LOOPBACK,
  serve,
  tcpCheck,
  tcpServer,
  udpCheck,
  udpServer,
} from '../support/probe-servers.ts';

const SOON_MS = 8000;

async function until(done: () => boolean, what = ''): Promise<void> {
  for (const end = Date.now() + SOON_MS; !done(); await sleep(5)) {
    if (Date.now() > end) throw new Error(`Waited too long ${what}`);
  }
}

interface Seen {
  readonly key: string;
  readonly result: ProbeResult;
  readonly hinted: boolean;
  readonly at: number;
}

describe('sys/probe-pool', () => {
  let results: Seen[];
  let warnings: string[];
  let answer: 'settled' | 'pending';
  let pools: ProbePool[];
  const handlers = {
    result: (key: string, result: ProbeResult, hinted: boolean) => {
      results.push({ key, result, hinted, at: performance.now() });
      return answer;
    },
  };
  const log = { warn: (text: string) => warnings.push(text) };
  const newPool = (file?: string): ProbePool => {
    const pool = new ProbePool(handlers, log, file);
    pools.push(pool);
    return pool;
  };
  beforeEach(() => {
    results = [];
    warnings = [];
    answer = 'settled';
    pools = [];
  });
  afterEach(async () => {
    await Promise.all(pools.map((pool) => pool.close()));
    closeServers();
  });
  const of = (key: string) => results.filter((seen) => seen.key === key);
  const toMap = (checks: Record<string, CheckConfig>) => new Map(Object.entries(checks));

  it('probes in workers as in the main thread, what belongs to the main thread there', async () => {
    const accept = await tcpServer(() => {});
    const web = await serve(createHttpServer((_, response) => response.end('fine')));
    const echo = await udpServer((server, from) => server.send('PONG', from.port, from.address));
    const often = { intervalMs: 100, timeoutMs: 90 };
    const checks = toMap({
      tcp: tcpCheck(accept, often),
      http: httpCheck(web, often),
      udp: udpCheck(echo, often),
      refused: tcpCheck(await closedPort(), often),
    });
    const pool = newPool();
    for (const workers of [0, 2, 1]) {
      results.length = 0;
      pool.set(checks, workers);
      assert.equal(pool.stats().workers, workers);
      assert.equal(pool.stats().checks, 4);
      await until(() => [...checks.keys()].every((key) => of(key).length >= 4), `with ${workers} workers`);
      for (const key of ['tcp', 'http', 'udp'])
        assert.ok(
          of(key).some(({ result }) => result.ok),
          key,
        );
      const [refused] = of('refused');
      assert.ok(refused !== undefined && !refused.result.ok && refused.result.reason === 'refused');
      assert.ok(refused.result.detail.includes('ECONNREFUSED'));
    }
    assert.deepEqual(warnings, []);
  });

  it('starts no worker for little, and those that it started for much stay', async () => {
    const port = await tcpServer(() => {});
    const many: Record<string, CheckConfig> = {};
    for (let i = 0; i < 400; i++) many[`${i}`] = tcpCheck(port, { intervalMs: 100, timeoutMs: 90 });
    const pool = newPool();
    pool.set(toMap({ a: tcpCheck(port) }));
    assert.equal(pool.stats().workers, 0);
    pool.set(toMap(many));
    const { workers } = pool.stats();
    // On a single core another thread would only cost more.
    assert.equal(workers > 0, availableParallelism() > 1);
    pool.set(toMap({ a: tcpCheck(port) }));
    assert.equal(pool.stats().workers, workers);
    await until(() => of('a').length > 0);
  });

  for (const workers of [0, 1]) {
    const where = workers === 0 ? 'in the main thread' : 'in a worker';

    it(`keeps the beat ${where}: every target as often as its interval says, counted at the server`, async function () {
      this.timeout(15_000);
      const TARGETS = 200;
      const INTERVAL_MS = 500;
      const BEATS = 6;
      const counts = new Map<string, number>();
      const port = await tcpServer((socket: Socket) => {
        const { localAddress = '' } = socket;
        counts.set(localAddress, (counts.get(localAddress) ?? 0) + 1);
      }, '0.0.0.0');
      const checks: Record<string, CheckConfig> = {};
      for (let i = 1; i <= TARGETS; i++) {
        checks[`${i}`] = tcpCheck(port, { address: `127.0.1.${i}`, intervalMs: INTERVAL_MS, timeoutMs: 400 });
      }
      const pool = newPool();
      pool.set(toMap(checks), workers);
      await until(() => results.length >= 3 * TARGETS);
      counts.clear();
      const startedAt = performance.now();
      await sleep(BEATS * INTERVAL_MS);
      const beats = (performance.now() - startedAt) / INTERVAL_MS;
      const all = [...counts.values()];
      const total = all.reduce((sum, count) => sum + count, 0);
      assert.equal(all.length, TARGETS);
      const [least, most] = [Math.min(...all), Math.max(...all)];
      assert.ok(
        least >= Math.floor(beats) - 1 && most <= Math.ceil(beats) + 1,
        `${least} to ${most} in ${beats} beats`,
      );
      assert.ok(Math.abs(total - beats * TARGETS) < TARGETS * 0.1, `${total} in all`);
    });

    it(`probes at the fast interval while a verdict is about to change, and hints at once, ${where}`, async () => {
      const accepted: number[] = [];
      const port = await tcpServer(() => accepted.push(performance.now()));
      answer = 'pending';
      const pool = newPool();
      pool.set(toMap({ a: tcpCheck(port, { intervalMs: 60_000, fastIntervalMs: 60 }) }), workers);
      await until(() => results.length >= 4);
      assert.ok((accepted[3] ?? 0) - (accepted[0] ?? 0) < 2000);
      answer = 'settled';
      const before = results.length;
      await sleep(200);
      assert.ok(results.length <= before + 2, `${results.length - before} more`);
      results.length = 0;
      const hintedAt = performance.now();
      pool.hint(['a', 'unknown']);
      await until(() => results.length >= 1);
      assert.equal(results[0]?.hinted, true);
      assert.ok((results[0]?.at ?? 0) - hintedAt < 500);
    });

    it(`drops the results of what is gone or was replaced, ${where}`, async () => {
      const sockets: Socket[] = [];
      const old = await tcpServer((socket) => sockets.push(socket));
      const other = await closedPort();
      const check = tcpCheck(old, { intervalMs: 100, timeoutMs: 90 });
      const pool = newPool();
      pool.set(toMap({ a: check, b: check }), workers);
      await until(() => of('a').length > 2 && of('b').length > 2);
      pool.set(toMap({ a: { ...check, port: other } }), workers);
      results.length = 0;
      await until(() => of('a').length > 2);
      assert.ok(of('a').every(({ result }) => !result.ok));
      assert.deepEqual(of('b'), []);
      assert.equal(pool.stats().checks, 1);
    });
  }

  it('reports nothing after close, and leaves no thread behind', async () => {
    const port = await tcpServer(() => {});
    const pool = newPool();
    pool.set(toMap({ a: tcpCheck(port, { intervalMs: 50, timeoutMs: 40 }) }), 2);
    await until(() => results.length > 3);
    const closing = pool.close();
    const before = results.length;
    await closing;
    await sleep(100);
    assert.equal(results.length, before);
    pool.set(toMap({ a: tcpCheck(port) }), 2);
    assert.equal(pool.stats().workers, 0);
  });

  describe('with a worker that dies', () => {
    let dir: string;
    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'lvsd-pool-'));
    });
    afterEach(() => rmSync(dir, { recursive: true }));

    /** A worker that does what the code says 300 ms after its first start, and is as it should be later. */
    function fragile(code: string): string {
      const file = join(dir, 'worker.mjs');
      const text = `import { existsSync, writeFileSync } from 'node:fs';
        const been = ${JSON.stringify(join(dir, 'been'))};
        if (!existsSync(been)) { writeFileSync(been, ''); setTimeout(() => { ${code} }, 300); }
        await import(${JSON.stringify(WORKER_FILE)});`;
      writeFileSync(file, text);
      return file;
    }

    it('starts another one, which has all its checks: none has failed, none is forgotten', async () => {
      const port = await tcpServer(() => {});
      const checks: Record<string, CheckConfig> = {};
      for (let i = 0; i < 20; i++) checks[`${i}`] = tcpCheck(port, { intervalMs: 100, timeoutMs: 90 });
      const pool = newPool(fragile("throw new Error('boom')"));
      pool.set(toMap(checks), 1);
      await until(() => warnings.length > 0);
      const before = pool.stats();
      assert.equal(before.workerRestarts, 1);
      // While it is away the set changes.
      pool.set(toMap({ ...checks, new: tcpCheck(port, { intervalMs: 100, timeoutMs: 90 }) }), 1);
      results.length = 0;
      await until(() => new Set(results.map(({ key }) => key)).size === 21);
      assert.ok(results.every(({ result }) => result.ok));
      assert.match(
        warnings[0] ?? '',
        /^Probe worker 1 ended \(boom\): its 20 checks keep their verdicts, it starts again in 100 ms$/,
      );
      const after = pool.stats();
      assert.ok(after.started > before.started && after.succeeded > before.succeeded);
    });

    it('does not believe results of a check that was replaced or is gone meanwhile', async () => {
      const file = join(dir, 'stale.mjs');
      // After each message it reports of all checks that it ever had; the latency is the check's number.
      const text = `import { parentPort } from 'node:worker_threads';
        const all = [];
        const stats = ${JSON.stringify(NO_STATS)};
        parentPort.on('message', (message) => {
          if (message.type === 'close') process.exit();
          if (message.type === 'set') all.push(...message.added.map(([number]) => number));
          const results = all.map((number) => [number, { ok: true, latencyMs: number }, false]);
          parentPort.postMessage({ results, stats });
        });`;
      writeFileSync(file, text);
      const pool = newPool(file);
      const check = tcpCheck(1);
      pool.set(toMap({ a: check, b: check }), 1);
      await until(() => results.length === 2);
      // Not another probe: the number stays.
      pool.set(toMap({ a: { ...check, rise: 9 }, b: check }), 1);
      await until(() => results.length === 5);
      pool.set(toMap({ a: { ...check, port: 2 } }), 1);
      await until(() => results.length >= 6);
      await sleep(50);
      const seen = results.map(({ key, result }) => `${key}${result.latencyMs}`);
      assert.deepEqual(seen, ['a1', 'b2', 'a1', 'b2', 'a1', 'a3']);
    });

    it('waits longer each time', async () => {
      const file = join(dir, 'dead.mjs');
      writeFileSync(file, 'process.exit(3)');
      const pool = newPool(file);
      pool.set(toMap({ a: tcpCheck(1, { address: LOOPBACK }) }), 1);
      await until(() => warnings.length >= 3);
      const delays = warnings.map((text) => Number(/exit code 3.* in (\d+) ms/.exec(text)?.[1]));
      assert.deepEqual(delays.slice(0, 3), [100, 200, 400]);
      assert.deepEqual(results, []);
    });

    it('tries again when no thread is to be had', async () => {
      // Refused by the constructor, as without a free thread.
      const pool = newPool('no-path');
      pool.set(toMap({ a: tcpCheck(1, { address: LOOPBACK }) }), 1);
      await until(() => warnings.length >= 2);
      assert.match(warnings[1] ?? '', /^Probe worker 1 could not be started .*: its 1 checks .* again in 200 ms$/s);
      assert.equal(pool.stats().workerRestarts, warnings.length);
    });

    it('ends one that hangs', async () => {
      const port = await tcpServer(() => {});
      const echo = await udpServer((server, from) => server.send('PONG', from.port, from.address));
      const handle = new ProbeWorkerHandle('Probe worker 1', handlers, log, fragile('for (;;);'));
      try {
        // The second one has sockets of the native addon open when its thread ends.
        const often = { intervalMs: 100, timeoutMs: 90 };
        handle.set(toMap({ a: tcpCheck(port, often), b: udpCheck(echo, often) }), 10);
        await until(() => results.length > 0);
        await sleep(400);
        results.length = 0;
        for (let i = 0; i < 9; i++) handle.look();
        assert.deepEqual(warnings, []);
        handle.look();
        assert.match(warnings[0] ?? '', /has said nothing for 10 s/);
        await until(() => results.length > 2);
        assert.equal(handle.restarts, 1);
      } finally {
        await handle.close();
      }
    });
  });
});
