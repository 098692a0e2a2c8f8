/** What a check sends and what it expects: text, bytes in hexadecimal, regular expressions. Pure. */
import * as z from 'zod';
import { freeText, integer, mapping, must, quotesHint } from '../fields.ts';
import { type Path, quote, type Report } from '../problems.ts';
import { parseRegex } from './regex.ts';
import { expand, RANDOM_BYTES, type TemplateForm, type TemplateValues, withoutRandom, withRandom } from './template.ts';

/** What is sent. */
export type PayloadConfig =
  /** Sent as UTF-8. */
  | { readonly kind: 'text'; readonly text: string }
  /** Two lower-case digits a byte, nothing between them. */
  | { readonly kind: 'hex'; readonly hex: string }
  /** New for each probe: `{random}` or `{random:N}` stand for the first 8 or N of a probe's random bytes. */
  | {
      readonly kind: 'fresh';
      readonly form: 'text' | 'hex';
      readonly template: string;
      /** HMAC-MD5 of the whole, put where 16 zero bytes are (RADIUS: Message-Authenticator, RFC 2869 section 5.14). */
      readonly sign: { readonly secret: string; readonly at: number } | null;
    };

/** What the answer must be. */
export type PatternConfig =
  /** Occurs in it, compared as UTF-8. */
  | { readonly kind: 'text'; readonly text: string }
  /** It begins with these bytes: two lower-case digits a byte, `?` where the digit does not count. */
  | { readonly kind: 'hex'; readonly hex: string }
  /** Matches somewhere in it: see regex.ts. */
  | { readonly kind: 'regex'; readonly regex: string }
  /** As one of those, with this probe's random bytes. */
  | { readonly kind: 'fresh'; readonly form: 'text' | 'hex' | 'regex'; readonly template: string };

const MOST_SENT = 1400;
const MOST_EXPECTED = 4096;

const hexText = (what: string) =>
  freeText(0, 2 * MOST_EXPECTED).describe(
    `${what}: two hexadecimal digits a byte, blanks and colons between them ignored`,
  );

const orHex = must('text or a mapping with hex');
const orPattern = must('text or a mapping with one of text, hex, regex');

/** One for all places: the schema for editors has it once. */
const PAYLOAD = z
  .union(
    [
      freeText(0, MOST_SENT),
      mapping({
        hex: hexText('Bytes'),
        sign: mapping({
          hmac_md5: freeText(1, 255).describe('Secret'),
          at: integer(0, MOST_SENT).describe('Offset of 16 zero bytes that it replaces'),
        })
          .optional()
          .describe('Put the HMAC-MD5 of the whole into it'),
      }),
    ],
    { error: (issue) => `${orHex(issue)}${quotesHint(issue.input)}` },
  )
  .meta({ id: 'payload', description: 'What is sent' });

/** `send: TEXT` or `send: { hex: ... }`. */
export const payload = () => PAYLOAD;

const PATTERN = z
  .union(
    [
      freeText(1, MOST_EXPECTED),
      mapping({
        text: freeText(1, MOST_EXPECTED).optional().describe('Occurs in the answer'),
        hex: hexText('The answer begins with these bytes; ? or X: any digit').optional(),
        regex: freeText(1, 1024).optional().describe('Matches in the answer; ^ and $ are the ends of a line'),
      }),
    ],
    { error: (issue) => `${orPattern(issue)}${quotesHint(issue.input)}` },
  )
  .meta({ id: 'pattern', description: 'What must come' });

/** `expect: TEXT`, or `expect: { text | hex | regex: ... }`. */
export const pattern = () => PATTERN;

export type RawPayload = z.output<ReturnType<typeof payload>>;
export type RawPattern = z.output<ReturnType<typeof pattern>>;

/** `values`: of a preset's variables; null: braces mean nothing. */
export function resolvePayload(
  raw: RawPayload,
  values: TemplateValues | null,
  path: Path,
  report: Report,
): PayloadConfig {
  const expanded = (template: string, form: TemplateForm, at: Path) =>
    values === null
      ? { text: template, fresh: false }
      : expand(template, form, values, (message) => report(at, message));
  if (typeof raw === 'string') {
    const { text, fresh } = expanded(raw, 'text', path);
    return fresh ? { kind: 'fresh', form: 'text', template: text, sign: null } : { kind: 'text', text };
  }
  const at = [...path, 'hex'];
  const { text, fresh } = expanded(raw.hex, 'hex', at);
  const hex = hexDigits(text, fresh, false, at, report);
  if (raw.sign === undefined)
    return fresh ? { kind: 'fresh', form: 'hex', template: hex, sign: null } : { kind: 'hex', hex };
  const secret = expanded(raw.sign.hmac_md5, 'text', [...path, 'sign', 'hmac_md5']).text;
  const sign = { secret, at: raw.sign.at };
  if (sign.at + 16 > withoutRandom(hex).length / 2) {
    report([...path, 'sign', 'at'], `must be 16 bytes before the end of the ${withoutRandom(hex).length / 2} bytes`);
  }
  return { kind: 'fresh', form: 'hex', template: hex, sign };
}

/** As `resolvePayload`. */
export function resolvePattern(
  raw: RawPattern,
  values: TemplateValues | null,
  path: Path,
  report: Report,
): PatternConfig {
  const expanded = (template: string, form: TemplateForm, at: Path) =>
    values === null
      ? { text: template, fresh: false }
      : expand(template, form, values, (message) => report(at, message));
  const given = typeof raw === 'string' ? { text: raw } : raw;
  if (Object.keys(given).length !== 1) report(path, 'must hold one of `text`, `hex`, `regex`');
  if (given.regex !== undefined) {
    const at = [...path, 'regex'];
    const { text: regex, fresh } = expanded(given.regex, 'regex', at);
    const parsed = parseRegex(fresh ? withRandom(regex, 'regex', new Uint8Array(RANDOM_BYTES)) : regex);
    if (!parsed.ok) report(at, `${parsed.error}; found ${quote(regex)}`);
    return fresh ? { kind: 'fresh', form: 'regex', template: regex } : { kind: 'regex', regex };
  }
  if (given.hex !== undefined) {
    const at = [...path, 'hex'];
    const { text, fresh } = expanded(given.hex, 'hex', at);
    const hex = hexDigits(text, fresh, true, at, report);
    return fresh ? { kind: 'fresh', form: 'hex', template: hex } : { kind: 'hex', hex };
  }
  const at = typeof raw === 'string' ? path : [...path, 'text'];
  const { text, fresh } = expanded(given.text ?? '', 'text', at);
  return fresh ? { kind: 'fresh', form: 'text', template: text } : { kind: 'text', text };
}

/** Without blanks and colons, in lower case, `?` for what does not count; what stands for random bytes stays. */
function hexDigits(written: string, fresh: boolean, wild: boolean, path: Path, report: Report): string {
  const parts = fresh ? written.split(/(\{random(?::\d+)?\})/) : [written];
  const hex = parts.map((part, index) => (index % 2 === 1 ? part : plainDigits(part, wild))).join('');
  const digits = withoutRandom(hex);
  const allowed = wild ? /^[0-9a-f?]+$/ : /^[0-9a-f]*$/;
  if (!allowed.test(digits) || digits.length % 2 === 1) {
    const what = wild ? 'hexadecimal digits, or ? where any is right' : 'hexadecimal digits';
    report(path, `must be pairs of ${what}; found ${quote(written)}`);
  }
  return hex;
}

function plainDigits(text: string, wild: boolean): string {
  const digits = text.replaceAll(/[\s:]+/g, '').toLowerCase();
  return wild ? digits.replaceAll('x', '?') : digits;
}
