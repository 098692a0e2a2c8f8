/**
 * Tracked processes: who runs, from the kernel's process events, or where there are none (another network or process
 * namespace, no CAP_NET_ADMIN) from a look at /proc every second.
 */
import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import type { TrackedProcessConfig } from '../config/types-tracked.ts';
import { countProblem, matchesProcess, type ProcessStat } from '../health/process-match.ts';
import { type Settled, settle, settledAs } from '../health/settle.ts';
import type { ProcEvent } from '../net/proc-connector.ts';
import { messageOf } from '../util/message-of.ts';
import type { TrackState } from '../vrrp/tracking.ts';
import { type ProcEventHandlers, ProcEvents } from './proc-events.ts';
import { readCommandLine, readStat, scanProcesses } from './proc-scan.ts';

const SCAN_EVERY_MS = 1000;
/** What has just begun may be about to become another program, and most of it is over before it is worth a look. */
const AFTER_START_MS = 50;

interface Entry {
  readonly config: TrackedProcessConfig;
  /** The processes that match, each with the scan that last saw it. */
  readonly pids: Map<number, number>;
  /** What it was before its configuration changed, until it is looked at; null: it is new. */
  readonly inherited: Settled | null;
  /** Null: not looked at yet. */
  settled: Settled | null;
  timer: NodeJS.Timeout | undefined;
}

export interface TrackProcessesHandlers {
  changed(name: string, state: TrackState): void;
  info(text: string): void;
}

/** Where events come from; tests have sources of their own. */
export type OpenEvents = (handlers: ProcEventHandlers) => { close(): void };

export class TrackProcesses {
  readonly #handlers: TrackProcessesHandlers;
  readonly #openEvents: OpenEvents;
  readonly #entries = new Map<string, Entry>();
  #events: ReturnType<OpenEvents> | null = null;
  /** No events here: /proc is looked at again and again. */
  #polling = false;
  #scanTimer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | null = null;
  /** Processes with a new program or name, not looked at yet. */
  readonly #fresh = new Set<number>();
  /** Children of what counts, by the time of their birth: between fork and exec they look like their parent. */
  readonly #newborn = new Map<number, number>();
  #scan = 0;
  #scanning = false;
  #again = false;
  /** While polling: what was found out about a process, so that its command line is read once. */
  #known = new Map<string, readonly string[]>();

  /** `changed` is called for every object after its first look, and whenever its state changes. */
  constructor(handlers: TrackProcessesHandlers, openEvents: OpenEvents = (heard) => new ProcEvents(heard)) {
    this.#handlers = handlers;
    this.#openEvents = openEvents;
  }

  /** The objects from now on. One that stays the same keeps its state. */
  set(configs: readonly TrackedProcessConfig[]): void {
    const wanted = new Map(configs.map((config) => [config.name, config]));
    const replaced = new Map<string, Settled | null>();
    for (const [name, entry] of this.#entries) {
      if (isDeepStrictEqual(wanted.get(name), entry.config)) continue;
      clearTimeout(entry.timer);
      this.#entries.delete(name);
      replaced.set(name, entry.settled ?? entry.inherited);
    }
    const added = configs.filter(({ name }) => !this.#entries.has(name));
    for (const config of added) {
      const inherited = replaced.get(config.name) ?? null;
      this.#entries.set(config.name, { config, pids: new Map(), inherited, settled: null, timer: undefined });
    }
    this.#known.clear();
    if (this.#entries.size === 0) this.#rest();
    else if (added.length > 0) {
      if (!this.#polling) this.#events ??= this.#listen();
      void this.#look();
    }
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** How many processes match now; null: not looked yet, or no such object. */
  countOf(name: string): number | null {
    const entry = this.#entries.get(name);
    return entry === undefined || entry.settled === null ? null : entry.pids.size;
  }

  stateOf(name: string): TrackState {
    const entry = this.#entries.get(name);
    if (entry === undefined || (entry.settled ?? entry.inherited)?.up !== false) return { kind: 'up' };
    const { config, pids, settled } = entry;
    if (settled === null) return { kind: 'down', reason: 'not looked at yet after a change' };
    const reason = countProblem(config, pids.size);
    const waits = settled.turnsAt === null ? 0 : config.upDelayMs;
    return { kind: 'down', reason: reason ?? `runs again, but not yet for ${waits / 1000} s` };
  }

  close(): void {
    for (const { timer } of this.#entries.values()) clearTimeout(timer);
    this.#entries.clear();
    this.#rest();
  }

  #rest(): void {
    this.#events?.close();
    this.#events = null;
    this.#polling = false;
    this.#known.clear();
    clearTimeout(this.#scanTimer);
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    this.#fresh.clear();
    this.#newborn.clear();
  }

  #listen(): ReturnType<OpenEvents> {
    return this.#openEvents({
      event: (event) => this.#happened(event),
      overrun: () => void this.#look(),
      unavailable: (reason) => {
        this.#events = null;
        this.#polling = true;
        this.#handlers.info(
          `Tracked processes: the kernel's process events are not to be had here (${reason}): looking at /proc every second`,
        );
        void this.#look();
      },
    });
  }

  #happened(event: Exclude<ProcEvent, { readonly kind: 'ack' }>): void {
    switch (event.kind) {
      case 'exit':
        this.#fresh.delete(event.pid);
        this.#newborn.delete(event.pid);
        for (const entry of this.#entries.values()) if (entry.pids.delete(event.pid)) this.#judge(entry);
        return;
      case 'fork':
        if (!this.#isCounted(event.parentPid)) return;
        this.#newborn.set(event.pid, performance.now());
        this.#judgeSoon();
        return;
      case 'exec':
      case 'comm':
        this.#newborn.delete(event.pid);
        this.#fresh.add(event.pid);
        this.#judgeSoon();
        return;
    }
  }

  #isCounted(pid: number): boolean {
    return this.#newborn.has(pid) || [...this.#entries.values()].some(({ pids }) => pids.has(pid));
  }

  /** Reads all of /proc; what it does not find is gone. */
  async #look(): Promise<void> {
    if (this.#scanning) {
      this.#again = true;
      return;
    }
    this.#scanning = true;
    clearTimeout(this.#scanTimer);
    do {
      this.#again = false;
      await this.#scanOnce();
    } while (this.#again);
    this.#scanning = false;
    if (this.#polling) this.#scanTimer = setTimeout(() => void this.#look(), SCAN_EVERY_MS);
  }

  async #scanOnce(): Promise<void> {
    this.#scan++;
    const known = this.#known;
    const found = new Map<string, readonly string[]>();
    try {
      await scanProcesses((pid, stat) => {
        const key = `${pid} ${stat.startedAt} ${stat.comm}`;
        const names = (this.#polling ? known.get(key) : undefined) ?? this.#matches(pid, stat);
        if (this.#polling) found.set(key, names);
        this.#place(pid, names);
        return this.#entries.size > 0;
      });
    } catch (error) {
      this.#handlers.info(`Tracked processes: /proc cannot be read: ${messageOf(error)}`);
      return;
    }
    // Set anew meanwhile: what was found out is about other objects.
    if (this.#known === known && !this.#again) this.#known = found;
    if (this.#again) return;
    for (const entry of this.#entries.values()) {
      for (const [pid, scan] of entry.pids) if (scan !== this.#scan) entry.pids.delete(pid);
      this.#judge(entry);
    }
  }

  /** Names of the objects that a process belongs to. */
  #matches(pid: number, { comm }: ProcessStat): readonly string[] {
    const commandLine = readCommandLine(pid);
    return [...this.#entries.values()]
      .filter(({ config }) => matchesProcess(config, comm, commandLine))
      .map(({ config }) => config.name);
  }

  #place(pid: number, names: readonly string[]): void {
    for (const [name, { pids }] of this.#entries) {
      if (names.includes(name)) pids.set(pid, this.#scan);
      else pids.delete(pid);
    }
  }

  #judgeSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      const bornBefore = performance.now() - AFTER_START_MS;
      for (const [pid, bornAt] of this.#newborn) {
        if (bornAt > bornBefore) continue;
        this.#newborn.delete(pid);
        this.#fresh.add(pid);
      }
      if (this.#newborn.size > 0) this.#judgeSoon();
      for (const pid of this.#fresh) {
        const stat = readStat(pid);
        if (stat !== null) this.#place(pid, this.#matches(pid, stat));
      }
      this.#fresh.clear();
      for (const entry of this.#entries.values()) if (entry.settled !== null) this.#judge(entry);
    }, AFTER_START_MS);
  }

  #judge(entry: Entry): void {
    clearTimeout(entry.timer);
    const observed = countProblem(entry.config, entry.pids.size) === null;
    const now = performance.now();
    const before = entry.settled;
    const settled = before === null ? settledAs(observed) : settle(entry.config, before, observed, now);
    entry.settled = settled;
    if (settled.turnsAt !== null) entry.timer = setTimeout(() => this.#judge(entry), Math.ceil(settled.turnsAt - now));
    if ((before ?? entry.inherited)?.up !== settled.up)
      this.#handlers.changed(entry.config.name, this.stateOf(entry.config.name));
  }
}
