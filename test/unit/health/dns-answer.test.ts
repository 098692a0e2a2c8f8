import assert from 'node:assert/strict';
import type { DnsExpectation } from '../../../src/config/checks/dns.ts';
import { type Answer, type DnsVerdict, judgeAnswer } from '../../../src/health/dns-answer.ts';

const A = 1;
const CNAME = 5;
const MX = 15;
const ANY = 255;

interface Row {
  readonly it: string;
  readonly codes?: readonly number[];
  readonly type?: number;
  readonly answer?: DnsExpectation | null;
  readonly came: Partial<Answer>;
  readonly verdict: DnsVerdict;
}

const wants = (text: string): DnsExpectation => ({ match: 'equals', text });
const holds = (text: string): DnsExpectation => ({ match: 'contains', text });
const a = (text: string) => ({ type: A, text });
const HEALTHY: DnsVerdict = { healthy: true };
const not = (detail: string): DnsVerdict => ({ healthy: false, detail });

const ROWS: readonly Row[] = [
  { it: 'passes an empty answer when none is asked for', came: {}, verdict: HEALTHY },
  { it: 'fails another response code', came: { rcode: 2 }, verdict: not('SERVFAIL for a.test A, not NOERROR') },
  { it: 'passes any code that is wanted', codes: [0, 3], came: { rcode: 3 }, verdict: HEALTHY },
  {
    it: 'names the codes it wants, and those without a name',
    codes: [0, 3],
    came: { rcode: 11 },
    verdict: not('rcode 11 for a.test A, not NOERROR or NXDOMAIN'),
  },
  {
    it: 'passes on one record of several',
    answer: wants('10.0.0.2'),
    came: { records: [a('10.0.0.1'), a('10.0.0.2')] },
    verdict: HEALTHY,
  },
  {
    it: 'does not pass on a part of a record',
    answer: wants('10.0.0.2'),
    came: { records: [a('10.0.0.21')] },
    verdict: not('not the record wanted: "10.0.0.21" for a.test A'),
  },
  {
    it: 'passes on a part when that is asked for',
    answer: holds('MAIL'),
    type: MX,
    came: { records: [{ type: MX, text: '10 mail.a.test' }] },
    verdict: HEALTHY,
  },
  {
    it: 'looks at records of the type only',
    answer: wants('10.0.0.2'),
    came: { records: [{ type: CNAME, text: '10.0.0.2' }] },
    verdict: not('no record for a.test A'),
  },
  {
    it: 'looks at all records with ANY',
    answer: wants('b.test'),
    type: ANY,
    came: { records: [{ type: CNAME, text: 'b.test' }] },
    verdict: HEALTHY,
  },
  {
    it: 'fails an empty answer when a record is wanted',
    answer: holds('.'),
    came: {},
    verdict: not('no record for a.test A'),
  },
  {
    it: 'wants the rest of a truncated answer',
    answer: wants('10.0.0.2'),
    came: { truncated: true },
    verdict: { healthy: 'unknown' },
  },
  {
    it: 'passes a truncated answer in which it is',
    answer: wants('10.0.0.2'),
    came: { truncated: true, records: [a('10.0.0.2')] },
    verdict: HEALTHY,
  },
  { it: 'passes a truncated answer when none is asked for', came: { truncated: true }, verdict: HEALTHY },
  {
    it: 'shows four records at most',
    answer: wants('x'),
    came: { records: ['1', '2', '3', '4', '5', '6'].map((text) => ({ type: A, text })) },
    verdict: not('not the record wanted: "1", "2", "3", "4" and 2 more for a.test A'),
  },
];

describe('health/dns-answer', () => {
  for (const row of ROWS) {
    it(row.it, () => {
      const check = {
        name: 'a.test',
        queryType: row.type ?? A,
        responseCodes: row.codes ?? [0],
        answer: row.answer ?? null,
      };
      assert.deepEqual(judgeAnswer(check, { truncated: false, rcode: 0, records: [], ...row.came }), row.verdict);
    });
  }
});
