/** So many may be at it at once; the others wait for their turn, in order. */

/** Leaves the queue; without effect for one whose turn has come. */
export type Leave = () => void;

export class Slots {
  readonly #limit: number;
  #taken = 0;
  readonly #urgent = new Set<() => void>();
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#urgent.size + this.#waiting.size;
  }

  /** Calls `begin` when there is a free slot, perhaps at once; who is urgent comes before who is not. `free` gives it back. */
  enter(begin: () => void, isUrgent = false): Leave {
    if (this.#taken < this.#limit) {
      this.#taken++;
      begin();
      return () => {};
    }
    const queue = isUrgent ? this.#urgent : this.#waiting;
    // A function of its own: the same `begin` may stand in the queue twice.
    const turn = (): void => begin();
    queue.add(turn);
    return () => void queue.delete(turn);
  }

  /** Gives back a slot that was had. */
  free(): void {
    const queue = this.#urgent.size > 0 ? this.#urgent : this.#waiting;
    const [next] = queue;
    if (next === undefined) {
      this.#taken--;
      return;
    }
    queue.delete(next);
    next();
  }
}
