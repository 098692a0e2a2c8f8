/**
 * Netlink messages and attributes (linux/netlink.h): a writer that fills one growing buffer with any number of
 * messages, and a reader that indexes a buffer without copying it. Pure.
 *
 * Numbers are in the host's byte order, which is little-endian on every machine we run on (x86-64, arm64); the `be`
 * forms are network byte order. An attribute is {length u16, type u16, payload}, padded to 4; the length counts the
 * header, not the padding.
 */
import type { Result } from '../util/result.ts';
import { err, ok } from '../util/result.ts';

const ATTR_HEADER_LENGTH = 4;
const MAX_ATTR_LENGTH = 0xffff;
/** `NLMSG_HDRLEN`: length u32, type u16, flags u16, sequence u32, port id u32. */
export const NLMSG_HEADER_LENGTH = 16;
/** `NLA_F_NESTED`: asked for by strict parsers in the kernel, ignored by the others. */
export const NLA_F_NESTED = 0x8000;
/** `NLA_TYPE_MASK`: the two top bits of a type are flags. */
const NLA_TYPE_MASK = 0x3fff;
const align4 = (length: number): number => (length + 3) & ~3;

/**
 * Writes netlink messages one behind the other into one buffer. A value is expected to be in range: what comes from
 * outside is checked before it gets here. The one thing that throws (RangeError) is an attribute beyond 65535 bytes.
 *
 * ```ts
 * const message = writer.beginMessage(type, flags, seq);
 * writer.put8(command).put8(version).put16(0);
 * const nest = writer.beginNest(1);
 * writer.u16(1, 2).string(6, 'rr').endNest(nest).endMessage(message);
 * ```
 */
export class AttrWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** `capacity` is the size to begin with, in bytes; the buffer doubles when it is full. */
  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Begins a message with `nlmsghdr` (port id 0); hand the returned mark to `endMessage`. */
  beginMessage(type: number, flags: number, seq: number): number {
    const start = this.#grow(NLMSG_HEADER_LENGTH);
    this.#view.setUint16(start + 4, type, true);
    this.#view.setUint16(start + 6, flags, true);
    this.#view.setUint32(start + 8, seq, true);
    return start;
  }

  /** Fills in the length of the message begun at `mark` and pads it to 4. */
  endMessage(mark: number): this {
    this.#view.setUint32(mark, this.#length - mark, true);
    this.#grow(align4(this.#length) - this.#length);
    return this;
  }

  /** Begins a nested attribute; hand the returned mark to `endNest`. */
  beginNest(type: number): number {
    return this.#attr(type | NLA_F_NESTED, 0) - ATTR_HEADER_LENGTH;
  }

  /** Fills in the length of the nest begun at `mark`. */
  endNest(mark: number): this {
    const length = this.#length - mark;
    if (length > MAX_ATTR_LENGTH) throw new RangeError(`Netlink nest of ${length} bytes: the limit is 65535`);
    this.#view.setUint16(mark, length, true);
    return this;
  }

  /** Attribute: one byte. */
  u8(type: number, value: number): this {
    const at = this.#attr(type, 1);
    this.#view.setUint8(at, value);
    return this;
  }

  /** Attribute: 16 bits, host order. */
  u16(type: number, value: number): this {
    const at = this.#attr(type, 2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  /** Attribute: 16 bits, network order. */
  u16be(type: number, value: number): this {
    const at = this.#attr(type, 2);
    this.#view.setUint16(at, value, false);
    return this;
  }

  /** Attribute: 32 bits, host order; a negative number is written in two's complement. */
  u32(type: number, value: number): this {
    const at = this.#attr(type, 4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** Attribute: 32 bits, network order. */
  u32be(type: number, value: number): this {
    const at = this.#attr(type, 4);
    this.#view.setUint32(at, value, false);
    return this;
  }

  /** Attribute: bytes as they are; none at all for a flag, whose presence is the value. */
  bytes(type: number, value: Uint8Array): this {
    const at = this.#attr(type, value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** Attribute: text in UTF-8 with a NUL behind it, as the kernel demands for NLA_NUL_STRING. */
  string(type: number, value: string): this {
    return this.bytes(type, encoder.encode(`${value}\0`));
  }

  /** One byte of a fixed structure, no attribute header; likewise the next three, in host order. */
  put8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  put16(value: number): this {
    return this.put8(value & 0xff).put8(value >>> 8);
  }

  put32(value: number): this {
    return this.put16(value & 0xffff).put16(value >>> 16);
  }

  putBytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** Everything written, as a view: valid until the next write or `reset`. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets what was written and keeps the memory. */
  reset(): void {
    this.#bytes.fill(0, 0, this.#length);
    this.#length = 0;
  }

  /** Writes an attribute header and returns where its payload of zeros, padded to 4, begins. */
  #attr(type: number, payloadLength: number): number {
    const length = ATTR_HEADER_LENGTH + payloadLength;
    if (length > MAX_ATTR_LENGTH) throw new RangeError(`Netlink attribute of ${length} bytes: the limit is 65535`);
    const at = this.#grow(align4(length));
    this.#view.setUint16(at, length, true);
    this.#view.setUint16(at + 2, type, true);
    return at + ATTR_HEADER_LENGTH;
  }

  /** Makes room for `count` zero bytes and returns where they begin. */
  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

/** Why bytes are no list of attributes. Offsets are into the buffer that was decoded. */
export type AttrError =
  /** An attribute's length is below its header or runs over the end. */
  | { readonly kind: 'length'; readonly offset: number; readonly length: number; readonly available: number }
  | { readonly kind: 'range'; readonly offset: number; readonly end: number; readonly size: number };

/**
 * Indexes the attributes in `bytes[offset, end)`. Never throws and copies nothing: the result looks into `bytes`, so
 * keep that unchanged. Fewer than 4 bytes at the end are ignored, as the kernel does.
 */
export function decodeAttrs(bytes: Uint8Array, offset = 0, end = bytes.length): Result<Attrs, AttrError> {
  if (!(offset >= 0 && offset <= end && end <= bytes.length)) {
    return err({ kind: 'range', offset, end, size: bytes.length });
  }
  return index(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset, end);
}

function index(bytes: Uint8Array, view: DataView, offset: number, end: number): Result<Attrs, AttrError> {
  const triples: number[] = [];
  for (let at = offset; end - at >= ATTR_HEADER_LENGTH; ) {
    const length = view.getUint16(at, true);
    if (length < ATTR_HEADER_LENGTH || length > end - at) {
      return err({ kind: 'length', offset: at, length, available: end - at });
    }
    triples.push(view.getUint16(at + 2, true) & NLA_TYPE_MASK, at + ATTR_HEADER_LENGTH, at + length);
    at += align4(length);
  }
  return ok(new Attrs(bytes, view, triples));
}

/**
 * The attributes of one message or nest. Every getter answers null when the attribute is absent or shorter than the
 * type asked for (a longer one is read from its beginning, like the kernel does); of two of one type the last counts.
 */
export class Attrs {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Type, start and end of the payload, for one attribute after the other. */
  readonly #triples: readonly number[];

  /** Use `decodeAttrs`. */
  constructor(bytes: Uint8Array, view: DataView, triples: readonly number[]) {
    this.#bytes = bytes;
    this.#view = view;
    this.#triples = triples;
  }

  u8(type: number): number | null {
    const at = this.#find(type, 1);
    return at === null ? null : this.#view.getUint8(at);
  }

  u16(type: number): number | null {
    const at = this.#find(type, 2);
    return at === null ? null : this.#view.getUint16(at, true);
  }

  u16be(type: number): number | null {
    const at = this.#find(type, 2);
    return at === null ? null : this.#view.getUint16(at, false);
  }

  u32(type: number): number | null {
    const at = this.#find(type, 4);
    return at === null ? null : this.#view.getUint32(at, true);
  }

  u32be(type: number): number | null {
    const at = this.#find(type, 4);
    return at === null ? null : this.#view.getUint32(at, false);
  }

  /** 64 bits as a number: exact below 2^53, rounded above. */
  u64(type: number): number | null {
    const at = this.#find(type, 8);
    return at === null ? null : this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  /** The payload, as a view into the decoded buffer. */
  bytes(type: number): Uint8Array | null {
    const at = this.#find(type, 0);
    return at === null ? null : this.#bytes.subarray(at, this.#end(at));
  }

  /** Text up to the first NUL, or all of it when there is none (IFLA_INFO_KIND may come without). */
  string(type: number): string | null {
    const payload = this.bytes(type);
    if (payload === null) return null;
    const nul = payload.indexOf(0);
    return decoder.decode(nul < 0 ? payload : payload.subarray(0, nul));
  }

  /** The attributes inside this attribute; null when it is absent or not a list of attributes. */
  nested(type: number): Attrs | null {
    const at = this.#find(type, 0);
    if (at === null) return null;
    const inner = index(this.#bytes, this.#view, at, this.#end(at));
    return inner.ok ? inner.value : null;
  }

  /** Where the payload of the last attribute of `type` begins, or null when that has fewer than `width` bytes. */
  #find(type: number, width: number): number | null {
    for (let i = this.#triples.length - 3; i >= 0; i -= 3) {
      if (this.#triples[i] !== type) continue;
      const start = this.#triples[i + 1] ?? 0;
      const end = this.#triples[i + 2] ?? 0;
      return end - start < width ? null : start;
    }
    return null;
  }

  /** Where the payload that begins at `start` ends, from the header before it. */
  #end(start: number): number {
    return start - ATTR_HEADER_LENGTH + this.#view.getUint16(start - ATTR_HEADER_LENGTH, true);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
