/** The dns check against BIND: with a primary zone, and as a resolver that cannot resolve. */
import assert from 'node:assert/strict';
import { assertFails, assertPasses, checkFromText, probeOnce } from '../../support/check-from-text.ts';
import {
  fileIn,
  freePort,
  programFolder,
  type RealProgram,
  requireProgram,
  startProgram,
  stopPrograms,
} from '../../support/real-program.ts';

/** 100 addresses do not fit into 512 bytes, nor into 1232. */
const MANY = Array.from({ length: 100 }, (_, n) => `many A 10.1.0.${n + 1}`).join('\n');
const ZONE = `$TTL 60
@ SOA ns1 hostmaster 2026112101 3600 600 86400 60
@ NS ns1
ns1 A 192.0.2.53
www A 192.0.2.10
www AAAA 2001:db8::10
alias CNAME www
@ MX 10 Mail
@ TXT "v=spf1 " "-all"
_sip._udp SRV 10 20 5060 sip
@ CAA 0 issue "ca.example.net"
odd TYPE999 \\# 4 0A000001
${MANY}
`;

describe('dns checks of BIND', function () {
  this.timeout(30_000);
  let port = 0;
  let named: RealProgram;

  before(async function () {
    const command = requireProgram(this, 'named', 'bind9');
    const folder = programFolder();
    port = await freePort();
    const zone = fileIn(folder, 'zone', ZONE);
    const config = fileIn(
      folder,
      'named.conf',
      `options { directory "${folder}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no;
        pid-file none; session-keyfile none; dnssec-validation no; };
      controls { };
      zone "example.test" { type primary; file "${zone}"; };\n`,
    );
    const ready = (program: RealProgram) => /\brunning\b/.test(program.output());
    named = await startProgram(command, ['-g', '-n', '1', '-c', config], { ready });
  });
  after(() => stopPrograms());

  const good = [
    '{ type: dns, name: example.test, answer: { contains: "2026112101" } }',
    '{ type: dns, name: example.test, query_type: NS, answer: ns1.example.test }',
    '{ type: dns, name: WWW.example.test, query_type: A, answer: 192.0.2.10, recursion_desired: false }',
    '{ type: dns, name: www.example.test, query_type: AAAA, answer: "2001:db8::10", edns: true }',
    '{ type: dns, name: alias.example.test, query_type: A, answer: 192.0.2.10, transport: tcp }',
    '{ type: dns, name: example.test, query_type: MX, answer: "10 mail.example.test" }',
    '{ type: dns, name: example.test, query_type: TXT, answer: "v=spf1 -all" }',
    '{ type: dns, name: _sip._udp.example.test, query_type: SRV, answer: "10 20 5060 sip.example.test" }',
    `{ type: dns, name: example.test, query_type: CAA, answer: '0 issue "ca.example.net"' }`,
    '{ type: dns, name: odd.example.test, query_type: 999, answer: "\\\\# 4 0a000001" }',
    '{ type: dns, name: example.test, query_type: ANY, answer: ns1.example.test, transport: tcp }',
    '{ type: dns, name: no.example.test, query_type: A, rcode: [NOERROR, NXDOMAIN] }',
    '{ type: dns, name: other.test, query_type: A, rcode: REFUSED }',
  ];
  for (const check of good) it(`passes ${check}`, () => assertPasses(check, port));

  const bad: readonly [string, RegExp][] = [
    [
      '{ type: dns, name: www.example.test, query_type: A, answer: 192.0.2.1 }',
      /not the record wanted: "192\.0\.2\.10"/,
    ],
    ['{ type: dns, name: www.example.test, query_type: TXT, answer: { contains: x } }', /no record/],
    ['{ type: dns, name: other.test }', /^REFUSED for other\.test SOA, not NOERROR$/],
  ];
  for (const [check, detail] of bad) it(`fails ${check}`, () => assertFails(check, port, 'answer', detail));

  for (const edns of [false, true]) {
    it(`fetches a truncated answer over TCP, ${edns ? 'with' : 'without'} EDNS`, async () => {
      const check = `{ type: dns, name: many.example.test, query_type: A, answer: 10.1.0.100, edns: ${edns} }`;
      for (let n = 0; n < 10; n++) await assertPasses(check, port);
      await assertFails(check.replace('10.1.0.100', '10.1.0.101'), port, 'answer', /and 96 more for many/);
    });
  }

  it('answers two hundred probes at once', async () => {
    const check = checkFromText(
      '{ type: dns, name: www.example.test, query_type: A, answer: 192.0.2.10, timeout: 5s }',
      port,
    );
    const results = await Promise.all(Array.from({ length: 200 }, () => probeOnce(check)));
    assert.equal(results.filter(({ ok }) => ok).length, 200);
  });

  it('fails with timeout while it hangs, with refused when it is gone, over UDP and TCP', async () => {
    await named.pause();
    const udp = '{ type: dns, name: example.test, timeout: 200ms }';
    const tcp = '{ type: dns, name: example.test, timeout: 200ms, transport: tcp }';
    for (const check of [udp, tcp]) await assertFails(check, port, 'timeout', /no answer to example\.test SOA/);
    process.kill(named.pid, 'SIGCONT');
    await named.stop('SIGKILL');
    for (const check of [udp, tcp]) await assertFails(check, port, 'refused', /ECONNREFUSED/);
  });
});
