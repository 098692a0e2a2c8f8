/**
 * TCP connections of the probes: from which address, by which interface, with which firewall mark. Node knows none of that
 * but the address, so a socket of ours is made and prepared, and Node connects it.
 */
import { closeSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import type { CheckCommon } from '../config/checks/common.ts';
import { familyOf, isPlainRoute, prepareRoute } from './probe-route.ts';
import { RawSocket } from './socket.ts';

const SOCK_STREAM = 1;

/** Where a connection goes and how it leaves. */
export type DialTo = Pick<CheckCommon, 'address' | 'port' | 'sourceAddress' | 'interface' | 'mark'>;

/** A setsockopt. */
export interface SocketOption {
  readonly level: number;
  readonly name: number;
  readonly value: number;
}

/**
 * Connects: the socket that is returned tells 'connect', 'error' and 'close' as that of `net.connect` does, never from
 * within this call. Destroying it at any time frees the descriptor. What this machine refuses (the mark, the interface, the
 * source address) comes as 'error' too: a SystemError that says what to do. Never throws. `options` are set before
 * connecting.
 */
export function dialTcp(to: DialTo, options: readonly SocketOption[] = []): Socket {
  const { address: host, port } = to;
  if (isPlainRoute(to) && options.length === 0) return connect({ host, port, noDelay: true });
  let socket: Socket | undefined;
  try {
    socket = adopt(prepared(to, options));
    // It has a descriptor already: that one is connected.
    return socket.setNoDelay(true).connect({ host, port });
  } catch (error) {
    return (socket ?? new Socket()).destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** A socket that is ready to connect; the descriptor is the caller's. Throws SystemError. */
function prepared(to: DialTo, options: readonly SocketOption[]): number {
  const socket = new RawSocket(familyOf(to.address), SOCK_STREAM, 0);
  try {
    prepareRoute(socket, to);
    for (const { level, name, value } of options) socket.setOption(level, name, value);
    return socket.detach();
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Node's socket of a descriptor, which is closed when it cannot be had. */
function adopt(fd: number): Socket {
  try {
    return new Socket({ fd, readable: true, writable: true });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
