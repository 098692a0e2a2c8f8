/** What happens, told to everybody who wants to know: the log, the events (docs/events.md), notify scripts and the FIFO. */

import type { Change } from '../director/observation.ts';
import { tellChange } from '../director/tell.ts';
import type { News } from '../status/events.ts';
import { newsOfConflict, newsOfTrack, newsOfVerdict } from '../status/news.ts';
import type { Role, RouterEvent, VrrpNews } from '../vrrp/messages.ts';
import type { TrackKey, TrackState } from '../vrrp/tracking.ts';
import { EventFeed } from './event-feed.ts';
import type { Log } from './log.ts';
import { Notifier, type NotifyTargets } from './notifier.ts';

export class Chronicle {
  readonly events = new EventFeed();
  readonly notifier: Notifier;
  readonly #log: Log;
  readonly #roles = new Map<string, Role>();
  readonly #tracked = new Map<TrackKey, TrackState>();

  constructor(log: Log) {
    this.#log = log;
    this.notifier = new Notifier(log, (news) => this.add(news));
  }

  /** Something that has been logged already, or need not be. */
  readonly add = (news: News): void => this.events.add(news);

  /** lvsd has started. */
  started(name: string, version: string): void {
    this.add({ kind: 'daemon', object: name, from: null, to: 'started', reason: `version ${version}` });
  }

  /** lvsd is about to stop: who waits for events hears it, and then nothing more. */
  stopping(name: string): void {
    this.add({ kind: 'daemon', object: name, from: null, to: 'stopping', reason: null });
    this.events.close();
  }

  /** `priority` is the effective one. */
  transition(router: string, role: Role, reason: string, priority: number): void {
    const text = `${router}: ${role} (${reason})`;
    if (role === 'FAULT') this.#log.warn(text);
    else this.#log.info(text);
    const from = this.#roles.get(router) ?? null;
    // One that stopped may have left the configuration.
    if (role === 'STOPPED') this.#roles.delete(router);
    else this.#roles.set(router, role);
    this.add({ kind: 'router', object: router, from, to: role, reason });
    this.notifier.transition(router, role, priority);
  }

  /** From the VRRP process, which has logged what is worth it. */
  vrrp(news: VrrpNews): void {
    if (news.type === 'event') this.#routerEvent(news.router, news.event, news.detail);
    else if (news.type === 'tracked') this.tracked(news.states, (told) => this.#logInterface(told));
    else this.#groupTransition(news.group, news.role, news.reason);
  }

  /** Of a sync group. Its event and its notifications follow from its members'. */
  #groupTransition(group: string, role: Role, reason: string): void {
    this.#log[role === 'FAULT' ? 'warn' : 'info'](`sync group ${group}: ${role} (${reason})`);
  }

  #routerEvent(router: string, event: RouterEvent, detail: string): void {
    if (event === 'repaired') {
      this.add({ kind: 'repair', object: router, from: null, to: null, reason: detail });
      return;
    }
    const news = newsOfConflict(router, event, detail);
    this.add(news);
    this.notifier.conflict(router, news.to, detail);
  }

  /** Takes over another configuration, which led to these changes. The problems in words. */
  configure(targets: NotifyTargets, changes: readonly Change[]): Promise<readonly string[]> {
    const configured = this.notifier.configure(targets);
    // By the programs of the new one, and before what is found from here on.
    this.verdicts(changes);
    return configured;
  }

  verdicts(changes: readonly Change[]): void {
    for (const change of changes) {
      const { level, text } = tellChange(change);
      this.#log[level](text);
      this.add(newsOfVerdict(change));
    }
    this.notifier.verdicts(changes);
  }

  /** An interface without a fault of its own moves priorities only: nobody else logs that. */
  #logInterface({ object, from, to, reason }: News): void {
    if (!object.startsWith('interface ')) return;
    if (to === 'DOWN') this.#log.warn(`tracked ${object}: down (${reason})`);
    else if (from !== null) this.#log.info(`tracked ${object}: up`);
  }

  /** Whoever tracks the objects logs it, or does so in `told`. */
  tracked(states: Readonly<Record<TrackKey, TrackState>>, told: (news: News) => void = () => {}): void {
    for (const [key, state] of Object.entries(states)) {
      const news = newsOfTrack(key, this.#tracked.get(key), state);
      this.#tracked.set(key, state);
      if (news === null) continue;
      this.add(news);
      told(news);
    }
  }

  reloaded(file: string, problems: readonly string[]): void {
    if (problems.length === 0) this.#log.info(`Reloaded ${file}`);
    else this.#log.warn(`Reloaded ${file}, but: ${problems.join('; ')}`);
    this.#reload(file, 'done', problems);
  }

  reloadRefused(file: string, problems: readonly string[]): void {
    this.#log.error(`Reload of ${file} refused, nothing was changed: ${problems.join('; ')}`);
    this.#reload(file, 'refused', problems);
  }

  #reload(file: string, to: string, problems: readonly string[]): void {
    this.add({
      kind: 'reload',
      object: file,
      from: null,
      to,
      reason: problems.length === 0 ? null : problems.join('; '),
    });
  }
}
