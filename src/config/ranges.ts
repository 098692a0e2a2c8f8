/** Ranges of addresses and ports, written `first-last`, ends included. Pure. */
import type { Address } from '../net/ip.ts';
import { compareBytes, formatAddress, parseAddress } from '../net/ip.ts';

/** Two ends of one family, the first not above the last. */
export interface AddressRange {
  readonly first: Address;
  readonly last: Address;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `192.0.2.1` or `192.0.2.1-192.0.2.9`. `null`: neither, or the ends are of two families or in the wrong order. */
export function parseAddressRange(text: string): AddressRange | null {
  const dash = text.indexOf('-');
  const first = parseAddress(dash < 0 ? text : text.slice(0, dash));
  const last = dash < 0 ? first : parseAddress(text.slice(dash + 1));
  if (first === null || last === null || first.family !== last.family) return null;
  return compareBytes(first.bytes, last.bytes) <= 0 ? { first, last } : null;
}

/** `8000-8010`, from 1 to 65535. `null`: no range, or in the wrong order. */
export function parsePortRange(text: string): PortRange | null {
  const match = /^([1-9]\d{0,4})-([1-9]\d{0,4})$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  return first <= last && last <= 65_535 ? { first, last } : null;
}

/** How many addresses that are. */
export function sizeOf({ first, last }: AddressRange): bigint {
  return numberOf(last.bytes) - numberOf(first.bytes) + 1n;
}

/** Each address in canonical text; at most `limit` of them. */
export function addressesOf({ first, last }: AddressRange, limit: number): readonly string[] {
  const start = numberOf(first.bytes);
  const count = Math.min(Number(numberOf(last.bytes) - start) + 1, limit);
  return Array.from({ length: count }, (_, i) => formatAddress(bytesOf(start + BigInt(i), first.bytes.length)));
}

/** The shortest text for addresses in their order: what follows one another becomes a range, `192.0.2.1-192.0.2.9`. */
export function addressText(addresses: readonly string[]): readonly string[] {
  return runsOf(addresses, (text) => numberOf(parseAddress(text)?.bytes ?? new Uint8Array()));
}

/** The same for ports and firewall marks. */
export function numberText(numbers: readonly number[]): readonly string[] {
  return runsOf(numbers, BigInt);
}

function runsOf<Item extends string | number>(items: readonly Item[], numberOf: (item: Item) => bigint): string[] {
  const runs: { readonly first: Item; last: Item; end: bigint }[] = [];
  for (const item of items) {
    const number = numberOf(item);
    const run = runs.at(-1);
    if (run !== undefined && run.end + 1n === number) {
      run.last = item;
      run.end = number;
    } else {
      runs.push({ first: item, last: item, end: number });
    }
  }
  return runs.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function bytesOf(number: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((number >> BigInt(8 * (length - 1 - i))) & 0xffn));
}
