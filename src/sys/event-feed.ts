/** The events of this run of the daemon: kept in a ring, and handed to those who wait for the next ones. */
import { randomBytes } from 'node:crypto';
import { EVENTS_FORMAT, EventRing, type EventsAnswer, type News } from '../status/events.ts';

export interface EventsQuery {
  /** Events after this number. */
  readonly since: number;
  /** How long to wait when there is none yet; 0: not at all. */
  readonly waitMs: number;
  /** Of which run `since` is a number; another run's means: from the beginning. Null: of this one. */
  readonly instance: string | null;
}

/** What is kept: some 200 bytes each. */
const CAPACITY = 1000;
/** Each holds a connection of the control socket, which has 64. */
const MOST_WAITING = 16;

export class EventFeed {
  readonly #instance = randomBytes(8).toString('hex');
  readonly #ring = new EventRing(CAPACITY);
  readonly #waiting = new Set<() => void>();
  #waking = false;
  #closed = false;

  add(news: News): void {
    this.#ring.add(Date.now(), news);
    if (this.#waking || this.#waiting.size === 0) return;
    // What happens together is told together.
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      for (const wake of [...this.#waiting]) wake();
    });
  }

  /** At once if there is something to tell. Null: too many wait already. `gone`: whoever asked is not there any more. */
  async after(query: EventsQuery, gone: AbortSignal | null = null): Promise<EventsAnswer | null> {
    const now = this.#answer(query);
    if (now.events.length > 0 || query.waitMs <= 0 || this.#closed) return now;
    if (this.#waiting.size >= MOST_WAITING) return null;
    await this.#somethingNew(query.waitMs, gone);
    return this.#answer(query);
  }

  /** Nobody is kept waiting any more. */
  close(): void {
    this.#closed = true;
    for (const wake of [...this.#waiting]) wake();
  }

  #somethingNew(waitMs: number, gone: AbortSignal | null): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        gone?.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, gone?.aborted === true ? 0 : waitMs);
      gone?.addEventListener('abort', wake);
      this.#waiting.add(wake);
    });
  }

  #answer({ since, instance }: EventsQuery): EventsAnswer {
    const ours = instance === null || instance === this.#instance;
    const { events, lost } = this.#ring.after(ours ? since : 0);
    return { format: EVENTS_FORMAT, instance: this.#instance, last: this.#ring.last, lost, events };
  }
}
