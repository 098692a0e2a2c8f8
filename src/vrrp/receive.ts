/**
 * What must hold before an advertisement may reach the state machine (RFC 9568 section 7.1). Pure.
 * A refused packet only raises a counter: it moves no timer and no state, so nobody can silence a router with rubbish.
 */
import { compareBytes } from '../net/ip.ts';
import { err, ok, type Result } from '../util/result.ts';
import { type ChecksumForm, type DecodedAdvert, decodeAdvert, type Envelope } from './packet.ts';
import type { Millis } from './timers.ts';

/** A VRRP message as the transport got it. */
export interface ReceivedMessage {
  readonly data: Uint8Array;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** What the checksum covers instead of source and destination, where the transport agrees on something else (UDP). */
  readonly envelope?: Envelope;
  /** TTL or hop limit; null where the transport cannot tell (UDP). */
  readonly ttl: number | null;
  /** When the kernel got it, on the monotonic clock; null where the transport cannot tell. */
  readonly arrivedAt: Millis | null;
}

/** Counter names follow RFC 8347 (ietf-vrrp) where it has one. */
export const REFUSALS = [
  'ip-ttl-errors',
  'version-errors',
  'invalid-type-pkts-rcvd',
  'packet-length-errors',
  'checksum-errors',
  'vrid-errors',
  'interval-errors',
  'own-address',
  'unknown-peer',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** What a transport knows of the virtual router that a message may be for. */
export interface Acceptance {
  readonly ownAddresses: readonly Uint8Array[];
  /** Unicast: only these may speak. Empty: everybody on the link. */
  readonly peers: readonly Uint8Array[];
}

/** The checks that need no virtual router: TTL, version, type, length, checksum, interval. */
export function checkMessage(message: ReceivedMessage): Result<DecodedAdvert, Refusal> {
  if (message.ttl !== null && message.ttl !== 255) return err('ip-ttl-errors');
  const decoded = decodeAdvert(message.data, message.envelope ?? message);
  if (!decoded.ok) {
    switch (decoded.error.kind) {
      case 'version':
        return err('version-errors');
      case 'type':
        return err('invalid-type-pkts-rcvd');
      case 'length':
        return err('packet-length-errors');
      case 'checksum':
        return err('checksum-errors');
    }
  }
  if (decoded.value.maxAdvertiseIntervalCs === 0) return err('interval-errors'); // erratum 8301
  return decoded;
}

/** The checks that need the virtual router. */
export function checkSender(message: ReceivedMessage, router: Acceptance): Result<void, Refusal> {
  if (router.ownAddresses.some((own) => compareBytes(own, message.source) === 0)) return err('own-address');
  if (router.peers.length > 0 && !router.peers.some((peer) => compareBytes(peer, message.source) === 0))
    return err('unknown-peer');
  return ok(undefined);
}

/** Whether the advertised addresses are ours, in any order. A difference is reported, not refused (RFC 9568 section 7.1). */
export function hasSameAddresses(advert: DecodedAdvert, ours: readonly Uint8Array[]): boolean {
  return (
    advert.addresses.length === ours.length &&
    advert.addresses.every((theirs) => ours.some((own) => compareBytes(own, theirs) === 0))
  );
}

/** The checksum form to send next: the one the peer was last heard to use, keepalived's before anybody was heard. */
export function checksumToSend(setting: 'auto' | ChecksumForm, lastHeard: ChecksumForm | null): ChecksumForm {
  return setting === 'auto' ? (lastHeard ?? 'pseudo') : setting;
}
