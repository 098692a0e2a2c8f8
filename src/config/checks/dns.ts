/** The dns check: a question to a name server. Pure. */
import * as z from 'zod';
import { encodeName } from '../../net/dns-message.ts';
import { parseAddress } from '../../net/ip.ts';
import { err, ok } from '../../util/result.ts';
import { choice, flag, freeText, integer, list, mapping, must, readText } from '../fields.ts';
import { type CheckCommon, type CheckContext, ports, rhythm } from './common.ts';
import { RECORD_TYPES, RESPONSE_CODES } from './dns-words.ts';
import { tries } from './tries.ts';

export interface DnsCheckConfig extends CheckCommon {
  readonly type: 'dns';
  /** As it is asked: "www.example.com" or "." */
  readonly name: string;
  /** 1..65535 */
  readonly queryType: number;
  readonly transport: 'udp' | 'tcp';
  readonly recursionDesired: boolean;
  /** With an OPT record (RFC 6891). */
  readonly edns: boolean;
  /** Any one of these must come. */
  readonly responseCodes: readonly number[];
  /** Null: any answer, even an empty one. */
  readonly answer: DnsExpectation | null;
  /** Over UDP: queries within the timeout, evenly spaced. */
  readonly tries: number;
}

/** What the text of one record must be; letter case aside. */
export interface DnsExpectation {
  readonly match: 'equals' | 'contains';
  readonly text: string;
}

const TYPE_NAMES = [...RECORD_TYPES.keys()];
const CODE_NAMES = [...RESPONSE_CODES.keys()];

const domainName = () => {
  const error = must('a domain name such as www.example.com, or "." for the root');
  return readText(z.string({ error }), (written) =>
    encodeName(written) === null ? err(error({ input: written })) : ok(written),
  );
};

const queryType = () =>
  z.union([choice(TYPE_NAMES), integer(1, 65_535)], {
    error: must(`a record type (${TYPE_NAMES.join(', ')}) or its number, 1 to 65535`),
  });

const responseCode = () =>
  z.union([choice(CODE_NAMES), integer(0, 4095)], {
    error: must(`a response code (${CODE_NAMES.join(', ')}) or its number, 0 to 4095`),
  });

const responseCodes = () =>
  z.union(
    [
      responseCode().transform((code) => [code]),
      list(responseCode()).min(1, { error: 'must hold at least one response code' }),
    ],
    {
      error: must(`a response code (${CODE_NAMES.join(', ')}), its number, or a list of them`),
    },
  );

const answer = () =>
  z.union([freeText(1, 1024), mapping({ contains: freeText(1, 1024).describe('What one record must hold') })], {
    error: must('text of 1 to 1024 characters, or { contains: TEXT }'),
  });

export const dnsCheck = mapping({
  type: z.literal('dns').describe('Ask a name server a question'),
  ...rhythm,
  ...ports,
  name: domainName().default('.').describe('What to ask for'),
  query_type: queryType().default('SOA').describe('Type of the records asked for'),
  transport: choice(['udp', 'tcp'])
    .default('udp')
    .describe('Over which to ask; a truncated answer is fetched over tcp'),
  recursion_desired: flag().default(true).describe('Ask the server to resolve the name, if it does that for us'),
  edns: flag().default(false).describe('Ask with EDNS: up to 1232 bytes over UDP'),
  rcode: responseCodes().default(['NOERROR']).describe('Response code, or list of those, of a healthy server'),
  answer: answer().optional().describe('Text that one record must equal, or { contains: TEXT }; default: any answer'),
  tries,
});

type Raw = z.output<typeof dnsCheck>;

export function resolveDnsCheck(raw: Raw, common: CheckCommon, _context: CheckContext): DnsCheckConfig {
  return {
    ...common,
    type: 'dns',
    name: raw.name,
    queryType: numberOf(RECORD_TYPES, raw.query_type),
    transport: raw.transport,
    recursionDesired: raw.recursion_desired,
    edns: raw.edns,
    responseCodes: raw.rcode.map((code) => numberOf(RESPONSE_CODES, code)),
    answer: raw.answer === undefined ? null : expectationOf(raw.answer),
    tries: raw.tries,
  };
}

function numberOf(words: ReadonlyMap<string, number>, given: string | number): number {
  return typeof given === 'number' ? given : (words.get(given) ?? 0);
}

/** Addresses in the one form in which answers are read, names without their closing dot. */
function expectationOf(given: string | { readonly contains: string }): DnsExpectation {
  if (typeof given !== 'string') return { match: 'contains', text: given.contains };
  const address = parseAddress(given);
  if (address !== null) return { match: 'equals', text: address.text };
  return { match: 'equals', text: given.length > 1 && given.endsWith('.') ? given.slice(0, -1) : given };
}
