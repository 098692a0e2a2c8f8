/**
 * Small files beside the control socket that outlive a crash: what lvsd changed on this machine and has to put back. They
 * count only in the place that they were written for: after a reboot, or in another network namespace, what they tell of
 * is somebody else's.
 */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../util/message-of.ts';
import { networkNamespaceName } from './network-namespace.ts';

/** A network namespace, until the machine boots again. The text of a file holds both fields. */
export interface Place {
  readonly bootId: string;
  /** No other one has it until the machine boots again. */
  readonly netns: string;
}

const MAX_BYTES = 16 * 1024 * 1024;
const MODE = 0o600;

export function placeOfThisProcess(): Place {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return { bootId, netns: networkNamespaceName() };
}

/** The object in the file (JSON); null when the file is missing, unreadable or of another place. */
export function readStateFile(file: string, { bootId, netns }: Place): object | null {
  try {
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (fstatSync(descriptor).size > MAX_BYTES) return null;
      const value: unknown = JSON.parse(readFileSync(descriptor, 'utf8'));
      if (typeof value !== 'object' || value === null) return null;
      return 'bootId' in value && value.bootId === bootId && 'netns' in value && value.netns === netns ? value : null;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
}

/** A new file under the old name: readers see the one or the other, and no link of somebody else's is followed. The error in words, or null. */
export function replaceStateFile(file: string, text: string): string | null {
  const draft = `${file}.new`;
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    mkdirSync(dirname(file), { recursive: true });
    rmSync(draft, { force: true }); // left by a crash
    const descriptor = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, MODE);
    try {
      writeFileSync(descriptor, text);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, file);
    return null;
  } catch (error) {
    return `Cannot write ${file}: ${messageOf(error)}`;
  }
}

/** One that is not there is fine. The error in words, or null. */
export function removeStateFile(file: string): string | null {
  try {
    rmSync(file, { force: true });
    return null;
  } catch (error) {
    return `Cannot remove ${file}: ${messageOf(error)}`;
  }
}
