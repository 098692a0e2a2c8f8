/**
 * The time of all virtual routers of the process: one timer of the kernel (timerfd) at the earliest deadline. What is due in
 * the same moment is done in the order that neighbours need it: first every advertisement, then addresses and announcements.
 */
import { Alarms } from '../vrrp/alarms.ts';
import type { Millis } from '../vrrp/timers.ts';
import { MonotonicTimer, monotonicMs } from './socket.ts';

/** Whose deadlines are kept. */
export interface Wakeable {
  wake(): void;
}

export class RouterClock {
  readonly #alarms = new Alarms<Wakeable>();
  readonly #timer = new MonotonicTimer(() => this.#work());
  /** When the timer fires; null: it does not. Earlier than needed is harmless, and saves a system call for each advertisement heard. */
  #armedFor: Millis | null = null;
  #isWorking = false;
  /** What waits until every router that is due has advertised. */
  readonly #afterAdverts: (() => void)[] = [];

  /** Replaces the deadline; null: none. */
  arm(owner: Wakeable, at: Millis | null): void {
    this.#alarms.set(owner, at);
    if (!this.#isWorking) this.#armTimer();
  }

  forget(owner: Wakeable): void {
    this.#alarms.forget(owner);
  }

  /** Does `act` in this turn of the event loop, but behind the advertisements of all routers that are due. */
  afterAdverts(act: () => void): void {
    if (this.#isWorking) this.#afterAdverts.push(act);
    else act();
  }

  /** Waits, and does meanwhile what was put off. */
  waitUntil(at: Millis): void {
    while (monotonicMs() < at) this.#afterAdverts.shift()?.();
  }

  close(): void {
    this.#timer.close();
  }

  #work(): void {
    this.#armedFor = null;
    this.#isWorking = true;
    for (;;) {
      const due = this.#alarms.take(monotonicMs());
      const act = due === null ? this.#afterAdverts.shift() : undefined;
      if (due !== null) due.wake();
      else if (act !== undefined) act();
      else break;
    }
    this.#isWorking = false;
    this.#armTimer();
  }

  #armTimer(): void {
    const { nextAt } = this.#alarms;
    if (nextAt === null || (this.#armedFor !== null && this.#armedFor <= nextAt)) return;
    this.#armedFor = nextAt;
    this.#timer.armAt(nextAt);
  }
}
