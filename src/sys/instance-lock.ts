/**
 * One daemon for each network namespace: a listening socket with an abstract name. Such names live in the network
 * namespace, as IPVS tables and addresses do, and vanish with their process however that ends.
 */
import { constants } from 'node:os';
import { AF_UNIX, sockaddrUn } from '../net/sockaddr.ts';
import { RawSocket, SystemError } from './socket.ts';

const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** `struct ucred`: pid, uid, gid. */
const UCRED_LENGTH = 12;
/** Nobody accepts: each second instance that asks for our pid takes one place for as long as we run. */
const BACKLOG = 4096;
/** The holder may end between our bind and our connect; three times in a row it does not. */
const ATTEMPTS = 3;

/** A forgotten socket is closed as garbage; a lock that nobody means to release must not be. */
const held = new Set<RawSocket>();

/** `release` is idempotent. */
export type InstanceLock = { release(): void } | { readonly heldByPid: number };

/**
 * Takes the lock, or tells who has it: 0 when the kernel does not say (a process of another pid namespace, or 4096
 * have asked before). Throws SystemError, NativeUnavailableError.
 */
export function acquireInstanceLock(): InstanceLock {
  const address = sockaddrUn('\0lvsd');
  if (address === null) throw new Error('The name of the instance lock is no socket name');
  let heldByPid: number | null = null;
  for (let attempt = 0; attempt < ATTEMPTS && heldByPid === null; attempt++) {
    const lock = tryBind(address);
    if (lock !== null) return hold(lock);
    heldByPid = holderPid(address);
  }
  return { heldByPid: heldByPid ?? 0 };
}

function hold(lock: RawSocket): InstanceLock {
  held.add(lock);
  const release = (): void => {
    held.delete(lock);
    lock.close();
  };
  return { release };
}

/** The listening socket, or null when the name is taken. */
function tryBind(address: Uint8Array): RawSocket | null {
  const socket = new RawSocket(AF_UNIX, SOCK_STREAM, 0);
  try {
    socket.bind(address);
    socket.listen(BACKLOG);
    return socket;
  } catch (error) {
    socket.close();
    if (error instanceof SystemError && error.errno === constants.errno.EADDRINUSE) return null;
    throw error;
  }
}

/** Who listens there, 0 when the kernel does not say, null when nobody does any more. */
function holderPid(address: Uint8Array): number | null {
  const socket = new RawSocket(AF_UNIX, SOCK_STREAM, 0);
  try {
    socket.connect(address);
    const credentials = socket.getOption(SOL_SOCKET, SO_PEERCRED, UCRED_LENGTH);
    return new DataView(credentials.buffer, credentials.byteOffset).getInt32(0, true);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return error.errno === constants.errno.ECONNREFUSED ? null : 0;
  } finally {
    socket.close();
  }
}
