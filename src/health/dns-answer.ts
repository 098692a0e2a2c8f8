/** Whether a name server's answer is that of a healthy one. Pure. */
import type { DnsCheckConfig, DnsExpectation } from '../config/checks/dns.ts';
import { ANY_TYPE, recordTypeName, responseCodeName } from '../config/checks/dns-words.ts';
import { excerpt } from './expect.ts';

/** What came, of which a `DnsAnswer` has all. */
export interface Answer {
  readonly truncated: boolean;
  readonly rcode: number;
  readonly records: readonly { readonly type: number; readonly text: string }[];
}

export type DnsVerdict =
  | { readonly healthy: true }
  | { readonly healthy: false; readonly detail: string }
  /** What was asked for may be in what was left out: to be asked again over TCP (RFC 7766 section 5). */
  | { readonly healthy: 'unknown' };

/** Records named when none is the one wanted. */
const SHOWN_RECORDS = 4;

export function judgeAnswer(
  check: Pick<DnsCheckConfig, 'name' | 'queryType' | 'responseCodes' | 'answer'>,
  { rcode, truncated, records }: Answer,
): DnsVerdict {
  if (!check.responseCodes.includes(rcode)) {
    const wanted = check.responseCodes.map(responseCodeName).join(' or ');
    return { healthy: false, detail: `${responseCodeName(rcode)} for ${questionText(check)}, not ${wanted}` };
  }
  const wanted = check.answer;
  if (wanted === null) return { healthy: true };
  const asked = records.filter(({ type }) => check.queryType === ANY_TYPE || type === check.queryType);
  if (asked.some(({ text }) => isWanted(wanted, text))) return { healthy: true };
  if (truncated) return { healthy: 'unknown' };
  return { healthy: false, detail: `${recordsText(asked.map(({ text }) => text))} for ${questionText(check)}` };
}

/** "www.example.com A" */
export function questionText({ name, queryType }: Pick<DnsCheckConfig, 'name' | 'queryType'>): string {
  return `${name} ${recordTypeName(queryType)}`;
}

function isWanted({ match, text }: DnsExpectation, record: string): boolean {
  const [wanted, have] = [text.toLowerCase(), record.toLowerCase()];
  return match === 'equals' ? have === wanted : have.includes(wanted);
}

function recordsText(texts: readonly string[]): string {
  if (texts.length === 0) return 'no record';
  const shown = texts.slice(0, SHOWN_RECORDS).map((text) => excerpt(new TextEncoder().encode(text)));
  const more = texts.length - shown.length;
  return `not the record wanted: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
