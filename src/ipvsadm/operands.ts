/** Values on ipvsadm's command line, with the C library's own idea of numbers and addresses. Pure. */
import { isMulticast, parseAddress } from '../net/ip.ts';

/** Names that stand for addresses and ports; null where there is none. */
export interface Lookup {
  /** The IPv4 address of a host name: ipvsadm asks for no other. */
  host(name: string): string | null;
  /** The port of a service name in services(5); `protocol` is an IP protocol number. */
  port(name: string, protocol: number): number | null;
}

/** `host[:port]` as it was written. */
export interface HostPort {
  readonly family: 4 | 6;
  /** Canonical text. */
  readonly address: string;
  /** Null: none was given. */
  readonly port: number | null;
}

const NUMBER = /^[ \t\n\v\f\r]*([+-]?\d+)/;

/** A whole number from `least` to `most` as strtol(3) reads it: blanks before, a sign, decimal; nothing after. */
export function numberIn(text: string, least: number, most: number): number | null {
  const [all, digits] = NUMBER.exec(text) ?? [];
  if (all !== text || digits === undefined) return null;
  const value = Number(digits);
  return value >= least && value <= most ? value + 0 : null;
}

/** The number a text begins with as atoi(3) of a 64-bit glibc reads it: cut to 32 bits, 0 when there is none. */
export function leadingNumber(text: string): number {
  const digits = NUMBER.exec(text)?.[1];
  if (digits === undefined) return 0;
  const value = BigInt(digits);
  const longest = (1n << 63n) - 1n; // strtol stops at the ends of long
  const held = value > longest ? longest : value < -longest - 1n ? -longest - 1n : value;
  return Number(BigInt.asIntN(32, held));
}

/**
 * `host[:port]`: IPv6 with a port in brackets, without brackets it has none; IPv4 in any form of inet_aton(3) or a name;
 * the port a number or a name. Null when it is none of that; digits alone are none.
 */
export function hostPort(text: string, protocol: number, lookup: Lookup): HostPort | null {
  if (/^\d*$/.test(text)) return null;
  const bracketed = splitBrackets(text);
  if (bracketed === null) return null;
  const ipv6 = bracketed.host.includes(':') ? parseAddress(bracketed.host) : null;
  if (ipv6 !== null) return withPort({ family: 6, address: ipv6.text }, bracketed.port, { protocol, lookup });
  // Whatever is in brackets and no IPv6 address is read like a text without them, and what follows them is forgotten.
  const colon = bracketed.host.lastIndexOf(':');
  const host = colon < 0 ? bracketed.host : bracketed.host.slice(0, colon);
  const address = ipv4(host) ?? (host === '' ? null : lookup.host(host));
  if (address === null) return null;
  const port = colon < 0 ? null : bracketed.host.slice(colon + 1);
  return withPort({ family: 4, address }, port, { protocol, lookup });
}

function splitBrackets(text: string): { readonly host: string; readonly port: string | null } | null {
  if (!text.startsWith('[')) return { host: text, port: null };
  const end = text.indexOf(']');
  if (end < 0 || text.charAt(end + 1) !== ':') return null;
  return { host: text.slice(1, end), port: text.slice(end + 2) };
}

function withPort(
  host: Pick<HostPort, 'family' | 'address'>,
  text: string | null,
  { protocol, lookup }: { readonly protocol: number; readonly lookup: Lookup },
): HostPort | null {
  if (text === null) return { ...host, port: null };
  const port = numberIn(text, 0, 65_535) ?? lookup.port(text, protocol);
  return port === null ? null : { ...host, port };
}

/** An IPv4 address in any form of inet_aton(3): `10.1`, `0x0a000001`, `012.0.0.1`, anything after a blank. */
export function ipv4(text: string): string | null {
  const [, written = ''] = /^([^ \t\n\v\f\r]*)/.exec(text) ?? [];
  const parts = written.split('.');
  if (parts.length > 4) return null;
  const numbers = parts.map(cNumber);
  let value = 0;
  for (const [index, number] of numbers.entries()) {
    const isLast = index === numbers.length - 1;
    const most = isLast ? 2 ** (8 * (4 - index)) - 1 : 0xff;
    if (number === null || number > most) return null;
    value += isLast ? number : number * 2 ** (8 * (3 - index));
  }
  return [value / 2 ** 24, value / 2 ** 16, value / 2 ** 8, value].map((part) => Math.floor(part) % 256).join('.');
}

/** Decimal, octal with a leading 0, hexadecimal with 0x. */
function cNumber(text: string): number | null {
  if (/^0[xX][\da-fA-F]+$/.test(text)) return Number.parseInt(text, 16);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9]\d*$/.test(text) ? Number(text) : null;
}

/** A mask for IPv4 as an address or a host name, as 32 bits; null when it is neither. */
export function ipv4Mask(text: string, lookup: Lookup): number | null {
  const address = ipv4(text) ?? (text === '' ? null : lookup.host(text));
  if (address === null) return null;
  return address.split('.').reduce((mask, part) => mask * 256 + Number(part), 0);
}

/** A multicast address in strict form. The family is that of the text, with a colon or without. */
export function multicastGroup(text: string): { readonly family: 4 | 6; readonly address: string | null } {
  const family = text.includes(':') ? 6 : 4;
  const address = parseAddress(text);
  return { family, address: address !== null && isMulticast(address.bytes) ? address.text : null };
}
