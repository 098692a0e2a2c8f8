/** The arithmetic of BFD's timers (RFC 5880 sections 6.8.2 to 6.8.4, 6.8.7), in milliseconds. Pure. */
import type { Remote, Session, SessionParameters } from './types.ts';

/** Section 6.8.3: a session that is not Up transmits no faster than this. */
export const SLOW_INTERVAL_MS = 1000;

/** bfd.DesiredMinTxInterval: as configured, but slow while the session is not Up. */
export function desiredMinTxMs({ minTxMs }: SessionParameters, isUp: boolean): number {
  return isUp ? minTxMs : Math.max(SLOW_INTERVAL_MS, minTxMs);
}

/** Section 6.8.2: what both sides can bear, before jitter. */
export function transmitIntervalMs(session: Pick<Session, 'txMs' | 'remote'>): number {
  return Math.max(session.txMs, session.remote?.minRxMs ?? 0);
}

/**
 * Section 6.8.7: each interval is shortened by 0 to 25 %, with a multiplier of 1 by 10 to 25 %, so that senders do not fall
 * into step and one packet is never just too late. `random` is from 0 up to 1.
 */
export function jitteredMs(intervalMs: number, detectMultiplier: number, random: number): number {
  return intervalMs * (detectMultiplier === 1 ? 0.75 + 0.15 * random : 0.75 + 0.25 * random);
}

/** Section 6.8.4, asynchronous mode: the neighbour's multiplier, and the slower of its packets and our wish. */
export function detectionTimeMs(rxMs: number, remote: Remote): number {
  return remote.detectMultiplier * Math.max(rxMs, remote.minTxMs);
}

/**
 * Section 6.8.7: no packets on one's own while passive and not spoken to, while the neighbour wants none, and while it is
 * in Demand mode (section 6.6) with both sides Up and we have nothing to ask.
 */
export function mayTransmit({ passive }: SessionParameters, session: Session): boolean {
  const { remote } = session;
  if (remote === null) return !passive;
  if (remote.minRxMs === 0) return false;
  const demandActive = remote.demand && remote.state === 'up' && session.state === 'up';
  return !demandActive || session.polling;
}
