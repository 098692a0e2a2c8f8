/** The network namespace of a process, as a number that is the same for everybody on this machine. */
import { statSync } from 'node:fs';
import { AF_UNIX } from '../net/sockaddr.ts';
import { RawSocket } from './socket.ts';

const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
/** Linux 5.14. */
const SO_NETNS_COOKIE = 71;
const COOKIE_LENGTH = 8;

/** Of this process without `pid`; null when it is gone, or not ours to look at. */
export function networkNamespace(pid?: number): number | null {
  try {
    return statSync(`/proc/${pid ?? 'self'}/ns/net`).ino;
  } catch {
    return null;
  }
}

/**
 * A name for this process's network namespace. Inode numbers are used again as soon as a namespace is gone, the kernel's
 * cookies never are; before Linux 5.14 there is only the inode.
 */
export function networkNamespaceName(): string {
  const socket = new RawSocket(AF_UNIX, SOCK_DGRAM, 0);
  try {
    const cookie = socket.getOption(SOL_SOCKET, SO_NETNS_COOKIE, COOKIE_LENGTH);
    return `cookie ${new DataView(cookie.buffer, cookie.byteOffset).getBigUint64(0, true)}`;
  } catch {
    return `inode ${networkNamespace()}`;
  } finally {
    socket.close();
  }
}
