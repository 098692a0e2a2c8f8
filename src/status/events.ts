/** What happened lately, numbered, in a ring that forgets the oldest: docs/events.md. Pure. */

export type EventKind =
  | 'daemon'
  | 'router'
  | 'group'
  | 'conflict'
  | 'track'
  | 'real-server'
  | 'sorry-server'
  | 'virtual-server'
  | 'tier'
  | 'panic'
  | 'suspend'
  | 'drain'
  | 'self-check'
  | 'warning'
  | 'reload'
  | 'sync'
  | 'repair'
  | 'notify';

/** Something that happened, before it has a number. */
export interface News {
  readonly kind: EventKind;
  /** What it happened to: the name of a virtual router, of a virtual server, "web 10.0.0.11:80", a file. */
  readonly object: string;
  /** State before; null: not known, or no change of state. */
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: string | null;
}

export interface LvsdEvent extends News {
  /** From 1, without gaps, since the start of the daemon. */
  readonly seq: number;
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** Raised when a field is removed or changes its meaning. */
export const EVENTS_FORMAT = 1;

/** What `GET /v1/events` answers. */
export interface EventsAnswer {
  readonly format: typeof EVENTS_FORMAT;
  /** Of this run of the daemon: another one counts from 1 again. */
  readonly instance: string;
  /** Number of the newest event; `since` of the next request. */
  readonly last: number;
  /** Events after `since` that are forgotten already. */
  readonly lost: number;
  readonly events: readonly LvsdEvent[];
}

export class EventRing {
  readonly #capacity: number;
  readonly #events: LvsdEvent[] = [];
  #last = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Number of the newest; 0: nothing happened yet. */
  get last(): number {
    return this.#last;
  }

  add(atMs: number, news: News): LvsdEvent {
    const { kind, object, from, to, reason } = news;
    const event = { seq: ++this.#last, atMs, kind, object, from, to, reason };
    this.#events[(event.seq - 1) % this.#capacity] = event;
    return event;
  }

  /** Everything after number `since` that is still there, and how many are not. A number of the future counts as 0. */
  after(since: number): { readonly events: readonly LvsdEvent[]; readonly lost: number } {
    const from = since > this.#last ? 0 : since;
    const oldest = Math.max(1, this.#last - this.#capacity + 1);
    const events: LvsdEvent[] = [];
    for (let seq = Math.max(from + 1, oldest); seq <= this.#last; seq++) {
      const event = this.#events[(seq - 1) % this.#capacity];
      if (event !== undefined) events.push(event);
    }
    return { events, lost: this.#last - from - events.length };
  }
}
