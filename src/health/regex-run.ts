/**
 * Runs a regular expression over bytes: all ways through it side by side (Thompson 1968), so that each byte costs at most
 * one visit to each step, whatever came before. Pure.
 */
import type { RegexNode } from '../config/checks/regex.ts';

/** One step of the machine; numbers are indexes of steps. */
type Step =
  | { readonly do: 'byte'; readonly accepts: Uint8Array; next: number }
  | { readonly do: 'start' | 'line-start' | 'line-end'; next: number }
  | { readonly do: 'both'; next: number; other: number }
  | { readonly do: 'found' };

/** A regular expression as steps; the first one is the last of the list. */
export interface Machine {
  readonly steps: readonly Step[];
  readonly first: number;
}

/** Built from the end: each part is told where it leads. */
export function machineOf(node: RegexNode): Machine {
  const steps: Step[] = [{ do: 'found' }];
  const first = build(node, 0, steps);
  return { steps, first };
}

/** Adds the steps of `node` that lead to `next`; returns where they begin. */
function build(node: RegexNode, next: number, steps: Step[]): number {
  switch (node.is) {
    case 'byte':
      return push(steps, { do: 'byte', accepts: node.accepts, next });
    case 'start':
    case 'line-start':
    case 'line-end':
      return push(steps, { do: node.is, next });
    case 'sequence':
      return node.items.reduceRight((to, item) => build(item, to, steps), next);
    case 'choice':
      return node.items
        .map((item) => build(item, next, steps))
        .reduceRight((other, begin) => push(steps, { do: 'both', next: begin, other }));
    case 'repeat':
      return buildRepeat(node, next, steps);
  }
}

function buildRepeat(node: RegexNode & { readonly is: 'repeat' }, next: number, steps: Step[]): number {
  let begin = next;
  if (node.max === null) {
    const loop: Step = { do: 'both', next, other: next };
    begin = push(steps, loop);
    loop.next = build(node.item, begin, steps);
  } else {
    for (let i = node.min; i < node.max; i++) {
      begin = push(steps, { do: 'both', next: build(node.item, begin, steps), other: next });
    }
  }
  for (let i = 0; i < node.min; i++) begin = build(node.item, begin, steps);
  return begin;
}

function push(steps: Step[], step: Step): number {
  return steps.push(step) - 1;
}

const CR = 13;
const LF = 10;

/** One pass over an answer. */
export class RegexRun {
  readonly #machine: Machine;
  /** Where it stands: steps that wait for a byte or for the end of a line. */
  #now: number[] = [];
  #next: number[] = [];
  /** In which round a step was entered last: each is entered once a round. */
  readonly #entered: Uint32Array;
  #round = 1;
  #atStart = true;
  /** Whether this round's place begins a line. */
  #lineStart: boolean;
  #found = false;

  constructor(machine: Machine, atLineStart: boolean) {
    this.#machine = machine;
    this.#entered = new Uint32Array(machine.steps.length);
    this.#lineStart = atLineStart;
    this.#enter(machine.first, this.#now);
  }

  get found(): boolean {
    return this.#found;
  }

  /** Returns how many bytes it looked at, up to the end of the first match to end. */
  take(chunk: Uint8Array): number {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (byte === CR || byte === LF) this.#endLine();
      if (this.#found) return i;
      this.#atStart = false;
      this.#lineStart = byte === LF;
      this.#round += 1;
      this.#next.length = 0;
      for (const at of this.#now) {
        const step = this.#machine.steps[at];
        if (step?.do === 'byte' && step.accepts[byte] === 1) this.#enter(step.next, this.#next);
      }
      if (this.#found) return i + 1;
      // A match may begin behind each byte.
      this.#enter(this.#machine.first, this.#next);
      [this.#now, this.#next] = [this.#next, this.#now];
      if (this.#found) return i + 1;
    }
    return chunk.length;
  }

  /** The end of the answer is the end of a line. */
  end(): boolean {
    this.#endLine();
    return this.#found;
  }

  #endLine(): void {
    // The list grows while it is walked: what an end of a line leads to may be another one.
    for (let i = 0; i < this.#now.length && !this.#found; i++) {
      const step = this.#machine.steps[this.#now[i] ?? 0];
      if (step?.do === 'line-end') this.#enter(step.next, this.#now);
    }
  }

  /** Follows what needs no byte. Recursion is as deep as the machine has steps at most. */
  #enter(at: number, list: number[]): void {
    if (this.#entered[at] === this.#round) return;
    this.#entered[at] = this.#round;
    const step = this.#machine.steps[at];
    switch (step?.do) {
      case 'found':
        this.#found = true;
        return;
      case 'both':
        this.#enter(step.next, list);
        this.#enter(step.other, list);
        return;
      case 'start':
        if (this.#atStart) this.#enter(step.next, list);
        return;
      case 'line-start':
        if (this.#lineStart) this.#enter(step.next, list);
        return;
      default:
        list.push(at);
    }
  }
}
