/** The native addon on loopback: what it sends, receives, refuses and survives. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import {
  AF_INET,
  AF_INET6,
  AF_PACKET,
  AF_UNIX,
  parseControl,
  sockaddrIn,
  sockaddrIn6,
  sockaddrLl,
  sockaddrUn,
} from '../../src/net/sockaddr.ts';
import type { Datagram } from '../../src/sys/socket.ts';
import {
  effectiveScheduling,
  errnoName,
  interfaceIndex,
  MonotonicTimer,
  monotonicMs,
  RawSocket,
  SystemError,
} from '../../src/sys/socket.ts';

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const LOOPBACK6 = new Uint8Array(16).fill(1, 15);
const TEXT = new TextEncoder().encode('advertisement');
const needsRoot = process.getuid?.() === 0 ? '' : ' (skipped: needs root)';
const SOCKET_MODULE = new URL('../../src/sys/socket.js', import.meta.url).href;

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs a module of this source in a process of its own. */
function run(source: string): { status: number | null; stdout: string; stderr: string } {
  const program = `import * as s from ${JSON.stringify(SOCKET_MODULE)};\n${source}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', timeout: 20_000 });
}

function boundUdp(): { socket: RawSocket; address: Uint8Array } {
  const socket = new RawSocket(AF_INET, SOCK_DGRAM, 0);
  socket.bind(sockaddrIn(LOOPBACK));
  return { socket, address: socket.localAddress() };
}

/** The next datagram of a socket, by events. */
function received(socket: RawSocket): Promise<Datagram> {
  return new Promise((message, error) => socket.start({ message, error }));
}

describe('sys/socket: RawSocket', () => {
  const open: RawSocket[] = [];
  const keep = (socket: RawSocket): RawSocket => {
    open.push(socket);
    return socket;
  };
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });

  it('UDP: receive answers null while nothing waits, then data, sender and flags', () => {
    const { socket, address } = boundUdp();
    const sender = boundUdp();
    keep(socket);
    keep(sender.socket);
    assert.equal(socket.receive(), null);
    assert.equal(sender.socket.send(TEXT, address), 13);
    const datagram = socket.receive();
    assert.deepEqual(datagram?.data, TEXT);
    assert.deepEqual(datagram?.address, sender.address);
    assert.equal(datagram?.control.length, 0);
    assert.equal(datagram?.flags, 0);
    assert.equal(socket.receive(), null);
  });

  it('UDP: an empty datagram is a datagram, and what was received stays when the next one comes', () => {
    const { socket, address } = boundUdp();
    keep(socket);
    assert.equal(socket.send(new Uint8Array(0), address), 0);
    socket.send(Uint8Array.of(1), address);
    socket.send(Uint8Array.of(2), address);
    const all = [socket.receive(), socket.receive(), socket.receive()].map((d) => d && [...d.data]);
    assert.deepEqual(all, [[], [1], [2]]);
  });

  it('IPv6: hop limit and destination come as control messages', () => {
    const socket = keep(new RawSocket(AF_INET6, SOCK_DGRAM, 0));
    socket.setOption(41, 51, 1); // IPV6_RECVHOPLIMIT
    socket.setOption(41, 49, 1); // IPV6_RECVPKTINFO
    socket.setOption(41, 16, 255); // IPV6_UNICAST_HOPS
    socket.bind(sockaddrIn6(LOOPBACK6));
    socket.send(TEXT, socket.localAddress());
    const datagram = socket.receive();
    const control = parseControl(datagram?.control ?? new Uint8Array(0));
    const data = (type: number): number[] => [...(control.find((c) => c.level === 41 && c.type === type)?.data ?? [])];
    assert.deepEqual(data(52), [255, 0, 0, 0]);
    assert.deepEqual(data(50), [...LOOPBACK6, 1, 0, 0, 0]);
  });

  it('sends with a control message: TTL of one datagram (IP_TTL)', () => {
    const { socket, address } = boundUdp();
    keep(socket);
    socket.setOption(0, 12, 1); // IP_RECVTTL
    const ttl = new Uint8Array(Buffer.from('14000000000000000000000002000000fe00000000000000', 'hex'));
    assert.equal(socket.send(TEXT, address, ttl), 13);
    const control = parseControl(socket.receive()?.control ?? new Uint8Array(0));
    assert.deepEqual(
      control.map(({ level, type, data }) => [level, type, data[0]]),
      [[0, 2, 254]],
    );
  });

  it('start hands out what arrives, in order, and stops after close in a handler', async () => {
    const { socket, address } = boundUdp();
    keep(socket);
    for (const n of [1, 2, 3]) socket.send(Uint8Array.of(n), address);
    const seen: number[] = [];
    await new Promise<void>((resolve, error) => {
      const message = ({ data }: Datagram): void => {
        seen.push(data[0] ?? 0);
        if (seen.length < 2) return;
        socket.close();
        resolve();
      };
      socket.start({ message, error });
    });
    await nextTurn();
    assert.deepEqual(seen, [1, 2]);
  });

  it('hands out at most 64 datagrams a turn', async () => {
    const { socket, address } = boundUdp();
    keep(socket);
    for (let n = 0; n < 100; n++) socket.send(TEXT, address);
    const turns: number[] = [];
    let turn = 0;
    await new Promise<void>((resolve, error) => {
      const message = (): void => {
        turns.push(turn);
        setImmediate(() => {
          turn = Math.max(turn, 1);
        });
        if (turns.length === 100) resolve();
      };
      socket.start({ message, error });
    });
    assert.equal(turns.indexOf(1), 64);
  });

  it('a refused datagram is an error event, and the socket goes on', async () => {
    const peer = boundUdp();
    peer.socket.close();
    const socket = keep(new RawSocket(AF_INET, SOCK_DGRAM, 0));
    socket.connect(peer.address);
    let message = (_: Datagram): void => assert.fail('a datagram from nobody');
    const refused = await new Promise<SystemError>((error) => {
      socket.start({ message: (datagram) => message(datagram), error });
      socket.send(TEXT);
    });
    assert.ok(refused instanceof SystemError);
    assert.deepEqual([refused.code, refused.errno, refused.syscall], ['ECONNREFUSED', 111, 'recvmsg']);
    assert.equal(refused.message, 'Cannot receive from a socket: ECONNREFUSED (connection refused)');

    const revived = keep(new RawSocket(AF_INET, SOCK_DGRAM, 0));
    revived.bind(peer.address);
    const back = new Promise<Datagram>((resolve) => {
      message = resolve;
    });
    revived.send(TEXT, socket.localAddress());
    assert.deepEqual((await back).data, TEXT);
  });

  it('AF_UNIX: abstract names, and a peer that is not there', () => {
    const address = sockaddrUn(`@lvsd-test-${process.pid}`);
    assert.ok(address);
    const socket = keep(new RawSocket(AF_UNIX, SOCK_DGRAM, 0));
    assert.equal(socket.send(TEXT, address), -111);
    socket.bind(address);
    assert.equal(socket.send(TEXT, address), 13);
    assert.deepEqual(socket.receive()?.address, address);
  });

  it('a full send buffer is -EAGAIN, never a queue', () => {
    const address = sockaddrUn(`@lvsd-test-full-${process.pid}`);
    assert.ok(address);
    const socket = keep(new RawSocket(AF_UNIX, SOCK_DGRAM, 0));
    socket.bind(address);
    let sent = 0;
    for (let n = 0; n < 10_000 && sent >= 0; n++) sent = socket.send(TEXT, address);
    assert.equal(sent, -11);
  });

  it('options: set, read back, and try what the kernel refuses', () => {
    const socket = keep(new RawSocket(AF_INET, SOCK_DGRAM, 0));
    socket.setOption(0, 2, 77); // IP_TTL
    assert.deepEqual([...socket.getOption(0, 2, 4)], [77, 0, 0, 0]);
    socket.setOption(0, 2, Uint8Array.of(78, 0, 0, 0));
    assert.deepEqual([...socket.getOption(0, 2, 64)], [78, 0, 0, 0]);
    assert.equal(socket.trySetOption(0, 2, 79), true);
    assert.equal(socket.trySetOption(0, 2, 4096), false);
    assert.throws(() => socket.setOption(0, 2, 4096), {
      code: 'EINVAL',
      syscall: 'setsockopt',
      message: 'Cannot set socket option 0/2: EINVAL (invalid argument)',
    });
  });

  it('errors of the constructor, bind and connect carry code, errno and system call', () => {
    assert.throws(() => new RawSocket(99, SOCK_DGRAM, 0), {
      name: 'SystemError',
      code: 'EAFNOSUPPORT',
      errno: 97,
      syscall: 'socket',
    });
    const socket = keep(new RawSocket(AF_INET, SOCK_STREAM, 0));
    assert.throws(() => socket.bind(sockaddrIn(Uint8Array.of(192, 0, 2, 1))), {
      code: 'EADDRNOTAVAIL',
      syscall: 'bind',
    });
    assert.throws(() => socket.connect(sockaddrUn('/nowhere') ?? new Uint8Array(0)), { syscall: 'connect' });
  });

  it('close is idempotent, and what comes after it fails cleanly', () => {
    const { socket, address } = boundUdp();
    socket.start({ message: () => undefined, error: () => undefined });
    socket.close();
    socket.close();
    assert.equal(socket.send(TEXT, address), -9);
    assert.throws(() => socket.receive(), { code: 'EBADF' });
    assert.throws(() => socket.start({ message: () => undefined, error: () => undefined }), { code: 'EBADF' });
    socket.ref();
    socket.unref();
  });

  it(`raw IPv4 (protocol 112): the IP header with its TTL comes along${needsRoot}`, async function () {
    if (needsRoot !== '') return this.skip();
    const socket = keep(new RawSocket(AF_INET, SOCK_RAW, 112));
    socket.bind(sockaddrIn(Uint8Array.of(127, 0, 0, 77)));
    socket.setOption(0, 2, 255);
    const arrived = received(socket);
    assert.equal(socket.send(TEXT, sockaddrIn(Uint8Array.of(127, 0, 0, 77))), 13);
    const { data } = await arrived;
    assert.equal(data[8], 255);
    assert.equal(data[9], 112);
    assert.deepEqual(data.subarray(20), TEXT);
  });

  it(`AF_PACKET: sends and receives whole frames on lo${needsRoot}`, function () {
    if (needsRoot !== '') return this.skip();
    const etherType = 0x88b5; // IEEE 802 local experimental
    const socket = keep(new RawSocket(AF_PACKET, SOCK_RAW, 0));
    const index = interfaceIndex('lo');
    assert.ok(index);
    socket.bind(sockaddrLl(etherType, index));
    const frame = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x88, 0xb5, ...TEXT);
    assert.equal(socket.send(frame, sockaddrLl(etherType, index, frame.subarray(0, 6))), frame.length);
    assert.deepEqual(socket.receive()?.data, frame);
  });

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
    const { stdout, status, stderr } = run(`
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
    const { stdout, status } = run(`
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
    const { stderr, status } = run(`new s.MonotonicTimer(() => { throw new Error('boom'); }).armAt(0);`);
    assert.match(stderr, /Error: boom/);
    assert.equal(status, 1);
  });

  it('promises and nextTick run before the next event', () => {
    const { stdout } = run(`
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
    assert.equal(run(`${start} a.unref(); setImmediate(() => console.log('end'));`).stdout, 'end\n');
    assert.equal(run(`${start} a.close();`).status, 0);
    const kept = run(
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

describe('sys/socket: MonotonicTimer', () => {
  const fired = (atMs: number): Promise<number> =>
    new Promise((resolve) => {
      const timer = new MonotonicTimer(() => {
        resolve(monotonicMs());
        timer.close();
      });
      timer.armAt(atMs);
    });

  it('fires not before its time, and soon after', async () => {
    for (const delay of [0.3, 1.7, 20.25]) {
      const at = monotonicMs() + delay;
      const lateness = (await fired(at)) - at;
      assert.ok(lateness >= 0 && lateness < 500, `${lateness} ms late`);
    }
  });

  it('a time in the past, 0 and a negative time fire at once, but not from within armAt', async () => {
    for (const at of [monotonicMs() - 5000, 0, -1, Number.NEGATIVE_INFINITY]) {
      const before = monotonicMs();
      let inside = true;
      const firing = fired(at).then(() => assert.equal(inside, false));
      inside = false;
      await firing;
      assert.ok(monotonicMs() - before < 500);
    }
  });

  it('arming again replaces the deadline, also after it expired unseen; null disarms', async () => {
    let count = 0;
    const timer = new MonotonicTimer(() => count++);
    timer.armAt(monotonicMs());
    timer.armAt(monotonicMs() + 60_000);
    await fired(monotonicMs() + 5);
    assert.equal(count, 0);
    timer.armAt(monotonicMs());
    timer.armAt(null);
    await fired(monotonicMs() + 5);
    assert.equal(count, 0);
    timer.armAt(monotonicMs() + 1);
    await fired(monotonicMs() + 5);
    await nextTurn();
    assert.equal(count, 1);
    timer.close();
    timer.close();
    assert.throws(() => timer.armAt(0), { code: 'EBADF' });
  });

  it('a deadline that is replaced while another timer of the same turn runs does not fire', async () => {
    let count = 0;
    const timers = [0, 1].map(
      () =>
        new MonotonicTimer(() => {
          count++;
          for (const timer of timers) timer.armAt(monotonicMs() + 60_000);
        }),
    );
    for (const timer of timers) timer.armAt(0);
    await fired(monotonicMs() + 20);
    for (const timer of timers) timer.close();
    assert.equal(count, 1);
  });

  it('can be armed anew from its own callback', async () => {
    let count = 0;
    await new Promise<void>((resolve) => {
      const timer = new MonotonicTimer(() => {
        count++;
        if (count < 5) return timer.armAt(monotonicMs() + 1);
        timer.close();
        resolve();
      });
      timer.armAt(monotonicMs() + 1);
    });
    assert.equal(count, 5);
  });

  it('an endless time never fires; keeps the process alive only while armed', () => {
    assert.equal(run(`new s.MonotonicTimer(() => console.log('fired')).armAt(null);`).stdout, '');
    assert.equal(
      run(`new s.MonotonicTimer(() => console.log('fired')).armAt(s.monotonicMs() + 30);`).stdout,
      'fired\n',
    );
    const endless = run(
      `new s.MonotonicTimer(() => console.log('fired')).armAt(Infinity); setTimeout(() => process.exit(3), 50);`,
    );
    assert.deepEqual([endless.stdout, endless.status], ['', 3]);
  });
});

describe('sys/socket: the rest', () => {
  it('monotonicMs is the clock of process.hrtime', () => {
    const before = Number(process.hrtime.bigint()) / 1e6;
    const now = monotonicMs();
    const after = Number(process.hrtime.bigint()) / 1e6;
    assert.ok(before <= now + 0.001 && now <= after + 0.001, `${before} ${now} ${after}`);
  });

  it('interfaceIndex', () => {
    assert.equal(interfaceIndex('lo'), 1);
    assert.equal(interfaceIndex('nosuchdevice'), null);
    assert.equal(interfaceIndex('a-name-that-is-too-long-for-a-device'), null);
    assert.equal(interfaceIndex(''), null);
  });

  it('errnoName', () => {
    assert.deepEqual([1, 2, 3, 17, 95, 11, 105, 600].map(errnoName), [
      'EPERM',
      'ENOENT',
      'ESRCH',
      'EEXIST',
      'EOPNOTSUPP',
      'EAGAIN',
      'ENOBUFS',
      'errno 600',
    ]);
  });

  it(`real-time priority is set for us and not for the programs we start; memory is locked${needsRoot}`, function () {
    if (needsRoot !== '') return this.skip();
    assert.equal(effectiveScheduling(), 'SCHED_OTHER');
    const { stdout, stderr } = run(`
      import { execFileSync } from 'node:child_process';
      import { readFileSync } from 'node:fs';
      s.lockMemory();
      let garbage = [];
      for (let n = 0; n < 30; n++) garbage = Array.from({ length: 200_000 }, () => ({})); // the heap grows and shrinks
      console.log(Number(/VmLck:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) > 10_000);
      s.setRealtimePriority(5);
      console.log(s.effectiveScheduling());
      console.log(execFileSync('sh', ['-c', 'cut -d" " -f41 /proc/self/stat']).toString().trim());`);
    assert.equal(stderr, '');
    assert.equal(stdout, 'true\nSCHED_RR 5\n0\n');
  });

  it(`without privileges: clear refusals${needsRoot}`, function () {
    if (needsRoot !== '') return this.skip();
    const { stdout, stderr } = run(`
      process.setgid(65534); process.setuid(65534);
      for (const act of [() => new s.RawSocket(2, 3, 112), () => s.setRealtimePriority(5)]) {
        try { act(); } catch (error) { console.log(error.code + ': ' + error.message); }
      }`);
    assert.equal(stderr, '');
    assert.deepEqual(stdout.trim().split('\n'), [
      'EPERM: Cannot open a socket (family 2, type 3, protocol 112): EPERM (operation not permitted): needs root or CAP_NET_RAW',
      'EPERM: Cannot set real-time priority 5: EPERM (operation not permitted): needs CAP_SYS_NICE or LimitRTPRIO, and a cgroup with a real-time budget',
    ]);
  });

  it('a missing addon is one clear sentence, and only when it is needed', () => {
    const source = `console.log('imported'); try { new s.RawSocket(2, 2, 0); } catch (error) { console.log(error.name + ': ' + error.message); }`;
    const program = `import * as s from ${JSON.stringify(SOCKET_MODULE)};\n${source}`;
    const stdout = (path: string): string[] =>
      execFileSync(process.execPath, ['--input-type=module', '-e', program], {
        env: { ...process.env, LVSD_NATIVE: path },
        encoding: 'utf8',
      })
        .trim()
        .split('\n');
    assert.deepEqual(stdout('/nowhere/lvsd.node'), [
      'imported',
      'NativeUnavailableError: Cannot load the native addon /nowhere/lvsd.node (there is no such file): run `make build` where lvsd is installed',
    ]);
    assert.match(
      stdout('/etc/hostname')[1] ?? '',
      /^NativeUnavailableError: Cannot load the native addon \/etc\/hostname \(.+\): run `make build`/,
    );
  });
});
