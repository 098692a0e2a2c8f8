/**
 * A FIFO (fifo(7)) that lines are written to, whether somebody reads it or not: writing never blocks. It is opened for
 * reading and writing, so that there is always a reader as far as the kernel is concerned; what the pipe (64 KiB) does not
 * take waits here, and the oldest of that is dropped.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, fchownSync, fstatSync, lstatSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { Backlog } from '../notify/backlog.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';
import { SCRIPT_PATH } from './script-safety.ts';
import type { ScriptUser } from './script-user.ts';

const MKFIFO_TIMEOUT_MS = 1000;
const MODE = 0o600;
const FLAGS = constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW;
/** Beside some two thousand lines in the pipe itself. */
const MOST_WAITING = 1000;
const RETRY_MS = 100;

export class Fifo {
  readonly path: string;
  readonly #fd: number;
  /** Ours to remove: it was not there before. */
  readonly #made: boolean;
  readonly #warn: (text: string) => void;
  readonly #backlog = new Backlog(MOST_WAITING);
  #retry: NodeJS.Timeout | null = null;

  private constructor(path: string, fd: number, made: boolean, warn: (text: string) => void) {
    this.path = path;
    this.#fd = fd;
    this.#made = made;
    this.#warn = warn;
  }

  /** Makes it if need be (mode 0600, owned by `owner`). The error is a whole sentence. */
  static open(path: string, owner: ScriptUser | null, warn: (text: string) => void): Result<Fifo, string> {
    const cannot = (why: string): Result<never, string> => err(`Cannot write to the FIFO ${path}: ${why}`);
    try {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found !== undefined && !found.isFIFO()) {
        return cannot('something that is not a FIFO is there: remove it, or name another path');
      }
      if (found !== undefined) {
        const fd = openExisting(path);
        if (fd !== null) {
          giveAway(fd, owner);
          return ok(new Fifo(path, fd, false, warn));
        }
        // What a killed lvsd left is its user's: without CAP_DAC_OVERRIDE root itself may not open it.
        if (found.uid !== owner?.uid || (found.mode & 0o777) !== MODE) return cannot('permission denied');
        unlinkSync(path);
      }
      return ok(new Fifo(path, make(path, owner), true, warn));
    } catch (error) {
      return cannot(messageOf(error).trim().split('\n').at(-1) ?? '');
    }
  }

  /** Lines that nobody read in time. */
  get dropped(): number {
    return this.#backlog.dropped;
  }

  /** Never blocks, never throws. */
  write(line: string): void {
    if (this.#backlog.isEmpty && this.#writeNow(line)) return;
    const { dropped } = this.#backlog;
    if (!this.#backlog.add(line) && dropped === 0) {
      this.#warn(`Nobody reads the FIFO ${this.path}: it is full, and its oldest waiting lines are dropped`);
    }
    this.#retry ??= setInterval(() => this.#drain(), RETRY_MS);
  }

  /** What the pipe holds stays for whoever has it open. */
  close(): void {
    this.#drain();
    if (this.#retry !== null) clearInterval(this.#retry);
    try {
      if (this.#made && lstatSync(this.path).ino === fstatSync(this.#fd).ino) unlinkSync(this.path);
    } catch {
      // somebody removed it
    }
    closeSync(this.#fd);
  }

  #drain(): void {
    this.#backlog.drain((line) => this.#writeNow(line));
    if (!this.#backlog.isEmpty || this.#retry === null) return;
    clearInterval(this.#retry);
    this.#retry = null;
  }

  /** A line is shorter than PIPE_BUF: it goes whole or not at all (pipe(7)). */
  #writeNow(line: string): boolean {
    try {
      writeSync(this.#fd, line);
      return true;
    } catch {
      return false; // EAGAIN: full
    }
  }
}

/** Node has no mkfifo(3): a command of coreutils, some milliseconds, once. Throws. */
function make(path: string, owner: ScriptUser | null): number {
  const mode = MODE.toString(8);
  execFileSync('mkfifo', ['-m', mode, path], {
    env: { PATH: SCRIPT_PATH },
    timeout: MKFIFO_TIMEOUT_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const fd = openSync(path, FLAGS);
  giveAway(fd, owner);
  return fd;
}

/** To whom it is for, if it is as we make them: what took its place meanwhile, or an operator's own, is not given away. */
function giveAway(fd: number, owner: ScriptUser | null): void {
  const stats = fstatSync(fd);
  const isOurs = stats.isFIFO() && stats.uid === process.geteuid?.() && (stats.mode & 0o777) === MODE;
  if (owner !== null && isOurs) fchownSync(fd, owner.uid, owner.gid);
}

/** Null: permission denied. Throws for everything else. */
function openExisting(path: string): number | null {
  let fd: number;
  try {
    fd = openSync(path, FLAGS);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') return null;
    throw error;
  }
  if (fstatSync(fd).isFIFO()) return fd;
  closeSync(fd);
  throw new Error('it was replaced while it was opened');
}
