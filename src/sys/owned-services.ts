/**
 * What in the kernel is ours, remembered across a crash: a small file beside the control socket. Without it a virtual
 * server that leaves the configuration while lvsd is down would stay in the kernel for ever. It counts only in the table
 * that it was written for: after a reboot, or in another network namespace, services of these names are somebody else's.
 */
import { NO_TIMEOUTS, type Originals, timeoutsBy } from '../ipvs/settings.ts';
import { type Place, placeOfThisProcess, readStateFile, removeStateFile, replaceStateFile } from './state-file.ts';

/** What lvsd made in the kernel and takes down again. */
export interface Owned {
  /** `serviceKey`s. */
  readonly keys: readonly string[];
  /** The sync daemons are ours too. */
  readonly syncDaemons: boolean;
  readonly originals: Originals;
}

/** The memory of one daemon. */
export interface OwnedMemory {
  /** As an earlier run left it. */
  readonly found: Owned;
  /** Replaces the file at once if anything changed. The error in words, or null; a full disk costs only this memory. */
  save(owned: Owned): string | null;
}

const NO_ORIGINALS: Originals = { settings: {}, timeouts: NO_TIMEOUTS };
const NOTHING: Owned = { keys: [], syncDaemons: false, originals: NO_ORIGINALS };

/** Reads what an earlier run left. A file that is missing, unreadable or of another place counts as none. */
export function openOwnedMemory(socketPath: string, place: Place = placeOfThisProcess()): OwnedMemory {
  const file = `${socketPath}.services`;
  const found = understood(readStateFile(file, place));
  let written = textOf(found, place);
  return {
    found,
    save(owned) {
      const text = textOf(owned, place);
      if (text === written) return null;
      const problem = isNothing(owned) && !hasOriginals(owned) ? removeStateFile(file) : replaceStateFile(file, text);
      if (problem === null) written = text;
      return problem;
    },
  };
}

/** Nothing to take down. */
export function isNothing({ keys, syncDaemons }: Owned): boolean {
  return keys.length === 0 && !syncDaemons;
}

function hasOriginals({ originals: { settings, timeouts } }: Owned): boolean {
  return Object.keys(settings).length > 0 || Object.values(timeouts).some((value) => value !== null);
}

function textOf({ keys, syncDaemons, originals }: Owned, place: Place): string {
  return JSON.stringify({ ...place, keys: [...keys].sort(), syncDaemons, originals });
}

function understood(value: object | null): Owned {
  if (value === null) return NOTHING;
  const keys = 'keys' in value && Array.isArray(value.keys) ? value.keys : [];
  return {
    keys: keys.filter((key) => typeof key === 'string'),
    syncDaemons: 'syncDaemons' in value && value.syncDaemons === true,
    originals: 'originals' in value ? understoodOriginals(value.originals) : NO_ORIGINALS,
  };
}

function understoodOriginals(value: unknown): Originals {
  if (typeof value !== 'object' || value === null || !('settings' in value && 'timeouts' in value)) return NO_ORIGINALS;
  // Names become paths: nothing that leads out of the folder.
  const settings = Object.entries(value.settings ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && /^[a-z0-9_]+$/.test(entry[0]),
  );
  const timeouts = new Map(Object.entries(value.timeouts ?? {}));
  return {
    settings: Object.fromEntries(settings),
    timeouts: timeoutsBy((name) => {
      const found = timeouts.get(name);
      return Number.isInteger(found) ? Number(found) : null;
    }),
  };
}
