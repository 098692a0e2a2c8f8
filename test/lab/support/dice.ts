/** Random choices for generated tests; the same seed gives the same. */

/** A generator of 32-bit numbers (mulberry32). */
export class Dice {
  /** What was rolled for the table, to be met again by the commands. */
  readonly services: string[][] = [];
  readonly servers: string[] = [];
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `below` - 1. */
  number(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  chance(percent: number): boolean {
    return this.number(100) < percent;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.number(items.length)] ?? items[0];
  }

  /** One of what may be none. */
  recall<T>(items: readonly T[], percent: number): T | undefined {
    return this.chance(percent) ? items[this.number(items.length || 1)] : undefined;
  }

  /** Some of the items, in random order. */
  some<T>(items: readonly T[], most: number): T[] {
    const left = [...items];
    const taken: T[] = [];
    for (let count = this.number(most + 1); count > 0 && left.length > 0; count--) {
      taken.push(...left.splice(this.number(left.length), 1));
    }
    return taken;
  }
}
