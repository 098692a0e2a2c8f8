/** Tracked objects and sync groups: what they name must be there, and what goes together. Pure. */
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import { checkNames, unknownName } from './resolve-names.ts';
import { resolveNotify } from './resolve-notify.ts';
import type { RawSyncGroup, RawTrack } from './schema-tracking.ts';
import type { SyncGroupConfig, TrackConfig, TrackKind } from './types-tracking.ts';

const KINDS = [
  'interface',
  'script',
  'file',
  'process',
  'virtual_server',
  'bfd',
] as const satisfies readonly TrackKind[];

/** Where the names of a kind are given in the file. */
const DEFINED_BY = {
  script: 'tracked_scripts',
  process: 'tracked_processes',
  virtual_server: 'virtual_servers',
  bfd: 'bfd',
} as const;

/** What the file defines, by kind; null: part of the file was left out, so that nothing is missing for certain. */
export type TrackableNames = Readonly<Record<keyof typeof DEFINED_BY, readonly string[]>> | null;

/** The tracked objects of one virtual router or group. */
export function resolveTracks(
  raw: readonly RawTrack[] | undefined,
  path: Path,
  names: TrackableNames,
  report: Report,
): readonly TrackConfig[] {
  const seen = new Set<string>();
  return (raw ?? []).flatMap((track, index) => {
    const at = [...path, index];
    const resolved = resolveTrack(track, at, report);
    if (resolved === null) return [];
    const { kind, name } = resolved;
    if (seen.has(`${kind} ${name}`)) report(at, `${kind} ${quote(name)} is tracked twice`);
    seen.add(`${kind} ${name}`);
    if (names !== null && kind !== 'interface' && kind !== 'file' && !names[kind].includes(name))
      report([...at, kind], unknownName(`be a name of \`${DEFINED_BY[kind]}\``, name, names[kind]));
    return [resolved];
  });
}

function resolveTrack(raw: RawTrack, at: Path, report: Report): TrackConfig | null {
  const given = KINDS.filter((kind) => raw[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    report(at, `must have one of ${KINDS.join(', ')}; found ${given.length === 0 ? 'none' : given.join(' and ')}`);
    return null;
  }
  if (kind !== 'interface') {
    for (const key of ['up_delay', 'down_delay'] as const) {
      if (raw[key] > 0) report([...at, key], 'only goes with `interface`');
    }
  }
  return {
    kind,
    name: raw[kind] ?? '',
    weight: raw.weight ?? (kind === 'file' ? 1 : null),
    upDelayMs: raw.up_delay,
    downDelayMs: raw.down_delay,
  };
}

/** A group with what its members take from it. */
export interface ResolvedGroup {
  readonly config: SyncGroupConfig;
  readonly tracks: readonly TrackConfig[];
}

/** `routers`: the names in `vrrp`; null: part of the file was left out. */
export function resolveGroups(
  raw: readonly RawSyncGroup[],
  routers: readonly string[] | null,
  names: TrackableNames,
  report: Report,
): readonly ResolvedGroup[] {
  checkNames('vrrp_groups', raw, report);
  const homes = new Map<string, string>();
  return raw.map((group, index) => {
    const path = ['vrrp_groups', index];
    for (const [position, member] of group.members.entries()) {
      const at = [...path, 'members', position];
      const home = homes.get(member);
      if (home !== undefined)
        report(at, `${quote(member)} is already in ${quote(home)}: a virtual router has one group`);
      else homes.set(member, group.name);
      if (routers !== null && !routers.includes(member))
        report(at, unknownName('name a virtual router of `vrrp`', member, routers));
    }
    const tracks = resolveTracks(group.track, [...path, 'track'], names, report);
    return { config: { name: group.name, members: group.members, notify: resolveNotify(group.notify) }, tracks };
  });
}

/**
 * What a member tracks: its own and its group's. One member of lower priority than the others would hold back the whole
 * group without a successor, so that weights are the group's.
 */
export function tracksOfMember(
  own: readonly TrackConfig[],
  group: ResolvedGroup | null,
  path: Path,
  report: Report,
): readonly TrackConfig[] {
  if (group === null) return own;
  const { name } = group.config;
  for (const [index, track] of own.entries()) {
    const at = [...path, index];
    const isShared = group.tracks.some((other) => other.kind === track.kind && other.name === track.name);
    if (isShared) report(at, `${track.kind} ${quote(track.name)} is tracked by the group ${quote(name)} already`);
    else if (track.weight !== null)
      report(at, `a weight must count for all members of a sync group: track it in the group ${quote(name)}`);
  }
  return [...own, ...group.tracks];
}
