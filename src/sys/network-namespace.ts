/** The network namespace of a process, as a number that is the same for everybody on this machine. */
import { statSync } from 'node:fs';

/** Of this process without `pid`; null when it is gone, or not ours to look at. */
export function networkNamespace(pid?: number): number | null {
  try {
    return statSync(`/proc/${pid ?? 'self'}/ns/net`).ino;
  } catch {
    return null;
  }
}
