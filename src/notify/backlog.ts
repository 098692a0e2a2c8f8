/** Lines that a FIFO did not take yet: bounded, the oldest go first. Pure. */

export class Backlog {
  readonly #most: number;
  readonly #lines: string[] = [];
  #dropped = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Lines given up since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** False: the oldest was dropped for it. */
  add(line: string): boolean {
    this.#lines.push(line);
    if (this.#lines.length <= this.#most) return true;
    this.#lines.shift();
    this.#dropped++;
    return false;
  }

  /** Hands lines to `write`, oldest first, until it says no. */
  drain(write: (line: string) => boolean): void {
    for (let line = this.#lines[0]; line !== undefined && write(line); line = this.#lines[0]) this.#lines.shift();
  }
}
