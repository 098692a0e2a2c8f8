/**
 * Tells others what becomes of virtual routers and groups: scripts and a FIFO, with keepalived's words (docs/events.md).
 * Everything here is beside the point of a take-over: nothing waits for it.
 */
import type { NotificationsConfig, NotifyConfig } from '../config/types-notify.ts';
import { groupStateOf } from '../notify/group-state.ts';
import {
  type ConflictWord,
  fifoLine,
  GROUP_PRIORITY,
  type Note,
  type NotifyState,
  notifyStateOf,
  type Subject,
} from '../notify/words.ts';
import type { News } from '../status/events.ts';
import type { NotificationsReport } from '../status/types.ts';
import type { Role } from '../vrrp/messages.ts';
import { Fifo } from './fifo.ts';
import { FifoReader } from './fifo-reader.ts';
import type { Log } from './log.ts';
import { LogLimiter } from './log-limiter.ts';
import { NotifyRunner } from './notify-runner.ts';
import { findUser } from './script-user.ts';

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
  #notifications: NotificationsConfig = { fifo: null, fifoUser: null, fifoScript: null };
  #fifo: Fifo | null = null;
  #reader: FifoReader | null = null;
  /** Lines of the moment in which one FIFO is closed and no other is open yet; null: no such moment. */
  #held: string[] | null = null;

  /** `news` hears of changes of groups, and of programs that fail or are skipped. */
  constructor(log: Pick<Log, 'warn'>, news: (news: News) => void) {
    this.#news = news;
    this.#limiter = new LogLimiter((text) => log.warn(text));
    const told = (to: string) => (subject: Subject, text: string) => {
      this.#limiter.say(text);
      news({ kind: 'notify', object: subject.name, from: null, to, reason: text });
    };
    this.#runner = new NotifyRunner({ failed: told('failed'), skipped: told('skipped') });
  }

  /** Takes over another configuration; what was told stays told. The problems in words. */
  async configure({ routers, groups, notifications }: NotifyTargets): Promise<readonly string[]> {
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
    return await this.#replaceFifo(notifications);
  }

  report(): NotificationsReport {
    const fifo = this.#fifo;
    const ofFifo = fifo === null ? null : { path: fifo.path, dropped: fifo.dropped };
    return { skipped: this.#runner.skipped, failed: this.#runner.failed, fifo: ofFifo };
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

  /**
   * The virtual routers have stopped: whoever was not told is told now. Resolves when all programs are done, at the latest
   * after `limitMs`: then they are killed.
   */
  async stop(limitMs: number): Promise<void> {
    for (const name of [...this.#routers.keys()]) this.#stopped(name);
    const hurry = setTimeout(() => this.#runner.hurry(), Math.min(HURRY_AFTER_MS, limitMs / 2));
    await Promise.all([this.#runner.finish(limitMs), this.#endFifo()]);
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

  #tell(subject: Subject, config: NotifyConfig | null, note: Note): void {
    if (note.type === 'state') this.#write(fifoLine(subject, note.state, note.priority));
    if (config !== null) this.#runner.tell(subject, { note, config });
  }

  #write(line: string): void {
    if (this.#held === null) this.#fifo?.write(line);
    else this.#held.push(line);
  }

  async #replaceFifo(wanted: NotificationsConfig): Promise<readonly string[]> {
    const isSame = JSON.stringify(wanted) === JSON.stringify(this.#notifications);
    if (isSame && (this.#fifo !== null || wanted.fifo === null)) return [];
    this.#held = [];
    await this.#closeFifo();
    this.#notifications = wanted;
    const problems = this.#openFifo(wanted);
    for (const line of this.#held) this.#fifo?.write(line);
    this.#held = null;
    return problems;
  }

  #openFifo(wanted: NotificationsConfig): readonly string[] {
    if (wanted.fifo === null) return [];
    const warn = (text: string) => this.#limiter.say(text);
    const owner = wanted.fifoUser === null ? null : findUser(wanted.fifoUser);
    if (owner !== null && !owner.ok) return [`Cannot make the FIFO ${wanted.fifo}: ${owner.error}`];
    const opened = Fifo.open(wanted.fifo, owner?.value ?? null, warn);
    if (!opened.ok) return [opened.error];
    this.#fifo = opened.value;
    if (wanted.fifoScript !== null) {
      this.#reader = new FifoReader([...wanted.fifoScript, wanted.fifo], wanted.fifoUser, warn);
    }
    return [];
  }

  /** All lines are written. */
  async #endFifo(): Promise<void> {
    await this.#reader?.startForLastLines();
    await this.#closeFifo();
  }

  async #closeFifo(): Promise<void> {
    this.#fifo?.close();
    this.#fifo = null;
    await this.#reader?.close();
    this.#reader = null;
  }
}
