/** Random choices for generated tests; the same seed gives the same. */
import { Random } from '../../sim/random.ts';

export class Dice {
  /** What was rolled for the table, to be met again by the commands. */
  readonly services: string[][] = [];
  readonly servers: string[] = [];
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** A whole number from 0 to `below` - 1. */
  number(below: number): number {
    return (this.#random.next() * 2 ** 32) % below; // all 32 bits of it
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
