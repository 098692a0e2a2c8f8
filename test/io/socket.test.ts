/** The native addon on loopback: what it sends, receives and refuses. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
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
import { interfaceIndex, RawSocket, SystemError } from '../../src/sys/socket.ts';

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const LOOPBACK6 = new Uint8Array(16).fill(1, 15);
const TEXT = new TextEncoder().encode('advertisement');
const needsRoot = process.getuid?.() === 0 ? '' : ' (skipped: needs root)';

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
});
