/**
 * VRRP ADVERTISEMENT codec: version 3 (RFC 9568 section 5.2) and version 2 (RFC 3768 section 5.1). Pure: bytes in, values
 * out.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Version| Type  | Virtual Rtr ID|   Priority    |IPvX Addr Count|
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Reserve| Max Advertise Interval|          Checksum             |  version 3: centiseconds
 * |   Auth Type   |   Adver Int   |          Checksum             |  version 2: seconds
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                       IPvX Address(es)                        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |               Authentication Data, 8 octets                   |  version 2 only, and always
 */
import { internetChecksum, pseudoHeader } from '../net/checksum.ts';
import { err, ok, type Result } from '../util/result.ts';
import { AUTHENTICATION_LEN, type Authentication } from './authentication.ts';

/** IP protocol number of VRRP. */
export const IPPROTO_VRRP = 112;

const TYPE_ADVERTISEMENT = 1;
const HEADER_LEN = 8;
const AUTH_TYPE_OFFSET = 4;
const CHECKSUM_OFFSET = 6;
const MAX_ADVER_INT_MASK = 0x0fff; // 12 bits; the 4 above are reserved

/** Version 2 is for IPv4 only. */
export type Version = 2 | 3;

interface Common {
  readonly vrid: number;
  readonly priority: number;
  /** Version 2: Adver Int, whole seconds up to 25 500. */
  readonly maxAdvertiseIntervalCs: number;
  /** 4 octets each for IPv4, 16 for IPv6, in wire order. */
  readonly addresses: readonly Uint8Array[];
}

export interface AdvertV3 extends Common {
  readonly version: 3;
}

export interface AdvertV2 extends Common {
  readonly version: 2;
  readonly authentication: Authentication;
}

export type Advert = AdvertV2 | AdvertV3;

/**
 * What the checksum of version 3 covers beside the message. RFC 9568 section 5.2.8 has no pseudo-header for IPv4;
 * keepalived, FRR and tcpdump read RFC 5798 as having one. For IPv6 there always is one, for version 2 never.
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

export type DecodedAdvert = Advert & {
  /** Null: version 2, which has one form only. */
  readonly checksumForm: ChecksumForm | null;
};

/**
 * Refuses in the order of RFC 9568 section 7.1; of version 3 over IPv4 both checksum forms are accepted.
 * `expected` null: either version.
 */
export function decodeAdvert(
  b: Uint8Array,
  envelope: Envelope,
  expected: Version | null,
): Result<DecodedAdvert, DecodeError> {
  const first = b[0];
  if (first === undefined) return err({ kind: 'length', need: HEADER_LEN, have: 0 });
  const width = envelope.source.length;
  const version = first >>> 4;
  const isKnown = version === 3 || (version === 2 && width === 4);
  if (!isKnown || (expected !== null && version !== expected)) return err({ kind: 'version', got: version });
  const type = first & 0x0f;
  if (type !== TYPE_ADVERTISEMENT) return err({ kind: 'type', got: type });
  if (b.length < HEADER_LEN) return err({ kind: 'length', need: HEADER_LEN, have: b.length });

  const count = Math.max(b[3] ?? 0, 1); // erratum 8299: a message without addresses is ignored
  const end = HEADER_LEN + count * width;
  const need = version === 2 ? end + AUTHENTICATION_LEN : end;
  if (b.length !== need) return err({ kind: 'length', need, have: b.length });

  const checksumForm = version === 2 ? null : checksumFormOf(b, envelope);
  if (version === 2 ? internetChecksum(b) !== 0 : checksumForm === null) return err({ kind: 'checksum' });

  const addresses: Uint8Array[] = [];
  for (let at = HEADER_LEN; at < end; at += width) addresses.push(b.slice(at, at + width));
  const common = { vrid: b[1] ?? 0, priority: b[2] ?? 0, addresses, checksumForm };
  if (version === 2) {
    const authentication = { type: b[AUTH_TYPE_OFFSET] ?? 0, data: b.slice(end) };
    const maxAdvertiseIntervalCs = (b[5] ?? 0) * 100;
    return ok({ ...common, version, maxAdvertiseIntervalCs, authentication });
  }
  return ok({ ...common, version, maxAdvertiseIntervalCs: (((b[4] ?? 0) << 8) | (b[5] ?? 0)) & MAX_ADVER_INT_MASK });
}

/**
 * The bytes to send. `advert` is taken as checked: 1 to 255 addresses of the envelope's family, an interval that the
 * version can tell. `form` is for version 3 over IPv4.
 */
export function encodeAdvert(advert: Advert, envelope: Envelope, form: ChecksumForm): Uint8Array {
  const width = envelope.source.length;
  const end = HEADER_LEN + advert.addresses.length * width;
  const b = new Uint8Array(advert.version === 2 ? end + AUTHENTICATION_LEN : end);
  const view = new DataView(b.buffer);
  view.setUint8(0, (advert.version << 4) | TYPE_ADVERTISEMENT);
  view.setUint8(1, advert.vrid);
  view.setUint8(2, advert.priority);
  view.setUint8(3, advert.addresses.length);
  advert.addresses.forEach((address, i) => {
    b.set(address, HEADER_LEN + i * width);
  });
  if (advert.version === 2) {
    view.setUint8(AUTH_TYPE_OFFSET, advert.authentication.type);
    view.setUint8(5, advert.maxAdvertiseIntervalCs / 100);
    b.set(advert.authentication.data, end);
    view.setUint16(CHECKSUM_OFFSET, internetChecksum(b));
    return b;
  }
  view.setUint16(4, advert.maxAdvertiseIntervalCs & MAX_ADVER_INT_MASK);
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
