/** The settings of IPVS that only /proc/sys/net/ipv4/vs has, for the network namespace of this process. */
import { readFileSync, writeFileSync } from 'node:fs';
import { messageOf } from '../util/message-of.ts';

const FOLDER = '/proc/sys/net/ipv4/vs';

/** Where settings are read and written. */
export interface SettingsFolder {
  /** Null: this kernel does not have it. Throws when it cannot be read. */
  read(name: string): string | null;
  /** The error in words, or null. */
  write(name: string, value: string): string | null;
}

/** The kernel's. It is there once ip_vs is loaded. */
export const KERNEL_SETTINGS: SettingsFolder = {
  read(name) {
    try {
      return readFileSync(`${FOLDER}/${name}`, 'utf8').trim();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw new Error(`Cannot read ${FOLDER}/${name}: ${messageOf(error)}`, { cause: error });
    }
  },
  write(name, value) {
    try {
      writeFileSync(`${FOLDER}/${name}`, `${value}\n`);
      return null;
    } catch (error) {
      return `Cannot write ${value} to ${FOLDER}/${name}: ${messageOf(error)}; going on without`;
    }
  },
};
