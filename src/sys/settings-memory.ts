/**
 * What settings of interfaces were before any VRRP process changed them. A VRRP process puts back what it set; this is for
 * one that was killed, and, in a file beside the control socket, for a daemon that was killed with it: the next run would
 * take what it finds for the original.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import { interfaceSettings } from '../vrrp/interface-settings.ts';
import { readSetting, SETTINGS_ROOT, settingName, writeSetting } from './interface-settings.ts';
import { type Place, placeOfThisProcess, readStateFile, removeStateFile, replaceStateFile } from './state-file.ts';

interface Change {
  readonly original: string;
  /** What lvsd gives it. */
  readonly written: string;
}

export class SettingsMemory {
  readonly #file: string;
  readonly #warn: (text: string) => void;
  readonly #place: Place;
  readonly #root: string;
  /** By name below the root: "ipv4/conf/eth0/arp_ignore". */
  readonly #changes: Map<string, Change>;

  /** `warn` tells of a file that cannot be written: then only this memory is lost. `root`: where settings are, for tests. */
  constructor(
    socketPath: string,
    warn: (text: string) => void,
    place: Place = placeOfThisProcess(),
    root = SETTINGS_ROOT,
  ) {
    this.#file = `${socketPath}.interfaces`;
    this.#warn = warn;
    this.#place = place;
    this.#root = root;
    this.#changes = understood(readStateFile(this.#file, place));
  }

  /** Before the VRRP process gets this configuration. Puts back what no router of it needs. */
  note(routers: readonly VirtualRouterConfig[]): void {
    const wanted = new Map(interfaceSettings(routers).map((setting) => [settingName(setting), setting]));
    for (const name of [...this.#changes.keys()]) if (!wanted.has(name)) this.#putBack(name);
    for (const [name, { least }] of wanted) {
      const now = readSetting(`${this.#root}/${name}`);
      // What has another value than lvsd gave it is somebody else's, and the original of what follows.
      if (now === null || now === this.#changes.get(name)?.written) continue;
      if (Number(now) < least) this.#changes.set(name, { original: now, written: String(least) });
      else this.#changes.delete(name);
    }
    this.#save();
  }

  /** When no VRRP process runs any more. */
  putBack(): void {
    for (const name of [...this.#changes.keys()]) this.#putBack(name);
    this.#save();
  }

  #putBack(name: string): void {
    const change = this.#changes.get(name);
    this.#changes.delete(name);
    const path = `${this.#root}/${name}`;
    if (change !== undefined && readSetting(path) === change.written) writeSetting(path, change.original);
  }

  #save(): void {
    const text = JSON.stringify({ ...this.#place, settings: Object.fromEntries(this.#changes) });
    const problem = this.#changes.size === 0 ? removeStateFile(this.#file) : replaceStateFile(this.#file, text);
    if (problem !== null) this.#warn(problem);
  }
}

function understood(value: object | null): Map<string, Change> {
  const settings = value !== null && 'settings' in value ? value.settings : null;
  return new Map(
    Object.entries(settings ?? {}).flatMap(([name, change]: [string, unknown]): [string, Change][] => {
      if (typeof change !== 'object' || change === null || !('original' in change && 'written' in change)) return [];
      const { original, written } = change;
      // Names become paths: nothing that leads out of the folder.
      const isSound = /^ipv[46]\/conf\/[^/]{1,15}\/[a-z_]+$/.test(name) && !name.includes('/../');
      return isSound && isNumber(original) && isNumber(written) ? [[name, { original, written }]] : [];
    }),
  );
}

function isNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d+$/.test(value);
}
