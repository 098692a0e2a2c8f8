/** Something that is done after every event of a storm of them: once a turn of the event loop, and never most of the time. */
import { monotonicMs } from './socket.ts';

/** After each time so many times what it took, before it is done again. */
const REST = 4;

export class Paced {
  readonly #act: () => void;
  #isPlanned = false;
  #restUntil = 0;

  constructor(act: () => void) {
    this.#act = act;
  }

  /** At the next turn of the event loop; later, if it was done just now and took long. */
  soon(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    const waitMs = this.#restUntil - monotonicMs();
    if (waitMs > 0) setTimeout(() => this.now(), waitMs);
    else setImmediate(() => this.now());
  }

  now(): void {
    const began = monotonicMs();
    this.#isPlanned = false;
    this.#act();
    const ended = monotonicMs();
    this.#restUntil = ended + REST * (ended - began);
  }
}
