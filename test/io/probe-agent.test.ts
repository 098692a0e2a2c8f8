import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { AgentCheckConfig } from '../../src/config/checks/agent.ts';
import type { ProbeResult } from '../../src/health/types.ts';
import { AgentTarget } from '../../src/sys/probe-agent.ts';
import { PLAIN_CHECK } from '../support/plain-check.ts';
import { closedPort, closeServers, deafPort, LOOPBACK, tcpServer } from '../support/probe-servers.ts';

/** Lateness that a busy machine may add to a deadline before a test calls it wrong. */
const PATIENCE_MS = 1500;

function target(port: number, check: Partial<AgentCheckConfig> = {}): AgentTarget {
  return new AgentTarget({
    ...PLAIN_CHECK,
    address: LOOPBACK,
    port,
    timeoutMs: 2000,
    type: 'agent',
    send: null,
    ...check,
  });
}

function probe(port: number, check: Partial<AgentCheckConfig> = {}): Promise<ProbeResult> {
  return target(port, check).probe();
}

/** An agent that answers this to whoever connects. */
function agent(answer: string | Buffer): Promise<number> {
  return tcpServer((socket) => socket.end(answer));
}

async function assertFails(port: number, check: Partial<AgentCheckConfig>, reason: string, detail: RegExp) {
  const startedAt = performance.now();
  const result = await probe(port, check);
  assert.ok(!result.ok, 'passed');
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
  return performance.now() - startedAt;
}

/** Sends a byte of it every `everyMs`, over and over. */
function drip(socket: Socket, text: string, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => socket.write(text.charAt(at++ % text.length)), everyMs);
  socket.on('close', () => clearInterval(timer));
}

describe('sys/probe-agent', () => {
  afterEach(closeServers);

  it('takes the line for what the server says of itself', async () => {
    const result = await probe(await agent('up 75% maxconn:30\n'));
    assert.ok(result.ok);
    assert.deepEqual(result.advice, { weightPercent: 75, maxConnections: 30 });
    assert.equal(result.warning, undefined);
    assert.ok(result.latencyMs > 0 && result.latencyMs < PATIENCE_MS);
  });

  it('takes the end of the connection for the end of the line, and what follows the line for nothing', async () => {
    for (const answer of ['drain', 'drain\r\ndown\n', 'drain\n\u0000']) {
      const result = await probe(await agent(answer));
      assert.deepEqual(result.ok ? result.advice : result.detail, { drain: true }, answer);
    }
  });

  it('needs no end of the connection, and ends it itself', async () => {
    let closed: Promise<unknown> | undefined;
    const port = await tcpServer((socket) => {
      closed = once(socket, 'close');
      socket.resume().write('up\r');
    });
    assert.ok((await probe(port)).ok);
    await closed;
  });

  it('sends first where that is wanted', async () => {
    const port = await tcpServer((socket) => {
      socket.once('data', (chunk) => socket.end(chunk.toString() === 'web1\n' ? '10%\n' : 'down\n'));
    });
    const result = await probe(port, { send: 'web1\n' });
    assert.deepEqual(result.ok ? result.advice : result.detail, { weightPercent: 10 });
  });

  it('takes a line in pieces, over IPv6', async () => {
    const port = await tcpServer((socket) => drip(socket, 'up 5%\n', 5), '::1');
    const result = await probe(port, { address: '::1' });
    assert.deepEqual(result.ok ? result.advice : result.detail, { weightPercent: 5 });
  });

  it('fails with the reason that it is told', async () => {
    await assertFails(await agent('down # database is gone\n'), {}, 'told', /^the agent says down: database is gone$/);
    await assertFails(await agent('maint\n'), {}, 'told', /^the agent says maint$/);
  });

  it('warns of words that it does not know beside some that it does', async () => {
    const result = await probe(await agent('up rack:7\n'));
    assert.equal(result.ok ? result.warning : 'failed', 'the agent says words that are not known: rack:7');
  });

  it('fails when refused', async () => {
    await assertFails(await closedPort(), {}, 'refused', /ECONNREFUSED/);
  });

  it('fails when there is no connection, or no answer, at the deadline', async () => {
    const port = await deafPort();
    let tookMs = await assertFails(port, { timeoutMs: 300 }, 'timeout', /^no connection within 300 ms$/);
    assert.ok(tookMs < 300 + PATIENCE_MS);
    const silent = await tcpServer(() => {});
    tookMs = await assertFails(silent, { timeoutMs: 300 }, 'timeout', /^connected, but no answer within 300 ms$/);
    assert.ok(tookMs > 290 && tookMs < 300 + PATIENCE_MS, `${tookMs}`);
  });

  it('fails at the deadline of the whole exchange however the answer drips', async () => {
    const port = await tcpServer((socket) => drip(socket, 'up ', 40));
    const tookMs = await assertFails(
      port,
      { timeoutMs: 400 },
      'timeout',
      /^no end of the agent's line within 400 ms, got \d+ bytes$/,
    );
    assert.ok(tookMs > 390 && tookMs < 400 + PATIENCE_MS, `${tookMs}`);
  });

  it('fails on a wrong answer', async () => {
    const http = await agent('HTTP/1.1 400 Bad Request\r\n\r\n');
    await assertFails(http, {}, 'answer', /^the agent's words are not known: HTTP\/1\.1 400 Bad Request$/);
    await assertFails(await agent('\n'), {}, 'answer', /known: nothing$/);
    await assertFails(
      await agent(Buffer.from([0xff, 0xfe, 0x00, 0x1b, 0x0a])),
      {},
      'answer',
      /known: \ufffd\ufffd\?\?$/,
    );
  });

  it('fails when cut in the middle: without an answer, within a word, by a reset', async () => {
    await assertFails(await agent(''), {}, 'closed', /^connection closed before any answer$/);
    await assertFails(await agent('drai'), {}, 'answer', /known: drai$/);
    const port = await tcpServer((socket) => {
      socket.write('up');
      setTimeout(() => socket.resetAndDestroy(), 30);
    });
    await assertFails(port, {}, 'reset', /ECONNRESET/);
  });

  it('fails on a line without end, and reads no more of it', async () => {
    let sent = 0;
    const port = await tcpServer((socket) => {
      const chunk = Buffer.alloc(16_384, 'up ');
      const fill = () => {
        while (!socket.destroyed && socket.write(chunk)) sent += chunk.length;
      };
      socket.on('drain', fill);
      fill();
    });
    const tookMs = await assertFails(port, {}, 'answer', /^the agent's line has above 1024 bytes$/);
    assert.ok(tookMs < PATIENCE_MS && sent < 64 * 1024 * 1024, `${tookMs} ms, ${sent} bytes`);
    // One that just fits is a line.
    assert.ok((await probe(await agent(`up ${' '.repeat(1020)}\n`))).ok);
  });

  it('costs a neighbour nothing', async () => {
    const silent = await tcpServer(() => {});
    const dripping = await tcpServer((socket) => drip(socket, 'x', 1));
    const bad = Array.from({ length: 40 }, (_, i) => target(i % 2 === 0 ? silent : dripping, { timeoutMs: 600 }));
    const slow = bad.map((one) => one.probe());
    const good = await probe(await agent('up\n'));
    assert.ok(good.ok && good.latencyMs < 400, JSON.stringify(good));
    assert.ok((await Promise.all(slow)).every(({ ok }) => !ok));
  });

  it('ends at once when closed, as our doing', async () => {
    const one = target(await tcpServer(() => {}));
    const probing = one.probe();
    one.close();
    const result = await probing;
    assert.equal(result.ok ? '' : result.reason, 'local');
    one.close();
  });

  it('connects to a server, not to itself', async () => {
    // The port is free, so that now and then the kernel picks it for the connection's own end.
    const port = await closedPort();
    const lonely = connect({ host: LOOPBACK, port, localPort: port, localAddress: LOOPBACK });
    await once(lonely, 'connect');
    lonely.destroy();
    await assertFails(port, {}, 'refused', /ECONNREFUSED|itself/);
  });
});
