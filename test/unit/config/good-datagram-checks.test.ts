/** Checks that send datagrams: udp, dns, icmp. */
import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import { serverOf } from './builders.ts';

const HEAD = `virtual_servers:
  - name: names
    address: 192.0.2.53
    port: 53
    protocol: udp
    real_servers: [{ address: 10.0.0.53 }]
    checks:
`;

function checkOf(text: string): object {
  const [check] = serverOf(`${HEAD}      - ${text}\n`).realServers[0]?.checks ?? [];
  assert.ok(check);
  return check;
}

/** What is wrong, each on a line. */
function problemOf(text: string): string {
  const loaded = loadConfig(`${HEAD}      - ${text}\n`);
  assert.ok(!loaded.ok, 'was taken');
  return loaded.error.map(({ message }) => message).join('\n');
}

function has(check: object, wanted: object): void {
  assert.deepEqual({ ...check, ...wanted }, check);
}

describe('config: a udp check', () => {
  it('takes its defaults', () => {
    has(checkOf('{ type: udp }'), {
      type: 'udp',
      address: '10.0.0.53',
      port: 53,
      send: { kind: 'text', text: '' },
      expect: null,
      replyRequired: false,
      replyLength: { min: 0, max: 65_535 },
      tries: 1,
    });
  });

  it('takes text, bytes and regular expressions, tries, and how it leaves', () => {
    has(checkOf('{ type: udp, send: { hex: "00 ff" }, expect: { hex: "0? X1" }, tries: 5 }'), {
      send: { kind: 'hex', hex: '00ff' },
      expect: { kind: 'hex', hex: '0??1' },
      replyRequired: true,
      tries: 5,
    });
    has(
      checkOf('{ type: udp, send: a, expect: { regex: "^b" }, source_address: 10.0.0.1, interface: eth0, mark: 7 }'),
      {
        send: { kind: 'text', text: 'a' },
        expect: { kind: 'regex', regex: '^b' },
        sourceAddress: '10.0.0.1',
        interface: 'eth0',
        mark: 7,
      },
    );
  });

  const required: readonly [string, boolean][] = [
    ['{ type: udp, require_reply: true }', true],
    ['{ type: udp, require_reply: false }', false],
    ['{ type: udp, min_reply_length: 1 }', true],
    ['{ type: udp, max_reply_length: 255 }', true],
    ['{ type: udp, preset: stun }', true],
  ];
  for (const [text, replyRequired] of required) {
    it(`${replyRequired ? 'needs' : 'needs no'} reply with ${text}`, () => has(checkOf(text), { replyRequired }));
  }

  it('takes a preset with its values', () => {
    const check = checkOf('{ type: udp, preset: radius, preset_values: { secret: s3cret } }');
    assert.match(JSON.stringify(check), /"kind":"fresh".*"secret":"s3cret"/);
  });

  it('says what is wrong', () => {
    const cases: readonly [string, RegExp][] = [
      ['{ type: udp, tries: 6 }', /must be a whole number from 1 to 5; found 6/],
      ['{ type: udp, min_reply_length: 9, max_reply_length: 8 }', /must not be below `min_reply_length`/],
      ['{ type: udp, expect: a, require_reply: false }', /must not be false: what is said about the reply needs one/],
      ['{ type: udp, preset: ntp, send: a }', /does not go with `preset`/],
      ['{ type: udp, preset_values: { a: b } }', /goes with `preset`, which is missing/],
      ['{ type: udp, preset: smtp }', /"smtp" is for tcp checks/],
      ['{ type: udp, expect: { hex: "0" } }', /must be pairs of hexadecimal digits/],
      ['{ type: udp, expect: { regex: "(" } }', /\(/],
    ];
    for (const [text, message] of cases) assert.match(problemOf(text), message, text);
  });
});

describe('config: a dns check', () => {
  it('takes its defaults: the root, SOA, NOERROR', () => {
    has(checkOf('{ type: dns }'), {
      type: 'dns',
      port: 53,
      name: '.',
      queryType: 6,
      transport: 'udp',
      recursionDesired: true,
      edns: false,
      responseCodes: [0],
      answer: null,
      tries: 1,
    });
  });

  it('takes everything', () => {
    const text = `{ type: dns, name: www.example.com, query_type: AAAA, transport: tcp, recursion_desired: false, edns: true,
        rcode: [NOERROR, NXDOMAIN, 23], answer: "2001:DB8:0::1", tries: 2 }`;
    has(checkOf(text), {
      name: 'www.example.com',
      queryType: 28,
      transport: 'tcp',
      recursionDesired: false,
      edns: true,
      responseCodes: [0, 3, 23],
      answer: { match: 'equals', text: '2001:db8::1' },
      tries: 2,
    });
  });

  const short: readonly [string, object][] = [
    ['query_type: 999', { queryType: 999 }],
    ['query_type: ANY', { queryType: 255 }],
    ['rcode: REFUSED', { responseCodes: [5] }],
    ['rcode: 5', { responseCodes: [5] }],
    ['answer: "10 mail.example.com."', { answer: { match: 'equals', text: '10 mail.example.com' } }],
    ['answer: .', { answer: { match: 'equals', text: '.' } }],
    ['answer: { contains: spf1 }', { answer: { match: 'contains', text: 'spf1' } }],
  ];
  for (const [text, wanted] of short) {
    it(`takes ${text}`, () => has(checkOf(`{ type: dns, ${text} }`), wanted));
  }

  it('says what is wrong', () => {
    const cases: readonly [string, RegExp][] = [
      ['name: a..b', /must be a domain name such as www\.example\.com, or "\." for the root; found "a\.\.b"/],
      ['name: "ä.de"', /must be a domain name/],
      ['query_type: AAA', /must be one of A, NS, .*; found "AAA"; did you mean "AAAA"/],
      ['query_type: 0', /must be a whole number from 1 to 65535; found 0/],
      ['rcode: SERVFAIL2', /must be one of NOERROR, .*; did you mean "SERVFAIL"/],
      ['rcode: []', /must hold at least one response code/],
      ['answer: ""', /must be text of 1 to 1024 characters/],
      ['transport: tls', /must be one of udp, tcp; found "tls"/],
      ['preset: ntp', /unknown key `preset`/],
    ];
    for (const [text, message] of cases) assert.match(problemOf(`{ type: dns, ${text} }`), message, text);
  });
});

describe('config: an icmp check', () => {
  it('takes its defaults and everything, and has no port', () => {
    has(checkOf('{ type: icmp }'), { type: 'icmp', address: '10.0.0.53', port: 0, size: 56, tries: 1 });
    has(checkOf('{ type: icmp, address: "2001:db8::1", size: 1472, tries: 3 }'), {
      address: '2001:db8::1',
      size: 1472,
      tries: 3,
    });
  });

  it('says what is wrong', () => {
    assert.match(problemOf('{ type: icmp, size: 15 }'), /must be a whole number from 16 to 65507; found 15/);
    assert.match(problemOf('{ type: icmp, port: 80 }'), /unknown key `port`/);
  });
});
