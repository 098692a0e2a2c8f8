/**
 * What `nft -j -n list table` prints (libnftables-json(5)): the elements of our maps, and everything else as one text that
 * changes when somebody changes it. Pure.
 */
import type { Result } from '../util/result.ts';
import { err, ok } from '../util/result.ts';
import type { Elements } from './ruleset.ts';

/** The table as the kernel has it. */
export interface ListedTable {
  /** Maps, sets, chains and rules without elements and handles, in the order listed. */
  readonly structure: string;
  readonly maps: ReadonlyMap<string, Elements>;
}

/** Reads the listing. The error says what was not understood. Never throws. */
export function readListing(text: string): Result<ListedTable, string> {
  const parsed = parse(text);
  if (!isRecord(parsed) || !Array.isArray(parsed['nftables'])) return err('the listing has no list "nftables"');
  const structure: string[] = [];
  const maps = new Map<string, Elements>();
  for (const entry of parsed['nftables']) {
    if (!isRecord(entry)) return err('the listing has an entry that is no object');
    for (const [kind, object] of Object.entries(entry)) {
      if (kind === 'metainfo' || !isRecord(object)) continue;
      const { handle: _, elem, ...rest } = object;
      structure.push(JSON.stringify([kind, rest]));
      if (kind !== 'map' && kind !== 'set') continue;
      const elements = elementsOf(elem);
      if (elements === null || typeof rest['name'] !== 'string') return err(`the listing has an odd ${kind}`);
      maps.set(rest['name'], elements);
    }
  }
  return ok({ structure: structure.join('\n'), maps });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Null when it is no list. An element that is none of ours becomes one that nobody wants. */
function elementsOf(elem: unknown): Elements | null {
  if (elem === undefined) return new Map(); // empty, or listed with --terse
  if (!Array.isArray(elem)) return null;
  return new Map(
    elem.map((item: unknown): [string, string] =>
      Array.isArray(item) ? [keyOf(item[0]), verdictOf(item[1])] : [keyOf(item), ''],
    ),
  );
}

/** `{"concat": [6, "192.0.2.1", 80]}` is `6 . 192.0.2.1 . 80`. */
function keyOf(value: unknown): string {
  const parts = isRecord(value) ? value['concat'] : null;
  const plain = (part: unknown) => typeof part === 'string' || typeof part === 'number';
  return Array.isArray(parts) && parts.every(plain) ? parts.join(' . ') : JSON.stringify(value);
}

/** `{"goto": {"target": "to_interface"}}` is `goto to_interface`, `{"return": null}` is `return`. */
function verdictOf(value: unknown): string {
  if (!isRecord(value)) return JSON.stringify(value);
  if ('return' in value) return 'return';
  const target = isRecord(value['goto']) ? value['goto']['target'] : null;
  return typeof target === 'string' ? `goto ${target}` : JSON.stringify(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
