/** One request of an http check, and what its answer must be. Pure. */
import * as z from 'zod';
import { freeText, list, must, text } from '../fields.ts';
import { type Path, quote, type Report } from '../problems.ts';
import { type JsonConditionConfig, jsonCondition, resolveJsonCondition } from './http-json.ts';
import { type PatternConfig, resolvePattern } from './payload.ts';

export interface HttpRequestConfig {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** The Host header, HTTP/2's `:authority`; null = address:port. */
  readonly host: string | null;
  /** Names in lower case. What is here replaces what is sent otherwise (`user-agent`, `accept`). */
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as UTF-8; null: no body. */
  readonly body: string | null;
  readonly answer: HttpAnswerConfig;
}

/** All of it must hold. Of a body, only the first 64 KiB are looked at. */
export interface HttpAnswerConfig {
  readonly status: readonly StatusRange[];
  /** What must occur in the body. */
  readonly wanted: readonly PatternConfig[];
  /** What must not. */
  readonly unwanted: readonly PatternConfig[];
  readonly json: readonly JsonConditionConfig[];
  /** Of the whole body; null: any. */
  readonly digest: DigestConfig | null;
}

export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

export interface DigestConfig {
  readonly algorithm: 'md5' | 'sha256';
  /** Lower case. */
  readonly hex: string;
}

/** RFC 9110 section 9.1. CONNECT asks for a tunnel, not for an answer. */
const METHOD = 'a method: GET, HEAD, OPTIONS, POST or another one but CONNECT';
/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
/** The connection's own, and what is written otherwise. */
const RESERVED = new Map([
  ['host', 'use `host`'],
  ['content-length', 'it follows from `request_body`'],
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect'].map(
    (name): [string, string] => [name, 'it belongs to the connection'],
  ),
]);
const MOST_HEADERS = 50;

const STATUS = 'a status from 100 to 599 such as 200, or a range such as "200-299"';
const status = z.union(
  [
    z
      .int({ error: must(STATUS) })
      .min(100, { error: must(STATUS) })
      .max(599, { error: must(STATUS) }),
    text(/^[1-5]\d\d-[1-5]\d\d$/, STATUS),
  ],
  { error: must(STATUS) },
);

/** Printable without spaces: it goes into a request line. */
export const urlPath = () => text(/^\/[!-~]{0,1999}$/, 'a path that starts with / and has no spaces');

/** The keys of a request: of the check itself, and of each of its `urls`. */
export const requestKeys = {
  method: text(/^(?!CONNECT$)[A-Z][A-Z-]{0,31}$/, METHOD)
    .optional()
    .describe('Request method'),
  path: urlPath().optional().describe('Path and query of the request'),
  host: text(/^[A-Za-z0-9._:[\]-]{1,255}$/, 'a host name or address, optionally with a port')
    .optional()
    .describe('Host header; https: also the name in the certificate; default: address:port'),
  headers: z
    .record(z.string(), text(/^[ -~\t]{0,2000}$/, 'text of one line'), { error: must('a mapping of names to texts') })
    .optional()
    .describe('More headers of the request, or others than `user-agent: lvsd` and `accept: */*`'),
  request_body: freeText(0, 16_384).optional().describe('Body of the request; default: none'),
  status: list(status)
    .min(1, { error: 'must hold at least one status' })
    .optional()
    .describe('Answers that pass: numbers, or ranges such as "200-299"'),
  body: freeText(1, 4096).optional().describe('Text that must occur in the first 64 KiB of the body'),
  body_absent: freeText(1, 4096).optional().describe('Text that must not occur there'),
  body_regex: freeText(1, 1024).optional().describe('Regular expression that must match there'),
  body_absent_regex: freeText(1, 1024).optional().describe('Regular expression that must not match there'),
  json: list(jsonCondition)
    .max(50, { error: 'must hold at most 50 conditions' })
    .optional()
    .describe('Conditions on a JSON body of at most 64 KiB, all of which must hold'),
  digest: text(/^(?:(?:md5:)?[0-9a-fA-F]{32}|(?:sha256:)?[0-9a-fA-F]{64})$/, 'a SHA-256 or MD5 digest in hexadecimal')
    .optional()
    .describe('SHA-256 or MD5 of the whole body, which may be 64 KiB long'),
};

const request = z.object(requestKeys);
type Raw = z.output<typeof request>;

/** The request with its defaults; reports what does not go together. */
export function resolveRequest(raw: Raw, path: Path, report: Report): HttpRequestConfig {
  const method = raw.method ?? 'GET';
  const looks = (['body', 'body_absent', 'body_regex', 'body_absent_regex', 'json', 'digest'] as const).find(
    (key) => raw[key] !== undefined,
  );
  if (method === 'HEAD' && looks !== undefined) {
    report([...path, looks], 'does not go with `method: HEAD`: its answer has no body');
  }
  return {
    method,
    path: raw.path ?? '/',
    host: raw.host ?? null,
    headers: resolveHeaders(raw.headers ?? {}, [...path, 'headers'], report),
    body: raw.request_body ?? null,
    answer: resolveAnswer(raw, path, report),
  };
}

function resolveAnswer(raw: Raw, path: Path, report: Report): HttpAnswerConfig {
  const patterns = (text: string | undefined, key: 'body_regex' | 'body_absent_regex', regex: string | undefined) => [
    ...(text === undefined ? [] : [{ kind: 'text', text } as const]),
    ...(regex === undefined ? [] : [resolvePattern({ regex }, null, [...path, key], unnested(report))]),
  ];
  return {
    status: (raw.status ?? [200]).map((one, index) => statusRange(one, [...path, 'status', index], report)),
    wanted: patterns(raw.body, 'body_regex', raw.body_regex),
    unwanted: patterns(raw.body_absent, 'body_absent_regex', raw.body_absent_regex),
    json: (raw.json ?? []).map((one, index) => resolveJsonCondition(one, [...path, 'json', index], report)),
    digest: raw.digest === undefined ? null : digestOf(raw.digest),
  };
}

/** The regular expression is the value of the key itself here, not of a key `regex` below it. */
function unnested(report: Report): Report {
  return (path, message) => report(path.at(-1) === 'regex' ? path.slice(0, -1) : path, message);
}

/** Names are compared without regard to case, and sent in lower case, as HTTP/2 wants it (RFC 9113 section 8.2). */
function resolveHeaders(raw: Readonly<Record<string, string>>, path: Path, report: Report): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [written, value] of Object.entries(raw)) {
    const name = written.toLowerCase();
    const reserved = RESERVED.get(name);
    if (!TOKEN.test(written)) report([...path, written], `must be the name of a header; found ${quote(written)}`);
    else if (reserved !== undefined) report([...path, written], `cannot be set: ${reserved}`);
    else headers[name] = value.trim();
  }
  if (Object.keys(headers).length > MOST_HEADERS) report(path, `must hold at most ${MOST_HEADERS} headers`);
  return headers;
}

function statusRange(written: number | string, path: Path, report: Report): StatusRange {
  if (typeof written === 'number') return { from: written, to: written };
  const [from = 0, to = 0] = written.split('-').map(Number);
  if (from > to) report(path, `must begin with the lower status; found ${quote(written)}`);
  return { from, to };
}

function digestOf(written: string): DigestConfig {
  const hex = written.replace(/^\w+:/, '').toLowerCase();
  return { algorithm: hex.length === 32 ? 'md5' : 'sha256', hex };
}
