/**
 * One tracked file: the number in it, read again when something happens in its directory (inotify). The file need not be
 * there, and may be replaced. What inotify cannot see (links to elsewhere, network file systems) is found by a slow look.
 */
import { closeSync, constants, type FSWatcher, fstatSync, openSync, readSync, statSync, watch } from 'node:fs';
import { posix } from 'node:path';
import { performance } from 'node:perf_hooks';
import { NUMBER_FILE_BYTES, numberIn } from '../health/number-file.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';
import type { TrackState } from '../vrrp/tracking.ts';

/** A change often comes in several events. */
const AFTER_EVENT_MS = 20;
/** A file that is written all the time is read no more often: each new number may move a router, and is logged. */
const READS_APART_MS = 200;
const LOOK_MS = 2000;

export class TrackFile {
  readonly #path: string;
  readonly #changed: (state: TrackState) => void;
  readonly #warn: (text: string) => void;
  #value = 0;
  /** What is wrong with its content, said once. */
  #problem: string | null = null;
  /** When the file was changed to hold nothing, in nanoseconds; null: it holds something. */
  #emptiedAt: bigint | null = null;
  #watcher: FSWatcher | null = null;
  /** Inode of the watched directory. */
  #directory: number | null = null;
  #soon: NodeJS.Timeout | null = null;
  #readAt = 0;
  readonly #look: NodeJS.Timeout;

  /** `changed` is never called from within the constructor; `warn` may be. */
  constructor(path: string, changed: (state: TrackState) => void, warn: (text: string) => void) {
    this.#path = path;
    this.#changed = changed;
    this.#warn = warn;
    this.#rewatch();
    this.#read();
    this.#look = setInterval(() => this.#update(), LOOK_MS);
  }

  get state(): TrackState {
    return { kind: 'value', value: this.#value };
  }

  get problem(): string | null {
    return this.#problem;
  }

  close(): void {
    clearInterval(this.#look);
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#watcher?.close();
  }

  #update(): void {
    this.#rewatch();
    if (this.#read()) this.#changed(this.state);
  }

  #happened(): void {
    // Not armed anew by each event: it would never fire while there are more.
    if (this.#soon !== null) return;
    const delayMs = Math.max(AFTER_EVENT_MS, this.#readAt + READS_APART_MS - performance.now());
    this.#soon = setTimeout(() => {
      this.#soon = null;
      this.#update();
    }, delayMs);
  }

  /** Whether the value is another one. */
  #read(): boolean {
    this.#readAt = performance.now();
    const content = readContent(this.#path);
    if (content.ok && this.#isBeingWritten(content.value)) {
      this.#happened();
      return false;
    }
    const number = content.ok ? numberOf(content.value.text) : content;
    const before = this.#value;
    if (number.ok) this.#value = number.value;
    const problem = number.ok ? null : `${number.error}; it still counts as ${this.#value}`;
    if (problem !== null && problem !== this.#problem) this.#warn(`tracked file ${this.#path}: ${problem}`);
    this.#problem = problem;
    return this.#value !== before;
  }

  /** A writer truncates first and writes then. A file that stays empty until the next look is meant to be. */
  #isBeingWritten({ text, changedAt }: Content): boolean {
    const isNew = text?.trim() === '' && changedAt !== this.#emptiedAt;
    this.#emptiedAt = text?.trim() === '' ? changedAt : null;
    return isNew;
  }

  /** Watches the directory that is there now; it may not be there, or be another one than before. */
  #rewatch(): void {
    const path = posix.dirname(this.#path);
    const inode = inodeOf(path);
    if (this.#watcher !== null && inode === this.#directory) return;
    this.#watcher?.close();
    this.#watcher = null;
    this.#directory = inode;
    if (inode === null) return;
    const name = posix.basename(this.#path);
    try {
      const watcher = watch(path, { persistent: false }, (_, changed) => {
        // The directory's own removal has its own name.
        if (changed === null || changed === name || changed === posix.basename(path)) this.#happened();
      });
      watcher.on('error', () => {
        watcher.close();
        if (this.#watcher === watcher) this.#watcher = null;
      });
      this.#watcher = watcher;
    } catch {
      // No inotify watch to be had: the slow look has to do.
    }
  }
}

/** Null: it is not there, or cannot be looked at, which reading the file will tell. */
function inodeOf(path: string): number | null {
  try {
    return statSync(path).ino;
  } catch {
    return null;
  }
}

interface Content {
  /** Null: there is no such file. */
  readonly text: string | null;
  readonly changedAt: bigint;
}

function readContent(path: string): Result<Content, string> {
  let file: number | null = null;
  try {
    // Not to be held up by a FIFO.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(file, { bigint: true });
    if (!stats.isFile()) return err('it is not a regular file');
    const bytes = new Uint8Array(NUMBER_FILE_BYTES);
    const length = readSync(file, bytes, 0, bytes.length, 0);
    return ok({ text: new TextDecoder().decode(bytes.subarray(0, length)), changedAt: stats.mtimeNs });
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return ok({ text: null, changedAt: 0n });
    }
    return err(`it cannot be read: ${messageOf(error)}`);
  } finally {
    if (file !== null) closeSync(file);
  }
}

function numberOf(text: string | null): Result<number, string> {
  const number = numberIn(text ?? '');
  return number.ok ? number : err(`it holds ${number.error}, which is no whole number`);
}
