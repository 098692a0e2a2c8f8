/**
 * Whether a program may be run: it is there, it is executable, and when it runs as root nobody else can change it or put
 * another one in its place (keepalived's `enable_script_security`, always on).
 */
import { accessSync, constants, lstatSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { posix } from 'node:path';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';

/** Where a program without a slash is looked for: fixed, so that the caller's PATH decides nothing. */
export const SCRIPT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const ROOT = 0;
const GROUP_WRITABLE = 0o020;
const OTHERS_WRITABLE = 0o002;
const STICKY = 0o1000;
const NO_FILE = 'no such file';
/** MAXSYMLINKS of the kernel. */
const MOST_LINKS = 40;

/** The program's absolute path, or why it cannot be run: a whole sentence with a remedy. */
export function findProgram(program: string, asRoot: boolean): Result<string, string> {
  const candidates = program.includes('/')
    ? [program]
    : SCRIPT_PATH.split(':').map((directory) => posix.join(directory, program));
  const mayBeHidden = !asRoot && program.includes('/');
  const looked = candidates.map((candidate) => ({ candidate, found: lookAt(candidate, mayBeHidden) }));
  const path = looked.find(({ found }) => found === null)?.candidate;
  if (path === undefined) {
    const nowhere = program.includes('/') ? 'there is no such file' : `it is in none of ${SCRIPT_PATH}`;
    return err(`\`${program}\` cannot be run: ${looked.find(({ found }) => found !== NO_FILE)?.found ?? nowhere}`);
  }
  if (!posix.isAbsolute(path)) return err(`\`${program}\` cannot be run: give its full path`);
  try {
    if (mayBeHidden && lookAt(path, false) !== null) return ok(path);
    // Root may execute what has any x bit; for everybody else the run itself will tell.
    if (asRoot) accessSync(path, constants.X_OK);
    else if ((statSync(path).mode & 0o111) === 0) return err(`${path} is not executable: chmod +x ${path}`);
  } catch {
    return err(`${path} is not executable: chmod +x ${path}`);
  }
  const danger = asRoot ? whoElseCanChange(path) : null;
  return danger === null ? ok(path) : err(`${path} would run as root, but ${danger}; or give it a \`user\``);
}

/** Null: a file, or one that only its user may see. Else why not: `NO_FILE`, or what the machine says. */
function lookAt(path: string, mayBeHidden: boolean): string | null {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? null : NO_FILE;
  } catch (error) {
    // Root without its privileges over files sees less than the user who will run it: the run itself will tell.
    const isHidden = error instanceof Error && 'code' in error && error.code === 'EACCES';
    return isHidden && mayBeHidden ? null : messageOf(error);
  }
}

/** Follows a path as the kernel does, looking at every directory and link on the way. Null: only root can change it. */
function whoElseCanChange(path: string): string | null {
  const ahead = path.split('/').filter((part) => part !== '');
  let at = '/';
  let links = 0;
  try {
    const root = danger(at, lstatSync(at));
    if (root !== null) return root;
    for (let part = ahead.shift(); part !== undefined; part = ahead.shift()) {
      const next = posix.join(at, part);
      const stats = lstatSync(next);
      const found = danger(next, stats);
      if (found !== null) return found;
      if (!stats.isSymbolicLink()) {
        at = next;
        continue;
      }
      links++;
      if (links > MOST_LINKS) return `${next} is a link that leads in circles`;
      const target = readlinkSync(next);
      if (posix.isAbsolute(target)) at = '/';
      ahead.unshift(...target.split('/').filter((piece) => piece !== ''));
    }
    return null;
  } catch (error) {
    return `its path cannot be checked (${messageOf(error)})`;
  }
}

/** In a sticky directory only root can rename or remove what root owns. */
function danger(path: string, stats: Stats): string | null {
  if (stats.uid !== ROOT) return `${path} belongs to user ${stats.uid}: chown root ${path}`;
  if (stats.isSymbolicLink()) return null;
  if (stats.isDirectory() && (stats.mode & STICKY) !== 0) return null;
  if ((stats.mode & OTHERS_WRITABLE) !== 0) return `everybody can write ${path}: chmod o-w ${path}`;
  if ((stats.mode & GROUP_WRITABLE) !== 0 && stats.gid !== ROOT) {
    return `group ${stats.gid} can write ${path}: chmod g-w ${path}`;
  }
  return null;
}
