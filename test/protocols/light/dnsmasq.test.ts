/** The dns check against dnsmasq. */
import { assertFails, assertPasses } from '../../support/check-from-text.ts';
import {
  fileIn,
  freePort,
  programFolder,
  type RealProgram,
  requireProgram,
  saying,
  startProgram,
  stopPrograms,
} from '../../support/real-program.ts';

const RECORDS = `address=/a.test/192.0.2.10
address=/six.test/2001:db8::10
cname=alias.test,host.test
host-record=host.test,192.0.2.20
mx-host=test,mail.test,10
txt-record=txt.test,"v=spf1 -all"
srv-host=_sip._udp.test,sip.test,5060,10,20
ptr-record=10.2.0.192.in-addr.arpa,a.test
caa-record=test,0,issue,ca.example.net
`;

describe('dns checks of dnsmasq', function () {
  this.timeout(20_000);
  let port = 0;
  let dnsmasq: RealProgram;

  before(async function () {
    const command = requireProgram(this, 'dnsmasq', 'dnsmasq-base');
    const folder = programFolder();
    port = await freePort();
    const config = `port=${port}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nuser=root\nlocal=/test/\n`;
    const args = [
      '--keep-in-foreground',
      '--log-facility=-',
      `--conf-file=${fileIn(folder, 'dnsmasq.conf', config + RECORDS)}`,
    ];
    dnsmasq = await startProgram(command, args, { ready: saying('started') });
  });
  after(() => stopPrograms());

  const good = [
    '{ type: dns, name: a.test, query_type: A, answer: 192.0.2.10 }',
    '{ type: dns, name: A.Test., query_type: A, answer: 192.0.2.10, edns: true }',
    '{ type: dns, name: a.test, query_type: A, answer: 192.0.2.10, transport: tcp }',
    '{ type: dns, name: six.test, query_type: AAAA, answer: "2001:DB8::10" }',
    '{ type: dns, name: alias.test, query_type: CNAME, answer: host.test. }',
    '{ type: dns, name: alias.test, query_type: A, answer: 192.0.2.20 }',
    '{ type: dns, name: test, query_type: MX, answer: "10 mail.test" }',
    '{ type: dns, name: txt.test, query_type: TXT, answer: { contains: spf1 } }',
    '{ type: dns, name: _sip._udp.test, query_type: SRV, answer: "10 20 5060 sip.test" }',
    '{ type: dns, name: 10.2.0.192.in-addr.arpa, query_type: PTR, answer: a.test }',
    '{ type: dns, name: test, query_type: CAA, answer: { contains: ca.example.net } }',
    '{ type: dns, name: nobody.test, query_type: A, rcode: NXDOMAIN }',
    '{ type: dns, name: other.example, query_type: A, rcode: [REFUSED, SERVFAIL] }',
  ];
  for (const check of good) it(`passes ${check}`, () => assertPasses(check, port));

  const bad: readonly [string, RegExp][] = [
    ['{ type: dns, name: a.test, query_type: A, answer: 192.0.2.11 }', /not the record wanted: "192\.0\.2\.10"/],
    ['{ type: dns, name: host.test, query_type: AAAA, answer: "::1" }', /no record for host\.test AAAA/],
    ['{ type: dns, name: nobody.test, query_type: A }', /NXDOMAIN for nobody\.test A, not NOERROR/],
    ['{ type: dns, name: other.example, query_type: A }', /REFUSED|SERVFAIL/],
  ];
  for (const [check, detail] of bad) it(`fails ${check}`, () => assertFails(check, port, 'answer', detail));

  it('fails with timeout while it hangs, with refused when it is gone, over UDP and TCP', async () => {
    await dnsmasq.pause();
    const udp = '{ type: dns, name: a.test, timeout: 200ms }';
    const tcp = '{ type: dns, name: a.test, timeout: 200ms, transport: tcp }';
    await assertFails(udp, port, 'timeout', /no answer to a\.test SOA within 200 ms/);
    await assertFails(tcp, port, 'timeout', /no answer to a\.test SOA over TCP within 200 ms/);
    process.kill(dnsmasq.pid, 'SIGCONT');
    await dnsmasq.stop('SIGKILL');
    await assertFails(udp, port, 'refused', /ECONNREFUSED/);
    await assertFails(tcp, port, 'refused', /ECONNREFUSED/);
  });
});
