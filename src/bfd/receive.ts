/**
 * What must hold before a datagram moves a BFD session: RFC 5881 section 5 (TTL), RFC 5880 section 6.8.6 up to the state
 * machine. The caller has found the session by interface and neighbour, which is how section 6.3 tells sessions apart before
 * a discriminator is known; a discriminator that is known must then be this session's. Pure.
 */
import { compareBytes } from '../net/ip.ts';
import { err, type Result } from '../util/result.ts';
import { type ControlPacket, decodeControl, type PacketRefusal } from './packet.ts';

/** TTL or hop limit of a packet that no router forwarded (RFC 5082). */
export const ONE_HOP_TTL = 255;

/** Why a datagram was dropped. */
export type Refusal =
  | PacketRefusal
  /** The neighbour is on our link: its packets were not forwarded. */
  | 'ttl'
  | 'source'
  /** Your Discriminator is another session's, of before our restart or a stranger's guess. */
  | 'unknown-session'
  /** An authentication section: the session has none. */
  | 'authentication';

export interface ReceivedDatagram {
  readonly payload: Uint8Array;
  readonly source: Uint8Array;
  /** Null: the kernel did not tell. */
  readonly ttl: number | null;
}

export interface ExpectedSender {
  readonly neighbor: Uint8Array;
  readonly localDiscriminator: number;
}

/** The packet in a datagram, if it is for this session. Never throws. */
export function receiveControl(datagram: ReceivedDatagram, expected: ExpectedSender): Result<ControlPacket, Refusal> {
  if (datagram.ttl !== ONE_HOP_TTL) return err('ttl');
  if (compareBytes(datagram.source, expected.neighbor) !== 0) return err('source');
  const decoded = decodeControl(datagram.payload);
  if (!decoded.ok) return decoded;
  const { yourDiscriminator, authentication } = decoded.value;
  if (yourDiscriminator !== 0 && yourDiscriminator !== expected.localDiscriminator) return err('unknown-session');
  if (authentication) return err('authentication');
  return decoded;
}
