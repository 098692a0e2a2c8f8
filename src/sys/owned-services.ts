/**
 * Which services in the kernel are ours, remembered across a crash: a small file beside the control socket. Without it a
 * virtual server that leaves the configuration while lvsd is down would stay in the kernel for ever.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const MAX_BYTES = 16 * 1024 * 1024;

/** The keys of the services of an earlier run; none when there is no (readable) file. */
export function readOwnedServices(socketPath: string): readonly string[] {
  try {
    const text = readFileSync(fileOf(socketPath), 'utf8');
    const keys: unknown = text.length > MAX_BYTES ? [] : JSON.parse(text);
    return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
  } catch {
    return [];
  }
}

/** Replaces the file at once. The error in words, or null; a full disk costs only this memory. */
export function writeOwnedServices(socketPath: string, keys: readonly string[]): string | null {
  const file = fileOf(socketPath);
  try {
    if (keys.length === 0) {
      rmSync(file, { force: true });
      return null;
    }
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(keys), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return null;
  } catch (error) {
    return `Cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function fileOf(socketPath: string): string {
  return `${socketPath}.services`;
}
