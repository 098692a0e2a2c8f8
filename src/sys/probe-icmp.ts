/** ICMP probe: an echo request, and its reply from the very address that was asked. All targets share one socket. */
import { randomFillSync } from 'node:crypto';
import { constants } from 'node:os';
import type { IcmpCheckConfig } from '../config/checks/icmp.ts';
import type { ProbeResult } from '../health/types.ts';
import { parseAddress } from '../net/ip.ts';
import { encodeControl } from '../net/sockaddr.ts';
import { repeatEvenly } from './datagram.ts';
import { type EchoSocket, giveBackEchoSocket, TOKEN_LENGTH, takeEchoSocket } from './echo-socket.ts';
import { Exchange, failed, failureOf, type Outcome, PASSED, type ProbeTarget } from './probe.ts';
import { familyOf, isPlainRoute, type ProbeRoute, prepareRoute, sockaddrOf } from './probe-route.ts';
import { interfaceIndex, RawSocket, SystemError } from './socket.ts';

const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_MARK = 36;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IPPROTO_IPV6 = 41;
const IPV6_PKTINFO = 50;

/** Probes one icmp check. */
export class IcmpTarget implements ProbeTarget {
  readonly #check: IcmpCheckConfig;
  readonly #family: 4 | 6;
  readonly #address: Uint8Array;
  readonly #payload: Uint8Array;
  #socket: EchoSocket | null = null;
  #exchange: Exchange | null = null;

  constructor(check: IcmpCheckConfig) {
    const address = parseAddress(check.address);
    // Configured addresses were parsed before.
    if (address === null) throw new TypeError(`Cannot probe ${check.address}: not an address`);
    this.#check = check;
    this.#family = address.family;
    this.#address = address.bytes;
    this.#payload = new Uint8Array(check.size);
  }

  probe(): Promise<ProbeResult> {
    const { timeoutMs } = this.#check;
    const exchange = new Exchange(timeoutMs, () => failed('timeout', `no echo reply within ${timeoutMs} ms`));
    this.#exchange = exchange;
    try {
      this.#socket ??= takeEchoSocket(this.#family, !isPlainRoute(this.#check));
      this.#request(this.#socket, exchange);
    } catch (error) {
      exchange.end(failureOf(error, 'local'));
    }
    return exchange.result;
  }

  close(): void {
    this.#exchange?.end(failed('local', 'probe cancelled'));
    if (this.#socket !== null) giveBackEchoSocket(this.#socket);
    this.#socket = null;
  }

  #request(socket: EchoSocket, exchange: Exchange): void {
    const { size, tries, timeoutMs } = this.#check;
    const to = sockaddrOf(this.#check.address, 0, this.#check.interface);
    const control = controlFor(this.#check, this.#family);
    randomFillSync(this.#payload, 0, TOKEN_LENGTH);
    const sequence = socket.await({
      address: this.#address,
      payload: this.#payload,
      replied: (length) =>
        exchange.end(length === size ? PASSED : failed('answer', `echo reply with ${length} bytes, sent ${size}`)),
      undelivered: (what) => exchange.end(failed('unreachable', what)),
    });
    if (sequence === null) {
      exchange.end(failed('local', 'too many echo requests under way'));
      return;
    }
    const request = socket.request(sequence, this.#payload);
    const send = (): void => {
      try {
        socket.send(request, to, control);
      } catch (error) {
        exchange.end(this.#notSent(error));
      }
    };
    let stop = (): void => {};
    exchange.whenOver(() => {
      this.#exchange = null;
      stop();
      socket.forget(sequence);
    });
    send();
    if (!exchange.over) stop = repeatEvenly(tries, timeoutMs, send);
  }

  #notSent(error: unknown): Outcome {
    try {
      tryRoute(this.#check);
      return failureOf(error, 'local');
    } catch (ours) {
      return failureOf(ours, 'local');
    }
  }
}

/** Source address, interface and mark go along with each request: ip(7), ipv6(7). Throws SystemError. */
function controlFor(way: ProbeRoute, family: 4 | 6): Uint8Array | null {
  if (isPlainRoute(way)) return null;
  const mark = new Uint8Array(4);
  new DataView(mark.buffer).setUint32(0, way.mark, true);
  const marked = way.mark === 0 ? [] : [{ level: SOL_SOCKET, type: SO_MARK, data: mark }];
  if (way.sourceAddress === null && way.interface === null) return encodeControl(marked);
  const index = leavingBy(way.interface);
  const source = way.sourceAddress === null ? null : (parseAddress(way.sourceAddress)?.bytes ?? null);
  // struct in_pktinfo: index, source, an address that does not matter. struct in6_pktinfo: source, index.
  const data = new Uint8Array(family === 4 ? 12 : 20);
  if (source !== null) data.set(source, family === 4 ? 4 : 0);
  new DataView(data.buffer).setInt32(family === 4 ? 0 : 16, index, true);
  const [level, type] = family === 4 ? [IPPROTO_IP, IP_PKTINFO] : [IPPROTO_IPV6, IPV6_PKTINFO];
  return encodeControl([...marked, { level, type, data }]);
}

/**
 * Throws SystemError if this host cannot send that way at all. For a source address that is not ours the kernel says
 * "network unreachable" to an echo request, which would be held against the server.
 */
function tryRoute(route: IcmpCheckConfig): void {
  if (isPlainRoute(route)) return;
  const socket = new RawSocket(familyOf(route.address), SOCK_DGRAM, 0);
  try {
    prepareRoute(socket, route);
  } finally {
    socket.close();
  }
}

/** 0: none is asked for. */
function leavingBy(name: string | null): number {
  if (name === null) return 0;
  const index = interfaceIndex(name);
  if (index !== null) return index;
  throw new SystemError(`send by interface ${name}`, 'ioctl', constants.errno.ENODEV, 'there is no such interface');
}
