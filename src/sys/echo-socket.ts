/**
 * One socket for the echo requests of all icmp checks of a family. A ping socket where net.ipv4.ping_group_range lets us
 * have one, since the kernel hands it nothing but what is meant for it; else a raw socket, which sees the host's other
 * echo replies and errors too and passes them over.
 */
import { randomInt } from 'node:crypto';
import { decodeEcho, decodeQueuedError, type EchoNews, encodeEcho, withoutIpv4Header } from '../net/icmp-echo.ts';
import { compareBytes } from '../net/ip.ts';
import { AF_INET, AF_INET6, parseControl } from '../net/sockaddr.ts';
import { errnoName, RawSocket, SystemError } from './socket.ts';

const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const SOL_SOCKET = 1;
/** Level SOL_SOCKET: each with the one that goes beyond net.core.rmem_max and wmem_max, for CAP_NET_ADMIN. */
const SO_SNDBUF = [7, 32] as const;
const SO_RCVBUF = [8, 33] as const;
/** Level and name of the filters by type (raw(7), RFC 3542 section 3.2); a bit that is set keeps its type away. */
const SOL_RAW = 255;
const ICMP_FILTER = 1;
const ICMPV6_FILTER = 1;
const WANTED_TYPES = { 4: [0, 3, 11], 6: [1, 3, 129] } as const;
/** Replies of 10 000 hosts that come at once. */
const RECEIVE_BUFFER = 8 * 1024 * 1024;
/**
 * What waits for a neighbour that does not answer ARP counts for 3 s: requests to 10 000 of them. With less, servers behind one
 * cut cable would leave no room for requests to the others.
 */
const SEND_BUFFER = 32 * 1024 * 1024;
/** Level and name of IP_RECVERR and IPV6_RECVERR, and of the control message that comes of it. */
const RECEIVES_ERRORS: Readonly<Record<4 | 6, readonly [number, number]>> = { 4: [0, 11], 6: [41, 25] };
/** Errors taken in one go; the kernel calls again while there are more. */
const MOST_ERRORS = 256;
const SEQUENCES = 65_536;
/** Random bytes at the head of each request: nobody who did not see it can answer it. */
export const TOKEN_LENGTH = 8;

/** Who waits for an answer. */
export interface EchoWaiting {
  /** The address asked, 4 or 16 bytes: an answer from any other is none. */
  readonly address: Uint8Array;
  /** What was sent; its first bytes are the token. */
  readonly payload: Uint8Array;
  replied(length: number): void;
  /** Somebody on the way could not deliver it; in words. */
  undelivered(what: string): void;
}

export class EchoSocket {
  readonly #family: 4 | 6;
  readonly #socket: RawSocket;
  readonly #raw: boolean;
  readonly #id: number;
  readonly #waiting = new Map<number, EchoWaiting>();
  #sequence = randomInt(SEQUENCES);

  /** `raw`: only a raw socket will do. Throws SystemError, and NativeUnavailableError when the addon is not there. */
  constructor(family: 4 | 6, raw: boolean) {
    this.#family = family;
    const ping = raw ? null : openPing(family);
    this.#socket = ping ?? openRaw(family);
    this.#raw = ping === null;
    // The kernel gives a ping socket its id, and writes it into each request.
    this.#id = randomInt(SEQUENCES);
    this.#enlarge(SO_RCVBUF, RECEIVE_BUFFER);
    this.#enlarge(SO_SNDBUF, SEND_BUFFER);
    if (!this.#raw) this.#socket.trySetOption(...RECEIVES_ERRORS[family], 1);
    this.#socket.start({
      message: ({ data, address }) => this.#heard(data, address),
      error: () => this.#hearErrors(),
    });
    this.#socket.unref();
  }

  /** The sequence number under which it is awaited; null: as many as there are numbers are under way. */
  await(waiting: EchoWaiting): number | null {
    if (this.#waiting.size >= SEQUENCES) return null;
    do this.#sequence = (this.#sequence + 1) % SEQUENCES;
    while (this.#waiting.has(this.#sequence));
    this.#waiting.set(this.#sequence, waiting);
    return this.#sequence;
  }

  forget(sequence: number): void {
    this.#waiting.delete(sequence);
  }

  /** The request as it goes out. */
  request(sequence: number, payload: Uint8Array): Uint8Array {
    return encodeEcho(this.#family, this.#id, sequence, payload);
  }

  /** Throws SystemError. */
  send(request: Uint8Array, to: Uint8Array, control: Uint8Array | null): void {
    let sent = this.#socket.send(request, to, control);
    // May be what the network said of another request: the kernel tells a ping socket so at its next call.
    if (sent < 0 && this.#hearErrors()) sent = this.#socket.send(request, to, control);
    if (sent < 0) throw new SystemError('send an ICMP echo request', 'sendmsg', -sent, ADVICE.get(errnoName(-sent)));
  }

  close(): void {
    this.#socket.close();
  }

  #enlarge([option, force]: readonly [number, number], size: number): void {
    if (!this.#socket.trySetOption(SOL_SOCKET, force, size)) this.#socket.trySetOption(SOL_SOCKET, option, size);
  }

  #heard(data: Uint8Array, address: Uint8Array): void {
    const message = this.#raw && this.#family === 4 ? withoutIpv4Header(data) : data;
    const news = message === null ? null : decodeEcho(this.#family, message);
    if (news === null || (this.#raw && news.id !== this.#id)) return;
    this.#tell(news, addressIn(this.#family, address));
  }

  /** What the network said of requests that were not delivered. Whether there was any. */
  #hearErrors(): boolean {
    const family = this.#family;
    const [level, type] = RECEIVES_ERRORS[family];
    let heard = 0;
    for (; heard < MOST_ERRORS; heard++) {
      const error = this.#socket.receiveError();
      if (error === null) return heard > 0;
      const extended = parseControl(error.control).find((item) => item.level === level && item.type === type);
      const destination = addressIn(family, error.address);
      const news = extended === undefined ? null : decodeQueuedError(family, error.data, destination, extended.data);
      if (news !== null) this.#tell(news, destination);
    }
    return true;
  }

  #tell(news: EchoNews, from: Uint8Array): void {
    const waiting = this.#waiting.get(news.sequence);
    if (waiting === undefined) return;
    if (news.kind === 'error') {
      if (compareBytes(news.destination, waiting.address) === 0) waiting.undelivered(news.what);
      return;
    }
    const [token, sent] = [news.payload, waiting.payload].map((payload) => payload.subarray(0, TOKEN_LENGTH));
    if (compareBytes(from, waiting.address) !== 0 || token === undefined || sent === undefined) return;
    if (compareBytes(token, sent) === 0) waiting.replied(news.payload.length);
  }
}

/** The address in a sockaddr. */
function addressIn(family: 4 | 6, sockaddr: Uint8Array): Uint8Array {
  return family === 4 ? sockaddr.subarray(4, 8) : sockaddr.subarray(8, 24);
}

const ADVICE: ReadonlyMap<string, string> = new Map([
  ['EMSGSIZE', 'make `size` smaller'],
  ['EPERM', 'a packet filter of this host, or a mark without CAP_NET_ADMIN'],
  ['EINVAL', 'this host does not have the source address'],
]);

function openPing(family: 4 | 6): RawSocket | null {
  try {
    return new RawSocket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM, family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
  } catch (error) {
    if (error instanceof SystemError) return null;
    throw error;
  }
}

function openRaw(family: 4 | 6): RawSocket {
  const [domain, protocol] = family === 4 ? [AF_INET, IPPROTO_ICMP] : [AF_INET6, IPPROTO_ICMPV6];
  const socket = new RawSocket(domain, SOCK_RAW, protocol);
  // Bit n of these little-endian words is bit n % 8 of byte n / 8.
  const filter = new Uint8Array(family === 4 ? 4 : 32).fill(0xff);
  for (const type of WANTED_TYPES[family]) filter[type >> 3] = (filter[type >> 3] ?? 0) & ~(1 << (type & 7));
  if (family === 4) socket.setOption(SOL_RAW, ICMP_FILTER, filter);
  else socket.setOption(IPPROTO_ICMPV6, ICMPV6_FILTER, filter);
  return socket;
}

interface Shared {
  readonly socket: EchoSocket;
  users: number;
}

/** Those of this thread, by family and kind: sockets cannot be shared between threads. */
const open = new Map<string, Shared>();

/** The socket that all share; to be given back as often. Throws as the constructor does. */
export function takeEchoSocket(family: 4 | 6, raw: boolean): EchoSocket {
  const key = `${family}${raw ? ' raw' : ''}`;
  const shared = open.get(key) ?? { socket: new EchoSocket(family, raw), users: 0 };
  shared.users += 1;
  open.set(key, shared);
  return shared.socket;
}

export function giveBackEchoSocket(socket: EchoSocket): void {
  for (const [key, shared] of open) {
    if (shared.socket !== socket) continue;
    shared.users -= 1;
    if (shared.users > 0) return;
    open.delete(key);
    socket.close();
  }
}
