/**
 * Tells others what becomes of virtual routers, groups, virtual and real servers: scripts and FIFOs, with keepalived's words
 * (docs/events.md). Everything here is beside the point of a take-over: nothing waits for it.
 */
import type { NotificationsConfig, NotifyConfig } from '../config/types-notify.ts';
import type { Change } from '../director/observation.ts';
import { groupStateOf } from '../notify/group-state.ts';
import { ServiceBoard, type ServiceNews, type ServiceWorld } from '../notify/services.ts';
import {
  type ConflictWord,
  commandsFor,
  fifoLine,
  GROUP_PRIORITY,
  type Note,
  type NotifyState,
  notifyStateOf,
  type ServiceNote,
  type Subject,
} from '../notify/words.ts';
import type { News } from '../status/events.ts';
import type { NotificationsReport } from '../status/types.ts';
import type { Role } from '../vrrp/messages.ts';
import type { Log } from './log.ts';
import { LogLimiter } from './log-limiter.ts';
import { NotifyFifo } from './notify-fifo.ts';
import { NotifyRunner } from './notify-runner.ts';

/** Of whom something is told. */
export interface NotifyTargets {
  readonly routers: readonly {
    readonly name: string;
    readonly priority: number;
    readonly notify: NotifyConfig | null;
  }[];
  readonly groups: readonly {
    readonly name: string;
    readonly members: readonly string[];
    readonly notify: NotifyConfig | null;
  }[];
  readonly notifications: NotificationsConfig;
  /** Its virtual servers and what is known of them. */
  readonly world: ServiceWorld;
}

interface Router {
  notify: NotifyConfig | null;
  /** Null: nothing was told yet. */
  state: NotifyState | null;
  priority: number;
  /** False: it left the configuration, and STOP is still to come. */
  configured: boolean;
}

interface Group {
  readonly members: readonly string[];
  readonly notify: NotifyConfig | null;
  state: NotifyState | null;
}

/** What a stop waits for programs that run for an earlier state. */
const HURRY_AFTER_MS = 300;

export class Notifier {
  readonly #news: (news: News) => void;
  readonly #limiter: LogLimiter;
  readonly #runner: NotifyRunner;
  readonly #routers = new Map<string, Router>();
  #groups = new Map<string, Group>();
  readonly #services = new ServiceBoard();
  /** Null: before the first configuration, and from the stop on. */
  #world: ServiceWorld | null = null;
  readonly #fifo: NotifyFifo;
  /** Of virtual and real servers alone. */
  readonly #lvsFifo: NotifyFifo;

  /** `news` hears of changes of groups, and of programs that fail or are skipped. */
  constructor(log: Pick<Log, 'warn'>, news: (news: News) => void) {
    this.#news = news;
    this.#limiter = new LogLimiter((text) => log.warn(text));
    const warn = (text: string): void => this.#limiter.say(text);
    this.#fifo = new NotifyFifo(warn);
    this.#lvsFifo = new NotifyFifo(warn);
    const told = (to: string) => (subject: Subject, text: string) => {
      this.#limiter.say(text);
      news({ kind: 'notify', object: subject.name, from: null, to, reason: text });
    };
    this.#runner = new NotifyRunner({ failed: told('failed'), skipped: told('skipped') });
  }

  /** Takes over another configuration; what was told stays told. The problems in words. */
  async configure({ routers, groups, notifications, world }: NotifyTargets): Promise<readonly string[]> {
    for (const router of this.#routers.values()) router.configured = false;
    for (const { name, priority, notify } of routers) {
      const known = this.#routers.get(name);
      if (known === undefined) this.#routers.set(name, { notify, state: null, priority, configured: true });
      else Object.assign(known, { notify, configured: true });
    }
    const before = this.#groups;
    this.#groups = new Map(
      groups.map((group) => [group.name, { ...group, state: before.get(group.name)?.state ?? null }]),
    );
    for (const [name, { configured, state }] of this.#routers) {
      if (configured) continue;
      // One that does not take part has nothing to hand over, and will not be heard of again.
      if (state === 'FAULT') this.#stopped(name);
      else if (state === null || state === 'STOP') this.#routers.delete(name);
    }
    for (const name of this.#groups.keys()) this.#lookAtGroup(name);
    this.#world = world;
    this.#services.set(world.config.virtualServers);
    const problems = await Promise.all([
      this.#fifo.configure(notifications),
      this.#lvsFifo.configure(notifications.lvs),
    ]);
    for (const news of this.#services.settled(world)) this.#tellService(news);
    return problems.flat();
  }

  report(): NotificationsReport {
    const { skipped, failed } = this.#runner;
    return { skipped, failed, fifo: this.#fifo.report(), lvsFifo: this.#lvsFifo.report() };
  }

  /** A virtual router has this role now; `priority` is its effective one. */
  transition(name: string, role: Role, priority: number): void {
    const router = this.#routers.get(name);
    const state = notifyStateOf(role);
    if (router === undefined || state === null) return;
    router.priority = priority;
    if (router.state === state) return;
    router.state = state;
    this.#tell({ kind: 'INSTANCE', name }, router.notify, { type: 'state', state, priority });
    if (state === 'STOP' && !router.configured) this.#routers.delete(name);
    for (const [group, { members }] of this.#groups) if (members.includes(name)) this.#lookAtGroup(group);
  }

  conflict(name: string, what: ConflictWord, detail: string): void {
    this.#tell({ kind: 'INSTANCE', name }, this.#routers.get(name)?.notify ?? null, { type: 'conflict', what, detail });
  }

  /** What changed of virtual and real servers. */
  verdicts(changes: readonly Change[]): void {
    if (this.#world === null) return;
    for (const news of this.#services.changed(changes, this.#world)) this.#tellService(news);
  }

  /**
   * The virtual routers have stopped: whoever was not told is told now. Resolves when all programs are done, at the latest
   * after `limitMs`: then they are killed.
   */
  async stop(limitMs: number): Promise<void> {
    // What the last probes say of servers is not told any more: nobody would wait for the programs.
    this.#world = null;
    for (const name of [...this.#routers.keys()]) this.#stopped(name);
    const hurry = setTimeout(() => this.#runner.hurry(), Math.min(HURRY_AFTER_MS, limitMs / 2));
    await Promise.all([this.#runner.finish(limitMs), this.#fifo.end(), this.#lvsFifo.end()]);
    clearTimeout(hurry);
  }

  #stopped(name: string): void {
    const router = this.#routers.get(name);
    if (router !== undefined && router.state !== null) this.transition(name, 'STOPPED', router.priority);
  }

  #lookAtGroup(name: string): void {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    const from = group.state;
    const state = groupStateOf(group.members.map((member) => this.#routers.get(member)?.state ?? null));
    if (state === null || state === from) return;
    group.state = state;
    this.#news({ kind: 'group', object: name, from, to: state, reason: null });
    this.#tell({ kind: 'GROUP', name }, group.notify, { type: 'state', state, priority: GROUP_PRIORITY });
  }

  #tell(subject: Subject, config: NotifyConfig | null, note: Exclude<Note, ServiceNote>): void {
    if (note.type === 'state') this.#fifo.write(fifoLine(subject, note.state, note.priority));
    if (config === null) return;
    const { user, timeoutMs } = config;
    this.#runner.tell(subject, { note, commands: commandsFor(config, subject, note), user, timeoutMs, env: {} });
  }

  #tellService({ virtualServer, line, note, program }: ServiceNews): void {
    this.#fifo.write(line);
    this.#lvsFifo.write(line);
    if (program === null) return;
    const { argv, ...rest } = program;
    this.#runner.tell({ kind: 'VS', name: virtualServer }, { note, commands: [argv], ...rest });
  }
}
