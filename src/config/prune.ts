/**
 * Takes the faulty parts out of a configuration, so that the rest can still be checked and all problems be told at
 * once. Pure.
 */
import type { Path } from './problems.ts';

/** Lists whose items stand for themselves: without one of them, the others mean the same. */
const INDEPENDENT_ITEMS: readonly string[] = [
  'vrrp',
  'vrrp_groups',
  'track',
  'tracked_scripts',
  'tracked_processes',
  'bfd',
  'virtual_servers',
  'real_servers',
  'sorry_servers',
  'checks',
];

/** Keys at the root that no check depends on. */
const APART_FROM_SERVERS: readonly string[] = [
  'name',
  'vrrp_process',
  'vrrp',
  'vrrp_groups',
  'tracked_scripts',
  'tracked_processes',
  'bfd',
  'notifications',
  'connection_sync',
  'ipvs',
  'self_check',
  'probe_workers',
];

export interface Pruned {
  readonly value: unknown;
  /** Where a path of the pruned value was in the original one. */
  origin(path: Path): Path;
}

/**
 * Leaves out the smallest independent part around each faulty path: an item of one of the lists above, else the key at
 * the root. `null` if the root itself is faulty. What concerns two values of one such part is therefore only told when
 * all of its values are sound by themselves: a guess at the faulty one would raise false alarms.
 */
export function prune(value: unknown, faulty: readonly Path[]): Pruned | null {
  const cuts: Path[] = [];
  for (const path of faulty) {
    const cut = cutFor(path);
    if (cut.length === 0) return null;
    cuts.push(cut);
    // Checks mean something else without their defaults and presets, or without those under a misspelt key.
    if (cut.length === 1 && !APART_FROM_SERVERS.includes(String(cut[0])))
      cuts.push(['virtual_servers'], ['self_check']);
  }
  const survivors = new Map<string, readonly number[]>();
  return {
    value: copy(value, [], cuts, survivors),
    origin: (path) => originOf(path, survivors),
  };
}

function cutFor(path: Path): Path {
  for (let end = path.length; end >= 2; end--) {
    const list = path[end - 2];
    if (typeof path[end - 1] === 'number' && typeof list === 'string' && INDEPENDENT_ITEMS.includes(list)) {
      return path.slice(0, end);
    }
  }
  return path.slice(0, 1);
}

/** Copies what lies on the way to a cut and shares the rest; `survivors` gets the old indexes of each copied list. */
function copy(value: unknown, path: Path, cuts: readonly Path[], survivors: Map<string, readonly number[]>): unknown {
  if (cuts.length === 0 || typeof value !== 'object' || value === null) return value;
  const depth = path.length;
  const bySegment = groupBySegment(cuts, depth);
  const inside = (segment: string | number) => bySegment.get(segment) ?? [];
  const isKept = (segment: string | number) => !inside(segment).some((cut) => cut.length === depth + 1);
  if (Array.isArray(value)) {
    const items: unknown[] = value;
    const kept = [...items.keys()].filter(isKept);
    survivors.set(keyOf(path), kept);
    return kept.map((index, now) => copy(items[index], [...path, now], inside(index), survivors));
  }
  const entries = Object.entries(value).filter(([key]) => isKept(key));
  return Object.fromEntries(entries.map(([key, child]) => [key, copy(child, [...path, key], inside(key), survivors)]));
}

function groupBySegment(cuts: readonly Path[], depth: number): ReadonlyMap<string | number, readonly Path[]> {
  const groups = new Map<string | number, Path[]>();
  for (const cut of cuts) {
    const segment = cut[depth];
    if (segment === undefined) continue;
    const group = groups.get(segment);
    if (group === undefined) groups.set(segment, [cut]);
    else group.push(cut);
  }
  return groups;
}

function originOf(path: Path, survivors: ReadonlyMap<string, readonly number[]>): Path {
  return path.map((segment, depth) => {
    if (typeof segment === 'string') return segment;
    return survivors.get(keyOf(path.slice(0, depth)))?.[segment] ?? segment;
  });
}

function keyOf(path: Path): string {
  return JSON.stringify(path);
}
