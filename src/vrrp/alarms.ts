/**
 * The deadlines of many virtual routers, the earliest first: a binary heap, so that one timer of the kernel does for all.
 * Nothing is allocated when a known deadline moves. Owns no clock. Pure.
 */
import type { Millis } from './timers.ts';

interface Alarm<Owner> {
  readonly owner: Owner;
  at: Millis;
  /** Index in the heap; -1: not armed. */
  place: number;
}

export class Alarms<Owner> {
  readonly #byOwner = new Map<Owner, Alarm<Owner>>();
  readonly #heap: Alarm<Owner>[] = [];

  /** Replaces the owner's deadline; null: it has none. */
  set(owner: Owner, at: Millis | null): void {
    const alarm = this.#byOwner.get(owner) ?? { owner, at: 0, place: -1 };
    if (at === null) {
      this.#disarm(alarm);
      return;
    }
    this.#byOwner.set(owner, alarm);
    alarm.at = at;
    this.#rise(alarm, alarm.place < 0 ? this.#heap.length : alarm.place);
    this.#sink(alarm);
  }

  /** The owner is gone. */
  forget(owner: Owner): void {
    this.set(owner, null);
    this.#byOwner.delete(owner);
  }

  /** The earliest deadline of all. */
  get nextAt(): Millis | null {
    return this.#heap[0]?.at ?? null;
  }

  /** The owner of the earliest deadline, if that has come; it has none then. */
  take(now: Millis): Owner | null {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return null;
    this.#disarm(first);
    return first.owner;
  }

  #disarm(alarm: Alarm<Owner>): void {
    const { place } = alarm;
    if (place < 0) return;
    alarm.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === alarm) return;
    this.#rise(last, place);
    this.#sink(last);
  }

  /** Puts it at `place`, or nearer to the front. */
  #rise(alarm: Alarm<Owner>, place: number): void {
    let at = place;
    while (at > 0) {
      const parent = this.#heap[(at - 1) >> 1];
      if (parent === undefined || parent.at <= alarm.at) break;
      this.#put(parent, at);
      at = (at - 1) >> 1;
    }
    this.#put(alarm, at);
  }

  /** Moves it back behind all earlier ones. */
  #sink(alarm: Alarm<Owner>): void {
    for (;;) {
      const at = alarm.place;
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= alarm.at) return;
      const { place } = child;
      this.#put(child, at);
      this.#put(alarm, place);
    }
  }

  #put(alarm: Alarm<Owner>, place: number): void {
    this.#heap[place] = alarm;
    alarm.place = place;
  }
}
