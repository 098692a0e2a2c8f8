/** What a service tells systemd: readiness, status, watchdog (sd_notify(3), sd_watchdog_enabled(3)). */
import { AF_UNIX, sockaddrUn } from '../net/sockaddr.ts';
import { RawSocket, SystemError } from './socket.ts';

const SOCK_DGRAM = 2;

/**
 * Sends assignments such as "READY=1\nSTATUS=5 virtual servers" to $NOTIFY_SOCKET. False when systemd did not ask for
 * it, or did not take it: a daemon goes on either way. Throws NativeUnavailableError.
 */
export function notifySystemd(state: string): boolean {
  const path = process.env['NOTIFY_SOCKET'];
  // A path or an abstract name; other forms (vsock:) are for virtual machines.
  const address = path?.startsWith('/') || path?.startsWith('@') ? sockaddrUn(path) : null;
  if (address === null) return false;
  try {
    const socket = new RawSocket(AF_UNIX, SOCK_DGRAM, 0);
    const sent = socket.send(new TextEncoder().encode(state), address);
    socket.close();
    return sent > 0;
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
}

/**
 * The time in which systemd wants to hear "WATCHDOG=1" before it restarts us, in milliseconds; null when it does not
 * watch this process. Notify at half of it.
 */
export function watchdogIntervalMs(): number | null {
  const microseconds = Number(process.env['WATCHDOG_USEC']);
  const pid = process.env['WATCHDOG_PID'];
  if (!Number.isFinite(microseconds) || microseconds <= 0) return null;
  if (pid !== undefined && pid !== String(process.pid)) return null;
  return microseconds / 1000;
}

/** Feeds systemd's watchdog while `isAlive` says so. Null: there is none. */
export function startWatchdog(isAlive: () => boolean): NodeJS.Timeout | null {
  const everyMs = watchdogIntervalMs();
  if (everyMs === null) return null;
  return setInterval(() => {
    if (isAlive()) notifySystemd('WATCHDOG=1');
  }, everyMs / 2);
}
