/** The record of what `--fix` changed, and the actions that put it back. Pure. */
import { assertNever } from '../util/assert-never.ts';
import { err, ok, type Result } from '../util/result.ts';
import { type Action, commandOf } from './finding.ts';

/** One change, written down before it is made. */
export type Change =
  | { readonly changed: 'setting'; readonly key: string; readonly before: string; readonly after: string }
  | { readonly changed: 'address-added' | 'address-deleted'; readonly action: AddressAction }
  | { readonly changed: 'link-up'; readonly interface: string }
  | { readonly changed: 'module-loaded'; readonly module: string };

type AddressAction = Extract<Action, { address: string }>;

export interface UndoRecord {
  readonly format: 1;
  /** /proc/sys/kernel/random/boot_id: a restart of the machine has undone everything. */
  readonly bootId: string;
  /** The network namespace ("net:[4026531840]"). */
  readonly namespace: string;
  /** In the order in which they were made. */
  readonly changes: readonly Change[];
}

/** Reads a record back. The error in words. */
export function parseUndoRecord(text: string): Result<UndoRecord, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('it is not JSON');
  }
  return isRecord(value) ? ok(value) : err('it was not written by this version of lvsd doctor');
}

/** The command that undoes a change, for people. */
export function undoCommandOf(change: Change): string {
  switch (change.changed) {
    case 'setting':
      return commandOf({ do: 'set', key: change.key, value: change.before });
    case 'address-added':
      return commandOf({ ...change.action, do: 'delete-address' });
    case 'address-deleted':
      return commandOf({ ...change.action, do: 'add-address' });
    case 'link-up':
      return `ip link set ${change.interface} down`;
    case 'module-loaded':
      return `modprobe -r ${change.module}`;
    default:
      return assertNever(change);
  }
}

function isRecord(value: unknown): value is UndoRecord {
  if (!isObject(value) || !('changes' in value) || !Array.isArray(value.changes)) return false;
  return (
    'format' in value &&
    value.format === 1 &&
    'bootId' in value &&
    typeof value.bootId === 'string' &&
    'namespace' in value &&
    typeof value.namespace === 'string' &&
    value.changes.every(isChange)
  );
}

function isChange(value: unknown): value is Change {
  if (!isObject(value) || !('changed' in value)) return false;
  switch (value.changed) {
    case 'setting':
      return hasTexts(value, ['key', 'before', 'after']) && 'key' in value && isSafeKey(String(value.key));
    case 'link-up':
      return hasTexts(value, ['interface']);
    case 'module-loaded':
      return hasTexts(value, ['module']);
    case 'address-added':
    case 'address-deleted':
      return 'action' in value && isObject(value.action) && hasTexts(value.action, ['do', 'interface', 'address']);
    default:
      return false;
  }
}

/** Below /proc/sys/net, and nowhere else: the record is a file that somebody may have edited. */
function isSafeKey(key: string): boolean {
  return key.startsWith('net/') && !key.split('/').includes('..');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function hasTexts(value: object, keys: readonly string[]): boolean {
  const entries = new Map<string, unknown>(Object.entries(value));
  return keys.every((key) => typeof entries.get(key) === 'string');
}
