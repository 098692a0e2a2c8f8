/** The settings of IPVS that only /proc/sys/net/ipv4/vs has, for this network namespace. */
import { writeFileSync } from 'node:fs';
import { messageOf } from '../util/message-of.ts';

const FOLDER = '/proc/sys/net/ipv4/vs';

/**
 * Whether a TCP packet in the middle of an unknown connection is scheduled instead of reset: a director that takes over
 * meets connections that were too young to be synced. The error in words, or null.
 */
export function setSloppyTcp(on: boolean): string | null {
  const file = `${FOLDER}/sloppy_tcp`;
  try {
    writeFileSync(file, on ? '1\n' : '0\n');
    return null;
  } catch (error) {
    return `Cannot write ${file}: ${messageOf(error)}; going on without`;
  }
}
