/**
 * Whether an answer is what was expected: looked at piece by piece, in one pass, and no further than `ANSWER_LIMIT`. What
 * a pattern costs does not depend on what the server sends. Pure.
 */
import type { PatternConfig } from '../config/checks/payload.ts';
import { parseRegex } from '../config/checks/regex.ts';
import { withRandom } from '../config/checks/template.ts';
import { ANSWER_LIMIT, beginSearch, type Needle, needle, type Search, search } from './expect.ts';
import { bytesOfHex } from './payload.ts';
import { type Machine, machineOf, RegexRun } from './regex-run.ts';

/** A pattern made ready; shared by all probes of a check. */
export type Pattern =
  | { readonly kind: 'text'; readonly needle: Needle }
  /** `mask`: the bits of each byte that count. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly mask: Uint8Array }
  | { readonly kind: 'regex'; readonly machine: Machine };

/** `random`: of the probe, for patterns of kind `fresh`. Throws on what `resolvePattern` would have refused. */
export function compile(config: PatternConfig, random: Uint8Array = new Uint8Array(0)): Pattern {
  switch (config.kind) {
    case 'text':
      return { kind: 'text', needle: needle(config.text) };
    case 'hex':
      return ofHex(config.hex);
    case 'regex':
      return ofRegex(config.regex);
    case 'fresh': {
      const filled = withRandom(config.template, config.form, random);
      if (config.form === 'hex') return ofHex(filled);
      return config.form === 'regex' ? ofRegex(filled) : { kind: 'text', needle: needle(filled) };
    }
  }
}

function ofRegex(regex: string): Pattern {
  const parsed = parseRegex(regex);
  if (!parsed.ok) throw new Error(`Cannot use the regular expression ${regex}: it ${parsed.error}`);
  return { kind: 'regex', machine: machineOf(parsed.value) };
}

function ofHex(hex: string): Pattern {
  const mask = hex.replaceAll(/[0-9a-f]/g, 'f').replaceAll('?', '0');
  return { kind: 'bytes', bytes: bytesOfHex(hex.replaceAll('?', '0')), mask: bytesOfHex(mask) };
}

/** `mismatch` and `exhausted`: it will never be found. */
export type MatchState = 'looking' | 'found' | 'mismatch' | 'exhausted';

/** One search for a pattern in an answer that comes in pieces. */
export class Matcher {
  readonly #pattern: Pattern;
  readonly #regex: RegexRun | null;
  #search: Search | null;
  #state: MatchState;
  #seen = 0;

  /** `atLineStart`: whether what comes first begins a line. */
  constructor(pattern: Pattern, atLineStart = true) {
    this.#pattern = pattern;
    this.#regex = pattern.kind === 'regex' ? new RegexRun(pattern.machine, atLineStart) : null;
    this.#search = pattern.kind === 'text' ? beginSearch(pattern.needle) : null;
    const atOnce = pattern.kind === 'bytes' ? pattern.bytes.length === 0 : (this.#regex?.found ?? false);
    this.#state = atOnce || this.#search?.state === 'found' ? 'found' : 'looking';
  }

  get state(): MatchState {
    return this.#state;
  }

  /** Bytes looked at. */
  get seen(): number {
    return this.#seen;
  }

  /** Goes on with the next piece; returns how many of its bytes it looked at: when it is found, up to its end. */
  take(chunk: Uint8Array): number {
    if (this.#state !== 'looking') return 0;
    const most = chunk.subarray(0, ANSWER_LIMIT - this.#seen);
    const taken = this.#look(most);
    this.#seen += taken;
    if (this.#state === 'looking' && this.#seen >= ANSWER_LIMIT) this.#state = 'exhausted';
    return taken;
  }

  /** Nothing more comes: what waited for the end of a line or of the answer is decided. */
  end(): MatchState {
    if (this.#state === 'looking' && this.#regex?.end() === true) this.#state = 'found';
    return this.#state;
  }

  #look(chunk: Uint8Array): number {
    const pattern = this.#pattern;
    if (pattern.kind === 'bytes') return this.#compare(pattern.bytes, pattern.mask, chunk);
    if (pattern.kind === 'text') {
      const before = this.#search?.seen ?? 0;
      this.#search = search(pattern.needle, this.#search ?? beginSearch(pattern.needle), chunk);
      if (this.#search.state === 'found') this.#state = 'found';
      return this.#search.seen - before;
    }
    const taken = this.#regex?.take(chunk) ?? 0;
    if (this.#regex?.found === true) this.#state = 'found';
    return taken;
  }

  #compare(bytes: Uint8Array, mask: Uint8Array, chunk: Uint8Array): number {
    const end = Math.min(chunk.length, bytes.length - this.#seen);
    for (let i = 0; i < end; i++) {
      const at = this.#seen + i;
      if ((((chunk[i] ?? 0) ^ (bytes[at] ?? 0)) & (mask[at] ?? 0)) === 0) continue;
      this.#state = 'mismatch';
      return i + 1;
    }
    if (this.#seen + end === bytes.length) this.#state = 'found';
    return end;
  }
}

/** For an answer that is there as a whole: a datagram, a body. */
export function matches(pattern: Pattern, whole: Uint8Array): boolean {
  const matcher = new Matcher(pattern);
  matcher.take(whole);
  return matcher.end() === 'found';
}

/** More of a pattern helps nobody in an error text. */
const SHOWN = 60;

/** What is looked for, as people would write it, for an error text. */
export function patternText(config: PatternConfig): string {
  const form = config.kind === 'fresh' ? config.form : config.kind;
  const written = wordsOf(config);
  const shown = written.length > SHOWN ? `${written.slice(0, SHOWN)}...` : written;
  if (form === 'regex') return `/${shown}/`;
  return form === 'hex' ? `bytes ${shown}` : JSON.stringify(shown);
}

function wordsOf(config: PatternConfig): string {
  switch (config.kind) {
    case 'text':
      return config.text;
    case 'hex':
      return config.hex;
    case 'regex':
      return config.regex;
    case 'fresh':
      return config.template;
  }
}
