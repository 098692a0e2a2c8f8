/** Echo requests, their replies, and the errors that come instead (RFC 792, RFC 4443). Pure. */
import { internetChecksum } from './checksum.ts';

/** What came in for echo requests of ours. */
export type EchoNews =
  | { readonly kind: 'reply'; readonly id: number; readonly sequence: number; readonly payload: Uint8Array }
  /** Somebody could not deliver the request that it quotes. */
  | {
      readonly kind: 'error';
      readonly id: number;
      readonly sequence: number;
      /** Where the request was going: 4 or 16 bytes. */
      readonly destination: Uint8Array;
      /** In words: "host unreachable". */
      readonly what: string;
    };

/** How the messages of one family look. */
interface Dialect {
  readonly request: number;
  readonly reply: number;
  /** Of the protocol, in the IP header of a quoted request. */
  readonly protocol: number;
  /** By type and code; errors that are not in it say nothing about the host ("packet too big"). */
  readonly errors: ReadonlyMap<number, ReadonlyMap<number, string>>;
  /** For codes that are not listed. */
  readonly unreachable: number;
}

const IPV4: Dialect = {
  request: 8,
  reply: 0,
  protocol: 1,
  unreachable: 3,
  errors: new Map([
    [
      3,
      new Map([
        [0, 'network unreachable'],
        [1, 'host unreachable'],
        [2, 'protocol unreachable'],
        [3, 'port unreachable'],
        [9, 'network prohibited'],
        [10, 'host prohibited'],
        [13, 'administratively prohibited'],
      ]),
    ],
    [11, new Map([[0, 'time to live exceeded on the way']])],
  ]),
};

const IPV6: Dialect = {
  request: 128,
  reply: 129,
  protocol: 58,
  unreachable: 1,
  errors: new Map([
    [
      1,
      new Map([
        [0, 'no route to the host'],
        [1, 'administratively prohibited'],
        [3, 'address unreachable'],
        [4, 'port unreachable'],
        [5, 'source address refused by policy'],
        [6, 'route rejected'],
      ]),
    ],
    [3, new Map([[0, 'hop limit exceeded on the way']])],
  ]),
};

const ECHO_HEADER_LENGTH = 8;
const IPV6_HEADER_LENGTH = 40;
const EXTENDED_ERROR_LENGTH = 16;
/** SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6: the network said it, not this host's stack. */
const ORIGIN_ICMP = { 4: 2, 6: 3 } as const;
/** RFC 792 "fragmentation needed": the kernel learns the size, the next request passes. */
const FRAGMENTATION_NEEDED = 4;

/** An echo request. The checksum is that of IPv4; for IPv6 (and on ping sockets) the kernel writes it. */
export function encodeEcho(family: 4 | 6, id: number, sequence: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ECHO_HEADER_LENGTH + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = dialectOf(family).request;
  view.setUint16(4, id);
  view.setUint16(6, sequence);
  bytes.set(payload, ECHO_HEADER_LENGTH);
  if (family === 4) view.setUint16(2, internetChecksum(bytes));
  return bytes;
}

/** What a raw IPv4 socket receives, without its IP header. Null if there is none. */
export function withoutIpv4Header(packet: Uint8Array): Uint8Array | null {
  const first = packet[0] ?? 0;
  const length = (first & 0x0f) * 4;
  return first >>> 4 === 4 && length >= 20 && packet.length >= length ? packet.subarray(length) : null;
}

/** Reads an ICMP message, from its type on. Null if it is of no use here, or not whole. The kernel checked its checksum. */
export function decodeEcho(family: 4 | 6, message: Uint8Array): EchoNews | null {
  if (message.length < ECHO_HEADER_LENGTH) return null;
  const dialect = dialectOf(family);
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const type = view.getUint8(0);
  if (type === dialect.reply) {
    const payload = message.subarray(ECHO_HEADER_LENGTH);
    return { kind: 'reply', id: view.getUint16(4), sequence: view.getUint16(6), payload };
  }
  const what = wordsFor(family, type, view.getUint8(1));
  if (what === null) return null;
  const quoted = message.subarray(ECHO_HEADER_LENGTH);
  const request = family === 4 ? withoutIpv4Header(quoted) : withoutIpv6Header(quoted);
  const protocol = quoted[family === 4 ? 9 : 6];
  if (request === null || request.length < ECHO_HEADER_LENGTH) return null;
  if (protocol !== dialect.protocol || request[0] !== dialect.request) return null;
  const destination = family === 4 ? quoted.subarray(16, 20) : quoted.subarray(24, 40);
  const inner = new DataView(request.buffer, request.byteOffset, request.byteLength);
  return { kind: 'error', id: inner.getUint16(4), sequence: inner.getUint16(6), destination, what };
}

/**
 * What a ping socket keeps on its error queue: the request from its ICMP header on, where it was going, and a
 * `struct sock_extended_err` (linux/errqueue.h). Null if it says nothing about the host.
 */
export function decodeQueuedError(
  family: 4 | 6,
  request: Uint8Array,
  destination: Uint8Array,
  extended: Uint8Array,
): EchoNews | null {
  if (request.length < ECHO_HEADER_LENGTH || extended.length < EXTENDED_ERROR_LENGTH) return null;
  const [origin, type, code] = extended.subarray(4, 7);
  if (origin !== ORIGIN_ICMP[family]) return null;
  const what = wordsFor(family, type ?? 0, code ?? 0);
  const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
  const [id, sequence] = [view.getUint16(4), view.getUint16(6)];
  return what === null ? null : { kind: 'error', id, sequence, destination, what };
}

function withoutIpv6Header(packet: Uint8Array): Uint8Array | null {
  return (packet[0] ?? 0) >>> 4 === 6 && packet.length >= IPV6_HEADER_LENGTH
    ? packet.subarray(IPV6_HEADER_LENGTH)
    : null;
}

function wordsFor(family: 4 | 6, type: number, code: number): string | null {
  const { errors, unreachable } = dialectOf(family);
  const known = errors.get(type)?.get(code);
  if (known !== undefined) return known;
  if (type !== unreachable || (family === 4 && code === FRAGMENTATION_NEEDED)) return null;
  return `unreachable (code ${code})`;
}

function dialectOf(family: 4 | 6): Dialect {
  return family === 4 ? IPV4 : IPV6;
}
