/**
 * What was reported of passive checks. It outlives a reload, and in a file beside the control socket a restart of lvsd, but
 * not one of the machine; a name that leaves the configuration is forgotten.
 */
import { type PassiveReport, passiveReportIn } from '../health/passive.ts';
import { err, ok, type Result } from '../util/result.ts';
import { type Place, placeOfThisProcess, readStateFile, removeStateFile, replaceStateFile } from './state-file.ts';

export interface PassiveBoardHandlers {
  /** After every report, to look at it at once: probes of this name answer with it from now on. */
  reported(name: string, report: PassiveReport): void;
  /** The file cannot be written: a restart would forget. */
  warn(text: string): void;
}

export class PassiveBoard {
  readonly #reports = new Map<string, PassiveReport>();
  #names: ReadonlySet<string> = new Set();
  #handlers: PassiveBoardHandlers = { reported: () => {}, warn: () => {} };
  #file: string | null = null;
  #place: Place = { bootId: '', netns: '' };

  /** Recalls what an earlier run was told. Before the first `set`. */
  open(socketPath: string, handlers: PassiveBoardHandlers, place: Place = placeOfThisProcess()): void {
    this.#file = `${socketPath}.reports`;
    this.#handlers = handlers;
    this.#place = place;
    this.#reports.clear();
    for (const [name, report] of understood(readStateFile(this.#file, place))) this.#reports.set(name, report);
  }

  /** The names of the configuration: `passiveNames`. */
  set(names: ReadonlySet<string>): void {
    this.#names = names;
    const before = this.#reports.size;
    for (const name of [...this.#reports.keys()]) if (!names.has(name)) this.#reports.delete(name);
    if (this.#reports.size !== before) this.#save();
  }

  /** The error, a sentence for people: there is no such name. */
  report(name: string, report: PassiveReport): Result<void, string> {
    if (!this.#names.has(name)) {
      const known = this.#names.size === 0 ? 'has none' : `has ${[...this.#names].slice(0, 20).join(', ')}`;
      return err(`there is no passive check ${JSON.stringify(name.slice(0, 64))}: the configuration ${known}`);
    }
    this.#reports.set(name, report);
    this.#save();
    this.#handlers.reported(name, report);
    return ok(undefined);
  }

  /** Null: nothing was reported yet. */
  reportOn(name: string): PassiveReport | null {
    return this.#reports.get(name) ?? null;
  }

  #save(): void {
    if (this.#file === null) return;
    const text = JSON.stringify({ ...this.#place, reports: Object.fromEntries(this.#reports) });
    const problem = this.#reports.size === 0 ? removeStateFile(this.#file) : replaceStateFile(this.#file, text);
    if (problem !== null) this.#handlers.warn(`${problem}: a restart of lvsd would forget what was reported`);
  }
}

/** The one of this process: probes look here. */
export const passiveBoard = new PassiveBoard();

function understood(value: object | null): [string, PassiveReport][] {
  const reports = value !== null && 'reports' in value ? value.reports : null;
  return Object.entries(reports ?? {}).flatMap(([name, given]: [string, unknown]): [string, PassiveReport][] => {
    const report = passiveReportIn(given);
    return report.ok ? [[name, report.value]] : [];
  });
}
