/**
 * Keeps the kernel's IPVS settings and connection timeouts as configured, and remembers what they were before the first
 * write: they can be put back when lvsd stops, also by a later run.
 */
import { describeRepair } from '../director/change-text.ts';
import { type KernelChange, valueChange } from '../director/changes.ts';
import { TIMEOUT_NAMES, timeoutChanges } from '../director/planned.ts';
import type { WantedIpvs } from '../director/wanted.ts';
import type { IpvsCommand, TimeoutChange, Timeouts } from '../ipvs/command.ts';
import {
  NO_TIMEOUTS,
  type Originals,
  type SettingChange,
  settingChanges,
  TIMEOUTS,
  timeoutsBy,
  unwantedOf,
} from '../ipvs/settings.ts';
import { messageOf } from '../util/message-of.ts';
import type { ApplyOutcome } from './ipvs.ts';
import type { SettingsFolder } from './ipvs-settings.ts';
import type { Log } from './log.ts';

/** The kernel's timeouts, as in `Ipvs`. */
export interface TimeoutsKernel {
  timeouts(): Timeouts;
  apply(commands: readonly IpvsCommand[]): Promise<ApplyOutcome>;
}

export interface SettingsOutcome {
  /** What could not be set, in words. */
  readonly problems: readonly string[];
  /** How many changes of somebody else were put right. */
  readonly repairs: number;
  /** Names of the settings that were written, or put back. */
  readonly written: readonly string[];
}

interface Parts {
  readonly kernel: TimeoutsKernel;
  readonly folder: SettingsFolder;
  readonly wanted: () => WantedIpvs;
  readonly originals: Originals;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

const NOTHING_PUT_BACK: Omit<SettingsOutcome, 'repairs'> = { problems: [], written: [] };

export class SettingsKeeper {
  readonly #parts: Parts;
  #originals: Originals;
  /** What the kernel shows for a value that was written, where that differs. */
  readonly #understood = new Map<string, { readonly written: string; readonly shown: string }>();
  /** Subjects that were as this configuration wants them: a difference later is somebody else's doing. */
  readonly #settled = new Set<string>();
  readonly #missingTold = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#originals = parts.originals;
  }

  /** What there was before the first write. */
  get originals(): Originals {
    return this.#originals;
  }

  /** Another configuration is wanted: what it makes different is no repair. */
  reset(): void {
    this.#settled.clear();
  }

  /** Writes what differs. `remember` is called before, when there are new originals: they must not be lost. */
  async keep(remember: () => void): Promise<SettingsOutcome> {
    try {
      const wanted = this.#parts.wanted();
      const ofBack = wanted.restoreSettings ? await this.#putBack(wanted) : NOTHING_PUT_BACK;
      const { changes, missing } = this.#differences(wanted);
      this.#tellMissing(missing);
      const timeouts = TIMEOUTS.some((name) => wanted.timeouts[name] !== null)
        ? timeoutChanges(this.#parts.kernel.timeouts(), wanted.timeouts)
        : [];
      if (this.#noteOriginals(changes, timeouts.length > 0 ? wanted.timeouts : NO_TIMEOUTS)) remember();
      const refused = new Map<string, string>();
      for (const change of changes) {
        const problem = this.#write(change);
        if (problem !== null) refused.set(change.name, problem);
      }
      const ofTimeouts = timeouts.length > 0 ? await this.#setTimeouts(wanted.timeouts) : [];
      // One that is refused again and again hides nothing of the others.
      const written = changes.filter(({ name }) => !refused.has(name));
      const repairs = this.#tell([
        ...written.map((change) => valueChange('setting', change.name, change)),
        ...(ofTimeouts.length === 0 ? timeouts : []),
      ]);
      this.#settle(wanted, { refused, timeouts: ofTimeouts.length === 0 });
      const problems = [...ofBack.problems, ...refused.values(), ...ofTimeouts];
      return { problems, repairs, written: [...ofBack.written, ...written.map(({ name }) => name)] };
    } catch (error) {
      return { problems: [messageOf(error)], repairs: 0, written: [] };
    }
  }

  /** Everything becomes what it was before the first write. The problems in words. */
  async restore(): Promise<readonly string[]> {
    try {
      return (await this.#putBack({ settings: {}, timeouts: NO_TIMEOUTS })).problems;
    } catch (error) {
      return [messageOf(error)];
    }
  }

  /** Puts back what is not wanted any more. */
  async #putBack(wanted: Pick<WantedIpvs, 'settings' | 'timeouts'>): Promise<Omit<SettingsOutcome, 'repairs'>> {
    const { folder, log } = this.#parts;
    const back = unwantedOf(this.#originals, wanted);
    const problems: string[] = [];
    const written: string[] = [];
    const kept = new Map(Object.entries(this.#originals.settings));
    for (const [name, value] of Object.entries(back.settings)) {
      const problem = folder.write(name, value);
      if (problem !== null) problems.push(problem);
      else {
        kept.delete(name);
        written.push(name);
        log.info(`IPVS settings: net.ipv4.vs.${name} is put back to ${value.split('\t').join(' ')}`);
      }
    }
    const ofTimeouts = isEmpty(back.timeouts) ? [] : await this.#setTimeouts(back.timeouts);
    const done = (name: keyof Timeouts): boolean => back.timeouts[name] !== null && ofTimeouts.length === 0;
    for (const name of TIMEOUTS)
      if (done(name)) log.info(`IPVS settings: timeout ${TIMEOUT_NAMES[name]} is put back to ${back.timeouts[name]}`);
    const { timeouts } = this.#originals;
    this.#originals = {
      settings: Object.fromEntries(kept),
      timeouts: timeoutsBy((name) => (done(name) ? null : timeouts[name])),
    };
    return { problems: [...problems, ...ofTimeouts], written };
  }

  #differences({ settings }: WantedIpvs): ReturnType<typeof settingChanges> {
    const understood = new Map<string, string>();
    for (const [name, { written, shown }] of this.#understood) {
      if (settings[name] === written) understood.set(name, shown);
    }
    return settingChanges(settings, (name) => this.#parts.folder.read(name), understood);
  }

  /** True when there were new ones. */
  #noteOriginals(changes: readonly SettingChange[], timeouts: TimeoutChange): boolean {
    const { settings, timeouts: known } = this.#originals;
    const fresh = changes.filter(({ name }) => settings[name] === undefined);
    const isFresh = (name: keyof Timeouts): boolean => timeouts[name] !== null && known[name] === null;
    const found = TIMEOUTS.some(isFresh) ? this.#parts.kernel.timeouts() : null;
    if (fresh.length === 0 && found === null) return false;
    this.#originals = {
      settings: { ...settings, ...Object.fromEntries(fresh.map(({ name, from }) => [name, from])) },
      timeouts: timeoutsBy((name) => (found !== null && isFresh(name) ? found[name] : known[name])),
    };
    return true;
  }

  #write({ name, to }: SettingChange): string | null {
    const { folder } = this.#parts;
    const problem = folder.write(name, to);
    if (problem === null) this.#understood.set(name, { written: to, shown: folder.read(name) ?? to });
    return problem;
  }

  async #setTimeouts(timeouts: TimeoutChange): Promise<readonly string[]> {
    const { refused } = await this.#parts.kernel.apply([{ command: 'set-timeouts', timeouts }]);
    return refused.map(({ text }) => text);
  }

  /** How many of them were repairs. */
  #tell(changes: readonly KernelChange[]): number {
    const repairs = changes.filter((change) => this.#settled.has(subjectOf(change)));
    for (const change of changes) {
      const text = describeRepair(change);
      if (repairs.includes(change)) this.#parts.log.warn(`IPVS settings were changed from outside: ${text}`);
      else this.#parts.log.info(`IPVS settings: ${text}`);
    }
    return repairs.length;
  }

  /** What is now as it is wanted: not what was `refused`, and the timeouts only if they were set. */
  #settle(
    { settings, timeouts }: WantedIpvs,
    done: { readonly refused: ReadonlyMap<string, unknown>; readonly timeouts: boolean },
  ): void {
    for (const name of Object.keys(settings)) if (!done.refused.has(name)) this.#settled.add(`setting ${name}`);
    if (!done.timeouts) return;
    for (const name of TIMEOUTS) if (timeouts[name] !== null) this.#settled.add(`timeout ${TIMEOUT_NAMES[name]}`);
  }

  #tellMissing(missing: readonly string[]): void {
    const fresh = missing.filter((name) => !this.#missingTold.has(name));
    if (fresh.length === 0) return;
    for (const name of fresh) this.#missingTold.add(name);
    const names = fresh.map((name) => `net.ipv4.vs.${name}`).join(', ');
    this.#parts.log.warn(`This kernel does not have ${names}: going on without`);
  }
}

function subjectOf({ object, name }: KernelChange): string {
  return `${object} ${name}`;
}

function isEmpty(timeouts: TimeoutChange): boolean {
  return TIMEOUTS.every((name) => timeouts[name] === null);
}
