/**
 * The order in which ipvsadm 1.31 lists and saves: services by mark, family, protocol, address and port; destinations by
 * address and port. Each step is a 32-bit difference read as a signed number, so what lies more than 2^31 apart comes out
 * the wrong way round and the relation is not transitive: the very steps of the sort (glibc's merge sort) are part of the
 * order. Pure.
 */

import type { DestinationId, Service, ServiceId } from '../ipvs/types.ts';
import { parseAddress } from '../net/ip.ts';

/** What is compared, first word first; IPv4 addresses are the first of four words, like in the kernel's union. */
interface Key {
  readonly family: 4 | 6;
  readonly before: readonly number[];
  readonly address: readonly number[];
  readonly port: number;
}

interface Keyed<T> {
  readonly key: Key;
  readonly item: T;
}

const NO_ADDRESS: readonly number[] = [0, 0, 0, 0];
/** AF_INET and AF_INET6; only their order counts. */
const ADDRESS_FAMILY = { 4: 2, 6: 10 } as const;

/** Services and, in each, its destinations in ipvsadm's order. `table` is in the kernel's order, which decides ties. */
export function sortedTable<T extends Service>(table: readonly T[]): readonly T[] {
  return sorted(table, ({ id }) => serviceKeyOf(id)).map((service) => ({
    ...service,
    destinations: sorted(service.destinations, ({ id }) => destinationKeyOf(id)),
  }));
}

function sorted<T>(items: readonly T[], keyOf: (item: T) => Key): readonly T[] {
  return mergeSort(items.map((item) => ({ key: keyOf(item), item }))).map(({ item }) => item);
}

function serviceKeyOf(id: ServiceId): Key {
  const family = ADDRESS_FAMILY[id.family];
  if (id.kind === 'fwmark') return { family: id.family, before: [id.fwmark, family, 0], address: NO_ADDRESS, port: 0 };
  return { family: id.family, before: [0, family, id.protocol], address: wordsOf(id.address), port: id.port };
}

function destinationKeyOf({ family, address, port }: DestinationId): Key {
  return { family, before: [], address: wordsOf(address), port };
}

function wordsOf(text: string): readonly number[] {
  const bytes = parseAddress(text)?.bytes;
  if (bytes === undefined) return NO_ADDRESS; // the kernel reports no other
  const words = [0, 0, 0, 0];
  for (const [index, byte] of bytes.entries()) {
    const word = index >> 2;
    words[word] = ((words[word] ?? 0) << 8) | byte;
  }
  return words;
}

/** The family of the first operand says how many words of both addresses count. */
function compare(left: Key, right: Key): number {
  return (
    firstDifference(left.before, right.before, left.before.length) ||
    firstDifference(left.address, right.address, left.family === 6 ? 4 : 1) ||
    left.port - right.port
  );
}

function firstDifference(left: readonly number[], right: readonly number[], length: number): number {
  for (let index = 0; index < length; index++) {
    const difference = ((left[index] ?? 0) - (right[index] ?? 0)) | 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Halves the smaller first, left before right while it is not greater. */
function mergeSort<T>(items: readonly Keyed<T>[]): readonly Keyed<T>[] {
  if (items.length <= 1) return items;
  const half = items.length >> 1;
  const left = mergeSort(items.slice(0, half));
  const right = mergeSort(items.slice(half));
  const merged: Keyed<T>[] = [];
  let fromLeft = 0;
  let fromRight = 0;
  for (;;) {
    const a = left[fromLeft];
    const b = right[fromRight];
    if (a === undefined) return [...merged, ...right.slice(fromRight)];
    if (b === undefined) return [...merged, ...left.slice(fromLeft)];
    if (compare(a.key, b.key) <= 0) {
      merged.push(a);
      fromLeft++;
    } else {
      merged.push(b);
      fromRight++;
    }
  }
}
