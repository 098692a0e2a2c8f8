/** Which virtual servers wait for something: for the time, because servers warm up, or for the self check, in a panic. */
import type { ServedServer } from './served-server.ts';

export class Agenda {
  readonly #panicking = new Set<ServedServer>();
  readonly #warmingUp = new Set<ServedServer>();
  /** Undefined: to be found out. */
  #nextStepAt: number | null | undefined = null;

  constructor(servers: Iterable<ServedServer>) {
    for (const server of servers) this.note(server);
  }

  get panicking(): readonly ServedServer[] {
    return [...this.#panicking];
  }

  /** Something changed for this one. */
  note(server: ServedServer): void {
    if (server.isPanicking) this.#panicking.add(server);
    else this.#panicking.delete(server);
    const isWarmingUp = server.nextStepAt !== null;
    if (!isWarmingUp && !this.#warmingUp.has(server)) return;
    if (isWarmingUp) this.#warmingUp.add(server);
    else this.#warmingUp.delete(server);
    this.#nextStepAt = undefined;
  }

  /** When the next server gets more; null: none does. */
  get nextStepAt(): number | null {
    if (this.#nextStepAt === undefined) {
      let next: number | null = null;
      for (const { nextStepAt } of this.#warmingUp) {
        if (nextStepAt !== null && (next === null || nextStepAt < next)) next = nextStepAt;
      }
      this.#nextStepAt = next;
    }
    return this.#nextStepAt;
  }

  /** Those with servers that get more now. A clock that was set back ends what it began. */
  due(nowMs: number): readonly ServedServer[] {
    return [...this.#warmingUp].filter(
      ({ nextStepAt, weighedAtMs }) => nextStepAt === null || nextStepAt <= nowMs || nowMs < weighedAtMs,
    );
  }
}
