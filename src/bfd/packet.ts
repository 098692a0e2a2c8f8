/**
 * The BFD control packet (RFC 5880 section 4.1) without authentication, and what section 6.8.6 asks of a received one
 * before it is looked up. Pure.
 */
import { err, ok, type Result } from '../util/result.ts';

/** UDP port of the receiver, and the range of the sender's (RFC 5881 section 4). */
export const BFD_PORT = 3784;
export const FIRST_SOURCE_PORT = 49_152;
export const LAST_SOURCE_PORT = 65_535;

const VERSION = 1;
const LENGTH = 24;
/** With an authentication section behind it: type and length at least. */
const LENGTH_WITH_AUTHENTICATION = 26;

const POLL = 0x20;
const FINAL = 0x10;
const CONTROL_PLANE_INDEPENDENT = 0x08;
const AUTHENTICATION = 0x04;
const DEMAND = 0x02;
const MULTIPOINT = 0x01;

/** The State field, in the order of its numbers. */
export const STATES = ['admin-down', 'down', 'init', 'up'] as const;
export type SessionState = (typeof STATES)[number];

/** Diagnostics (section 4.1) that we send. */
export const DIAGNOSTIC = { none: 0, timeExpired: 1, neighborSignaledDown: 3, pathDown: 5, adminDown: 7 } as const;

const DIAGNOSTIC_TEXT = [
  'no diagnostic',
  'control detection time expired',
  'echo function failed',
  'neighbor signaled session down',
  'forwarding plane reset',
  'path down',
  'concatenated path down',
  'administratively down',
  'reverse concatenated path down',
];

/** The section's words for a diagnostic, 0 to 31. */
export function diagnosticText(diagnostic: number): string {
  return DIAGNOSTIC_TEXT[diagnostic] ?? `diagnostic ${diagnostic}`;
}

export interface ControlPacket {
  /** 0..31. */
  readonly diagnostic: number;
  readonly state: SessionState;
  readonly poll: boolean;
  readonly final: boolean;
  readonly controlPlaneIndependent: boolean;
  /** An authentication section follows: we have none and never send it. */
  readonly authentication: boolean;
  readonly demand: boolean;
  /** Detect Mult, 1..255. */
  readonly detectMultiplier: number;
  /** Not 0. */
  readonly myDiscriminator: number;
  /** 0: not known. */
  readonly yourDiscriminator: number;
  /** Microseconds, as the next two. */
  readonly desiredMinTxUs: number;
  /** 0: the sender wants no periodic packets. */
  readonly requiredMinRxUs: number;
  /** 0: no echo packets are wanted. */
  readonly requiredMinEchoRxUs: number;
}

/** Why bytes are no control packet that may be processed, named after the field at fault. */
export type PacketRefusal =
  | 'version'
  | 'length'
  | 'detect-multiplier'
  | 'multipoint'
  | 'my-discriminator'
  | 'your-discriminator';

/** The 24 bytes of a packet without authentication. */
export function encodeControl(packet: ControlPacket): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  const view = new DataView(bytes.buffer);
  const flags =
    (packet.poll ? POLL : 0) |
    (packet.final ? FINAL : 0) |
    (packet.controlPlaneIndependent ? CONTROL_PLANE_INDEPENDENT : 0) |
    (packet.demand ? DEMAND : 0);
  view.setUint8(0, (VERSION << 5) | packet.diagnostic);
  view.setUint8(1, (STATES.indexOf(packet.state) << 6) | flags);
  view.setUint8(2, packet.detectMultiplier);
  view.setUint8(3, LENGTH);
  view.setUint32(4, packet.myDiscriminator);
  view.setUint32(8, packet.yourDiscriminator);
  view.setUint32(12, packet.desiredMinTxUs);
  view.setUint32(16, packet.requiredMinRxUs);
  view.setUint32(20, packet.requiredMinEchoRxUs);
  return bytes;
}

/** The payload of a datagram, checked in the order of section 6.8.6. Never throws. */
export function decodeControl(bytes: Uint8Array): Result<ControlPacket, PacketRefusal> {
  const [first, second, detectMultiplier, length] = bytes;
  if (first === undefined || second === undefined || detectMultiplier === undefined || length === undefined)
    return err('length');
  if (first >> 5 !== VERSION) return err('version');
  const authentication = (second & AUTHENTICATION) !== 0;
  if (length < (authentication ? LENGTH_WITH_AUTHENTICATION : LENGTH) || length > bytes.length) return err('length');
  if (detectMultiplier === 0) return err('detect-multiplier');
  if ((second & MULTIPOINT) !== 0) return err('multipoint');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const myDiscriminator = view.getUint32(4);
  if (myDiscriminator === 0) return err('my-discriminator');
  const yourDiscriminator = view.getUint32(8);
  const state = STATES[second >> 6] ?? 'admin-down';
  if (yourDiscriminator === 0 && state !== 'down' && state !== 'admin-down') return err('your-discriminator');
  return ok({
    diagnostic: first & 0x1f,
    state,
    poll: (second & POLL) !== 0,
    final: (second & FINAL) !== 0,
    controlPlaneIndependent: (second & CONTROL_PLANE_INDEPENDENT) !== 0,
    authentication,
    demand: (second & DEMAND) !== 0,
    detectMultiplier,
    myDiscriminator,
    yourDiscriminator,
    desiredMinTxUs: view.getUint32(12),
    requiredMinRxUs: view.getUint32(16),
    requiredMinEchoRxUs: view.getUint32(20),
  });
}
