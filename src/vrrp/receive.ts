/**
 * What must hold before an advertisement may reach the state machine (RFC 9568 section 7.1, RFC 3768 section 7.1). Pure.
 * A refused packet only raises a counter: it moves no timer and no state, so nobody can silence a router with rubbish.
 */
import { compareBytes, isMulticast } from '../net/ip.ts';
import { assertNever } from '../util/assert-never.ts';
import { err, ok, type Result } from '../util/result.ts';
import { type Authentication, refuseAuthentication } from './authentication.ts';
import { OWNER } from './fsm-types.ts';
import {
  type ChecksumForm,
  type DecodedAdvert,
  type DecodeError,
  decodeAdvert,
  type Envelope,
  type Version,
} from './packet.ts';
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
  /** It came behind an IP Authentication Header (protocol 51). */
  readonly behindHeader?: boolean;
}

/**
 * In the order of the checks. Counter names follow RFC 8347 (ietf-vrrp) where it has one, then VRRP-MIB of version 2
 * (RFC 2787).
 */
export const REFUSALS = [
  'unexpected-unicast',
  'unexpected-multicast',
  'ip-ttl-errors',
  'version-errors',
  'invalid-type-pkts-rcvd',
  'packet-length-errors',
  'checksum-errors',
  'vrid-errors',
  'authentication-header',
  'invalid-auth-type',
  'auth-type-mismatch',
  'auth-failures',
  'interval-errors',
  'address-list-errors',
  'own-address',
  'unknown-peer',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** RFC 8347 counts these for all virtual routers together: what they say of the virtual router cannot be believed. */
const OF_NO_ROUTER: ReadonlySet<Refusal> = new Set([
  'ip-ttl-errors',
  'version-errors',
  'checksum-errors',
  'vrid-errors',
]);

/** Whether the refusal counts for the virtual router that the message names, if there is one. */
export function countsForRouter(refusal: Refusal): boolean {
  return !OF_NO_ROUTER.has(refusal);
}

/** What a virtual router wants of an advertisement. */
export interface Expected {
  readonly version: Version;
  /** Version 2 only. */
  readonly authentication: Authentication;
  /** Version 2 wants the same of everybody. */
  readonly advertisementIntervalCs: number;
  /** The virtual addresses. */
  readonly addresses: readonly Uint8Array[];
  /** Unicast: only these may speak. Empty: everybody on the link, by multicast. */
  readonly peers: readonly Uint8Array[];
  /** Smallest TTL or hop limit; 255, which no router lets through, for multicast. */
  readonly leastTtl: number;
}

/** What a packet that crossed no router has (RFC 9568 section 5.1.1.3). */
export const ON_LINK_TTL = 255;

/** The virtual router identifier that the message names; 0, which nobody has, where it is too short for one. */
export function vridOf({ data }: ReceivedMessage): number {
  return data[1] ?? 0;
}

/**
 * All checks, in their order. `router`: the one that has the identifier `vridOf(message)` on the interface, null if none
 * does; then nothing is accepted. `ownAddress`: what we send from there.
 */
export function checkMessage(
  message: ReceivedMessage,
  router: Expected | null,
  ownAddress: Uint8Array,
): Result<DecodedAdvert, Refusal> {
  if (router !== null && isMulticast(message.destination) !== (router.peers.length === 0))
    return err(router.peers.length === 0 ? 'unexpected-unicast' : 'unexpected-multicast');
  if (message.ttl !== null && message.ttl < (router?.leastTtl ?? ON_LINK_TTL)) return err('ip-ttl-errors');
  const decoded = decodeAdvert(message.data, message.envelope ?? message, router?.version ?? null);
  if (!decoded.ok) return err(refusalOf(decoded.error));
  if (router === null) return err('vrid-errors');
  const advert = decoded.value;
  const refusal = refuseContent(message, advert, router) ?? refuseSender(message.source, router, ownAddress);
  return refusal === null ? ok(advert) : err(refusal);
}

function refusalOf(error: DecodeError): Refusal {
  switch (error.kind) {
    case 'version':
      return 'version-errors';
    case 'type':
      return 'invalid-type-pkts-rcvd';
    case 'length':
      return 'packet-length-errors';
    case 'checksum':
      return 'checksum-errors';
    default:
      return assertNever(error);
  }
}

function refuseContent(message: ReceivedMessage, advert: DecodedAdvert, router: Expected): Refusal | null {
  if (advert.version === 3) {
    if (message.behindHeader === true) return 'authentication-header';
    return advert.maxAdvertiseIntervalCs === 0 ? 'interval-errors' : null; // erratum 8301
  }
  const forged = refuseAuthentication(advert.authentication, router.authentication, message.behindHeader === true);
  if (forged !== null) return forged;
  if (advert.maxAdvertiseIntervalCs !== router.advertisementIntervalCs) return 'interval-errors';
  // RFC 3768 section 7.1: the owner's list is believed; of others, another list is dropped.
  return advert.priority !== OWNER && !hasSameAddresses(advert, router.addresses) ? 'address-list-errors' : null;
}

function refuseSender(source: Uint8Array, router: Expected, ownAddress: Uint8Array): Refusal | null {
  if (compareBytes(source, ownAddress) === 0) return 'own-address';
  const isStranger = router.peers.length > 0 && !router.peers.some((peer) => compareBytes(peer, source) === 0);
  return isStranger ? 'unknown-peer' : null;
}

/** Whether the advertised addresses are ours, in any order. In version 3 a difference is told, not refused. */
export function hasSameAddresses({ addresses }: DecodedAdvert, ours: readonly Uint8Array[]): boolean {
  return addresses.length === ours.length && isWithin(addresses, ours) && isWithin(ours, addresses);
}

function isWithin(some: readonly Uint8Array[], all: readonly Uint8Array[]): boolean {
  return some.every((one) => all.some((other) => compareBytes(one, other) === 0));
}

/** The checksum form to send next: the one the peer was last heard to use, keepalived's before anybody was heard. */
export function checksumToSend(setting: 'auto' | ChecksumForm, lastHeard: ChecksumForm | null): ChecksumForm {
  return setting === 'auto' ? (lastHeard ?? 'pseudo') : setting;
}
