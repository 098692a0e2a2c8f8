/** What comes next: the earliest first, of those at one time the lowest rank, of one rank the one that was put in first. */
export interface Timed {
  readonly at: number;
  readonly rank: number;
}

interface Entry<T> {
  readonly item: T;
  readonly order: number;
}

/** A binary heap. */
export class Heap<T extends Timed> {
  readonly #entries: Entry<T>[] = [];
  #order = 0;

  peek(): T | null {
    return this.#entries[0]?.item ?? null;
  }

  push(item: T): void {
    const entries = this.#entries;
    const entry = { item, order: this.#order++ };
    let at = entries.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = entries[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      entries[at] = parent;
      at = above;
    }
    entries[at] = entry;
  }

  pop(): T | null {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (first === undefined || last === undefined) return null;
    if (entries.length > 0) this.#sink(last);
    return first.item;
  }

  /** Puts `entry` in at the top and lets it down to its place. */
  #sink(entry: Entry<T>): void {
    const entries = this.#entries;
    let at = 0;
    for (;;) {
      const left = entries[2 * at + 1];
      if (left === undefined) break;
      const right = entries[2 * at + 2];
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, entry)) break;
      entries[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    entries[at] = entry;
  }
}

function isBefore<T extends Timed>(a: Entry<T>, b: Entry<T>): boolean {
  if (a.item.at !== b.item.at) return a.item.at < b.item.at;
  return a.item.rank !== b.item.rank ? a.item.rank < b.item.rank : a.order < b.order;
}
