/**
 * Regular expressions over the bytes of an answer, read into a tree. Only what a machine without memory can match in one
 * pass (no back references, no looking around), so that no answer, however hostile, can hold up the process. Pure.
 */
import { err, ok, type Result } from '../../util/result.ts';

/** What a regular expression is made of. */
export type RegexNode =
  /** One byte: 256 flags, 1 for those that match. */
  | { readonly is: 'byte'; readonly accepts: Uint8Array }
  /** `start`: of the answer, or of what an expect of several looks at. */
  | { readonly is: 'start' | 'line-start' | 'line-end' }
  | { readonly is: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly is: 'choice'; readonly items: readonly RegexNode[] }
  /** `max` null: without end. */
  | { readonly is: 'repeat'; readonly item: RegexNode; readonly min: number; readonly max: number | null };

/** Steps of the machine that it becomes; each byte of an answer may touch all of them. */
export const MOST_STEPS = 300;
const MOST_REPEATS = 255;
const MOST_DEPTH = 50;

/**
 * Reads `source`. Letters beyond ASCII stand for their bytes in UTF-8. `^` and `$` are the ends of a line, `.` is any byte
 * but a line feed, `\A` is the very beginning, `(?i)` in front makes letters of either case equal. The error says what is
 * wrong, in words.
 */
export function parseRegex(source: string): Result<RegexNode, string> {
  const ignoreCase = source.startsWith('(?i)');
  const reader = new Reader(ignoreCase ? source.slice(4) : source, ignoreCase);
  try {
    const node = reader.choice(0);
    if (!reader.atEnd()) return err('has a `)` without `(`');
    return stepsOf(node) > MOST_STEPS ? err(`is too large: more than ${MOST_STEPS} steps`) : ok(node);
  } catch (error) {
    if (error instanceof Refusal) return err(error.message);
    throw error;
  }
}

/** How many steps the machine for it has. */
function stepsOf(node: RegexNode): number {
  switch (node.is) {
    case 'sequence':
    case 'choice':
      return node.items.reduce((sum, item) => sum + stepsOf(item) + 1, 0);
    case 'repeat':
      return (stepsOf(node.item) + 1) * Math.max(node.max ?? node.min + 1, 1);
    default:
      return 1;
  }
}

class Refusal extends Error {}

const CLASSES: Readonly<Record<string, string>> = { d: '09', w: '09AZ__az', s: '\t\r  ' };
const CONTROLS: Readonly<Record<string, number>> = { r: 13, n: 10, t: 9, f: 12, v: 11, '0': 0 };

/** Reads from left to right, one character after the other. */
class Reader {
  readonly #source: readonly string[];
  readonly #ignoreCase: boolean;
  #at = 0;

  constructor(source: string, ignoreCase: boolean) {
    this.#source = [...source];
    this.#ignoreCase = ignoreCase;
  }

  atEnd(): boolean {
    return this.#at >= this.#source.length;
  }

  choice(depth: number): RegexNode {
    if (depth > MOST_DEPTH) throw new Refusal(`has groups in each other more than ${MOST_DEPTH} deep`);
    const items = [this.#sequence(depth)];
    while (this.#taken('|')) items.push(this.#sequence(depth));
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { is: 'choice', items };
  }

  #sequence(depth: number): RegexNode {
    const items: RegexNode[] = [];
    while (!this.atEnd() && this.#peek() !== '|' && this.#peek() !== ')') items.push(this.#repeated(depth));
    return { is: 'sequence', items };
  }

  #repeated(depth: number): RegexNode {
    const item = this.#atom(depth);
    const times = this.#quantifier();
    if (times === null) return item;
    // Lazy or greedy: the first end of a match is looked for anyway.
    this.#taken('?');
    if (this.#quantifier() !== null) throw new Refusal('has a quantifier after a quantifier');
    return { is: 'repeat', item, ...times };
  }

  #quantifier(): { readonly min: number; readonly max: number | null } | null {
    if (this.#taken('*')) return { min: 0, max: null };
    if (this.#taken('+')) return { min: 1, max: null };
    if (this.#taken('?')) return { min: 0, max: 1 };
    const braces = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.#source.slice(this.#at, this.#at + 12).join(''));
    if (braces === null) return null;
    this.#at += braces[0].length;
    const min = Number(braces[1]);
    const max = braces[2] === undefined ? min : braces[3] === '' ? null : Number(braces[3]);
    if (Math.max(min, max ?? 0) > MOST_REPEATS) throw new Refusal(`repeats more than ${MOST_REPEATS} times`);
    if (max !== null && max < min) throw new Refusal(`has ${braces[0]}, whose first number is the larger one`);
    return { min, max };
  }

  #atom(depth: number): RegexNode {
    const char = this.#next();
    switch (char) {
      case '^':
        return { is: 'line-start' };
      case '$':
        return { is: 'line-end' };
      case '.':
        return { is: 'byte', accepts: inverted(flags([10])) };
      case '[':
        return { is: 'byte', accepts: this.#set() };
      case '(':
        return this.#group(depth);
      case '*':
      case '+':
      case '?':
        throw new Refusal(`has a ${char} with nothing to repeat`);
      case '\\':
        if (this.#taken('A')) return { is: 'start' };
        return { is: 'byte', accepts: this.#folded(this.#escape()) };
      default:
        return this.#literal(char);
    }
  }

  #group(depth: number): RegexNode {
    if (this.#taken('?') && !this.#taken(':')) throw new Refusal('has a group of a kind that is not supported; (?: is');
    const node = this.choice(depth + 1);
    if (!this.#taken(')')) throw new Refusal('has a ( without )');
    return node;
  }

  #literal(char: string): RegexNode {
    const bytes = [...new TextEncoder().encode(char)];
    const items = bytes.map((byte): RegexNode => ({ is: 'byte', accepts: this.#folded(flags([byte])) }));
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { is: 'sequence', items };
  }

  /** What may stand behind `[`, up to its `]`. */
  #set(): Uint8Array {
    const negative = this.#taken('^');
    const accepts = new Uint8Array(256);
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      const low = this.#setItem();
      if (this.#peek() !== '-' || this.#source[this.#at + 1] === ']') {
        add(accepts, low);
        continue;
      }
      this.#at += 1;
      const from = single(low);
      const to = single(this.#setItem());
      if (to < from) throw new Refusal('has a range in [ ] whose first end is the larger one');
      for (let byte = from; byte <= to; byte++) accepts[byte] = 1;
    }
    this.#at += 1;
    const folded = this.#folded(accepts);
    return negative ? inverted(folded) : folded;
  }

  #setItem(): Uint8Array {
    if (this.atEnd()) throw new Refusal('has a [ without ]');
    const char = this.#next();
    if (char === '\\') return this.#escape();
    const code = char.codePointAt(0) ?? 0;
    if (code > 0x7f) throw new Refusal(`has ${char} in [ ], where only ASCII may stand; write (a|b) instead`);
    return flags([code]);
  }

  /** What may stand behind a backslash. */
  #escape(): Uint8Array {
    if (this.atEnd()) throw new Refusal('ends with a backslash');
    const char = this.#next();
    const named = CLASSES[char.toLowerCase()];
    if (named !== undefined) return char === char.toLowerCase() ? ranges(named) : inverted(ranges(named));
    const control = CONTROLS[char];
    if (control !== undefined) return flags([control]);
    if (char === 'x') {
      const digits = this.#source.slice(this.#at, this.#at + 2).join('');
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw new Refusal('has a \\x without two hexadecimal digits');
      this.#at += 2;
      return flags([Number.parseInt(digits, 16)]);
    }
    if (/[A-Za-z0-9]/.test(char)) throw new Refusal(`has \\${char}, which is not supported`);
    const code = char.codePointAt(0) ?? 0;
    if (code > 0x7f) throw new Refusal(`has a backslash before ${char}`);
    return flags([code]);
  }

  #folded(accepts: Uint8Array): Uint8Array {
    if (!this.#ignoreCase) return accepts;
    const folded = accepts.slice();
    for (let upper = 0x41; upper <= 0x5a; upper++) {
      if (accepts[upper] === 1) folded[upper + 0x20] = 1;
      if (accepts[upper + 0x20] === 1) folded[upper] = 1;
    }
    return folded;
  }

  #peek(): string | undefined {
    return this.#source[this.#at];
  }

  #next(): string {
    return this.#source[this.#at++] ?? '';
  }

  #taken(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }
}

function flags(bytes: readonly number[]): Uint8Array {
  const accepts = new Uint8Array(256);
  for (const byte of bytes) accepts[byte] = 1;
  return accepts;
}

/** Pairs of ends. */
function ranges(ends: string): Uint8Array {
  const accepts = new Uint8Array(256);
  for (let i = 0; i + 1 < ends.length; i += 2) accepts.fill(1, ends.charCodeAt(i), ends.charCodeAt(i + 1) + 1);
  return accepts;
}

function inverted(accepts: Uint8Array): Uint8Array {
  return accepts.map((flag) => 1 - flag);
}

function add(to: Uint8Array, accepts: Uint8Array): void {
  for (let byte = 0; byte < 256; byte++) if (accepts[byte] === 1) to[byte] = 1;
}

function single(accepts: Uint8Array): number {
  const byte = accepts.indexOf(1);
  if (byte !== accepts.lastIndexOf(1)) throw new Refusal('has a range in [ ] with an end that is no single character');
  return byte;
}
