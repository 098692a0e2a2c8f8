/** Right command lines, and the kernel commands that they stand for. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { IpvsCommand } from '../../../src/ipvs/command.ts';
import type { Lookup } from '../../../src/ipvsadm/operands.ts';
import { parse } from '../../../src/ipvsadm/parse.ts';
import type { Request } from '../../../src/ipvsadm/types.ts';
import {
  daemonOf,
  delDest,
  fwmark,
  newDaemon,
  newDest,
  newService,
  real,
  sctp,
  setDest,
  setService,
  tcp,
  udp,
} from '../ipvs/builders.ts';

const LOOKUP: Lookup = {
  host: (name) => (name === 'localhost' ? '127.0.0.1' : null),
  port: (name, protocol) => (name === 'http' && protocol === 6 ? 80 : name === 'domain' ? 53 : null),
};
const WEB = tcp('10.0.0.1', 80);
const NAT = 0;
const TUNNEL = 2;

function requestOf(argv: readonly string[]): Request {
  const parsed = parse(argv, LOOKUP);
  return parsed.ok ? parsed.value.request : assert.fail(`refused: ${argv.join(' ')}: ${parsed.error.text}`);
}

/** A blank inside of a word is written `_`. */
function changeOf(line: string): IpvsCommand {
  const request = requestOf(line.split(' ').map((word) => word.replaceAll('_', ' ')));
  return request.kind === 'change' ? request.command : assert.fail(`no change: ${line}`);
}

const CHANGES: readonly [line: string, command: IpvsCommand][] = [
  // Ways to write the same.
  ['-A -t 10.0.0.1:80 -s rr', newService(WEB, { scheduler: 'rr' })],
  ['-At 10.0.0.1:80 -srr', newService(WEB, { scheduler: 'rr' })],
  ['-At10.0.0.1:80 -s=rr', newService(WEB, { scheduler: 'rr' })],
  ['--add-service --tcp-service=10.0.0.1:80 --scheduler=rr', newService(WEB, { scheduler: 'rr' })],
  ['--add-service --tcp-service 10.0.0.1:80 --scheduler rr', newService(WEB, { scheduler: 'rr' })],
  ['-A -t 10.0.0.1:80 -s rr --', newService(WEB, { scheduler: 'rr' })],
  // Addresses as the C library reads them.
  ['-A -t 10.1:http', newService(WEB, {})],
  ['-A -t 0x0a000001:+80', newService(WEB, {})],
  ['-A -t 10.0.0.0x1:080', newService(WEB, {})],
  ['-A -t 10.0.0.1_junk:80', newService(WEB, {})],
  ['-A -t 010.0.0.1:80', newService(tcp('8.0.0.1', 80), {})],
  ['-A -t 1.65535:80', newService(tcp('1.0.255.255', 80), {})],
  ['-A -t 4294967295:80', newService(tcp('255.255.255.255', 80), {})],
  ['-A -t localhost:80', newService(tcp('127.0.0.1', 80), {})],
  ['-A -t [10.0.0.1:80]:99', newService(WEB, {})],
  ['-A -t [2001:DB8::0:1]:80', newService(tcp('2001:db8::1', 80), {})],
  ['-A -t 1:2', newService(tcp('0.0.0.1', 2), {})],
  ['-D -t 2001:db8::1', { command: 'del-service', service: tcp('2001:db8::1', 0) }],
  ['-D --sctp-service 10.0.0.1:3868', { command: 'del-service', service: sctp('10.0.0.1', 3868) }],
  ['-D -f +010 -6', { command: 'del-service', service: fwmark(10, 6) }],
  ['-D -f 4294967295', { command: 'del-service', service: fwmark(4294967295) }],
  // Settings of services; what is not given is the default, for -E too.
  ['-E -t 10.0.0.1:80', setService(WEB, { scheduler: 'wlc' })],
  ['-A -t 10.0.0.1:80 -s 1234567890123456', newService(WEB, { scheduler: '123456789012345' })],
  ['-A -t 10.0.0.1:80 -s ééééééééé', newService(WEB, { scheduler: 'ééééééé' })],
  ['-A -u 10.0.0.1:53 -op5', newService(udp('10.0.0.1', 53), { flags: 5, timeoutS: 5 })],
  ['-A -u 10.0.0.1:53 -p -o', newService(udp('10.0.0.1', 53), { flags: 5, timeoutS: 360 })],
  ['-A -t 10.0.0.1 -p', newService(tcp('10.0.0.1', 0), { flags: 1, timeoutS: 360 })],
  ['-A -t 10.0.0.1:80 -s sh -b sh-port,,flag-3', newService(WEB, { scheduler: 'sh', flags: 0x30 })],
  ['-A -t 10.0.0.1:80 -b mh-fallback -s mh', newService(WEB, { scheduler: 'mh', flags: 0x08 })],
  ['-A -t 10.0.0.1:80 --pe sip', newService(WEB, { persistenceEngine: 'sip' })],
  // Masks: what counts is whether the service is known already.
  ['-A -t 10.0.0.1:80 -p 5 -M 255.255.0.0', newService(WEB, { flags: 1, timeoutS: 5, prefixLength: 16 })],
  ['-A -M 255.255.0.0 -t 10.0.0.1:80 -p 5', newService(WEB, { flags: 1, timeoutS: 5, prefixLength: 16 })],
  ['-A -f 1 -p 5 -M 0', newService(fwmark(1), { flags: 1, timeoutS: 5, prefixLength: 0 })],
  [
    '-A -f 1 -p 5 -M 255.0.255.0',
    newService(fwmark(1), { flags: 1, timeoutS: 5, prefixLength: 8, holedMask: 0xff00ff00 }),
  ],
  ['-A -f 1 -p 5 -M 24', newService(fwmark(1), { flags: 1, timeoutS: 5, prefixLength: 0, holedMask: 24 })],
  ['-A -t [::1]:80 -p 5 -M _64x', newService(tcp('::1', 80), { flags: 1, timeoutS: 5, prefixLength: 64 })],
  ['-A -t [::1]:80 -p 5 -M 4294967360', newService(tcp('::1', 80), { flags: 1, timeoutS: 5, prefixLength: 64 })],
  ['-A -M 64 -t [::1]:80 -p 5', newService(tcp('::1', 80), { flags: 1, timeoutS: 5 })],
  ['-A -f 1 -M 64 -6 -p 5', newService(fwmark(1, 6), { flags: 1, timeoutS: 5 })],
  // Real servers: the port of a tunnel or of direct routing is the service's.
  ['-a -t 10.0.0.1:80 -r 1.1.1.1', newDest(WEB, real('1.1.1.1', 80), {})],
  ['-a -t 10.0.0.1:80 -r 1.1.1.1:8080', newDest(WEB, real('1.1.1.1', 80), {})],
  ['-a -t 10.0.0.1:80 -r 1.1.1.1:8080 -i', newDest(WEB, real('1.1.1.1', 80), { forwardMethod: TUNNEL })],
  ['-a -t 10.0.0.1:80 -r 1.1.1.1 -m', newDest(WEB, real('1.1.1.1', 80), { forwardMethod: NAT })],
  ['-a -t 10.0.0.1:80 -r 1.1.1.1:8080 -mw0', newDest(WEB, real('1.1.1.1', 8080), { forwardMethod: NAT, weight: 0 })],
  ['-a -r 1.1.1.1 -t 10.0.0.1:80 -m', newDest(WEB, real('1.1.1.1', 0), { forwardMethod: NAT })],
  ['-a -f 1 -r 1.1.1.1:81', newDest(fwmark(1), real('1.1.1.1', 81), {})],
  ['-a -f 1 -r 1.1.1.1:domain -m', newDest(fwmark(1), real('1.1.1.1', 53), { forwardMethod: NAT })],
  ['-a -t 10.0.0.1:80 -r ::8 -i', newDest(WEB, real('::8', 80), { forwardMethod: TUNNEL })],
  [
    '-e -t 10.0.0.1:80 -r 1.1.1.1 -x 9 -y 4',
    setDest(WEB, real('1.1.1.1', 80), { upperThreshold: 9, lowerThreshold: 4 }),
  ],
  [
    '-a -t 10.0.0.1:80 -r 1.1.1.1 -i --tun-type gue --tun-port 6080 --tun-remcsum',
    newDest(WEB, real('1.1.1.1', 80), { forwardMethod: TUNNEL, tunnelType: 1, tunnelPort: 6080, tunnelFlags: 2 }),
  ],
  ['-d -t 10.0.0.1:80 -r 1.1.1.1:8080', delDest(WEB, real('1.1.1.1', 8080))],
  ['-d -r ::8 -t 10.0.0.1:80', delDest(WEB, real('::8', 0))],
  // The rest.
  ['-C', { command: 'flush' }],
  ['-Z', { command: 'zero', service: null }],
  ['-Z -t 10.0.0.1:80', { command: 'zero', service: WEB }],
  ['--set 0 -- 5 +6', { command: 'set-timeouts', timeouts: { tcpS: 0, tcpFinS: 5, udpS: 6 } }],
  ['--start-daemon=master', newDaemon({ interface: 'eth0', syncId: 0 })],
  [
    '--start-daemon backup --mcast-interface 1234567890123456 --syncid 5 --mcast-group FF02::5 --mcast-port 99 --mcast-ttl 3 --sync-maxlen 50',
    {
      command: 'new-daemon',
      daemon: {
        ...daemonOf({ role: 'backup', interface: '123456789012345', syncId: 5 }),
        ...{ group: 'ff02::5', port: 99, ttl: 3, maxLength: 50 },
      },
    },
  ],
  ['--stop-daemon backup --syncid 5', { command: 'del-daemon', role: 'backup' }],
];

const ALL: Request = {
  kind: 'list',
  service: null,
  columns: 'default',
  numeric: false,
  exact: false,
  sorted: true,
  json: false,
};
const CONNECTIONS = { kind: 'connections', numeric: false, persistentConn: false, json: false } as const;
const UNFILTERED = { service: null, server: null, state: null };

const REQUESTS: readonly [line: string, request: Request][] = [
  ['', ALL],
  ['-L', ALL],
  ['--list --sort --sort', ALL],
  ['-lnX', { ...ALL, numeric: true, exact: true }],
  ['-L --nosort --sort', { ...ALL, sorted: false }],
  ['-L --tun-info --thresholds', { ...ALL, columns: 'thresholds' }],
  ['-L --persistent-conn --rate --stats', { ...ALL, columns: 'stats' }],
  ['-L -f 5 -6', { ...ALL, service: fwmark(5, 6) }],
  ['--json', { ...ALL, json: true }],
  ['--json -Ln', { ...ALL, json: true, numeric: true }],
  ['-L --timeout --nosort', { kind: 'list-timeouts', json: false }],
  ['-L --daemon --syncid 5 --json', { kind: 'list-daemons', json: true }],
  ['-Lnc --exact', { ...CONNECTIONS, numeric: true, filter: UNFILTERED }],
  ['-L -c --persistent-conn --json', { ...CONNECTIONS, persistentConn: true, json: true, filter: UNFILTERED }],
  [
    '-Lc --state time_wait -t 10.0.0.1:80 -r 1.1.1.1',
    { ...CONNECTIONS, filter: { service: WEB, server: { address: '1.1.1.1', port: null }, state: 'TIME_WAIT' } },
  ],
  ['-S', { kind: 'save', numeric: false, thresholds: false }],
  ['-Sn --thresholds', { kind: 'save', numeric: true, thresholds: true }],
  ['-R', { kind: 'restore', atomic: false }],
  ['--atomic --restore', { kind: 'restore', atomic: true }],
  ['-hL', { kind: 'help' }],
  ['-v foo', { kind: 'version' }],
];

describe("ipvsadm's command line", () => {
  for (const [line, command] of CHANGES) it(line, () => assert.deepEqual(changeOf(line), command));
  for (const [line, request] of REQUESTS) {
    it(`shows: ${line}`, () => assert.deepEqual(requestOf(line === '' ? [] : line.split(' ')), request));
  }

  it('keeps our own options apart', () => {
    const parsed = parse('--socket /run/x -C --force'.split(' '), LOOKUP);
    assert.deepEqual(parsed.ok && [parsed.value.force, parsed.value.socket], [true, '/run/x']);
  });

  it('never throws, whatever the words', () => {
    const word = fc.oneof(
      fc.constantFrom(
        '-A',
        '-a',
        '-t',
        '-f',
        '-6',
        '-M',
        '-p',
        '-r',
        '--set',
        '-b',
        '[::1]:80',
        '10.1:80',
        '--',
        '-',
        '255.0.255.0',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word), (argv) => {
        const parsed = parse(argv, LOOKUP);
        return parsed.ok || parsed.error.text.endsWith('\n');
      }),
    );
  });
});
