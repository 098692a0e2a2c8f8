/** IPv4 and IPv6 addresses: text, bytes, order and kind. The only file that imports ipaddr.js. Pure. */
import ipaddr from 'ipaddr.js';

/** A parsed address. */
export interface Address {
  readonly family: 4 | 6;
  /** Network order, 4 or 16 bytes. */
  readonly bytes: Uint8Array;
  /** Canonical text: dotted quad, or RFC 5952 (lower case, longest run of zeros shortened, mapped IPv4 as a quad). */
  readonly text: string;
}

/** An address with the length of its network prefix. */
export interface Prefix {
  readonly address: Address;
  /** 0..32 for IPv4, 0..128 for IPv6. */
  readonly prefixLength: number;
}

const QUAD = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;
const IPV6 = /^[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}$/i;
const PREFIX_LENGTH = /^(?:0|[1-9]\d{0,2})$/;
/** IPv4-mapped addresses, ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
const MAPPED_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/**
 * Reads an address. `null` if the text is none: no short forms (`10.1`), no octal or hexadecimal parts, no zone
 * (`fe80::1%eth0`), no surrounding space.
 */
export function parseAddress(text: string): Address | null {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  if (bytes === null) return null;
  return { family: bytes.length === 4 ? 4 : 6, bytes, text: formatAddress(bytes) };
}

/** Reads `address/length`. A lone address is a prefix of its full length, 32 or 128. `null` if the text is neither. */
export function parsePrefix(text: string): Prefix | null {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  const longest = longestPrefix(address.family);
  if (slash < 0) return { address, prefixLength: longest };
  const digits = text.slice(slash + 1);
  const prefixLength = Number(digits);
  return PREFIX_LENGTH.test(digits) && prefixLength <= longest ? { address, prefixLength } : null;
}

/** The prefix length of one single address: 32 or 128. */
export function longestPrefix(family: 4 | 6): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** The canonical text of 4 or 16 bytes in network order. Throws a RangeError for any other length. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new RangeError(`Cannot format address: ${bytes.length} bytes, want 4 or 16`);
  // RFC 5952 section 5, and what inet_ntop prints: the kernel's and our text for a mapped address are the same.
  if (startsWith(bytes, MAPPED_PREFIX)) return `::ffff:${bytes.subarray(12).join('.')}`;
  return ipaddr.fromByteArray([...bytes]).toString();
}

/**
 * Orders addresses: negative, zero or positive as `a` is lower than, equal to or higher than `b`; IPv4 before IPv6.
 * The order by which VRRP settles equal priorities (RFC 9568 section 6.4.3).
 */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** "02:00:5e:10:00:01". */
export function formatMac(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** 169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291). */
export function isLinkLocal(bytes: Uint8Array): boolean {
  const second = bytes[1] ?? 0;
  return isIpv4(bytes) ? bytes[0] === 169 && second === 254 : bytes[0] === 0xfe && (second & 0xc0) === 0x80;
}

/** 224.0.0.0/4 (RFC 1112) or ff00::/8 (RFC 4291). */
export function isMulticast(bytes: Uint8Array): boolean {
  return isIpv4(bytes) ? ((bytes[0] ?? 0) & 0xf0) === 0xe0 : bytes[0] === 0xff;
}

/** 0.0.0.0 or ::. */
export function isUnspecified(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** 127.0.0.0/8 or ::1. */
export function isLoopback(bytes: Uint8Array): boolean {
  if (isIpv4(bytes)) return bytes[0] === 127;
  return bytes[15] === 1 && isUnspecified(bytes.subarray(0, 15));
}

/** 255.255.255.255; IPv6 has no broadcast. */
export function isBroadcast(bytes: Uint8Array): boolean {
  return isIpv4(bytes) && bytes.every((byte) => byte === 255);
}

function parseIpv4(text: string): Uint8Array | null {
  if (!QUAD.test(text) || !ipaddr.IPv4.isValidFourPartDecimal(text)) return null;
  return Uint8Array.from(ipaddr.IPv4.parse(text).toByteArray());
}

function parseIpv6(text: string): Uint8Array | null {
  const plain = spellOutQuad(text);
  if (plain === null || !IPV6.test(plain) || !ipaddr.IPv6.isValid(plain)) return null;
  // RFC 4291 section 2.2: "::" stands for at least one group; ipaddr.js takes it beside eight others.
  if (plain.includes('::') && plain.split(':').filter((group) => group !== '').length > 7) return null;
  return Uint8Array.from(ipaddr.IPv6.parse(plain).toByteArray());
}

/** Writes a trailing dotted quad as two groups, because ipaddr.js reads `::192.0.2.1` as a mapped address. */
function spellOutQuad(text: string): string | null {
  if (!text.includes('.')) return text;
  const start = text.lastIndexOf(':') + 1;
  const quad = parseIpv4(text.slice(start));
  if (quad === null) return null;
  const [a = 0, b = 0, c = 0, d = 0] = quad;
  return `${text.slice(0, start)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function isIpv4(bytes: Uint8Array): boolean {
  return bytes.length === 4;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}
