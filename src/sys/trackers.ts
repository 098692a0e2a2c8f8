/** Everything that the main process watches for the virtual routers: scripts, files, processes and virtual servers. */
import { isDeepStrictEqual } from 'node:util';
import { quorumProblems } from '../config/quorum-problems.ts';
import type { TrackedScriptConfig } from '../config/types-tracked.ts';
import { type TrackedWorld, trackedObjects, trackedServers } from '../director/tracked.ts';
import { trackedReport } from '../status/tracked.ts';
import type { TrackedReport } from '../status/types.ts';
import { type TrackKey, type TrackState, trackKeyOf } from '../vrrp/tracking.ts';
import type { Log } from './log.ts';
import { scriptProblems } from './script-problems.ts';
import { TrackFile } from './track-file.ts';
import { TrackProcesses } from './track-process.ts';
import { TrackScript } from './track-script.ts';

/** Between the first runs of two scripts: starting a program takes a millisecond or two of ours. */
const FIRST_RUNS_APART_MS = 10;

interface Known {
  readonly key: TrackKey;
  readonly state: TrackState;
  readonly detail: string;
}

/** Hears what is new, in the turn of its cause. */
export interface TrackListener {
  tracked(states: Readonly<Record<TrackKey, TrackState>>): void;
}

export class Trackers {
  readonly #listeners: readonly TrackListener[];
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #scripts = new Map<string, { readonly config: TrackedScriptConfig; readonly script: TrackScript }>();
  readonly #files = new Map<string, TrackFile>();
  readonly #processes: TrackProcesses;
  readonly #ending = new Set<Promise<void>>();
  #servers: Readonly<Record<TrackKey, TrackState>> = {};

  constructor(listeners: readonly TrackListener[], log: Pick<Log, 'info' | 'warn'>) {
    this.#listeners = listeners;
    this.#log = log;
    this.#processes = new TrackProcesses({
      changed: (name, state) => this.#tell(trackKeyOf({ kind: 'process', name }), state),
      info: (text) => log.info(text),
    });
  }

  /**
   * The objects that are tracked from now on; one that stays the same goes on undisturbed. All states are told anew, so
   * that a virtual router starts with what is known. The programs that cannot be run here, in words.
   */
  set(world: TrackedWorld): readonly string[] {
    const objects = trackedObjects(world.config);
    this.#setScripts(objects.scripts);
    this.#setFiles(objects.files);
    this.#processes.set(objects.processes);
    this.#servers = trackedServers(world);
    const known = this.#known().map(({ key, state }) => [key, state]);
    if (known.length > 0) this.#announce(Object.fromEntries(known));
    return [...scriptProblems(world.config), ...quorumProblems(world.config)];
  }

  /** A verdict changed: virtual servers may have won or lost their quorum. */
  look(world: TrackedWorld): void {
    const before = this.#servers;
    this.#servers = trackedServers(world);
    for (const [key, state] of Object.entries(this.#servers)) {
      if (!isDeepStrictEqual(state, before[key])) this.#tell(key, state);
    }
  }

  report(): readonly TrackedReport[] {
    return this.#known().map(({ key, state, detail }) => trackedReport(key, state, detail));
  }

  /** Ends everything; resolves when no script is left, two seconds at most. */
  async close(): Promise<void> {
    this.#setScripts([]);
    this.#setFiles([]);
    this.#processes.close();
    await Promise.all(this.#ending);
  }

  #known(): readonly Known[] {
    const scripts = [...this.#scripts].map(([name, { script }]): Known => {
      const { lastResult, runtimeMs, runs, skipped } = script.report;
      const late = skipped === 0 ? '' : `, ${skipped} left out because the last one was not over`;
      const ran = `${lastResult ?? ''} in ${Math.round(runtimeMs ?? 0)} ms, ${runs} run${runs === 1 ? '' : 's'}${late}`;
      const detail = lastResult === null ? 'not run yet' : ran;
      return { key: trackKeyOf({ kind: 'script', name }), state: script.state, detail };
    });
    const files = [...this.#files].map(
      ([name, file]): Known => ({
        key: trackKeyOf({ kind: 'file', name }),
        state: file.state,
        detail: file.problem ?? '',
      }),
    );
    const processes = this.#processes.names.map((name): Known => {
      const count = this.#processes.countOf(name);
      const detail = count === null ? 'not looked at yet' : `${count} process${count === 1 ? '' : 'es'}`;
      return { key: trackKeyOf({ kind: 'process', name }), state: this.#processes.stateOf(name), detail };
    });
    const servers = Object.entries(this.#servers).map(([key, state]): Known => ({ key, state, detail: '' }));
    return [...scripts, ...files, ...processes, ...servers];
  }

  #setScripts(configs: readonly TrackedScriptConfig[]): void {
    const wanted = new Map(configs.map((config) => [config.name, config]));
    const replaced = new Map<string, TrackScript>();
    for (const [name, { config, script }] of this.#scripts) {
      if (isDeepStrictEqual(wanted.get(name), config)) continue;
      this.#scripts.delete(name);
      replaced.set(name, script);
      const ending = script.close().finally(() => this.#ending.delete(ending));
      this.#ending.add(ending);
    }
    let delayMs = 0;
    for (const config of configs) {
      if (this.#scripts.has(config.name)) continue;
      const key = trackKeyOf({ kind: 'script', name: config.name });
      const predecessor = replaced.get(config.name);
      const start = predecessor === undefined ? { delayMs } : { delayMs, predecessor };
      const script = new TrackScript(config, start, (state) => this.#tell(key, state));
      this.#scripts.set(config.name, { config, script });
      delayMs += FIRST_RUNS_APART_MS;
    }
  }

  #setFiles(paths: readonly string[]): void {
    for (const [path, file] of this.#files) {
      if (paths.includes(path)) continue;
      file.close();
      this.#files.delete(path);
    }
    for (const path of paths) {
      if (this.#files.has(path)) continue;
      const key = trackKeyOf({ kind: 'file', name: path });
      const file = new TrackFile(
        path,
        (state) => this.#tell(key, state),
        (text) => this.#log.warn(text),
      );
      this.#files.set(path, file);
    }
  }

  #tell(key: TrackKey, state: TrackState): void {
    if (state.kind === 'down') this.#log.warn(`tracked ${key}: down (${state.reason})`);
    else if (state.kind === 'up') this.#log.info(`tracked ${key}: up`);
    else this.#log.info(`tracked ${key}: ${state.value}`);
    this.#announce({ [key]: state });
  }

  #announce(states: Readonly<Record<TrackKey, TrackState>>): void {
    for (const listener of this.#listeners) listener.tracked(states);
  }
}
