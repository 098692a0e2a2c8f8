/** Lines of a restore; whole files of them; and who may change what. */
import assert from 'node:assert/strict';
import type { IpvsCommand } from '../../../src/ipvs/command.ts';
import { generalText, refusalText } from '../../../src/ipvsadm/messages.ts';
import { type Ownership, objectionTo, ownedBy, ownershipIn } from '../../../src/ipvsadm/owned.ts';
import { foreseenRefusals, parseAll, parseLine, wordsOf } from '../../../src/ipvsadm/restore.ts';
import {
  delDest,
  destination,
  newDaemon,
  newDest,
  newService,
  real,
  serviceOf,
  setDest,
  setService,
  tcp,
} from '../ipvs/builders.ts';

const LOOKUP = { host: () => null, port: () => null };
const WEB = tcp('10.0.0.1', 80);
const OTHER = tcp('10.0.0.2', 80);
const A = real('1.1.1.1', 80);
const B = real('1.1.1.2', 80);
const ZERO: IpvsCommand = { command: 'zero', service: WEB };

describe('a line of a restore', () => {
  for (const [line, words] of [
    ['-A -t 1.1.1.1:80', ['-A', '-t', '1.1.1.1:80']],
    ['  -A\t-t  1.1.1.1:80 \r', ['-A', '-t', '1.1.1.1:80']],
    ['ipvsadm -A -s ipvsadm -o', ['-A', '-s', '-o']],
    ['/sbin/ipvsadm -L', ['/sbin/ipvsadm', '-L']],
    ['-s "r r"', ['-s', '"r', 'r"']],
    ['-t 1.1.1.1:80\v-s', ['-t', '1.1.1.1:80\v-s']],
    ['-f 85\0-s rr\0', ['-f', '85', 'rr']],
    [' \t', []],
  ] as const) {
    it(`is split like ${JSON.stringify(line)}`, () => assert.deepEqual(wordsOf(line), words));
  }

  it('may be empty, and may be anything but a restore', () => {
    assert.equal(parseLine('ipvsadm', LOOKUP), null);
    assert.deepEqual(parseLine('-L --daemon', LOOKUP), { ok: true, value: { kind: 'list-daemons', json: false } });
    const text = (line: string) => {
      const parsed = parseLine(line, LOOKUP);
      return parsed?.ok === false ? [parsed.error.text, parsed.error.exitCode, parsed.error.endsRestore] : null;
    };
    const TRY = ["Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n", 255, true];
    assert.deepEqual(text('-R'), TRY);
    assert.deepEqual(text('# comment'), TRY);
    assert.deepEqual(text('-R foo'), ['unexpected argument foo\n', 2, true]);
  });
});

describe('a restore of all lines at once', () => {
  it('may have comments, and keeps the numbers of its lines', () => {
    const parsed = parseAll(['# web', '', '-A -t 10.0.0.1:80', '  #', '-C'], LOOKUP);
    assert.deepEqual(parsed, {
      ok: true,
      value: [
        { line: 3, command: newService(WEB, {}) },
        { line: 5, command: { command: 'flush' } },
      ],
    });
  });

  it('tells everything that is wrong with it', () => {
    assert.deepEqual(parseAll(['-A', '-C', '-Ln', '-A -t 10.0.0.1:80 --bogus'], LOOKUP), {
      ok: false,
      error: [
        { line: 1, text: "You need to supply the 'service-address' option for the 'add-service' command" },
        { line: 3, text: "only changes can be restored at once, not 'list'" },
        { line: 4, text: '--bogus: unknown option' },
      ],
    });
  });

  for (const [what, commands, problems] of [
    [
      'what is there already',
      [newService(WEB, {}), newDest(WEB, A, {})],
      ['1 Service already exists', '2 Destination already exists'],
    ],
    ['what is missing', [setService(OTHER, {}), setDest(WEB, B, {})], ['1 No such service', '2 No such destination']],
    ['a destination without its service', [delDest(OTHER, A)], ['1 Service not defined']],
    ['nothing that an earlier line makes', [newService(OTHER, {}), newDest(OTHER, A, {}), setDest(OTHER, A, {})], []],
    ['nothing that an earlier line removes', [delDest(WEB, A), newDest(WEB, A, {})], []],
    ['what an earlier line removes', [{ command: 'flush' }, ZERO], ['2 No such service']],
    ['what is made twice', [newDest(WEB, B, {}), newDest(WEB, B, {})], ['2 Destination already exists']],
    [
      'a service deleted twice',
      [
        { command: 'del-service', service: WEB },
        { command: 'del-service', service: WEB },
      ],
      ['2 No such service'],
    ],
  ] as const satisfies readonly (readonly [string, readonly IpvsCommand[], readonly string[]])[]) {
    it(`foresees ${what}`, () => {
      const lines = commands.map((command, index) => ({ line: index + 1, command }));
      const foreseen = foreseenRefusals([serviceOf(WEB, [destination(A)])], lines);
      assert.deepEqual(
        foreseen.map(({ line, text }) => `${line} ${text}`),
        problems,
      );
    });
  }
});

describe('what ipvsadm says to a refusal', () => {
  for (const [command, code, text] of [
    [newService(WEB, {}), 'EEXIST', 'Service already exists'],
    [setService(WEB, {}), 'ENOENT', 'Scheduler or persistence engine not found'],
    [ZERO, 'ESRCH', 'No such service'],
    [newDest(WEB, A, {}), 'ESRCH', 'Service not defined'],
    [delDest(WEB, A), 'ENOENT', 'No such destination'],
    [newDest(WEB, A, {}), 'ERANGE', 'Numerical result out of range'],
    [newDest(WEB, A, {}), 'EINVAL', 'Invalid operation.  Possibly wrong module version, address not unicast, ...'],
    [newDaemon({}), 'EEXIST', 'Daemon has already run'],
    [newDaemon({}), 'ENODEV', 'No such device'],
    [{ command: 'del-daemon', role: 'master' }, 'ESRCH', 'No daemon is running'],
    [{ command: 'flush' }, 'EPERM', 'Permission denied (you must be root)'],
  ] as const satisfies readonly (readonly [IpvsCommand, string, string])[]) {
    it(`${command.command} ${code}`, () => assert.equal(refusalText(command, code), text));
  }

  it('names an errno that it has no words for', () => assert.equal(generalText('EUCLEAN'), 'EUCLEAN'));
});

describe('what a running lvsd owns', () => {
  const OWNERSHIP: Ownership = {
    pid: 7,
    networkNamespace: null,
    configFile: '/etc/lvsd/lvsd.yaml',
    services: new Set(['tcp 10.0.0.1:80', 'fwmark 7']),
    syncDaemons: true,
    exclusive: false,
  };
  for (const [command, owned] of [
    [newService(WEB, {}), 'tcp 10.0.0.1:80'],
    [delDest(WEB, A), 'tcp 10.0.0.1:80'],
    [newDest(OTHER, A, {}), null],
    [{ command: 'flush' }, 'tcp 10.0.0.1:80 and 1 more'],
    [newDaemon({}), 'the sync daemon'],
    [ZERO, null],
    [{ command: 'set-timeouts', timeouts: { tcpS: 1, tcpFinS: 0, udpS: 0 } }, null],
  ] as const satisfies readonly (readonly [IpvsCommand, string | null])[]) {
    it(`${command.command}: ${owned}`, () => assert.equal(ownedBy(command, OWNERSHIP), owned));
  }

  it('is every service when it deletes what is not its own', () => {
    assert.equal(ownedBy(newDest(OTHER, A, {}), { ...OWNERSHIP, exclusive: true }), 'tcp 10.0.0.2:80');
  });

  it('is in its status: one service a virtual server, or several', () => {
    const status = {
      daemon: { pid: 7, configFile: '/etc/lvsd/lvsd.yaml' },
      virtualServers: [
        { service: 'tcp 10.0.0.1:80' },
        { service: 'fwmark 7, 8', services: [{ service: 'fwmark 7' }, { service: 'fwmark 8' }] },
      ],
      connectionSync: null,
      ipvs: { draining: [{ service: 'fwmark 9', destination: '1.1.1.1:80' }], exclusive: true },
    };
    const services = new Set(['tcp 10.0.0.1:80', 'fwmark 7', 'fwmark 8', 'fwmark 9']);
    assert.deepEqual(ownershipIn(status), { ...OWNERSHIP, services, syncDaemons: false, exclusive: true });
    assert.equal(ownershipIn({ ...status, ipvs: null })?.exclusive, false);
    for (const other of [null, 'x', {}, { daemon: {} }, { daemon: { pid: '7', configFile: 'x' } }]) {
      assert.equal(ownershipIn(other), null);
    }
  });

  it('is refused with what to do instead', () => {
    const text = objectionTo('fwmark 7', OWNERSHIP);
    for (const word of ['fwmark 7', 'pid 7', '/etc/lvsd/lvsd.yaml', 'lvsd reload', '--force'])
      assert.ok(text.includes(word));
  });
});
