/**
 * VRRPv3 ADVERTISEMENT codec (RFC 9568 section 5.2). Pure: bytes in, values out.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Version| Type  | Virtual Rtr ID|   Priority    |IPvX Addr Count|
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Reserve| Max Advertise Interval|          Checksum             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                       IPvX Address(es)                        |
 */
import { internetChecksum, pseudoHeader } from '../net/checksum.ts';
import { err, ok, type Result } from '../util/result.ts';

/** IP protocol number of VRRP. */
export const IPPROTO_VRRP = 112;

const VERSION = 3;
const TYPE_ADVERTISEMENT = 1;
const HEADER_LEN = 8;
const CHECKSUM_OFFSET = 6;
const MAX_ADVER_INT_MASK = 0x0fff; // 12 bits; the 4 above are reserved

export interface Advert {
  readonly vrid: number;
  readonly priority: number;
  readonly maxAdvertiseIntervalCs: number;
  /** 4 octets each for IPv4, 16 for IPv6, in wire order. */
  readonly addresses: readonly Uint8Array[];
}

/**
 * What the checksum covers beside the message. RFC 9568 section 5.2.8 has no pseudo-header for IPv4; keepalived, FRR and
 * tcpdump read RFC 5798 as having one. For IPv6 there always is one.
 */
export type ChecksumForm = 'rfc9568' | 'pseudo';

/** The addresses of the IP header that carries the message, 4 or 16 octets each. */
export interface Envelope {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

export type DecodeError =
  | { readonly kind: 'version'; readonly got: number }
  | { readonly kind: 'type'; readonly got: number }
  | { readonly kind: 'length'; readonly need: number; readonly have: number }
  | { readonly kind: 'checksum' };

export interface DecodedAdvert extends Advert {
  readonly checksumForm: ChecksumForm;
}

/** Refuses in the order of RFC 9568 section 7.1; both checksum forms are accepted for IPv4. */
export function decodeAdvert(b: Uint8Array, envelope: Envelope): Result<DecodedAdvert, DecodeError> {
  if (b.length < HEADER_LEN) return err({ kind: 'length', need: HEADER_LEN, have: b.length });
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const version = view.getUint8(0) >>> 4;
  if (version !== VERSION) return err({ kind: 'version', got: version });
  const type = view.getUint8(0) & 0x0f;
  if (type !== TYPE_ADVERTISEMENT) return err({ kind: 'type', got: type });

  const width = envelope.source.length;
  const count = view.getUint8(3);
  const need = HEADER_LEN + Math.max(count, 1) * width; // erratum 8299: a message without addresses is ignored
  if (b.length !== need) return err({ kind: 'length', need, have: b.length });
  const checksumForm = checksumFormOf(b, envelope);
  if (checksumForm === null) return err({ kind: 'checksum' });

  const addresses: Uint8Array[] = [];
  for (let at = HEADER_LEN; at < b.length; at += width) addresses.push(b.slice(at, at + width));
  return ok({
    vrid: view.getUint8(1),
    priority: view.getUint8(2),
    maxAdvertiseIntervalCs: view.getUint16(4) & MAX_ADVER_INT_MASK,
    addresses,
    checksumForm,
  });
}

/** The bytes to send. `advert` is taken as checked: 1 to 255 addresses of the envelope's family, 12-bit interval. */
export function encodeAdvert(advert: Advert, envelope: Envelope, form: ChecksumForm): Uint8Array {
  const width = envelope.source.length;
  const b = new Uint8Array(HEADER_LEN + advert.addresses.length * width);
  const view = new DataView(b.buffer);
  view.setUint8(0, (VERSION << 4) | TYPE_ADVERTISEMENT);
  view.setUint8(1, advert.vrid);
  view.setUint8(2, advert.priority);
  view.setUint8(3, advert.addresses.length);
  view.setUint16(4, advert.maxAdvertiseIntervalCs & MAX_ADVER_INT_MASK);
  advert.addresses.forEach((address, i) => {
    b.set(address, HEADER_LEN + i * width);
  });
  view.setUint16(CHECKSUM_OFFSET, checksum(b, envelope, width === 16 ? 'pseudo' : form));
  return b;
}

function checksumFormOf(b: Uint8Array, envelope: Envelope): ChecksumForm | null {
  if (checksum(b, envelope, 'pseudo') === 0) return 'pseudo';
  if (envelope.source.length === 4 && checksum(b, envelope, 'rfc9568') === 0) return 'rfc9568';
  return null;
}

function checksum(b: Uint8Array, { source, destination }: Envelope, form: ChecksumForm): number {
  if (form === 'rfc9568') return internetChecksum(b);
  return internetChecksum(pseudoHeader(source, destination, IPPROTO_VRRP, b.length), b);
}
