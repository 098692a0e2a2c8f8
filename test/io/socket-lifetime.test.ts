/** Sockets and timers of the native addon: what keeps them, what they keep, and what they leave behind. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { AF_INET } from '../../src/net/sockaddr.ts';
import { RawSocket } from '../../src/sys/socket.ts';
import { runWithSockets, SOCKET_MODULE } from '../support/socket-program.ts';

const SOCK_DGRAM = 2;

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

describe('sys/socket: lifetime', () => {
  it('5000 sockets opened, started and closed leave no descriptor behind', async function () {
    this.timeout(20_000);
    const before = openDescriptors();
    for (let n = 0; n < 5000; n++) {
      const socket = new RawSocket(AF_INET, SOCK_DGRAM, 0);
      if (n % 2 === 0) socket.start({ message: () => undefined, error: () => undefined });
      socket.close();
      if (n % 500 === 0) await nextTurn();
    }
    assert.equal(openDescriptors(), before);
  });

  it('a socket that was forgotten is closed as garbage', () => {
    const { stdout, status, stderr } = runWithSockets(`
      import { readdirSync } from 'node:fs';
      import { setFlagsFromString } from 'node:v8';
      import { runInNewContext } from 'node:vm';
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc');
      const count = () => readdirSync('/proc/self/fd').length;
      const before = count();
      for (let n = 0; n < 50; n++) new s.RawSocket(2, 2, 0);
      for (let n = 0; n < 10; n++) { gc(); await new Promise((r) => setImmediate(r)); }
      console.log(count() - before);`);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.ok(Number(stdout) <= 2, `${stdout.trim()} of 50 left open`);
  });

  it('a throw in a handler is an uncaughtException, and the socket goes on', () => {
    const { stdout, status } = runWithSockets(`
      const socket = new s.RawSocket(2, 2, 0);
      socket.bind(new Uint8Array([2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
      const address = socket.localAddress();
      process.on('uncaughtException', (error) => {
        console.log('caught', error.message);
        socket.send(new Uint8Array(1), address);
      });
      let n = 0;
      socket.start({ message: () => { if (++n === 1) throw new Error('boom'); console.log('second'); socket.close(); }, error: console.log });
      socket.send(new Uint8Array(1), address);`);
    assert.equal(stdout, 'caught boom\nsecond\n');
    assert.equal(status, 0);
  });

  it('without a handler for it, a throw ends the process with its stack', () => {
    const { stderr, status } = runWithSockets(`new s.MonotonicTimer(() => { throw new Error('boom'); }).armAt(0);`);
    assert.match(stderr, /Error: boom/);
    assert.equal(status, 1);
  });

  it('promises and nextTick run before the next event', () => {
    const { stdout } = runWithSockets(`
      const timer = new s.MonotonicTimer(() => {
        process.nextTick(() => console.log('tick'));
        Promise.resolve().then(() => console.log('promise'));
        setImmediate(() => { console.log('immediate'); timer.close(); });
      });
      timer.armAt(0);`);
    assert.equal(stdout, 'tick\npromise\nimmediate\n');
  });

  it('a started socket keeps the process alive unless unref; a closed one does not', () => {
    const start = `const a = new s.RawSocket(2, 2, 0); a.start({ message() {}, error() {} });`;
    assert.equal(runWithSockets(`${start} a.unref(); setImmediate(() => console.log('end'));`).stdout, 'end\n');
    assert.equal(runWithSockets(`${start} a.close();`).status, 0);
    const kept = runWithSockets(
      `${start} a.unref(); a.ref(); setTimeout(() => { console.log('alive'); process.exit(3); }, 100).unref();`,
    );
    assert.deepEqual([kept.stdout, kept.status], ['alive\n', 3]);
  });

  it('workers may end, and be terminated, with sockets and timers open; no descriptor stays', async function () {
    this.timeout(20_000);
    const program = `
      const { parentPort } = require('node:worker_threads');
      import(${JSON.stringify(SOCKET_MODULE)}).then((s) => {
        globalThis.kept = [];
        for (let n = 0; n < 10; n++) {
          const socket = new s.RawSocket(2, 2, 0);
          socket.start({ message() {}, error() {} });
          const timer = new s.MonotonicTimer(() => {});
          timer.armAt(s.monotonicMs() + 60000);
          globalThis.kept.push(socket, timer, new s.RawSocket(2, 2, 0));
        }
        parentPort.postMessage('open');
        if (process.argv[2] === 'exit') setImmediate(() => process.exit(0));
      });`;
    const before = openDescriptors();
    for (const end of ['terminate', 'exit', 'terminate', 'exit']) {
      const worker = new Worker(program, { eval: true, argv: [end] });
      const ended = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
      await new Promise((resolve) => worker.once('message', resolve));
      if (end === 'terminate') await worker.terminate();
      await ended;
    }
    assert.ok(openDescriptors() <= before, `${openDescriptors()} descriptors, ${before} before`);
  });
});
