/**
 * Command lines as the popt library reads them, which ipvsadm uses: short options combine (`-Ln`), their value may follow
 * at once, after `=` or as the next word; long ones take `--option value` and `--option=value` and no abbreviation; words
 * that are no options may stand anywhere; `--` ends the options. Pure.
 */
import { OPTIONS, type OptionSpec } from './options.ts';

/** An option with its value; `word` is the word that was read last, which complaints quote. */
export interface GivenOption {
  readonly spec: OptionSpec;
  /** Null: it takes none, or its optional one is missing. */
  readonly value: string | null;
  readonly word: string;
}

/** A command line in its parts. */
export interface Scanned {
  readonly options: readonly GivenOption[];
  /** Words that are no options. */
  readonly operands: readonly string[];
  /** Where reading ended early: `--bogus: unknown option`. What came before counts first. */
  readonly error: string | null;
}

const BY_LONG = new Map(OPTIONS.map((spec) => [spec.long, spec]));
const BY_SHORT = new Map(OPTIONS.flatMap((spec) => (spec.short === null ? [] : [[spec.short, spec] as const])));

/** Reads a command line, without the program's name. */
export function scan(argv: readonly string[]): Scanned {
  const options: GivenOption[] = [];
  const operands: string[] = [];
  for (let next = 0; next < argv.length; ) {
    const word = argv[next++] ?? '';
    if (word === '--') {
      operands.push(...argv.slice(next));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      operands.push(word);
      continue;
    }
    const read = word.startsWith('--') ? readLong(word, argv[next]) : readShort(word, argv[next]);
    options.push(...read.options);
    if (read.error !== null) return { options, operands, error: `${word}: ${read.error}` };
    if (read.tookNext) next++;
  }
  return { options, operands, error: null };
}

interface Read {
  readonly options: readonly GivenOption[];
  readonly tookNext: boolean;
  readonly error: string | null;
}

const UNKNOWN = 'unknown option';
const MISSING = 'missing argument';
const UNWANTED = 'option does not take an argument';

function readLong(word: string, next: string | undefined): Read {
  const equals = word.indexOf('=');
  const spec = BY_LONG.get(equals < 0 ? word.slice(2) : word.slice(2, equals));
  if (spec === undefined) return { options: [], tookNext: false, error: UNKNOWN };
  if (equals < 0) return withNext(spec, word, { next, before: [] });
  if (spec.takes === 'nothing') return { options: [], tookNext: false, error: UNWANTED };
  return { options: [{ spec, value: word.slice(equals + 1), word }], tookNext: false, error: null };
}

/** Letters up to the first that takes a value: the rest of the word is that value. */
function readShort(word: string, next: string | undefined): Read {
  const options: GivenOption[] = [];
  for (let at = 1; at < word.length; at++) {
    const spec = BY_SHORT.get(word.charAt(at));
    if (spec === undefined) return { options, tookNext: false, error: UNKNOWN };
    const rest = word.slice(at + 1);
    if (spec.takes === 'nothing') {
      if (rest.startsWith('=')) return { options, tookNext: false, error: UNWANTED };
      options.push({ spec, value: null, word });
    } else if (rest === '') {
      return withNext(spec, word, { next, before: options });
    } else {
      options.push({ spec, value: rest.startsWith('=') ? rest.slice(1) : rest, word });
      break;
    }
  }
  return { options, tookNext: false, error: null };
}

function withNext(
  spec: OptionSpec,
  word: string,
  { next, before }: { readonly next: string | undefined; readonly before: readonly GivenOption[] },
): Read {
  const alone: Read = { options: [...before, { spec, value: null, word }], tookNext: false, error: null };
  if (spec.takes === 'nothing') return alone;
  if (spec.takes === 'optional-text' && (next === undefined || next.startsWith('-'))) return alone;
  if (next === undefined) return { options: before, tookNext: false, error: MISSING };
  return { options: [...before, { spec, value: next, word: next }], tookNext: true, error: null };
}
