/** Wrong command lines and what ipvsadm 1.31 said to them, on Linux 6.1. */
import assert from 'node:assert/strict';
import type { Lookup } from '../../../src/ipvsadm/operands.ts';
import { parse } from '../../../src/ipvsadm/parse.ts';

/** No host has a name; of services, TCP has http. */
const LOOKUP: Lookup = {
  host: () => null,
  port: (name, protocol) => (name === 'http' && protocol === 6 ? 80 : null),
};

const TRY = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.";
const ILLEGAL_SERVICE = 'illegal virtual server address[:port] specified';
const ILLEGAL_SERVER = 'illegal real server address[:port] specified';
const A = '-a -t 10.0.0.1:80 -r 1.1.1.1';

/** A dot stands for an empty word, and a blank inside of a word is written `_`. */
function wordsOf(line: string): string[] {
  return line.split(' ').map((word) => (word === '.' ? '' : word.replaceAll('_', ' ')));
}

function complaintOf(line: string): [string, number] {
  const parsed = parse(wordsOf(line), LOOKUP);
  assert.equal(parsed.ok, false, `accepted: ${line}`);
  if (parsed.ok) return ['', 0];
  assert.ok(parsed.error.text.endsWith('\n'));
  return [parsed.error.text.slice(0, -1), parsed.error.exitCode];
}

const POPT: readonly [line: string, text: string][] = [
  ['-n -L', TRY],
  ['--bogus', TRY],
  ['foo', TRY],
  ['-- -L', TRY],
  ['-', TRY],
  ['.', TRY],
  ['-A=5 -t 10.0.0.1:86', TRY],
  ['--add-service=5 -t 10.0.0.1:86', TRY],
  ['--start-daemon', TRY],
  ['-L --bogus', '--bogus: unknown option'],
  ['-L --foo=bar', '--foo=bar: unknown option'],
  ['-A --tcp 10.0.0.1:85', '--tcp: unknown option'],
  ['-Lnz', '-Lnz: unknown option'],
  ['-A -u 10.0.0.1:88 -o5', '-o5: unknown option'],
  ['-A -p -5 -u 10.0.0.1:97', '-5: unknown option'],
  ['--set -1 0 0', '-1: unknown option'],
  ['-A --=5', '--=5: unknown option'],
  ['-A ---x', '---x: unknown option'],
  ['-A -=5', '-=5: unknown option'],
  ['-A -t', '-t: missing argument'],
  ['-At', '-At: missing argument'],
  ['-A --tcp-service', '--tcp-service: missing argument'],
  ['-A foo -t', '-t: missing argument'],
  ['-A -o=5 -u 10.0.0.1:87', '-o=5: option does not take an argument'],
  ['-A --ops=5 -u 10.0.0.1:87', '--ops=5: option does not take an argument'],
  ['-Ln=5', '-Ln=5: option does not take an argument'],
  ['-A -t 1.1.1.1:80 -b xx --bogus', '--bogus: unknown option'],
  ['--set 1 2 --bogus', '--bogus: unknown option'],
];

const USAGE: readonly [line: string, text: string][] = [
  // A second command, and words too many.
  ['-L -A', "invalid option `-A'"],
  ['-Ln -C', "invalid option `-C'"],
  ['-L -h', "invalid option `-h'"],
  ['-L --set 1 2 3', "invalid option `--set'"],
  ['-L --start-daemon master', "invalid option `master'"],
  ['-L foo', 'unexpected argument foo'],
  ['foo -L', 'unexpected argument foo'],
  ['-L .', 'unexpected argument '],
  ['-A -- -t 10.0.0.1:108', 'unexpected argument -t'],
  ['-A - -t 10.0.0.1:109', 'unexpected argument -'],
  ['-A -t 1.1.1.1:80 -b xx foo', 'unexpected argument foo'],
  ['--set 1 2 3 4', 'unexpected argument 4'],
  // What a command needs and takes, in the order of the options.
  ['-A', "You need to supply the 'service-address' option for the 'add-service' command"],
  ['-A -w 5', "You need to supply the 'service-address' option for the 'add-service' command"],
  ['-A -n', "Illegal 'numeric' option with the 'add-service' command"],
  ['-d -t 10.0.0.1:80 -w 5', "You need to supply the 'real-server' option for the 'delete-server' command"],
  ['-D -t 10.0.0.1:80 -s rr -r 1.2.3.4', "Illegal 'scheduler' option with the 'delete-service' command"],
  ['-a -t 1.1.1.1:80 --tun-type gue -m', "You need to supply the 'real-server' option for the 'add-server' command"],
  ['-C -n', "Illegal 'numeric' option with the 'flush' command"],
  ['-R -n', "Illegal 'numeric' option with the 'restore' command"],
  ['--set 1 2 -n 3', "Illegal 'numeric' option with the 'set' command"],
  ['-A -t 1.1.1.1:0 -s rr -w 5', "Illegal 'weight' option with the 'add-service' command"],
  ['--stop-daemon master --mcast-interface d0', "Illegal 'mcast-interface' option with the 'stop-daemon' command"],
  ['-a -t 10.0.0.1:80 -r 1.1.1.1 -w 1 -w 2', "multiple 'weight' options specified"],
  ['-L -nn', "multiple 'numeric' options specified"],
  ['-A -t 1.2.3.4:80 -f 12', "multiple 'service-address' options specified"],
  [`${A} -gi`, "multiple 'forwarding-method' options specified"],
  // Listings.
  ['-L -c --timeout', "The option 'timeout' conflicts with the 'connection' option in the 'list' command"],
  ['-L --timeout --daemon', "The option 'daemon' conflicts with the 'timeout' option in the 'list' command"],
  [
    '-L -t 10.0.0.1:80 --timeout',
    "The option 'timeout' conflicts with the 'service-address' option in the 'list' command",
  ],
  ['-L -t 10.0.0.1:80 -r 1.2.3.4', "Illegal 'real-server' option with the 'list' command"],
  ['-L --timeout --stats', 'options conflicts in the list command'],
  ['-Lc --rate', 'options conflicts in the list command'],
  ['-L --daemon --persistent-conn', 'options conflicts in the list command'],
  ['-L --timeout --stats -s rr', "Illegal 'scheduler' option with the 'list' command"],
  // Services.
  ['-A -t 10.0.0.1:0', 'Zero port specified for non-persistent service'],
  ['-A -t 10.0.0.1', 'Zero port specified for non-persistent service'],
  ['-A -t [10.0.0.8]:80 -s rr', 'Zero port specified for non-persistent service'],
  ['-A -t 10.0.0.1:99 -o', 'One-Packet Scheduling is only for UDP virtual services'],
  ['-A -t 10.0.0.1:0 -o', 'Zero port specified for non-persistent service'],
  ['-A -6 -f 5', '-6 used before -f\n'],
  ['-A -t [::1]:80 -6', '-6 used before -f\n'],
  ['-A -f 0', "invalid fwmark value `0' specified"],
  ['-A -f 4294967296', "invalid fwmark value `4294967296' specified"],
  ['-A -t 10.0.0.1:99 -p 0', "invalid timeout value `0' specified"],
  ['-A -p . -u 10.0.0.1:97', "invalid timeout value `' specified"],
  ['-A -p= -u 10.0.0.1:97', "invalid timeout value `' specified"],
  ['-A -p 5_ -u 10.0.0.1:97', "invalid timeout value `5 ' specified"],
  ['-A -t 10.0.0.1:98 -p 10 -M bogus', 'illegal virtual server persistent mask specified'],
  ['-A -t [::5]:99 -p 10 -M 200', 'illegal ipv6 netmask specified'],
  ['-A -t 10.0.0.1:99 -s rr -b xx', "invalid scheduler flag `xx'"],
  ['-A -t 10.0.0.1:99 -b sh-port', "incompatible scheduler flag `sh-port'"],
  ['-A -t 10.0.0.1:99 -s sh-x -b sh-port', "incompatible scheduler flag `sh-port'"],
  ['-D -t 1.1.1.1:80 -b xx', "invalid scheduler flag `xx'"],
  // Addresses.
  ['-A -t 10', ILLEGAL_SERVICE],
  ['-A -t 10.0.0.256:80', ILLEGAL_SERVICE],
  ['-A -t 10.0.0.08:80', ILLEGAL_SERVICE],
  ['-A -t [::8]80', ILLEGAL_SERVICE],
  ['-A -t [::8]:', ILLEGAL_SERVICE],
  ['-A -t [2001:db8::5] -p 10', ILLEGAL_SERVICE],
  ['-A -t 10.0.0.13:65536', ILLEGAL_SERVICE],
  ['-A -t 10.0.0.13:0x50', ILLEGAL_SERVICE],
  ['-A -u 10.0.0.13:http', ILLEGAL_SERVICE],
  ['-A -t=', ILLEGAL_SERVICE],
  ['-a -r 1.1.1.6:http -t 10.0.0.1:80 -m', ILLEGAL_SERVER],
  // Real servers.
  [`${A} -w -1`, 'illegal weight specified'],
  [`${A} -w 2147483648`, 'illegal weight specified'],
  [`${A} -x x`, 'illegal u_threshold specified'],
  [`${A} -y 0x5`, 'illegal l_threshold specified'],
  ['-a -t 10.0.0.1:80 -r [::11]:80 -m', 'Different address family is allowed only for tunneling servers'],
  [
    '-a -t 10.0.0.1:80 -r [::11]:80 --tun-type gue -m',
    'Different address family is allowed only for tunneling servers',
  ],
  [`${A} --tun-port 5`, 'Tunnel options conflict with forward method'],
  [`${A} -i --tun-type foo`, 'illegal tunnel type specified'],
  [`${A} -i --tun-type gue --tun-port 0`, 'illegal tunnel port specified'],
  [`${A} -i --tun-type gue`, "You need to supply the 'tun-port' option for the 'gue' tunnel type"],
  [`${A} -i --tun-port 80`, "Illegal 'tun-port' option with the 'ipip' tunnel type"],
  [`${A} -i --tun-type gre --tun-remcsum`, "Illegal 'tun-remcsum' option with the 'gre' tunnel type"],
  [
    `${A} -i --tun-type gue --tun-port 5 --tun-nocsum --tun-remcsum --tun-csum`,
    "The option 'tun-csum' conflicts with the 'tun-nocsum' option in the 'gue' tunnel type",
  ],
  // Timeouts and sync daemons.
  ['--set 1 2', '--set option requires 3 timeout values'],
  ['--set x 2 3 4', "invalid timeout value `x' specified"],
  ['--set 2678401 0 0', "invalid timeout value `2678401' specified"],
  ['--start-daemon masterx --syncid 500', 'illegal start-daemon parameter specified'],
  ['--stop-daemon foo', 'illegal start_daemon specified'],
  ['--start-daemon master --syncid 256', 'illegal syncid specified'],
  ['--start-daemon master --mcast-ttl 0', 'illegal mcast-ttl specified'],
  ['--start-daemon master --mcast-port 0', 'illegal mcast-port specified'],
  ['--start-daemon master --sync-maxlen 65508', 'illegal sync-maxlen specified'],
  ['--start-daemon master --mcast-group 10.0.0.1', "invalid IPv4 mcast-group `10.0.0.1'"],
  ['--start-daemon master --mcast-group ::1', "invalid IPv6 mcast-group `::1'"],
  // Options of ours, where they do not belong.
  ['-A -t 10.0.0.1:80 --json', "Illegal 'json' option with the 'add-service' command"],
  ['-S --atomic', "Illegal 'atomic' option with the 'save' command"],
  ['-L --state NONE', "Illegal 'state' option with the 'list' command"],
];

describe("what ipvsadm's command line does not take", () => {
  for (const [line, text] of POPT) {
    it(`${line}: not understood`, () => assert.deepEqual(complaintOf(line), [text, 255]));
  }
  for (const [line, text] of USAGE) {
    it(`${line}: wrong usage`, () => assert.deepEqual(complaintOf(line), [text, 2]));
  }

  it('of what is wrong in a restore, only an option that is not known does not end it', () => {
    const ends = (line: string): boolean | null => {
      const parsed = parse(wordsOf(line), LOOKUP);
      return parsed.ok ? null : parsed.error.endsRestore;
    };
    assert.deepEqual(
      [ends('-A --bogus'), ends('-A -t'), ends('--bogus'), ends('-A'), ends('-L')],
      [false, false, true, true, null],
    );
  });
});
