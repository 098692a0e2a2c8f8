/**
 * Sockets of any family and the precise timer: all of the native addon but what scheduling.ts has. All bytes (addresses,
 * options, control messages) are made elsewhere; see src/net/sockaddr.ts.
 */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import type { NativeSocket, NativeTimer } from './native.ts';
import { native } from './native.ts';

/** How the addon's `recv` fills a slab: data, address, control, then the lengths of the last two and the flags. */
const SLAB = { address: 65_536, control: 65_664, lengths: 66_176, size: 66_188 };
const MSG_ERRQUEUE = 0x2000;
const EAGAIN = constants.errno.EAGAIN;
const EINTR = constants.errno.EINTR;

/** Datagrams handed out before the event loop gets its turn again, so that a flood on one socket starves nothing. */
const MAX_DATAGRAMS_PER_TURN = 64;
/** Enough for every socket address there is (`struct sockaddr_storage`). */
const MAX_ADDRESS_LENGTH = 128;

/** errno to name; where Linux has two names for one number, the one that the netlink documents use. */
const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno)
    .filter(([name]) => name !== 'EWOULDBLOCK' && name !== 'ENOTSUP')
    .map(([name, errno]) => [errno, name]),
);

/** 'EPERM' for 1; 'errno 600' for a number without a name. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
}

/** A system call that failed. The message reads `Cannot <attempt>: EPERM (operation not permitted)`. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  /** 'EPERM' */
  readonly code: string;
  /** Positive. */
  readonly errno: number;
  readonly syscall: string;

  /** `attempt` completes "Cannot ..."; `advice` is what the operator can do. */
  constructor(attempt: string, syscall: string, errno: number, advice = '') {
    const code = errnoName(errno);
    const meaning = getSystemErrorMap().get(-errno)?.[1];
    super(
      `Cannot ${attempt}: ${code}${meaning === undefined ? '' : ` (${meaning})`}${advice === '' ? '' : `: ${advice}`}`,
    );
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** What one recvmsg brought, as copies that are safe to keep. */
export interface Datagram {
  readonly data: Uint8Array;
  /** The sender's sockaddr; empty when the family has none to tell. */
  readonly address: Uint8Array;
  /** Control messages, for `parseControl`. */
  readonly control: Uint8Array;
  /** MSG_TRUNC (0x20) tells that the datagram was larger than the 65536 bytes we give it. */
  readonly flags: number;
}

/** recvmsg is synchronous and its result is copied out at once: one slab does for all sockets of a thread. */
let slab: { readonly bytes: Uint8Array; readonly view: DataView } | null = null;

function sharedSlab(): { readonly bytes: Uint8Array; readonly view: DataView } {
  if (slab === null) {
    const buffer = new ArrayBuffer(SLAB.size);
    slab = { bytes: new Uint8Array(buffer), view: new DataView(buffer) };
  }
  return slab;
}

/** A non-blocking, close-on-exec socket. Closed by `close`, by the end of its thread, or as garbage if not started. */
export class RawSocket {
  readonly #socket: NativeSocket;
  #closed = false;

  /** Throws SystemError, and NativeUnavailableError when the addon is not there. */
  constructor(family: number, type: number, protocol: number) {
    const { Socket } = native();
    try {
      this.#socket = new Socket(family, type, protocol);
    } catch (error) {
      const errno = (error as { errno?: unknown }).errno;
      if (typeof errno !== 'number') throw error;
      const refused = errno === constants.errno.EPERM || errno === constants.errno.EACCES;
      const what = `open a socket (family ${family}, type ${type}, protocol ${protocol})`;
      throw new SystemError(what, 'socket', errno, refused ? 'needs root or CAP_NET_RAW' : '');
    }
  }

  /** Throws SystemError, as the next four do. */
  bind(sockaddr: Uint8Array): void {
    check('bind a socket to its address', 'bind', this.#socket.bind(sockaddr));
  }

  connect(sockaddr: Uint8Array): void {
    check('connect a socket to its peer', 'connect', this.#socket.connect(sockaddr));
  }

  listen(backlog: number): void {
    check('listen on a socket', 'listen', this.#socket.listen(backlog));
  }

  setOption(level: number, name: number, value: number | Uint8Array): void {
    check(`set socket option ${level}/${name}`, 'setsockopt', this.#socket.setsockopt(level, name, value));
  }

  /** At most `length` bytes of an option's value. */
  getOption(level: number, name: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    const got = check(`read socket option ${level}/${name}`, 'getsockopt', this.#socket.getsockopt(level, name, out));
    return out.subarray(0, got);
  }

  /** Whether the kernel took the option: for those that an older kernel or a missing capability refuses. */
  trySetOption(level: number, name: number, value: number | Uint8Array): boolean {
    return this.#socket.setsockopt(level, name, value) === 0;
  }

  /** The sockaddr that the socket is bound to. Throws SystemError. */
  localAddress(): Uint8Array {
    const out = new Uint8Array(MAX_ADDRESS_LENGTH);
    return out.subarray(0, check("read a socket's own address", 'getsockname', this.#socket.getsockname(out)));
  }

  /** The bytes sent, or -errno (-11, EAGAIN, when the send buffer is full). Never throws, never queues. */
  send(data: Uint8Array, to: Uint8Array | null = null, control: Uint8Array | null = null): number {
    return this.#socket.send(data, to, control);
  }

  /** The next datagram, or null when none waits. Throws SystemError for an error of the socket, such as ENOBUFS. */
  receive(): Datagram | null {
    return this.#receive(0);
  }

  /**
   * The next of what IP_RECVERR and its kin have kept: the datagram that could not be delivered, its destination, and in
   * `control` a `struct sock_extended_err`; null when there is none. Until all are taken, `error` is called again.
   */
  receiveError(): Datagram | null {
    return this.#receive(MSG_ERRQUEUE);
  }

  #receive(flags: number): Datagram | null {
    const { bytes, view } = sharedSlab();
    const length = this.#socket.recv(bytes, flags);
    if (length === -EAGAIN || length === -EINTR) return null;
    check('receive from a socket', 'recvmsg', length);
    return {
      data: bytes.slice(0, length),
      address: bytes.slice(
        SLAB.address,
        SLAB.address + Math.min(view.getInt32(SLAB.lengths, true), MAX_ADDRESS_LENGTH),
      ),
      control: bytes.slice(SLAB.control, SLAB.control + view.getInt32(SLAB.lengths + 4, true)),
      flags: view.getInt32(SLAB.lengths + 8, true),
    };
  }

  /**
   * Hands out datagrams as they arrive, at most 64 a turn of the event loop, and keeps the process alive (see `unref`).
   * After an error the socket goes on: an overrun or a refused datagram is news, not the end. Throws SystemError.
   */
  start(handlers: { message(datagram: Datagram): void; error(error: SystemError): void }): void {
    const readable = (errno: number): void => {
      if (errno !== 0) handlers.error(new SystemError('receive from a socket', 'recvmsg', errno));
      for (let n = 0; n < MAX_DATAGRAMS_PER_TURN && !this.#closed; n++) {
        let datagram: Datagram | null;
        try {
          datagram = this.receive();
        } catch (error) {
          if (!(error instanceof SystemError)) throw error;
          handlers.error(error);
          return;
        }
        if (datagram === null) return;
        handlers.message(datagram);
      }
    };
    check('watch a socket', 'epoll_ctl', this.#socket.start(readable));
  }

  /** Whether a started socket keeps the process alive; it does at first. */
  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  /**
   * Gives the descriptor away: whoever takes it closes it, and this object is as if closed. For one that was never started.
   * Throws SystemError.
   */
  detach(): number {
    const fd = check('give a socket away', 'detach', this.#socket.detach());
    this.#closed = true;
    return fd;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#socket.close();
  }
}

/** The result of a call, unless that is -errno: then throws SystemError. */
function check(attempt: string, syscall: string, result: number): number {
  if (result < 0) throw new SystemError(attempt, syscall, -result);
  return result;
}

/** Milliseconds of CLOCK_MONOTONIC, with a fraction: what `process.hrtime` counts and `MonotonicTimer` is armed in. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/**
 * A kernel timestamp (nanoseconds of CLOCK_REALTIME, as SO_TIMESTAMPNS gives them) in milliseconds of `monotonicMs`.
 * The two clocks are compared at each call: somebody may have set the wall clock.
 */
export function monotonicOf(realtimeNs: bigint): number {
  return Number(realtimeNs - native().clockoffset()) / 1e6;
}

/**
 * One absolute deadline on the clock of `monotonicMs`, precise where setTimeout counts whole milliseconds. Keeps the
 * process alive while armed. Must be closed: until then it is not garbage.
 */
export class MonotonicTimer {
  readonly #timer: NativeTimer;

  /** `fired` is called once for each arming, never from within `armAt`. Throws SystemError. */
  constructor(fired: () => void) {
    this.#timer = new (native().Timer)();
    const expired = (): void => {
      this.#timer.unref();
      fired();
    };
    check('watch a timer', 'epoll_ctl', this.#timer.start(expired));
    this.#timer.unref();
  }

  /** Replaces the deadline. One in the past fires at once, but asynchronously; null disarms. Throws SystemError. */
  armAt(atMs: number | null): void {
    check('arm a timer', 'timerfd_settime', this.#timer.arm(atMs === null ? -1 : Math.max(0, atMs)));
    if (atMs === null) this.#timer.unref();
    else this.#timer.ref();
  }

  /** Idempotent. */
  close(): void {
    this.#timer.close();
  }
}

/** The index of a network interface, or null when there is none of that name. */
export function interfaceIndex(name: string): number | null {
  const index = native().ifindex(name);
  return index < 0 ? null : index;
}
