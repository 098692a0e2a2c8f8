import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckConfig } from '../../src/config/types.ts';
import type { ProbeResult } from '../../src/health/types.ts';
import { TcpTarget } from '../../src/sys/probe-tcp.ts';
import { Prober } from '../../src/sys/prober.ts';
import {
  closedPort,
  closeServers,
  httpCheck,
  serve,
  tcpCheck,
  tcpServer,
  udpCheck,
  udpServer,
} from '../support/probe-servers.ts';

/** Long enough for the first probes (all within an interval or a second) on a busy machine. */
const SOON_MS = 5000;

async function until(done: () => boolean): Promise<void> {
  for (const end = Date.now() + SOON_MS; !done(); await sleep(5)) {
    if (Date.now() > end) throw new Error('Waited too long');
  }
}

/** Answers "hello" on demand, so that a probe can be held under way. */
class Holder {
  readonly sockets: Socket[] = [];
  readonly accept = (socket: Socket): void => {
    this.sockets.push(socket);
  };
  release(): void {
    for (const socket of this.sockets) socket.end('hello');
  }
}

describe('sys/prober', () => {
  let results: { key: string; result: ProbeResult }[];
  let prober: Prober;
  beforeEach(() => {
    results = [];
    prober = new Prober((key, result) => results.push({ key, result }));
  });
  afterEach(async () => {
    await prober.close();
    closeServers();
  });

  const set = (checks: Record<string, CheckConfig>) => prober.set(new Map(Object.entries(checks)));
  const of = (key: string) => results.filter((entry) => entry.key === key).map((entry) => entry.result);

  it('probes every kind of check on its beat', async () => {
    const port = await tcpServer(() => {});
    const web = await serve(createHttpServer((_, response) => response.end('fine')));
    const echo = await udpServer((server, from) => server.send('PONG', from.port, from.address));
    set({
      tcp: tcpCheck(port, { intervalMs: 100, timeoutMs: 90 }),
      http: httpCheck(web, { intervalMs: 100, timeoutMs: 90, body: 'fine' }),
      udp: udpCheck(echo, { intervalMs: 100, timeoutMs: 90, expect: 'PONG' }),
      refused: tcpCheck(await closedPort(), { intervalMs: 100, timeoutMs: 90 }),
    });
    const startedAt = Date.now();
    const keys = ['tcp', 'http', 'udp', 'refused'];
    await until(() => keys.every((key) => of(key).length >= 8));
    // The first one comes early, all others at least 100 ms apart on average: never a burst.
    assert.ok(Date.now() - startedAt > 550, `${Date.now() - startedAt} ms`);
    for (const key of ['tcp', 'http', 'udp']) assert.ok(of(key).filter(({ ok }) => ok).length >= 7, key);
    assert.ok(of('refused').every((result) => !result.ok && result.reason === 'refused'));
    const { checks, succeeded, failed, local } = prober.stats();
    assert.deepEqual({ checks, local }, { checks: 4, local: 0 });
    assert.equal(succeeded + failed, results.length);
  });

  it('never has two probes of one check under way, even if the timeout is longer than the interval', async () => {
    let open = 0;
    let most = 0;
    const port = await tcpServer((socket) => {
      most = Math.max(most, ++open);
      socket.on('close', () => open--);
    });
    set({ slow: tcpCheck(port, { intervalMs: 50, timeoutMs: 220, expect: 'x' }) });
    await until(() => results.length >= 2);
    assert.equal(most, 1);
    assert.ok(prober.stats().skippedBeats >= 4);
  });

  it('lets no silent server delay its neighbours', async () => {
    const silent = await tcpServer(() => {});
    const healthy = await tcpServer((socket) => socket.end('hello'));
    const check = { intervalMs: 1000, timeoutMs: 900, expect: 'hello' };
    const checks: Record<string, CheckConfig> = {};
    for (let i = 0; i < 100; i++) checks[`silent ${i}`] = tcpCheck(silent, check);
    for (let i = 0; i < 200; i++) checks[`healthy ${i}`] = tcpCheck(healthy, check);
    set(checks);
    const passed = () => results.filter(({ key, result }) => key.startsWith('healthy') && result.ok);
    await until(() => new Set(passed().map(({ key }) => key)).size === 200);
    // Every one on its own, long before the silent ones give up.
    const latencies = passed().map(({ result }) => result.latencyMs);
    assert.ok(Math.max(...latencies) < 600, `${Math.max(...latencies)} ms`);
    assert.ok(prober.stats().peakInFlight > 50);
    assert.ok(results.every(({ key, result }) => result.ok === key.startsWith('healthy')));
  });

  it('holds to the cap, counts who waits, and comes to everyone', async () => {
    prober = new Prober((key, result) => results.push({ key, result }), 3);
    let open = 0;
    let most = 0;
    const port = await tcpServer((socket) => {
      most = Math.max(most, ++open);
      socket.on('close', () => open--);
    });
    const checks: Record<string, CheckConfig> = {};
    for (let i = 0; i < 12; i++) checks[`${i}`] = tcpCheck(port, { intervalMs: 300, timeoutMs: 100, expect: 'x' });
    set(checks);
    await until(() => prober.stats().waiting > 0);
    await until(() => new Set(results.map(({ key }) => key)).size === 12);
    assert.equal(prober.stats().peakInFlight, 3);
    assert.ok(most <= 6, `${most} connections`);
  });

  describe('on reload', () => {
    it('keeps the probe under way of a check that stays, also if rise and fall change', async () => {
      const holder = new Holder();
      const port = await tcpServer(holder.accept);
      const check = tcpCheck(port, { intervalMs: 60_000, timeoutMs: 5000, expect: 'hello' });
      set({ a: check });
      await until(() => holder.sockets.length === 1);
      set({ a: { ...check, rise: 5, fall: 7 } });
      holder.release();
      await until(() => results.length === 1);
      assert.equal(of('a')[0]?.ok, true);
      assert.equal(prober.stats().started, 1);
    });

    it('keeps the socket and the beat of a check that stays', async () => {
      const ports: number[] = [];
      const port = await udpServer((server, from) => {
        ports.push(from.port);
        server.send('PONG', from.port, from.address);
      });
      const other = await tcpServer(() => {});
      const check = udpCheck(port, { intervalMs: 50, timeoutMs: 40, expect: 'PONG' });
      set({ a: check });
      const startedAt = Date.now();
      for (let i = 1; i <= 10; i++) {
        await until(() => of('a').length >= i);
        set({ a: { ...check }, [`${i}`]: tcpCheck(other) });
      }
      assert.equal(new Set(ports).size, 1);
      // Were it taken for new each time, its first probe would come early each time.
      assert.ok(Date.now() - startedAt > 380, `${Date.now() - startedAt} ms`);
    });

    it('drops the result of a check that is gone, and its connection', async () => {
      const holder = new Holder();
      const port = await tcpServer(holder.accept);
      set({ a: tcpCheck(port, { intervalMs: 500, timeoutMs: 60_000, expect: 'hello' }) });
      await until(() => holder.sockets.length === 1);
      set({});
      const [socket] = holder.sockets;
      assert.ok(socket);
      if (!socket.closed) await once(socket.resume(), 'close');
      await sleep(20);
      assert.deepEqual(results, []);
      assert.equal(prober.stats().inFlight, 0);
    });

    it('starts a changed check anew, and drops the result of the old one', async () => {
      const holder = new Holder();
      const old = await tcpServer(holder.accept);
      const check = tcpCheck(old, { intervalMs: 500, timeoutMs: 5000, expect: 'hello' });
      set({ a: check });
      await until(() => holder.sockets.length === 1);
      const other = await tcpServer((socket) => socket.end('other'));
      set({ a: { ...check, port: other, expect: 'other' } });
      holder.release();
      await until(() => results.length >= 1);
      assert.ok(of('a').every((result) => result.ok));
    });
  });

  it('reports nothing after close, and has nothing under way', async () => {
    const port = await tcpServer(() => {});
    set({ a: tcpCheck(port, { expect: 'x' }), b: udpCheck(port), c: httpCheck(port) });
    await until(() => prober.stats().inFlight > 0);
    await prober.close();
    const before = results.length;
    assert.equal(prober.stats().inFlight, 0);
    await sleep(50);
    assert.equal(results.length, before);
    set({ d: tcpCheck(port) });
    assert.equal(prober.stats().checks, 0);
  });
});

describe('sys/probe deadline', () => {
  afterEach(closeServers);

  const stall = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

  it('reads what came while this process was stalled, before it believes the timer', async () => {
    const port = await tcpServer(() => {});
    const result = new TcpTarget(tcpCheck(port, { timeoutMs: 100 })).probe();
    // One turn, so that connect(2) is called; the kernel answers it without the server's help.
    await Promise.resolve();
    stall(300);
    assert.equal((await result).ok, true);
  });

  it('does not blame the server for a stall of this process', async () => {
    const port = await tcpServer(() => {});
    const result = new TcpTarget(tcpCheck(port, { timeoutMs: 100, expect: 'x' })).probe();
    stall(400);
    const ended = await result;
    assert.ok(!ended.ok);
    assert.equal(ended.reason, 'local');
    assert.match(ended.detail, /this process was stalled for \d+ ms/);
  });
});

describe('sys/prober in a process of its own', () => {
  const PROBER = new URL('../../src/sys/prober.js', import.meta.url).href;
  const SERVERS = new URL('../support/probe-servers.js', import.meta.url).href;

  /** Runs a module that sees the prober and the servers; `limits` is for ulimit. */
  function run(script: string, limits = 'true'): string {
    const source = `import { Prober } from '${PROBER}'; import * as servers from '${SERVERS}'; ${script}`;
    const shell = `${limits} && exec "$0" --input-type=module -e "$1"`;
    return execFileSync('sh', ['-c', shell, process.execPath, source], { encoding: 'utf8', timeout: 8000 });
  }

  it('exits by itself once closed', () => {
    const script = `
      const port = await servers.tcpServer(() => {});
      const common = { intervalMs: 100, timeoutMs: 50 };
      const seen = new Set();
      const prober = new Prober(async (key) => {
        if (seen.add(key).size < 4) return;
        servers.closeServers();
        await prober.close();
        console.log([...seen].sort().join());
      });
      const { tcpCheck, httpCheck, udpCheck } = servers;
      prober.set(new Map(Object.entries({ tcp: tcpCheck(port, common), http: httpCheck(port, common),
        https: httpCheck(port, { ...common, type: 'https' }), udp: udpCheck(port, common) })));`;
    assert.equal(run(script), 'http,https,tcp,udp\n');
  });

  it('calls it local when there are no descriptors left, and recovers', () => {
    const script = `
      const port = await servers.tcpServer(() => {});
      const reasons = new Set();
      const all = new Map();
      for (let i = 0; i < 60; i++) {
        const { tcpCheck, httpCheck, udpCheck } = servers;
        const make = [tcpCheck, httpCheck, udpCheck][i % 3];
        all.set('check ' + i, make(port, { intervalMs: 300, timeoutMs: 200, expect: 'x' }));
      }
      let few = false;
      const prober = new Prober(async (key, result) => {
        const said = result.ok ? 'passed' : result.reason + (/EMFILE/.test(result.detail) ? ' EMFILE' : '');
        if (few) {
          console.log([...reasons].filter((text) => text.includes('EMFILE')).join(), said);
          servers.closeServers();
          await prober.close();
        } else if (reasons.add(said).size > 0 && said.startsWith('local') && prober.stats().local > 10) {
          few = true;
          prober.set(new Map([['check 60', servers.tcpCheck(port)]]));
        }
      });
      prober.set(all);`;
    assert.equal(run(script, 'ulimit -n 45'), 'local EMFILE passed\n');
  });
});
