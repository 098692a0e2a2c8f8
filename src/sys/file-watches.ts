/**
 * Changes of the files of file checks, heard at once (inotify on their directories): a hint to probe. What inotify cannot see
 * (links to elsewhere, network file systems) the probes find on their beat.
 */
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import type { CheckConfig } from '../config/types-checks.ts';

/** A change often comes in several events. */
const AFTER_EVENT_MS = 20;
/** A directory may come later, or be replaced. */
const LOOK_MS = 2000;

export class FileWatches {
  readonly #onChange: (keys: readonly string[]) => void;
  /** By path. */
  readonly #directories = new Map<string, Directory>();
  #timer: NodeJS.Timeout | null = null;

  /** `onChange` gets the keys of the checks whose files changed. */
  constructor(onChange: (keys: readonly string[]) => void) {
    this.#onChange = onChange;
  }

  /** The checks from now on; those of other types are none of ours. */
  set(checks: ReadonlyMap<string, CheckConfig>): void {
    const wanted = new Map<string, Map<string, string[]>>();
    for (const [key, check] of checks) {
      if (check.type !== 'file') continue;
      const files = wanted.get(posix.dirname(check.path)) ?? new Map<string, string[]>();
      wanted.set(posix.dirname(check.path), files);
      const name = posix.basename(check.path);
      files.set(name, [...(files.get(name) ?? []), key]);
    }
    for (const [path, directory] of this.#directories) {
      if (wanted.has(path)) continue;
      directory.close();
      this.#directories.delete(path);
    }
    for (const [path, files] of wanted) {
      const directory = this.#directories.get(path) ?? new Directory(path, this.#onChange);
      this.#directories.set(path, directory);
      directory.files = files;
    }
    this.#look();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = wanted.size === 0 ? null : setInterval(() => this.#look(), LOOK_MS).unref();
  }

  close(): void {
    this.set(new Map());
  }

  #look(): void {
    for (const directory of this.#directories.values()) void directory.look();
  }
}

/** One directory with files of checks. */
class Directory {
  /** By name: the keys of the checks. */
  files: ReadonlyMap<string, readonly string[]> = new Map();
  readonly #path: string;
  readonly #onChange: (keys: readonly string[]) => void;
  #watcher: FSWatcher | null = null;
  /** Of what is watched. */
  #inode: number | null = null;
  /** A look is under way, and hangs perhaps, as network file systems do. */
  #looking = false;
  /** Names of files that changed, until they are told. */
  readonly #changed = new Set<string>();
  #soon: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(path: string, onChange: (keys: readonly string[]) => void) {
    this.#path = path;
    this.#onChange = onChange;
  }

  /** Watches the directory that is there now: it may not be there, or be another one than before. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const inode = await stat(this.#path).then(
      (stats) => stats.ino,
      () => null,
    );
    this.#looking = false;
    if (this.#closed || (this.#watcher !== null && inode === this.#inode)) return;
    this.#watcher?.close();
    this.#watcher = null;
    this.#inode = inode;
    if (inode !== null) this.#watch();
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    if (this.#soon !== null) clearTimeout(this.#soon);
  }

  #watch(): void {
    try {
      const watcher = watch(this.#path, { persistent: false }, (_, name) => this.#happened(name));
      watcher.on('error', () => {
        watcher.close();
        if (this.#watcher === watcher) this.#watcher = null;
      });
      this.#watcher = watcher;
    } catch {
      // No inotify watch to be had: the beat has to do.
    }
  }

  #happened(name: string | null): void {
    if (name === null) for (const file of this.files.keys()) this.#changed.add(file);
    else if (this.files.has(name)) this.#changed.add(name);
    if (this.#changed.size === 0) return;
    // Not armed anew by each event: it would never fire while there are more.
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      const keys = [...this.#changed].flatMap((file) => this.files.get(file) ?? []);
      this.#changed.clear();
      this.#onChange(keys);
    }, AFTER_EVENT_MS);
  }
}
