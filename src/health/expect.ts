/** What an answer must look like: status ranges, and a text within the first 64 KiB of a stream of bytes. Pure. */
import type { StatusRange } from '../config/checks/http.ts';

/** No more of an answer is looked at: a probe must not become a download. */
export const ANSWER_LIMIT = 64 * 1024;

/** Bytes of an unexpected answer shown to the operator. */
const EXCERPT_LENGTH = 60;

/** Whether an HTTP status is one of those wanted. Bounds are inclusive. */
export function statusMatches(ranges: readonly StatusRange[], status: number): boolean {
  return ranges.some((range) => status >= range.from && status <= range.to);
}

/** The ranges as people write them: `200-299, 401`. */
export function statusText(ranges: readonly StatusRange[]): string {
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

/** A text to look for, prepared once per check (Knuth, Morris, Pratt 1977). */
export interface Needle {
  readonly bytes: Uint8Array;
  /** For each length matched so far, the longest shorter prefix that still matches when the next byte does not. */
  readonly fallback: Uint32Array;
}

/** How far a search has come. Only two numbers pass from chunk to chunk, so a needle split over chunks is found. */
export interface Search {
  readonly state: 'looking' | 'found' | 'exhausted';
  /** Bytes of the needle matched at the end of what was seen. */
  readonly matched: number;
  /** Bytes of the answer looked at, at most `ANSWER_LIMIT`. */
  readonly seen: number;
}

/** Prepares a text, compared as UTF-8 bytes. */
export function needle(text: string): Needle {
  const bytes = new TextEncoder().encode(text);
  const fallback = new Uint32Array(bytes.length + 1);
  let matched = 0;
  for (let i = 1; i < bytes.length; i++) {
    matched = advance({ bytes, fallback }, matched, bytes[i]);
    fallback[i + 1] = matched;
  }
  return { bytes, fallback };
}

/** A search that has seen nothing yet. The empty needle is in every answer, even in none. */
export function beginSearch(needle: Needle): Search {
  return { state: needle.bytes.length === 0 ? 'found' : 'looking', matched: 0, seen: 0 };
}

/** Goes on with the next chunk of the answer. Found or exhausted is final. */
export function search(needle: Needle, so: Search, chunk: Uint8Array): Search {
  if (so.state !== 'looking') return so;
  const end = Math.min(chunk.length, ANSWER_LIMIT - so.seen);
  let matched = so.matched;
  for (let i = 0; i < end; i++) {
    matched = advance(needle, matched, chunk[i]);
    if (matched === needle.bytes.length) return { state: 'found', matched, seen: so.seen + i + 1 };
  }
  const seen = so.seen + end;
  return { state: seen >= ANSWER_LIMIT ? 'exhausted' : 'looking', matched, seen };
}

function advance(needle: Needle, matched: number, byte: number | undefined): number {
  let length = matched;
  while (length > 0 && needle.bytes[length] !== byte) length = needle.fallback[length] ?? 0;
  return needle.bytes[length] === byte ? length + 1 : 0;
}

/** The beginning of an answer, quoted, for an error text. Bytes outside printable ASCII are shown as `\xNN`. */
export function excerpt(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, EXCERPT_LENGTH), quoteByte).join('');
  return `"${shown}"${bytes.length > EXCERPT_LENGTH ? '...' : ''}`;
}

function quoteByte(byte: number): string {
  if (byte === 0x0d) return '\\r';
  if (byte === 0x0a) return '\\n';
  if (byte < 0x20 || byte > 0x7e) return `\\x${byte.toString(16).padStart(2, '0')}`;
  const char = String.fromCharCode(byte);
  return char === '"' || char === '\\' ? `\\${char}` : char;
}
