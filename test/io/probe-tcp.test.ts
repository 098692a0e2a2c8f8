import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { TcpCheckConfig } from '../../src/config/checks/tcp.ts';
import { TcpTarget } from '../../src/sys/probe-tcp.ts';
import { closedPort, closeServers, conversation, deafPort, tcpCheck, tcpServer } from '../support/probe-servers.ts';

/** Lateness that a busy machine may add to a deadline before a test calls it wrong. */
const PATIENCE_MS = 1500;

const probe = (port: number, check: Partial<TcpCheckConfig> = {}) => new TcpTarget(tcpCheck(port, check)).probe();

async function assertFails(port: number, check: Partial<TcpCheckConfig>, reason: string, detail: RegExp) {
  const result = await probe(port, check);
  assert.ok(!result.ok, 'passed');
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
  return result;
}

/** Sends one byte every 20 ms until the other side goes. */
function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('.'), 20);
  socket.on('close', () => clearInterval(timer));
}

/** Sends as fast as the other side reads, until it goes. */
function pour(socket: Socket): void {
  const chunk = Buffer.alloc(16_384, 'x');
  const fill = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', fill);
  fill();
}

describe('sys/probe-tcp', () => {
  afterEach(closeServers);

  it('passes when the connection comes about', async () => {
    const result = await probe(await tcpServer(() => {}));
    assert.ok(result.ok);
    assert.ok(result.latencyMs > 0 && result.latencyMs < PATIENCE_MS);
  });

  it('passes over IPv6', async () => {
    const port = await tcpServer(() => {}, '::1');
    assert.ok((await probe(port, { address: '::1' })).ok);
  });

  it('ends the connection with FIN, not with a reset', async () => {
    let ended: Promise<string> | undefined;
    const port = await tcpServer((socket) => {
      ended = new Promise((done) => {
        socket.on('end', () => done('end')).on('error', () => done('error'));
        socket.resume();
      });
    });
    assert.ok((await probe(port)).ok);
    assert.equal(await ended, 'end');
  });

  it('sends, and passes once that is on its way', async () => {
    let got = '';
    let ended: Promise<unknown> | undefined;
    const port = await tcpServer((socket) => {
      ended = once(socket, 'end');
      socket.on('data', (chunk) => {
        got += chunk.toString();
      });
    });
    assert.ok((await probe(port, { steps: conversation({ send: 'grün\r\n' }) })).ok);
    await ended;
    assert.equal(got, 'grün\r\n');
  });

  it('passes on the expected text, sent in two pieces', async () => {
    const port = await tcpServer((socket) => {
      socket.once('data', () => {
        socket.write('+PO');
        setTimeout(() => socket.write('NG\r\n'), 20);
      });
    });
    assert.ok((await probe(port, { steps: conversation({ send: 'PING\r\n', expect: 'PONG' }) })).ok);
  });

  it('passes on the expected text even if the server hangs up right after', async () => {
    const port = await tcpServer((socket) => socket.end('220 ready\r\n'));
    assert.ok((await probe(port, { steps: conversation({ expect: '220 ' }) })).ok);
  });

  it('fails with refused', async () => {
    await assertFails(await closedPort(), {}, 'refused', /ECONNREFUSED 127\.0\.0\.1/);
  });

  it('fails with refused when the kernel connects it to itself', function () {
    if (process.getuid?.() !== 0) this.skip();
    // In a network namespace of its own, where all but one port are taken: the one that is probed.
    const module = new URL('../../src/sys/probe-tcp.js', import.meta.url).href;
    const check = JSON.stringify(tcpCheck(40_000));
    const program = `import { TcpTarget } from '${module}';
      const result = await new TcpTarget(${check}).probe();
      console.log(result.reason, result.detail);`;
    const shell = `ip link set lo up && echo 40000 40000 > /proc/sys/net/ipv4/ip_local_port_range &&
      exec "$0" --input-type=module -e "$1"`;
    const args = ['-n', 'sh', '-c', shell, process.execPath, program];
    const said = execFileSync('unshare', args, { encoding: 'utf8', timeout: 8000 });
    assert.equal(said, 'refused connected to itself: nobody listens on 40000\n');
  });

  it('fails with timeout when no connection comes about', async () => {
    const result = await assertFails(await deafPort(), { timeoutMs: 150 }, 'timeout', /no connection within 150 ms/);
    assert.ok(result.latencyMs >= 149 && result.latencyMs < 150 + PATIENCE_MS, `${result.latencyMs} ms`);
  });

  it('fails with timeout when the server stays silent', async () => {
    const port = await tcpServer(() => {});
    await assertFails(
      port,
      { timeoutMs: 150, steps: conversation({ expect: 'x' }) },
      'timeout',
      /connected, but no answer within 150 ms/,
    );
  });

  it('fails with timeout when the answer drips: the deadline is for the whole exchange', async () => {
    const port = await tcpServer(drip);
    const result = await assertFails(
      port,
      { timeoutMs: 200, steps: conversation({ expect: 'x' }) },
      'timeout',
      /not received within 200 ms, got/,
    );
    assert.ok(result.latencyMs >= 199 && result.latencyMs < 200 + PATIENCE_MS, `${result.latencyMs} ms`);
  });

  it('fails with answer when 64 KiB do not hold the text, however much more comes', async () => {
    await assertFails(
      await tcpServer(pour),
      { steps: conversation({ expect: 'y' }) },
      'answer',
      /not in the first 65536 bytes: "xxx/,
    );
  });

  it('fails with answer when the server says something else and hangs up', async () => {
    const port = await tcpServer((socket) => socket.end('-ERR no\r\n'));
    await assertFails(
      port,
      { steps: conversation({ expect: 'PONG' }) },
      'answer',
      /after 9 bytes without the text: "-ERR no\\r\\n"/,
    );
  });

  it('fails with closed when the server hangs up without a word', async () => {
    const port = await tcpServer((socket) => socket.end());
    await assertFails(port, { steps: conversation({ expect: 'PONG' }) }, 'closed', /before any answer/);
  });

  it('fails with reset when the server resets instead of answering', async () => {
    const port = await tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await assertFails(port, { steps: conversation({ send: 'PING\r\n', expect: 'PONG' }) }, 'reset', /ECONNRESET/);
  });

  it('lets go of the connection on every path', async () => {
    const closed: Promise<unknown>[] = [];
    const port = await tcpServer((socket) => {
      closed.push(once(socket, 'close'));
      drip(socket);
    });
    await probe(port);
    await probe(port, { steps: conversation({ expect: '.' }) });
    await probe(port, { steps: conversation({ expect: 'x' }), timeoutMs: 100 });
    assert.equal(closed.length, 3);
    await Promise.all(closed);
  });

  it('ends with local when it is closed under way', async () => {
    const target = new TcpTarget(tcpCheck(await tcpServer(() => {}), { steps: conversation({ expect: 'x' }) }));
    const result = target.probe();
    target.close();
    const ended = await result;
    assert.ok(!ended.ok && ended.reason === 'local');
  });
});
