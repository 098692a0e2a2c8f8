import assert from 'node:assert/strict';
import fc from 'fast-check';
import { countProblem, matchesProcess, parseCommandLine, parseStat } from '../../../src/health/process-match.ts';

/** The line of a living process, as Linux 6.18 writes it. */
function statLine(comm: string, state: string): string {
  return `1234 (${comm}) ${state} 1 1234 1234 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 8679424 512 18446744073709551615 1 1 0`;
}

describe('/proc/PID/stat', () => {
  const names = ['haproxy', 'a b', 'a) S (b', ')', '', 'tmux: server'];
  for (const comm of names) {
    it(`of ${JSON.stringify(comm)} is read`, () => {
      assert.deepEqual(parseStat(statLine(comm, 'S')), { comm, dead: false, startedAt: '987654' });
    });
  }
  for (const state of ['Z', 'X', 'x']) {
    it(`with state ${state} is that of a dead process`, () =>
      assert.equal(parseStat(statLine('a', state))?.dead, true));
  }
  for (const text of ['', '1 (a', '1 (a) S 1 2 3', ')(', 'nothing']) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(parseStat(text), null));
  }
  it('any text is read without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('(', ')', ' ', 'a', '1') }), (text) => void parseStat(text)),
    );
  });
});

describe('a tracked process', () => {
  /** process, parameters, comm, command line, whether it is meant */
  const rows: readonly (readonly [string, readonly string[], string, string, boolean])[] = [
    ['haproxy', [], 'haproxy', '/usr/sbin/haproxy\0-Ws\0', true],
    ['haproxy', [], 'haproxy', 'haproxy', true],
    ['haproxy', [], 'vi', 'vi\0haproxy\0', false],
    // A script: the kernel has its name, the command line its interpreter.
    ['check.py', [], 'check.py', '/usr/bin/python3\0/opt/check.py\0', true],
    ['python3', [], 'check.py', '/usr/bin/python3\0/opt/check.py\0', true],
    // A title of its own, in one word.
    ['nginx', [], 'nginx', 'nginx: master process /usr/sbin/nginx', true],
    ['sshd', [], 'sshd', 'sshd: /usr/sbin/sshd -D\0', true],
    // A login shell.
    ['bash', [], 'bash', '-bash\0', true],
    // The kernel cuts names at 15 bytes.
    ['systemd-journald', [], 'systemd-journal', '/usr/lib/systemd/systemd-journald\0', true],
    ['systemd-journal', [], 'systemd-journal', '/usr/lib/systemd/systemd-journald\0', true],
    ['systemd-journalx', [], 'systemd-journal', '/usr/lib/systemd/systemd-journald\0', false],
    // Renamed itself: its command line is still there.
    ['worker', [], 'busy', '/opt/worker\0', true],
    // Kernel threads have no command line.
    ['kswapd0', [], 'kswapd0', '', true],
    // A path is one program only.
    ['/usr/sbin/haproxy', [], 'haproxy', '/usr/sbin/haproxy\0', true],
    ['/usr/sbin/haproxy', [], 'haproxy', 'haproxy\0', false],
    ['/usr/sbin/haproxy', [], 'haproxy', '/opt/haproxy\0', false],
    // Parameters in their order, others between them.
    ['java', ['-jar', 'a.jar'], 'java', 'java\0-Xmx1g\0-jar\0a.jar\0', true],
    ['java', ['-jar', 'a.jar'], 'java', 'java\0-jar\0b.jar\0', false],
    ['java', ['a.jar', '-jar'], 'java', 'java\0-jar\0a.jar\0', false],
    ['java', ['x', 'x'], 'java', 'java\0x\0', false],
    ['java', ['java'], 'java', 'java\0', false],
  ];
  for (const [process, parameters, comm, line, expected] of rows) {
    const what = [process, ...parameters].join(' ');
    it(`${what} ${expected ? 'is' : 'is not'} (${comm}) ${line.replaceAll('\0', ' ')}`, () => {
      assert.equal(matchesProcess({ process, parameters }, comm, parseCommandLine(line)), expected);
    });
  }

  const counts: readonly (readonly [number, number | null, number, string | null])[] = [
    [1, null, 0, 'no process x'],
    [1, null, 1, null],
    [1, null, 9, null],
    [3, null, 2, '2 of 3 processes x'],
    [1, 2, 2, null],
    [1, 2, 3, '3 processes x, more than 2'],
    [0, 0, 0, null],
    [0, 0, 1, '1 process x, more than 0'],
  ];
  for (const [quorum, quorumMax, count, problem] of counts) {
    it(`${count} where ${quorum} to ${quorumMax ?? 'any number'} are wanted: ${problem ?? 'right'}`, () => {
      assert.equal(countProblem({ process: 'x', quorum, quorumMax }, count), problem);
    });
  }
});
