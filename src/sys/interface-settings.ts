/** Settings of interfaces below /proc/sys/net that virtual routers need: set while they are wanted, then put back. */
import { readFileSync, writeFileSync } from 'node:fs';
import { messageOf } from '../util/message-of.ts';
import type { InterfaceSetting } from '../vrrp/interface-settings.ts';

export const SETTINGS_ROOT = '/proc/sys/net';

export class InterfaceSettings {
  readonly #warn: (text: string) => void;
  /** By path: what there was before the first write, and what was written. */
  readonly #originals = new Map<string, { readonly original: string; readonly written: string }>();

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /** Sets these, and puts back what was set for others before. What there is not (an interface that comes later) is left. */
  apply(wanted: readonly InterfaceSetting[]): void {
    const paths = new Set(wanted.map(pathOf));
    for (const path of [...this.#originals.keys()]) if (!paths.has(path)) this.#putBack(path);
    for (const setting of wanted) this.#set(setting);
  }

  /** Puts everything back. */
  close(): void {
    this.apply([]);
  }

  #set(setting: InterfaceSetting): void {
    const path = pathOf(setting);
    const now = readSetting(path);
    if (now === null || Number(now) >= setting.least) return;
    const problem = writeSetting(path, String(setting.least));
    if (problem !== null) this.#warn(`Cannot set ${nameOf(setting)} to ${setting.least}: ${problem}`);
    else {
      const original = this.#originals.get(path)?.original ?? now;
      this.#originals.set(path, { original, written: String(setting.least) });
    }
  }

  #putBack(path: string): void {
    const known = this.#originals.get(path);
    this.#originals.delete(path);
    // What has another value than lvsd gave it is somebody else's.
    if (known !== undefined && readSetting(path) === known.written) writeSetting(path, known.original);
  }
}

/** The value, or null: there is no such setting, or no such interface. */
export function readSetting(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/** The problem in words, or null. */
export function writeSetting(path: string, value: string): string | null {
  try {
    writeFileSync(path, value);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** Below the root. */
export function settingName({ family, interface: place, name }: InterfaceSetting): string {
  return `${family}/conf/${place}/${name}`;
}

function pathOf(setting: InterfaceSetting): string {
  return `${SETTINGS_ROOT}/${settingName(setting)}`;
}

function nameOf({ family, interface: place, name }: InterfaceSetting): string {
  return `net.${family}.conf.${place}.${name}`;
}
