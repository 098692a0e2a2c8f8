/** What BIND 9.18 answered for a small zone, byte for byte, and what no server should. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type DnsAnswer, decodeAnswer, encodeName, encodeQuery, isAnswerTo } from '../../../src/net/dns-message.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const wire = (name: string): Uint8Array => encodeName(name) ?? assert.fail(name);
const QUERY = { id: 0x1234, name: wire('www.example.test'), type: 1, recursionDesired: true, edns: false };
const EXAMPLE = '076578616d706c65 0474657374 00';

function decoded(hex: string): DnsAnswer {
  const result = decodeAnswer(bytes(hex));
  return result.ok ? result.value : assert.fail(result.error);
}

function refusal(hex: string): string {
  const result = decodeAnswer(bytes(hex));
  return result.ok ? assert.fail('was read') : result.error;
}

describe('net/dns-message', () => {
  it('asks (RFC 1035 4.1), also with EDNS (RFC 6891)', () => {
    assert.deepEqual(encodeQuery(QUERY), bytes(`1234 0100 0001 0000 0000 0000 03777777 ${EXAMPLE} 0001 0001`));
    assert.deepEqual(
      encodeQuery({ id: 1, name: wire('.'), type: 6, recursionDesired: false, edns: true }),
      bytes('0001 0000 0001 0000 0000 0001  00 0006 0001  00 0029 04d0 00000000 0000'),
    );
  });

  it('takes names of printable labels of 1 to 63 bytes, 255 bytes in all', () => {
    assert.deepEqual(encodeName('a.bc.'), bytes('01 61 02 6263 00'));
    assert.deepEqual(encodeName('_sip._udp'), bytes('04 5f736970 04 5f756470 00'));
    const label = 'x'.repeat(63);
    assert.equal(encodeName(`${label}.${label}.${label}.${'x'.repeat(61)}`)?.length, 255);
    for (const name of ['', 'a..b', '.a', 'a b', 'ä.de', 'a\\.b', `${label}x`, `${label}.${label}.${label}.${label}`]) {
      assert.equal(encodeName(name), null, name);
    }
  });

  const answers: readonly [string, string, readonly [name: string, type: number, text: string][]][] = [
    [
      'A, twice',
      `123485000001000200000000 03777777 ${EXAMPLE} 00010001 03777777c010000100010000003c0004c000020b
       c022000100010000003c0004c000020a`,
      [
        ['www.example.test', 1, '192.0.2.11'],
        ['www.example.test', 1, '192.0.2.10'],
      ],
    ],
    [
      'AAAA',
      `123485000001000100000000 03777777 ${EXAMPLE} 001c0001
       c00c001c00010000003c001020010db8000000000000000000000010`,
      [['www.example.test', 28, '2001:db8::10']],
    ],
    [
      'a CNAME and what it leads to',
      `123485000001000300000000 05616c696173 ${EXAMPLE} 00010001 c00c000500010000003c000603777777c012
       c030000100010000003c0004c000020b c030000100010000003c0004c000020a`,
      [
        ['alias.example.test', 5, 'www.example.test'],
        ['www.example.test', 1, '192.0.2.11'],
        ['www.example.test', 1, '192.0.2.10'],
      ],
    ],
    [
      'MX, its name in lower case',
      `123485000001000100000000 ${EXAMPLE} 000f0001 c00c000f00010000003c0009000a044d61696cc00c`,
      [['example.test', 15, '10 mail.example.test']],
    ],
    [
      'TXT, its strings joined',
      `123485000001000100000000 ${EXAMPLE} 00100001 c00c001000010000003c000d07763d7370663120042d616c6c`,
      [['example.test', 16, 'v=spf1 -all']],
    ],
    [
      'SRV',
      `123485000001000100000000 045f736970045f756470 ${EXAMPLE} 00210001
       c00c002100010000003c0018000a001413c403736970076578616d706c65047465737400`,
      [['_sip._udp.example.test', 33, '10 20 5060 sip.example.test']],
    ],
    [
      'CAA',
      `123485000001000100000000 ${EXAMPLE} 01010001
       c00c010100010000003c00150005697373756563612e6578616d706c652e6e6574`,
      [['example.test', 257, '0 issue "ca.example.net"']],
    ],
    [
      'a type without a form of its own',
      `123485000001000100000000 036f6464 ${EXAMPLE} 03e70001 c00c03e700010000003c00040a000001`,
      [['odd.example.test', 999, '\\# 4 0a000001']],
    ],
    [
      'SOA',
      `123485000001000100000000 ${EXAMPLE} 00060001 c00c000600010000003c0027036e7331c00c
       0a686f73746d6173746572c00c78c4046500000e1000000258000151800000003c`,
      [['example.test', 6, 'ns1.example.test hostmaster.example.test 2026112101 3600 600 86400 60']],
    ],
    [
      'NS with EDNS, the sections behind the answer left out',
      `123485000001000100000002 ${EXAMPLE} 00020001 c00c000200010000003c0006036e7331c00c
       c02a000100010000003c0004c000023500002904d0000000000000`,
      [['example.test', 2, 'ns1.example.test']],
    ],
  ];
  for (const [what, hex, records] of answers) {
    it(`reads an answer of ${what}`, () => {
      const wanted = records.map(([name, type, text]) => ({ name, type, text }));
      assert.deepEqual(decoded(hex), { truncated: false, rcode: 0, records: wanted });
    });
  }

  it('reads a refusal, an empty answer, and the upper bits of the response code (RFC 6891 6.1.3)', () => {
    assert.equal(decoded(`123481050001000000000000 ${EXAMPLE} 00010001`).rcode, 5);
    assert.deepEqual(decoded(`123485000001000000000000 ${EXAMPLE} 00010001`).records, []);
    assert.equal(decoded(`123481000001000000000001 ${EXAMPLE} 00010001 000029 04d0 01000000 0000`).rcode, 16);
  });

  it('reads what there is of a truncated answer (TC)', () => {
    const answer = decoded(`1234 8700 0001 001d 0000 0000 ${EXAMPLE} 00010001 c00c000100010000003c00040a010016`);
    assert.deepEqual([answer.truncated, answer.records.length], [true, 1]);
  });

  const broken: readonly [string, string][] = [
    ['has no whole header', '1234 8500 0001 0000 0000 00'],
    ['ends within the question', `1234 8500 0001 0000 0000 0000 ${EXAMPLE} 0001`],
    ['ends within a record', `1234 8500 0001 0001 0000 0000 ${EXAMPLE} 00010001 c00c000100010000003c0004c00002`],
    [
      'ends before its last record',
      `1234 8500 0001 0002 0000 0000 ${EXAMPLE} 00010001 c00c000100010000003c0004c000020b`,
    ],
    ['has an A of 5 bytes', `1234 8500 0001 0001 0000 0000 ${EXAMPLE} 00010001 c00c000100010000003c0005c000020b00`],
    [
      'has a TXT string beyond its record',
      `1234 8500 0001 0001 0000 0000 ${EXAMPLE} 00100001 c00c001000010000003c000207616161616161`,
    ],
    [
      'has a name that points to itself',
      `1234 8500 0001 0001 0000 0000 ${EXAMPLE} 00010001 c01e000100010000003c0004c000020b`,
    ],
    [
      'has a name that points ahead',
      `1234 8500 0001 0001 0000 0000 ${EXAMPLE} 00010001 c020000100010000003c0004c000020b`,
    ],
    [
      'has a label of an unknown kind',
      `1234 8500 0001 0001 0000 0000 ${EXAMPLE} 00010001 800c000100010000003c0004c000020b`,
    ],
    ['has a name in circles', '1234 8500 0001 0001 0000 0000  01 61 c00c 0001 0001'],
  ];
  for (const [why, hex] of broken) {
    it(`refuses a message that ${why}`, () => assert.match(refusal(hex), /DNS message/));
  }

  it('reads an answer of 64 KiB, and refuses one whose pointers make it a hundred times as long', () => {
    const answer = (question: string, record: string) => {
      const count = Math.floor((65_535 - 12) / (record.length / 2)) - 30;
      const counts = count.toString(16).padStart(4, '0');
      return `1234 8180 0001 ${counts} 0000 0000 ${question} ${record.repeat(count)}`;
    };
    assert.ok(decoded(answer(`${EXAMPLE} 0001 0001`, 'c00c000100010000003c00040a000001')).records.length > 4000);
    const long = `${'0161'.repeat(126)} 00 0002 0001`;
    assert.match(refusal(answer(long, 'c00c000200010000003c0002c00c')), /goes wrong in record \d+ of 4\d\d\d/);
  });

  describe('an answer to a question', () => {
    const query = encodeQuery(QUERY);
    const cases: readonly [string, string, boolean][] = [
      ['the question repeated', `1234 8500 0001 0000 0000 0000 03777777 ${EXAMPLE} 0001 0001`, true],
      ['other letter case', '1234 8180 0001 0000 0000 0000 03575757 074558414d504c45 0454455354 00 0001 0001', true],
      ['no question, but an error', '1234 8101 0000 0000 0000 0000', true],
      ['no question and no error', '1234 8100 0000 0000 0000 0000', false],
      ['another id', `1235 8500 0001 0000 0000 0000 03777777 ${EXAMPLE} 0001 0001`, false],
      ['a query', `1234 0100 0001 0000 0000 0000 03777777 ${EXAMPLE} 0001 0001`, false],
      ['another opcode', `1234 a100 0001 0000 0000 0000 03777777 ${EXAMPLE} 0001 0001`, false],
      ['another name', `1234 8500 0001 0000 0000 0000 03777778 ${EXAMPLE} 0001 0001`, false],
      ['another type', `1234 8500 0001 0000 0000 0000 03777777 ${EXAMPLE} 001c 0001`, false],
      ['another class', `1234 8500 0001 0000 0000 0000 03777777 ${EXAMPLE} 0001 0003`, false],
      ['two questions', `1234 8500 0002 0000 0000 0000 03777777 ${EXAMPLE} 0001 0001`, false],
      ['a cut question', `1234 8500 0001 0000 0000 0000 03777777 ${EXAMPLE} 0001 00`, false],
      ['a cut header', '1234 8500 0001', false],
    ];
    for (const [what, hex, is] of cases) {
      it(`${is ? 'is' : 'is not'} one with ${what}`, () => assert.equal(isAnswerTo(query, bytes(hex)), is));
    }

    it('knows its own question back, whatever name and type', () => {
      const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
      fc.assert(
        fc.property(
          fc.array(label, { minLength: 1, maxLength: 6 }),
          fc.nat(65_535),
          fc.nat(65_535),
          (labels, id, type) => {
            const asked = encodeQuery({ ...QUERY, id, name: wire(labels.join('.')), type });
            const reply = Uint8Array.from(asked);
            reply[2] = (reply[2] ?? 0) | 0x80;
            return isAnswerTo(asked, reply) && decodeAnswer(reply).ok;
          },
        ),
      );
    });
  });

  it('never throws and never runs away, on random bytes and on answers with random changes', () => {
    const real = bytes(answers[8]?.[1] ?? '');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (message) => {
        decodeAnswer(message);
        isAnswerTo(encodeQuery(QUERY), message);
      }),
      { numRuns: 3000 },
    );
    const change = fc.tuple(fc.nat(real.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
        const message = Uint8Array.from(real);
        for (const [at, value] of changes) message[at] = value;
        decodeAnswer(message);
      }),
      { numRuns: 3000 },
    );
  });
});
