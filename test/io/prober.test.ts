import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckConfig } from '../../src/config/types-checks.ts';
import type { ProbeResult } from '../../src/health/types.ts';
import { TcpTarget } from '../../src/sys/probe-tcp.ts';
import { Prober, type ProberHandlers } from '../../src/sys/prober.ts';
import {
  closedPort,
  closeServers,
  conversation,
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
  let results: { key: string; result: ProbeResult; hinted: boolean }[];
  let answer: 'settled' | 'pending';
  let prober: Prober;
  const handlers: ProberHandlers = {
    result: (key, result, hinted) => {
      results.push({ key, result, hinted });
      return answer;
    },
  };
  beforeEach(() => {
    results = [];
    answer = 'settled';
    prober = new Prober(handlers);
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
      udp: udpCheck(echo, { intervalMs: 100, timeoutMs: 90, expect: { kind: 'text', text: 'PONG' } }),
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
    set({ slow: tcpCheck(port, { intervalMs: 50, timeoutMs: 220, steps: conversation({ expect: 'x' }) }) });
    await until(() => results.length >= 2);
    assert.equal(most, 1);
    assert.ok(prober.stats().skippedBeats >= 4);
  });

  it('lets no silent server delay its neighbours', async () => {
    const silent = await tcpServer(() => {});
    const healthy = await tcpServer((socket) => socket.end('hello'));
    const check = { intervalMs: 1000, timeoutMs: 900, steps: conversation({ expect: 'hello' }) };
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
    prober = new Prober(handlers, 3);
    let open = 0;
    let most = 0;
    const port = await tcpServer((socket) => {
      most = Math.max(most, ++open);
      socket.on('close', () => open--);
    });
    const checks: Record<string, CheckConfig> = {};
    for (let i = 0; i < 12; i++)
      checks[`${i}`] = tcpCheck(port, { intervalMs: 300, timeoutMs: 100, steps: conversation({ expect: 'x' }) });
    set(checks);
    await until(() => prober.stats().waiting > 0);
    await until(() => new Set(results.map(({ key }) => key)).size === 12);
    assert.equal(prober.stats().peakInFlight, 3);
    assert.ok(most <= 6, `${most} connections`);
  });

  it('begins not more than a few dozen in one turn of the event loop, and comes to all', async () => {
    const port = await tcpServer(() => {});
    const checks: Record<string, CheckConfig> = {};
    for (let i = 0; i < 500; i++) checks[`${i}`] = tcpCheck(port, { intervalMs: 60_000 });
    set(checks);
    prober.hint(Object.keys(checks));
    const { started, waiting } = prober.stats();
    assert.equal(started + waiting, 500);
    assert.ok(started <= 64, `${started}`);
    await until(() => results.filter(({ hinted }) => hinted).length === 500);
  });

  it('takes a probe that throws for a fault of ours', async () => {
    const check = tcpCheck(await closedPort(), { intervalMs: 100 });
    set({ bad: { ...check, steps: undefined } as never, good: check });
    await until(() => of('bad').length > 1 && of('good').length > 1);
    const [bad] = of('bad');
    assert.ok(bad?.ok === false && bad.reason === 'local');
    assert.match(bad.detail, /^fault in the probe: TypeError/);
  });

  describe('while a verdict is about to change', () => {
    /** Times between the starts of probes, seen at the server. */
    let accepted: number[];
    const gaps = () => accepted.slice(1).map((at, i) => at - (accepted[i] ?? 0));
    beforeEach(() => {
      accepted = [];
    });
    const server = () => tcpServer(() => accepted.push(performance.now()));

    it('probes at the fast interval, and on the beat again when it is settled', async () => {
      const check = tcpCheck(await server(), { intervalMs: 400, fastIntervalMs: 60 });
      answer = 'pending';
      set({ a: check });
      await until(() => results.length >= 6);
      answer = 'settled';
      await until(() => results.length >= 11);
      const all = gaps();
      const fast = all.slice(0, 5);
      assert.ok(Math.min(...fast) > 50 && Math.max(...fast) < 300, `${fast}`);
      // The first one after the last fast one is the next of the beat, whose phase has not moved.
      const slow = all.slice(7);
      assert.ok(Math.min(...slow) > 250, `${slow}`);
      const phases = accepted.slice(-3).map((at) => at % 400);
      assert.ok(Math.max(...phases) - Math.min(...phases) < 100, `${phases}`);
    });

    it('takes the answer later too', async () => {
      set({ a: tcpCheck(await server(), { intervalMs: 60_000, fastIntervalMs: 60 }) });
      for (const wanted of [1, 2, 3]) {
        await until(() => results.length >= wanted);
        prober.pending('a');
      }
      prober.pending('unknown');
      await until(() => results.length >= 4);
      assert.ok(Math.max(...gaps()) < 1000, `${gaps()}`);
    });

    it('probes back to back where a probe takes longer than that, never two at once', async () => {
      let open = 0;
      let most = 0;
      const port = await tcpServer((socket) => {
        most = Math.max(most, ++open);
        socket.on('close', () => open--);
      });
      answer = 'pending';
      set({
        a: tcpCheck(port, {
          intervalMs: 60_000,
          fastIntervalMs: 50,
          timeoutMs: 100,
          steps: conversation({ expect: 'x' }),
        }),
      });
      await until(() => results.length >= 4);
      assert.equal(most, 1);
    });
  });

  describe('on a hint', () => {
    it('probes at once, and says so of that probe alone', async () => {
      const port = await tcpServer(() => {});
      set({ a: tcpCheck(port, { intervalMs: 60_000 }), b: tcpCheck(port, { intervalMs: 60_000 }) });
      await until(() => results.length === 2);
      const hintedAt = performance.now();
      prober.hint(['a', 'unknown']);
      await until(() => results.length === 3);
      assert.ok(performance.now() - hintedAt < 500);
      assert.deepEqual(
        results.map(({ hinted }) => hinted),
        [false, false, true],
      );
      assert.equal(results[2]?.key, 'a');
    });

    it('does not take a probe under way for one that was hinted, but starts another right after it', async () => {
      const holder = new Holder();
      const port = await tcpServer(holder.accept);
      set({ a: tcpCheck(port, { intervalMs: 60_000, timeoutMs: 5000, steps: conversation({ expect: 'hello' }) }) });
      await until(() => holder.sockets.length === 1);
      prober.hint(['a']);
      prober.hint(['a']);
      holder.release();
      await until(() => holder.sockets.length === 2);
      holder.release();
      await until(() => results.length === 2);
      assert.deepEqual(
        results.map(({ hinted }) => hinted),
        [false, true],
      );
      await sleep(50);
      assert.equal(holder.sockets.length, 2);
    });

    it('probes not without end in a storm of them', async () => {
      const port = await tcpServer(() => {});
      set({ a: tcpCheck(port, { intervalMs: 60_000 }) });
      await until(() => results.length === 1);
      const startedAt = performance.now();
      for (let i = 0; i < 200; i++) {
        prober.hint(['a']);
        await sleep(1);
      }
      await sleep(50);
      const most = (performance.now() - startedAt) / 20 + 2;
      const hinted = results.length - 1;
      assert.ok(hinted >= 2 && hinted <= most, `${hinted} probes`);
    });

    it('takes the place of the one before that is about to be answered', async () => {
      const port = await tcpServer(() => {});
      set({ a: tcpCheck(port, { intervalMs: 60_000 }) });
      await until(() => results.length === 1);
      for (let i = 0; i < 10; i++) {
        const startedAt = performance.now();
        prober.hint(['a']);
        await sleep(2);
        prober.hint(['a']);
        // So long the second one has to wait; the clock of the beats ticks a little later.
        while (performance.now() < startedAt + 20.3);
        prober.hint(['a']);
        await sleep(40);
      }
      assert.deepEqual(
        results.slice(1).map(({ hinted }) => hinted),
        Array.from({ length: 20 }, () => true),
      );
    });

    it('goes before what waits for the cap', async () => {
      prober = new Prober(handlers, 1);
      const holder = new Holder();
      const port = await tcpServer(holder.accept);
      const checks: Record<string, CheckConfig> = {};
      for (let i = 0; i < 6; i++) {
        checks[`${i}`] = tcpCheck(port, {
          intervalMs: 60_000,
          timeoutMs: 5000,
          steps: conversation({ expect: 'hello' }),
        });
      }
      set(checks);
      await until(() => prober.stats().waiting === 5);
      prober.hint(['3']);
      prober.hint(['5']);
      const free = setInterval(() => holder.release(), 5);
      await until(() => results.length === 6).finally(() => clearInterval(free));
      const order = results.filter(({ hinted }) => hinted).map(({ key }) => key);
      const [, second, third] = results;
      // One of them may have been under way.
      assert.ok(second?.hinted && (third?.hinted || order.length === 1), JSON.stringify(order));
    });
  });

  describe('on reload', () => {
    it('keeps the probe under way of a check that stays, also if rise and fall change', async () => {
      const holder = new Holder();
      const port = await tcpServer(holder.accept);
      const check = tcpCheck(port, { intervalMs: 60_000, timeoutMs: 5000, steps: conversation({ expect: 'hello' }) });
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
      const check = udpCheck(port, { intervalMs: 50, timeoutMs: 40, expect: { kind: 'text', text: 'PONG' } });
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
      set({ a: tcpCheck(port, { intervalMs: 500, timeoutMs: 60_000, steps: conversation({ expect: 'hello' }) }) });
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
      const check = tcpCheck(old, { intervalMs: 500, timeoutMs: 5000, steps: conversation({ expect: 'hello' }) });
      set({ a: check });
      await until(() => holder.sockets.length === 1);
      const other = await tcpServer((socket) => socket.end('other'));
      set({ a: { ...check, port: other, steps: conversation({ expect: 'other' }) } });
      holder.release();
      await until(() => results.length >= 1);
      assert.ok(of('a').every((result) => result.ok));
    });
  });

  it('reports nothing after close, and has nothing under way', async () => {
    const port = await tcpServer(() => {});
    set({ a: tcpCheck(port, { steps: conversation({ expect: 'x' }) }), b: udpCheck(port), c: httpCheck(port) });
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
    const result = new TcpTarget(tcpCheck(port, { timeoutMs: 100, steps: conversation({ expect: 'x' }) })).probe();
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
      const result = (key) => {
        if (seen.add(key).size < 4) return 'settled';
        servers.closeServers();
        prober.close().then(() => console.log([...seen].sort().join()));
        return 'settled';
      };
      const prober = new Prober({ result });
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
      for (let i = 0; i < 600; i++) {
        const { tcpCheck, httpCheck, udpCheck } = servers;
        const make = [tcpCheck, httpCheck, udpCheck][i % 3];
        const waiting = make === tcpCheck ? { steps: servers.conversation({ expect: 'x' }) } : {};
        all.set('check ' + i, make(port, { intervalMs: 300, timeoutMs: 200, ...waiting }));
      }
      let few = false;
      const result = (key, result) => {
        const said = result.ok ? 'passed' : result.reason + (/EMFILE/.test(result.detail) ? ' EMFILE' : '');
        if (few) {
          console.log([...reasons].filter((text) => text.includes('EMFILE')).join(), said);
          servers.closeServers();
          prober.close();
        } else if (reasons.add(said).size > 0 && said.startsWith('local') && prober.stats().local > 10) {
          few = true;
          prober.set(new Map([['check 600', servers.tcpCheck(port)]]));
        }
        return 'settled';
      };
      const prober = new Prober({ result });
      prober.set(all);`;
    assert.equal(run(script, 'ulimit -n 200'), 'local EMFILE passed\n');
  });
});
