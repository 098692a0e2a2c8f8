/** Connections of the probes: what Node's own cannot do, refusals in words, and no descriptor left behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { AF_INET } from '../../src/net/sockaddr.ts';
import { type DialTo, dialTcp, type SocketOption } from '../../src/sys/dial.ts';
import { failureOf } from '../../src/sys/probe.ts';
import { prepareRoute } from '../../src/sys/probe-route.ts';
import { RawSocket } from '../../src/sys/socket.ts';
import { closedPort, closeServers, tcpServer } from '../support/probe-servers.ts';
import { runWithSockets } from '../support/socket-program.ts';

const needsRoot = process.getuid?.() === 0 ? '' : ' (skipped: needs root)';
const SOCK_STREAM = 1;
const PLAIN: DialTo = { address: '127.0.0.1', port: 0, sourceAddress: null, interface: null, mark: 0 };
/** SO_KEEPALIVE: harmless, but Node's own way does not set it, so that a socket of ours is needed. */
const OURS: readonly SocketOption[] = [{ level: 1, name: 9, value: 1 }];

const DIAL_MODULE = new URL('../../src/sys/dial.js', import.meta.url).href;

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** The events of a connection to its close, in order; what it sent as text. */
async function lifeOf(socket: Socket): Promise<string[]> {
  const events: string[] = [];
  socket.on('connect', () => events.push('connect'));
  socket.on('data', (chunk) => events.push(`data ${chunk}`));
  socket.on('end', () => events.push('end'));
  socket.on('error', (error) => events.push(`error ${error.message}`));
  await new Promise((closed) => socket.on('close', closed));
  return events;
}

async function errorOf(socket: Socket): Promise<Error> {
  const [error] = await once(socket, 'error');
  return error;
}

/** A server that tells each visitor where he comes from. */
const echoSource = (host?: string): Promise<number> =>
  tcpServer((socket) => socket.end(socket.remoteAddress ?? 'nobody'), host);

describe('sys/dial', () => {
  afterEach(closeServers);

  for (const [name, options] of [
    ['by Node alone', []],
    ['by a socket of ours', OURS],
  ] as const) {
    it(`connects, receives and ends, ${name}`, async () => {
      const to = { ...PLAIN, port: await echoSource() };
      const socket = dialTcp(to, options);
      assert.equal(socket.connecting, true);
      assert.deepEqual(await lifeOf(socket), ['connect', 'data 127.0.0.1', 'end']);
    });

    it(`connects over IPv6, ${name}`, async () => {
      const to = { ...PLAIN, address: '::1', port: await echoSource('::1') };
      assert.deepEqual(await lifeOf(dialTcp(to, options)), ['connect', 'data ::1', 'end']);
    });

    it(`tells a refusal as an error, never at once, ${name}`, async () => {
      const socket = dialTcp({ ...PLAIN, port: await closedPort() }, options);
      const error = await errorOf(socket);
      assert.match(error.message, /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
      assert.equal(failureOf(error, 'protocol').ok, false);
    });
  }

  it('sends and receives, with the descriptor that Node was given', async () => {
    const port = await tcpServer((socket) => socket.pipe(socket));
    const socket = dialTcp({ ...PLAIN, port }, OURS);
    socket.write('early ');
    await once(socket, 'connect');
    socket.end('late');
    let got = '';
    for await (const chunk of socket) got += chunk;
    assert.equal(got, 'early late');
  });

  it('connects from the source address', async () => {
    const to = { ...PLAIN, port: await echoSource(), sourceAddress: '127.0.0.99' };
    assert.deepEqual(await lifeOf(dialTcp(to)), ['connect', 'data 127.0.0.99', 'end']);
  });

  it('takes no port before it connects, so that none is used up for all destinations', () => {
    const socket = new RawSocket(AF_INET, SOCK_STREAM, 0);
    try {
      prepareRoute(socket, { ...PLAIN, sourceAddress: '127.0.0.99' });
      const [, , high, low, ...rest] = socket.localAddress();
      assert.deepEqual([high, low, ...rest.slice(0, 4)], [0, 0, 127, 0, 0, 99]);
    } finally {
      socket.close();
    }
  });

  it(`connects by an interface and with a mark${needsRoot}`, async function () {
    if (needsRoot !== '') return this.skip();
    const port = await echoSource();
    for (const to of [{ interface: 'lo' }, { mark: 1 }, { mark: 4_294_967_295 }]) {
      assert.deepEqual(await lifeOf(dialTcp({ ...PLAIN, port, ...to })), ['connect', 'data 127.0.0.1', 'end']);
    }
  });

  it('says in words what this machine refuses, and blames the machine', async () => {
    const refused = async (to: Partial<DialTo>): Promise<string> => {
      const error = await errorOf(dialTcp({ ...PLAIN, port: 1, ...to }));
      const outcome = failureOf(error, 'protocol');
      assert.ok(!outcome.ok && outcome.reason === 'local', JSON.stringify(outcome));
      return outcome.detail;
    };
    assert.equal(
      await refused({ sourceAddress: '192.0.2.1' }),
      'Cannot send from 192.0.2.1: EADDRNOTAVAIL (address not available): this machine does not have the address',
    );
    assert.equal(
      await refused({ interface: 'nosuchdevice' }),
      'Cannot send by interface nosuchdevice: ENODEV (no such device): there is no such interface',
    );
    assert.match(await refused({ address: '::1', sourceAddress: '127.0.0.1' }), /^Cannot send from 127\.0\.0\.1: /);
  });

  it('a local port that is not to be had is our fault', () => {
    const error = Object.assign(new Error('connect EADDRNOTAVAIL 192.0.2.1:80 - Local (0.0.0.0:0)'), {
      code: 'EADDRNOTAVAIL',
      errno: -99,
      syscall: 'connect',
    });
    assert.deepEqual(failureOf(error, 'protocol'), {
      ok: false,
      reason: 'local',
      detail: `${error.message}: no free local port towards it (net.ipv4.ip_local_port_range)`,
    });
  });

  it('leaves no descriptor behind, destroyed at any moment', async function () {
    this.timeout(20_000);
    const server = createServer((socket) => socket.on('error', () => {}).resume());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const before = openDescriptors();
    const dials: (() => Socket)[] = [
      () => dialTcp({ ...PLAIN, port }, OURS),
      () => dialTcp({ ...PLAIN, port, sourceAddress: '127.0.0.98' }),
      () => dialTcp({ ...PLAIN, port: 1 }, OURS),
      () => dialTcp({ ...PLAIN, port, sourceAddress: '192.0.2.1' }),
      () => dialTcp({ ...PLAIN, port }, [{ level: 1, name: 9999, value: 1 }]),
    ];
    const destroys: ((socket: Socket) => void)[] = [
      (socket) => socket.destroy(),
      (socket) => setImmediate(() => socket.destroy()),
      (socket) => process.nextTick(() => socket.destroy()),
      (socket) => socket.once('connect', () => socket.destroy()),
      (socket) => socket.once('connect', () => socket.resetAndDestroy()),
      (socket) => socket.once('connect', () => socket.end()).resume(),
    ];
    for (let round = 0; round < 20; round++) {
      const closed: Promise<unknown>[] = [];
      for (const dial of dials) {
        for (const destroy of destroys) {
          const socket = dial().on('error', () => {});
          closed.push(new Promise((done) => socket.on('close', done)));
          destroy(socket);
        }
      }
      await Promise.all(closed);
    }
    // The server's ends close in their own time.
    for (let tries = 0; tries < 100 && openDescriptors() > before; tries++) await sleep(20);
    assert.equal(openDescriptors(), before);
    server.close();
  });

  it('a worker that is terminated with connections in all states leaves none', async function () {
    this.timeout(20_000);
    const port = await tcpServer((socket) => socket.on('error', () => {}).resume());
    const program = `
      const { parentPort } = require('node:worker_threads');
      import(${JSON.stringify(DIAL_MODULE)}).then(({ dialTcp }) => {
        globalThis.kept = [];
        const to = { address: '127.0.0.1', port: ${port}, sourceAddress: '127.0.0.97', interface: null, mark: 0 };
        for (let n = 0; n < 20; n++) globalThis.kept.push(dialTcp(to).on('error', () => {}));
        globalThis.kept[0].once('connect', () => {
          for (let n = 0; n < 20; n++) globalThis.kept.push(dialTcp(to).on('error', () => {}));
          parentPort.postMessage('dialled');
        });
      });`;
    const before = openDescriptors();
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(program, { eval: true });
      const failed = new Promise((_, reject) => worker.once('error', reject));
      await Promise.race([once(worker, 'message'), failed]);
      await worker.terminate();
    }
    for (let tries = 0; tries < 100 && openDescriptors() > before; tries++) await sleep(20);
    assert.ok(openDescriptors() <= before, `${openDescriptors()} descriptors, ${before} before`);
  });

  it(`without privileges, a mark is refused with what it needs${needsRoot}`, async function () {
    if (needsRoot !== '') return this.skip();
    const { stdout, stderr } = runWithSockets(`
      const { dialTcp } = await import(${JSON.stringify(DIAL_MODULE)});
      process.setgid(65534); process.setuid(65534);
      const to = { address: '127.0.0.1', port: 1, sourceAddress: null, interface: null, mark: 5 };
      dialTcp(to).on('error', (error) => console.log(error.message));`);
    assert.equal(stderr, '');
    assert.equal(stdout, 'Cannot mark packets with 5: EPERM (operation not permitted): needs root or CAP_NET_ADMIN\n');
  });
});
