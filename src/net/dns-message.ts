/** DNS messages (RFC 1035 section 4): one question out, an answer in. Pure. */
import { err, ok, type Result } from '../util/result.ts';
import { asciiText, DnsReader, viewOf } from './dns-reader.ts';
import { formatAddress } from './ip.ts';

export interface DnsQuery {
  /** 0..65535 */
  readonly id: number;
  /** In wire format, as `encodeName` makes it. */
  readonly name: Uint8Array;
  /** 1..65535 */
  readonly type: number;
  readonly recursionDesired: boolean;
  /** With an OPT record (RFC 6891): larger answers over UDP. */
  readonly edns: boolean;
}

/** A record of the answer section. */
export interface DnsRecord {
  /** Owner, lower case, without the closing dot; "." for the root. */
  readonly name: string;
  readonly type: number;
  /** As in a zone file, names as above and the strings of a TXT joined: "10 mail.example.com"; else `\# 4 0a000001`. */
  readonly text: string;
}

export interface DnsAnswer {
  /** TC: what did not fit was left out. */
  readonly truncated: boolean;
  /** With the upper bits of an OPT record. */
  readonly rcode: number;
  readonly records: readonly DnsRecord[];
}

const HEADER_LENGTH = 12;
/** Flags of the header's second word. */
const QR = 0x8000;
const OPCODE = 0x7800;
const TC = 0x0200;
const RD = 0x0100;
const RCODE = 0x000f;
const CLASS_IN = 1;
const TYPE_OPT = 41;
/** What passes every common link unfragmented: the size agreed on at DNS flag day 2020. */
const EDNS_SIZE = 1232;
const MAX_LABEL = 63;
const MAX_NAME = 255;

/** A name in wire format. Null if a label is empty, longer than 63 bytes or not of printable ASCII, or all is too long. */
export function encodeName(name: string): Uint8Array | null {
  if (name === '.') return new Uint8Array(1);
  const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.');
  if (labels.some((label) => label.length > MAX_LABEL || !/^[!-[\]-~]+$/.test(label))) return null;
  const bytes = labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  return bytes.length < MAX_NAME ? Uint8Array.of(...bytes, 0) : null;
}

/** The message that asks. */
export function encodeQuery({ id, name, type, recursionDesired, edns }: DnsQuery): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + name.length + 4 + (edns ? 11 : 0));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint16(2, recursionDesired ? RD : 0);
  view.setUint16(4, 1);
  bytes.set(name, HEADER_LENGTH);
  const behind = HEADER_LENGTH + name.length;
  view.setUint16(behind, type);
  view.setUint16(behind + 2, CLASS_IN);
  if (edns) {
    view.setUint16(10, 1);
    // The root as owner, then the type, and the size where others have the class.
    view.setUint16(behind + 5, TYPE_OPT);
    view.setUint16(behind + 7, EDNS_SIZE);
  }
  return bytes;
}

/**
 * Whether `reply` is a response to `query`: same id, same opcode, same question, letter case aside. A server that could
 * not read the question may leave it out, but then it reports an error.
 */
export function isAnswerTo(query: Uint8Array, reply: Uint8Array): boolean {
  if (reply.length < HEADER_LENGTH || query.length < HEADER_LENGTH) return false;
  const [asked, told] = [viewOf(query), viewOf(reply)];
  const flags = told.getUint16(2);
  if (told.getUint16(0) !== asked.getUint16(0) || (flags & QR) === 0) return false;
  if ((flags & OPCODE) !== (asked.getUint16(2) & OPCODE)) return false;
  const questions = told.getUint16(4);
  if (questions === 0) return (flags & RCODE) !== 0;
  return questions === 1 && sameQuestion(query, reply);
}

function sameQuestion(query: Uint8Array, reply: Uint8Array): boolean {
  let at = HEADER_LENGTH;
  // Length octets are below any letter, so the whole name is compared by the same rule.
  for (; query[at] !== 0 && at < query.length; at += 1) {
    if (lowerCase(query[at] ?? 0) !== lowerCase(reply[at] ?? -1)) return false;
  }
  const end = at + 5;
  for (; at < end; at += 1) if (query[at] !== reply[at]) return false;
  return true;
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/** Reads a message for which `isAnswerTo` holds. Its error says in words what is wrong with it. */
export function decodeAnswer(bytes: Uint8Array): Result<DnsAnswer, string> {
  if (bytes.length < HEADER_LENGTH) return err(`${bytes.length} bytes are no DNS message`);
  const view = viewOf(bytes);
  const flags = view.getUint16(2);
  const truncated = (flags & TC) !== 0;
  const [questions, answers, authorities, more] = [4, 6, 8, 10].map((at) => view.getUint16(at));
  const reader = new DnsReader(bytes, HEADER_LENGTH);
  for (let n = 0; n < (questions ?? 0) && !reader.failed; n++) {
    reader.name();
    reader.skip(4);
  }
  const records: DnsRecord[] = [];
  let rcode = flags & RCODE;
  const total = (answers ?? 0) + (authorities ?? 0) + (more ?? 0);
  for (let n = 0; n < total; n++) {
    const record = readRecord(reader, n < (answers ?? 0));
    if (reader.failed) {
      if (truncated) break;
      return err(`a DNS message of ${bytes.length} bytes ends or goes wrong in record ${n + 1} of ${total}`);
    }
    if (record.type === TYPE_OPT) rcode |= (record.ttl >>> 24) << 4;
    else if (n < (answers ?? 0)) records.push({ name: record.name, type: record.type, text: record.text });
  }
  if (reader.failed && !truncated) return err(`a DNS message of ${bytes.length} bytes ends within the question`);
  return ok({ truncated, rcode, records });
}

interface RawRecord extends DnsRecord {
  readonly ttl: number;
}

function readRecord(reader: DnsReader, wanted: boolean): RawRecord {
  const name = reader.name();
  const type = reader.u16();
  reader.skip(2);
  const ttl = reader.u32();
  const length = reader.u16();
  const end = reader.at + length;
  if (!wanted) {
    reader.skip(length);
    return { name, type, ttl, text: '' };
  }
  const text = readData(reader, type, length);
  reader.expectAt(end);
  return { name, type, ttl, text };
}

/** Record data as text (RFC 1035 section 3.3, RFC 2782, RFC 3596, RFC 8659; the rest as RFC 3597). */
function readData(reader: DnsReader, type: number, length: number): string {
  const end = reader.at + length;
  switch (type) {
    case 1:
    case 28: {
      const bytes = reader.bytes(type === 1 ? 4 : 16);
      return reader.failed ? '' : formatAddress(bytes);
    }
    case 2:
    case 5:
    case 12:
    case 39:
      return reader.name();
    case 6:
      return [reader.name(), reader.name(), ...Array.from({ length: 5 }, () => reader.u32())].join(' ');
    case 15:
      return `${reader.u16()} ${reader.name()}`;
    case 16: {
      let text = '';
      while (reader.at < end && !reader.failed) text += asciiText(reader.bytes(reader.u8()));
      return text;
    }
    case 33:
      return `${reader.u16()} ${reader.u16()} ${reader.u16()} ${reader.name()}`;
    case 257: {
      const flags = reader.u8();
      const tag = asciiText(reader.bytes(reader.u8()));
      return `${flags} ${tag} "${asciiText(reader.bytes(Math.max(0, end - reader.at)))}"`;
    }
    default:
      return `\\# ${length} ${hex(reader.bytes(length))}`;
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
