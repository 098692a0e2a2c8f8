/** Carries out what the doctor recommends, and puts it back. Every change is written down before it is made. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Action, addressArguments, commandOf } from '../doctor/finding.ts';
import { type Change, parseUndoRecord, type UndoRecord, undoCommandOf } from '../doctor/undo.ts';
import { assertNever } from '../util/assert-never.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';

const SETTINGS_FOLDER = '/proc/sys';
const COMMAND_TIMEOUT_MS = 15_000;
const MODE_OF_FOLDER = 0o755;
const MODE_OF_FILE = 0o600;

/** The record of changes in a file. Nothing throws: errors are sentences. */
export class UndoFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** What was changed and not yet put back; none without a file. */
  changes(): Result<readonly Change[], string> {
    const text = readText(this.#file);
    if (!text.ok) return text.error === 'ENOENT' ? ok([]) : err(`Cannot read ${this.#file}: ${text.error}`);
    const record = parseUndoRecord(text.value);
    if (!record.ok) return err(`Cannot use ${this.#file}: ${record.error}; delete it if nothing is to be undone`);
    if (record.value.bootId !== bootId()) return ok([]); // a restart of the machine has undone everything
    if (record.value.namespace !== namespace()) {
      return err(
        `Cannot use ${this.#file}: it was written in another network namespace; name another with --undo-file`,
      );
    }
    return ok(record.value.changes);
  }

  /** Replaces the record in one step, so that a crash leaves the old or the new one. None left: the file goes. */
  write(changes: readonly Change[]): Result<void, string> {
    const record: UndoRecord = { format: 1, bootId: bootId(), namespace: namespace(), changes };
    try {
      if (changes.length === 0) {
        rmSync(this.#file, { force: true });
        return ok(undefined);
      }
      // One folder, /run/lvsd; making several ("recursive") never ends below /proc.
      const folder = dirname(this.#file);
      if (!existsSync(folder)) mkdirSync(folder, { mode: MODE_OF_FOLDER });
      writeFileSync(`${this.#file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: MODE_OF_FILE });
      renameSync(`${this.#file}.new`, this.#file);
      return ok(undefined);
    } catch (error) {
      return err(`Cannot write ${this.#file}: ${messageOf(error)}`);
    }
  }
}

/** Records and carries out one action. The error in words: nothing was changed then. */
export function perform(action: Action, undo: UndoFile): Result<void, string> {
  const change = changeOf(action);
  if (!change.ok) return change;
  const before = undo.changes();
  if (!before.ok) return before;
  const written = undo.write([...before.value, change.value]);
  if (!written.ok) return written;
  const done = carryOut(action);
  if (!done.ok) undo.write(before.value);
  return done;
}

function carryOut(action: Action): Result<void, string> {
  switch (action.do) {
    case 'set':
      return writeSetting(action.key, action.value);
    case 'load-module':
      return run('modprobe', [action.module]);
    case 'link-up':
      return run('ip', ['link', 'set', action.interface, 'up']);
    case 'add-address':
    case 'delete-address':
      return run('ip', addressArguments(action));
    case 'run':
      return err(`Cannot do by itself: ${action.command}`);
    default:
      return assertNever(action);
  }
}

function changeOf(action: Action): Result<Change, string> {
  switch (action.do) {
    case 'set': {
      const before = readText(`${SETTINGS_FOLDER}/${action.key}`);
      if (!before.ok) return err(`Cannot read ${SETTINGS_FOLDER}/${action.key}: ${before.error}`);
      return ok({ changed: 'setting', key: action.key, before: before.value.trimEnd(), after: action.value });
    }
    case 'load-module':
      return ok({ changed: 'module-loaded', module: action.module });
    case 'link-up':
      return ok({ changed: 'link-up', interface: action.interface });
    case 'add-address':
      return ok({ changed: 'address-added', action });
    case 'delete-address':
      return ok({ changed: 'address-deleted', action });
    case 'run':
      return err(`Cannot do by itself: ${commandOf(action)}`);
    default:
      return assertNever(action);
  }
}

/** What became of one change: its command, and null or what stood in the way. */
export interface Undone {
  readonly command: string;
  readonly problem: string | null;
}

/** Puts everything back, the last change first. What could not be stays in the file. */
export function undoAll(undo: UndoFile, told: (undone: Undone) => void): Result<void, string> {
  const changes = undo.changes();
  if (!changes.ok) return changes;
  const kept: Change[] = [];
  let left = [...changes.value];
  for (const change of changes.value.toReversed()) {
    const result = putBack(change);
    told({ command: undoCommandOf(change), problem: result.ok ? null : result.error });
    if (!result.ok) kept.unshift(change);
    left = left.slice(0, -1);
    const written = undo.write([...left, ...kept]);
    if (!written.ok) return written;
  }
  if (changes.value.length === 0) undo.write([]); // one of before the last restart of the machine
  return kept.length === 0
    ? ok(undefined)
    : err(`${kept.length} of ${changes.value.length} changes could not be undone`);
}

function putBack(change: Change): Result<void, string> {
  switch (change.changed) {
    case 'setting': {
      const now = readText(`${SETTINGS_FOLDER}/${change.key}`);
      const value = now.ok ? now.value.trimEnd() : null;
      if (value === change.before) return ok(undefined);
      // Somebody changed it after us: theirs to decide.
      if (value !== null && value !== change.after) return err(`it is ${value} now, not ${change.after}: left alone`);
      return writeSetting(change.key, change.before);
    }
    case 'address-added':
      return tolerate(
        run('ip', addressArguments({ ...change.action, do: 'delete-address' })),
        /Cannot assign|Cannot find|not found/,
      );
    case 'address-deleted':
      return tolerate(
        run('ip', addressArguments({ ...change.action, do: 'add-address' })),
        /File exists|already assigned/,
      );
    case 'link-up':
      return tolerate(run('ip', ['link', 'set', change.interface, 'down']), /Cannot find/);
    case 'module-loaded':
      return run('modprobe', ['-r', change.module]);
    default:
      return assertNever(change);
  }
}

/** What is already as it was counts as done. */
function tolerate(result: Result<void, string>, already: RegExp): Result<void, string> {
  return !result.ok && already.test(result.error) ? ok(undefined) : result;
}

function writeSetting(key: string, value: string): Result<void, string> {
  const file = `${SETTINGS_FOLDER}/${key}`;
  try {
    writeFileSync(file, `${value}\n`, { flag: 'r+' });
    return ok(undefined);
  } catch (error) {
    return err(`Cannot write ${file}: ${messageOf(error)}`);
  }
}

function run(command: string, args: readonly string[]): Result<void, string> {
  const { status, error, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: COMMAND_TIMEOUT_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (error !== undefined) return err(`Cannot run ${command}: ${error.message}`);
  return status === 0 ? ok(undefined) : err(`exit code ${status ?? 'none'}: ${stderr.trim()}`);
}

function readText(file: string): Result<string, string> {
  try {
    return ok(readFileSync(file, 'utf8'));
  } catch (error) {
    return err((error as NodeJS.ErrnoException).code ?? messageOf(error));
  }
}

function bootId(): string {
  const text = readText('/proc/sys/kernel/random/boot_id');
  return text.ok ? text.value.trim() : '';
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/net');
  } catch {
    return '';
  }
}
