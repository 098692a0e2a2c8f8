/**
 * The kinds of value a configuration key can have, as zod types that say in one sentence what is allowed and what was
 * found. Pure.
 */
import * as z from 'zod';
import type { Address } from '../net/ip.ts';
import {
  isBroadcast,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseAddress,
  parsePrefix,
} from '../net/ip.ts';
import { err, ok, type Result } from '../util/result.ts';
import { DURATION_PATTERN, parseDuration } from './duration.ts';
import { nearest } from './nearest.ts';
import { describeValue, quote } from './problems.ts';
import type { PortRange } from './ranges.ts';
import { parseAddressRange, parsePortRange } from './ranges.ts';

interface Issue {
  readonly code?: string | undefined;
  readonly input?: unknown;
}

/** `must be <allowed>; found <value>`, or that the key is missing. */
export function must(allowed: string): (issue: Issue) => string {
  return (issue) =>
    issue.input === undefined
      ? `missing: must be ${allowed}`
      : `must be ${allowed}; found ${describeValue(issue.input)}`;
}

/** A mapping that refuses keys it does not know. Its message about those has one line for each, in their order. */
export function mapping<Shape extends z.core.$ZodShape>(shape: Shape) {
  const known = Object.keys(shape);
  const wrongType = must(`a mapping with ${known.length > 6 ? 'keys such as ' : ''}${known.slice(0, 6).join(', ')}`);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, known)).join('\n')
        : wrongType(issue),
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  const shown = quote(key).slice(1, -1);
  return `unknown key \`${shown}\`; ${meant === null ? `the keys here are ${known.join(', ')}` : `did you mean \`${meant}\`?`}`;
}

/** A whole number within a range, ends included. */
export function integer(min: number, max: number) {
  const error = must(`a whole number from ${min} to ${max}`);
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** `true` or `false`. */
export function flag() {
  return z.boolean({ error: must('true or false') });
}

/** Text that matches a pattern; `allowed` says in words what that is. */
export function text(pattern: RegExp, allowed: string) {
  const error = (issue: Issue) => `${must(allowed)(issue)}${quotesHint(issue.input)}`;
  return z.string({ error }).regex(pattern, { error });
}

/** Any text between two lengths, in characters. */
export function freeText(minLength: number, maxLength: number) {
  const allowed = `text of ${minLength} to ${maxLength} characters`;
  const error = (issue: Issue) =>
    typeof issue.input === 'string'
      ? `must be ${allowed}; found ${issue.input.length} characters`
      : `${must(allowed)(issue)}${quotesHint(issue.input)}`;
  return z.string({ error }).min(minLength, { error }).max(maxLength, { error });
}

/** What to add where text is wanted: YAML takes `12`, `1e3` and `true` for more than text. */
export function quotesHint(input: unknown): string {
  return typeof input === 'number' || typeof input === 'boolean' ? ' (put it in quotes if it is text)' : '';
}

/** What `read` makes of a text; its error is the whole message. */
export function readText<Value>(type: z.ZodString, read: (written: string) => Result<Value, string>) {
  return type.transform((written, context): Value => {
    const value = read(written);
    if (value.ok) return value.value;
    context.addIssue({ code: 'custom', message: value.error });
    return z.NEVER;
  });
}

/** One of a few words. */
export function choice<const Word extends string>(words: readonly Word[]) {
  const oneOf = words.length === 1 ? words.join() : `one of ${words.join(', ')}`;
  const allowed = must(oneOf);
  return z.enum(words, {
    error: (issue) => {
      if (typeof issue.input !== 'string') return allowed(issue);
      const meant = nearest(issue.input, words);
      return `${allowed(issue)}${meant === null ? '' : `; did you mean ${quote(meant)}?`}`;
    },
  });
}

/** A list of such items. */
export function list<Item extends z.core.$ZodType>(item: Item) {
  return z.array(item, { error: must('a list') });
}

/** What else holds for a duration besides its range. */
export interface DurationRule {
  /** Only multiples of so many milliseconds are exact where the value is used. */
  readonly stepMs?: number;
  /** The step in words, such as `10ms`. */
  readonly step?: string;
}

/** A duration within a range, ends included, both written as in the file. The parsed value is in milliseconds. */
export function duration(min: string, max: string, { stepMs = 1, step = '1ms' }: DurationRule = {}) {
  const allowed = `a duration from ${min} to ${max}${stepMs > 1 ? ` in steps of ${step}` : ''}`;
  const error = (issue: Issue) => `${must(allowed)(issue)}${unitHint(issue.input)}`;
  const minMs = parseDuration(min) ?? 0;
  const maxMs = parseDuration(max) ?? 0;
  return readText(z.string({ error }).regex(DURATION_PATTERN, { error }), (written) => {
    const ms = parseDuration(written);
    const fits = ms !== null && ms >= minMs && ms <= maxMs && ms % stepMs === 0;
    return fits ? ok(ms) : err(error({ input: written }));
  });
}

function unitHint(input: unknown): string {
  const bare = typeof input === 'number' || (typeof input === 'string' && /^\d+(\.\d+)?$/.test(input));
  if (bare) return `, which has no unit: write ${String(input)}s if seconds are meant (ms, s, m, h)`;
  return typeof input === 'string' && !DURATION_PATTERN.test(input) ? ' (examples: 250ms, 1.5s, 5m, 2h)' : '';
}

/** Why an address cannot be where it is, or `null`. */
export type AddressRule = (bytes: Uint8Array) => string | null;

/** An IPv4 or IPv6 address that passes the rule. */
export function address(rule: AddressRule) {
  const error = must('an IPv4 or IPv6 address');
  return readText(z.string({ error }), (written) => {
    const parsed = parseAddress(written);
    return parsed === null ? err(error({ input: written })) : ruled(parsed, [parsed], { rule, written });
  });
}

/** An address that passes the rule, with a prefix length; without one it stands alone (/32 or /128). */
export function prefixed(rule: AddressRule) {
  const error = must('an IPv4 or IPv6 address, optionally with /1 to /32 or /1 to /128');
  return readText(z.string({ error }), (written) => {
    const parsed = parsePrefix(written);
    const usable = parsed !== null && parsed.prefixLength > 0;
    return usable ? ruled(parsed, [parsed.address], { rule, written }) : err(error({ input: written }));
  });
}

/** An address or a range of them; both ends pass the rule. */
export function addressRange(rule: AddressRule) {
  const error = must('an IPv4 or IPv6 address, or two with a hyphen between them, the lower one first');
  return readText(z.string({ error }), (written) => {
    const parsed = parseAddressRange(written);
    return parsed === null
      ? err(error({ input: written }))
      : ruled(parsed, [parsed.first, parsed.last], { rule, written });
  });
}

/** A port or a range of them, such as `"8000-8010"`. */
export function portRange() {
  const error = must('a port from 1 to 65535, or a range such as "8000-8010"');
  const range = readText(z.string({ error }), (written) => {
    const parsed = parsePortRange(written);
    return parsed === null ? err(error({ input: written })) : ok(parsed);
  });
  const single = z.int({ error }).min(1, { error }).max(65_535, { error });
  return z.union([single.transform((port): PortRange => ({ first: port, last: port })), range], { error });
}

/** The value, if all of its addresses pass the rule. */
function ruled<Value>(
  value: Value,
  addresses: readonly Address[],
  { rule, written }: { readonly rule: AddressRule; readonly written: string },
): Result<Value, string> {
  for (const { bytes } of addresses) {
    const reason = rule(bytes);
    if (reason !== null) return err(`must be ${reason}; found ${quote(written)}`);
  }
  return ok(value);
}

/** For virtual servers and check targets: an address of one host. */
export function unicast(bytes: Uint8Array): string | null {
  if (isUnspecified(bytes)) return "one host's address, not the unspecified one";
  if (isMulticast(bytes)) return "one host's address, not multicast";
  if (isBroadcast(bytes)) return "one host's address, not broadcast";
  if (isMapped(bytes)) return 'written as a plain IPv4 address';
  return null;
}

/** For real servers: what the kernel accepts as a destination (ip_vs_ctl.c, ip_vs_new_dest). */
export function destination(bytes: Uint8Array): string | null {
  const linkLocal = bytes.length === 16 && isLinkLocal(bytes);
  return unicast(bytes) ?? (linkLocal ? 'reachable beyond one link, not link-local' : null);
}

/** For virtual routers: an address that can move from host to host. */
export function movable(bytes: Uint8Array): string | null {
  return unicast(bytes) ?? (isLoopback(bytes) ? 'an address that other hosts can reach, not loopback' : null);
}

/** For the sync daemon's group. */
export function multicast(bytes: Uint8Array): string | null {
  return isMulticast(bytes) ? null : 'a multicast address';
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && isUnspecified(bytes.subarray(0, 10)) && bytes[10] === 0xff && bytes[11] === 0xff;
}
