/** What the HTTP probe and its two protocols say to each other. */
import { isIP } from 'node:net';
import type { HttpRequestConfig } from '../config/checks/http-request.ts';
import type { CheckCommon } from '../config/types-checks.ts';
import { failed, type Outcome } from './probe.ts';
import type { Answer } from './probe-http-answer.ts';

/** A request made ready. */
export interface Request {
  readonly method: string;
  readonly path: string;
  /** Host header or `:authority`. */
  readonly host: string;
  /** All others, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** A request under way. */
export interface Asked {
  readonly answer: Answer;
  /** Set by `finish`: nothing that comes later counts. */
  over: boolean;
  /** What is waited for from now on, for the text of a timeout. */
  readonly awaits: (what: string) => void;
  /** The connection has something to say besides the answer. */
  readonly warn: (warning: string) => void;
  readonly done: (outcome: Outcome) => void;
}

/** Puts requests to one server, one at a time. */
export interface Asker {
  /** For each probe. Why it cannot ask, and it is this machine's fault; null: it can. */
  prepare(): string | null;
  ask(request: Request, asked: Asked): void;
  /** The probe is over: nothing of it may live on. */
  letGo(outcome: Outcome): void;
  close(): void;
}

/** Of 1xx (RFC 9110 section 15.2): servers send one or two, and each costs more than the bytes it has. */
const MOST_INTERIM = 32;

/** Counts the interim responses of one request: the failure when there is one too many. */
export function interimCounter(): () => Outcome | null {
  let heard = 0;
  return () => {
    heard += 1;
    return heard > MOST_INTERIM ? failed('protocol', `more than ${MOST_INTERIM} interim responses (1xx)`) : null;
  };
}

/** With the headers that every request has. */
export function requestOf(
  config: HttpRequestConfig,
  { address, port }: Pick<CheckCommon, 'address' | 'port'>,
): Request {
  const { method, path, body } = config;
  const headers = { 'user-agent': 'lvsd', accept: '*/*', ...config.headers };
  return { method, path, host: config.host ?? hostAndPort(address, port), headers, body };
}

/** As in a URL: an IPv6 address in brackets. */
export function hostAndPort(address: string, port: number): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
