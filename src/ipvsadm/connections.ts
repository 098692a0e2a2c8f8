/**
 * Connections: a line of /proc/net/ip_vs_conn (ip_vs_conn_seq_show in ip_vs_conn.c), as a row of `ipvsadm -Lc` of ipvsadm
 * 1.31 and as a line of JSON. Written for a million of them. Pure.
 */
import { IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from '../ipvs/constants.ts';
import { formatAddress } from '../net/ip.ts';
import { type Endpoint, endpointText } from './address.ts';
import type { ConnectionFilter, Names } from './types.ts';

/** One entry of the kernel's connection table; templates of persistence are among them. */
export interface Connection {
  /** The kernel's word: `TCP`, `UDP`, `SCTP`, `IP` (template of a fwmark service). */
  readonly protocol: string;
  readonly source: Endpoint;
  readonly virtual: Endpoint;
  readonly destination: Endpoint;
  readonly state: string;
  /** Seconds until it expires. */
  readonly expiresS: number;
  /** What the persistence engine keeps ("sip" and a Call-ID), or null. */
  readonly engine: { readonly name: string; readonly data: string } | null;
}

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['TCP', IPPROTO_TCP],
  ['UDP', IPPROTO_UDP],
  ['SCTP', IPPROTO_SCTP],
]);

/** Reads one line, without its line end. Null when it is none of the kernel's connections. `texts` may serve many lines. */
export function parseConnection(line: string, texts = new AddressTexts()): Connection | null {
  const cursor = new Cursor(line, texts);
  const protocol = cursor.word();
  const source = cursor.endpoint();
  const virtual = cursor.endpoint();
  const destination = cursor.endpoint();
  const state = cursor.word();
  const expiresS = Number(cursor.word() ?? Number.NaN);
  if (protocol === null || source === null || virtual === null || destination === null || state === null) return null;
  if (!Number.isInteger(expiresS)) return null;
  const name = cursor.word();
  const data = cursor.word();
  return { protocol, source, virtual, destination, state, expiresS, engine: name && data ? { name, data } : null };
}

const BLANK = 0x20;
const COLON = 0x3a;
const IPV4_DIGITS = 8;
/** `2001:0db8:0000:0000:0000:0000:0000:0001`: all digits are written (%pI6). */
const IPV6_LENGTH = 39;
const PORT_DIGITS = 4;
/** Values of hexadecimal digits by character code; -1 for other characters. */
const DIGITS = Int8Array.from({ length: 256 }, (_, code) => '0123456789abcdef'.indexOf(letter(code)));

function letter(code: number): string {
  return String.fromCharCode(code).toLowerCase();
}

/** Reads a line from left to right, without patterns and copies: that takes a fifth of the time. */
class Cursor {
  readonly #line: string;
  readonly #texts: AddressTexts;
  #at = 0;

  constructor(line: string, texts: AddressTexts) {
    this.#line = line;
    this.#texts = texts;
  }

  /** The next word; null at the end. */
  word(): string | null {
    const from = this.#nextWord();
    if (from === this.#line.length) return null;
    const blank = this.#line.indexOf(' ', from);
    this.#at = blank < 0 ? this.#line.length : blank;
    return this.#line.slice(from, this.#at);
  }

  /** An address and a port. Null when they are none; the place is undefined then. */
  endpoint(): Endpoint | null {
    const from = this.#nextWord();
    const isIpv6 = this.#line.charCodeAt(from + 4) === COLON;
    const address = isIpv6 ? this.#ipv6(from) : this.#ipv4(from);
    this.#at = from + (isIpv6 ? IPV6_LENGTH : IPV4_DIGITS);
    if (this.#line.charCodeAt(this.#at) !== BLANK || address === null) return null;
    const port = hexadecimal(this.#line, this.#at + 1, PORT_DIGITS);
    this.#at += 1 + PORT_DIGITS;
    if (port < 0 || this.#line.charCodeAt(this.#at) !== BLANK) return null;
    return { family: isIpv6 ? 6 : 4, address, port };
  }

  #nextWord(): number {
    let at = this.#at;
    while (this.#line.charCodeAt(at) === BLANK) at++;
    return at;
  }

  #ipv4(from: number): string | null {
    const word = hexadecimal(this.#line, from, IPV4_DIGITS);
    return word < 0 ? null : this.#texts.ipv4(word);
  }

  #ipv6(from: number): string | null {
    const groups: number[] = [];
    for (let at = from; at < from + IPV6_LENGTH; at += 5) {
      const group = hexadecimal(this.#line, at, 4);
      if (group < 0 || (at > from && this.#line.charCodeAt(at - 1) !== COLON)) return null;
      groups.push(group);
    }
    return this.#texts.ipv6(groups);
  }
}

/** The number that these digits are, or -1. */
function hexadecimal(text: string, from: number, digits: number): number {
  let value = 0;
  for (let at = from; at < from + digits; at++) {
    const digit = DIGITS[text.charCodeAt(at)] ?? -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** A power of two. */
const MOST_TEXTS = 4096;

/** The texts of addresses that were read before: few servers have many connections. Of a fixed size. */
export class AddressTexts {
  /** Where the words are whose texts are known; a word has one place, which the next with the same place takes from it. */
  readonly #words = new Float64Array(MOST_TEXTS).fill(-1);
  readonly #ipv4: string[] = new Array(MOST_TEXTS).fill('');
  /** By the eight groups as characters: a piece of a line as the key would keep all of its page in memory. */
  readonly #ipv6 = new Map<string, string>();

  /** `10.0.0.1` for 0x0a000001. */
  ipv4(word: number): string {
    const place = (word ^ (word >>> 12) ^ (word >>> 24)) & (MOST_TEXTS - 1);
    if (this.#words[place] !== word) {
      this.#words[place] = word;
      this.#ipv4[place] = quadText(word);
    }
    return this.#ipv4[place] ?? '';
  }

  /** The canonical text of eight groups of 16 bits. */
  ipv6(groups: readonly number[]): string {
    const key = String.fromCharCode(...groups);
    const known = this.#ipv6.get(key);
    if (known !== undefined) return known;
    if (this.#ipv6.size === MOST_TEXTS) this.#ipv6.clear();
    const text = formatAddress(Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));
    this.#ipv6.set(key, text);
    return text;
  }
}

/** `10.0.0.1` for 0x0a000001. */
function quadText(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
}

/**
 * Whether every given condition holds. A service with port 0 takes all ports of its address. The kernel does not say which
 * mark a connection came by: only the templates of a fwmark service can be told.
 */
export function matches(connection: Connection, { service, server, state }: ConnectionFilter): boolean {
  if (state !== null && connection.state !== state.toUpperCase()) return false;
  if (server !== null && !isAt(connection.destination, server.address, server.port)) return false;
  if (service === null) return true;
  if (service.kind === 'fwmark') return connection.protocol === 'IP' && isMark(connection.virtual, service.fwmark);
  if (PROTOCOLS.get(connection.protocol) !== service.protocol) return false;
  return isAt(connection.virtual, service.address, service.port === 0 ? null : service.port);
}

function isAt(endpoint: Endpoint, address: string, port: number | null): boolean {
  return endpoint.address === address && (port === null || endpoint.port === port);
}

/** The template of a mark has it in the first word of the virtual address: 0.0.0.7, `0:7::` (ip_vs_sched_persist). */
function isMark({ family, address }: Endpoint, fwmark: number): boolean {
  if (family === 4) return address === quadText(fwmark);
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, fwmark);
  return address === formatAddress(bytes);
}

/** The two lines above the rows. */
export function connectionTitles(persistentConn: boolean): string {
  const columns = 'pro expire state       source             virtual            destination';
  return `IPVS connection entries\n${columns}${persistentConn ? '        pe name          pe_data' : ''}\n`;
}

/** One row with its line end. `names` are null to write figures. */
export function connectionRow(connection: Connection, persistentConn: boolean, names: Names | null): string {
  const { protocol, source, virtual, destination, state, expiresS, engine } = connection;
  const number = PROTOCOLS.get(protocol) ?? 0;
  const from = endpointText(source, number, names).padEnd(18);
  const to = endpointText(virtual, number, names).padEnd(18);
  const real = endpointText(destination, number, names);
  const row = `${protocol.padEnd(3)} ${expiryText(expiresS).padEnd(6)} ${state.padEnd(11)} ${from} ${to}`;
  if (!persistentConn || engine === null) return `${row} ${real}\n`;
  return `${row} ${real.padEnd(16)} ${engine.name.padEnd(18)} ${engine.data}\n`;
}

/** `04:57`; minutes may exceed 99. */
function expiryText(expiresS: number): string {
  const minutes = Math.trunc(expiresS / 60);
  const seconds = expiresS % 60;
  return `${minutes < 10 ? '0' : ''}${minutes}:${seconds < 10 ? '0' : ''}${seconds}`;
}

/**
 * One object and a line end, in ASCII: `{"protocol":"tcp","source":{"address":"10.0.0.2","port":34200},"virtual":...,
 * "destination":...,"state":"ESTABLISHED","expiresS":897,"engine":null}`. Always figures.
 */
export function connectionJson({
  protocol,
  source,
  virtual,
  destination,
  state,
  expiresS,
  engine,
}: Connection): string {
  const name = JSON.stringify(protocol.toLowerCase());
  const ends = `"source":${endpointJson(source)},"virtual":${endpointJson(virtual)},"destination":${endpointJson(destination)}`;
  const rest = `"state":${JSON.stringify(state)},"expiresS":${expiresS},"engine":${JSON.stringify(engine)}`;
  return ascii(`{"protocol":${name},${ends},${rest}}\n`);
}

function endpointJson({ address, port }: Endpoint): string {
  return `{"address":"${address}","port":${port}}`; // nothing in an address needs an escape
}

/** The bytes of a Call-ID may be any; they were read as one character each. */
function ascii(json: string): string {
  return json.replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
