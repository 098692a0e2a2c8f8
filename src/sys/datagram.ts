/**
 * Connected UDP sockets of the probes. Unlike Node's, they send by a chosen source address, interface and mark, and hear
 * of every ICMP error: with IP_RECVERR (ip(7)) the kernel reports "host unreachable" too, be it from a router or because
 * nobody answers ARP, where by default it tells a UDP socket of a few kinds only.
 */
import { constants } from 'node:os';
import type { CheckCommon } from '../config/checks/common.ts';
import { compareBytes } from '../net/ip.ts';
import { AF_INET } from '../net/sockaddr.ts';
import { failureOf, type Outcome } from './probe.ts';
import { familyOf, type ProbeRoute, prepareRoute, sockaddrOf } from './probe-route.ts';
import { interfaceIndex, RawSocket, SystemError } from './socket.ts';

const SOCK_DGRAM = 2;
const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;
const IP_RECVERR = 11;
const IPV6_RECVERR = 25;
/** Where sockaddr_in and sockaddr_in6 hold port and address: what makes two of them the same place. */
const PLACE_IN: readonly (readonly [number, number])[] = [[2, 8]];
const PLACE_IN6: readonly (readonly [number, number])[] = [
  [2, 4],
  [8, 24],
];

/** Where datagrams go and how they leave. */
export type DatagramTo = ProbeRoute & Pick<CheckCommon, 'address' | 'port'>;

export interface DatagramHandlers {
  message(data: Uint8Array): void;
  /** An ICMP error, or a refusal of this machine. Nothing comes after it: the socket is to be closed. */
  failed(outcome: Outcome): void;
}

export class DatagramSocket {
  readonly #socket: RawSocket;
  readonly #to: DatagramTo;
  readonly #receivesErrors: readonly [number, number];
  /** Of the interface it sends by; 0: the kernel chooses. */
  readonly #interfaceIndex: number;

  /** Throws SystemError, and NativeUnavailableError when the addon is not there. */
  constructor(to: DatagramTo, handlers: DatagramHandlers) {
    const family = familyOf(to.address);
    const isIpv4 = family === AF_INET;
    this.#to = to;
    this.#interfaceIndex = indexOf(to.interface);
    this.#receivesErrors = isIpv4 ? [IPPROTO_IP, IP_RECVERR] : [IPPROTO_IPV6, IPV6_RECVERR];
    this.#socket = new RawSocket(family, SOCK_DGRAM, 0);
    try {
      prepareRoute(this.#socket, to);
      this.#socket.setOption(...this.#receivesErrors, 1);
      this.#connect(isIpv4 ? PLACE_IN : PLACE_IN6);
      this.#socket.start({
        message: ({ data }) => handlers.message(data),
        error: (error) => this.#failed(error, handlers),
      });
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /** Null: it went out. */
  send(data: Uint8Array): Outcome | null {
    const sent = this.#socket.send(data);
    return sent >= 0 ? null : this.#outcomeOf(-sent, 'sendmsg');
  }

  /** Idempotent. */
  close(): void {
    this.#socket.close();
  }

  #connect(place: typeof PLACE_IN): void {
    const peer = sockaddrOf(this.#to.address, this.#to.port, this.#to.interface);
    try {
      this.#socket.connect(peer);
    } catch (error) {
      throw error instanceof SystemError ? new SystemError(this.#attempt(), error.syscall, error.errno) : error;
    }
    // A free port was chosen: if it is the very one that is to be probed, we would talk to ourselves.
    const own = this.#socket.localAddress();
    if (place.every(([from, to]) => compareBytes(own.subarray(from, to), peer.subarray(from, to)) === 0)) {
      throw new SystemError(this.#attempt(), 'connect', constants.errno.ECONNREFUSED, 'nobody has that port');
    }
  }

  #failed(error: SystemError, handlers: DatagramHandlers): void {
    // What is queued for MSG_ERRQUEUE keeps the socket "readable" for ever; the kernel drops it with the option.
    this.#socket.trySetOption(...this.#receivesErrors, 0);
    this.#socket.trySetOption(...this.#receivesErrors, 1);
    // The path takes only smaller packets, which the kernel has learned now: the next one is sent in fragments.
    if (error.code !== 'EMSGSIZE') handlers.failed(this.#outcomeOf(error.errno, error.syscall));
  }

  #outcomeOf(errno: number, syscall: string): Outcome {
    // Since then it was taken away, or replaced by another one: the kernel says "network unreachable", and means us.
    if (indexOf(this.#to.interface) !== this.#interfaceIndex) {
      return failureOf(
        new SystemError(`send by interface ${this.#to.interface}`, syscall, constants.errno.ENODEV),
        'local',
      );
    }
    return failureOf(new SystemError(this.#attempt(), syscall, errno), 'local');
  }

  #attempt(): string {
    return `probe UDP ${this.#to.address} port ${this.#to.port}`;
  }
}

function indexOf(device: string | null): number {
  return device === null ? 0 : (interfaceIndex(device) ?? 0);
}

/** Acts `times - 1` times more, evenly spaced over `withinMs`; the function it returns ends that. */
export function repeatEvenly(times: number, withinMs: number, act: () => void): () => void {
  if (times <= 1) return () => {};
  let left = times - 1;
  const timer = setInterval(() => {
    left -= 1;
    if (left === 0) clearInterval(timer);
    act();
  }, withinMs / times);
  return () => clearInterval(timer);
}
