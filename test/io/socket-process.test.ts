/** The native addon and its process: clock, names, scheduling, privileges, and the addon that is not there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { effectiveScheduling } from '../../src/sys/scheduling.ts';
import { errnoName, interfaceIndex, monotonicMs } from '../../src/sys/socket.ts';
import { runWithSockets, SOCKET_MODULE } from '../support/socket-program.ts';

const needsRoot = process.getuid?.() === 0 ? '' : ' (skipped: needs root)';

describe('sys/socket: the process', () => {
  it('monotonicMs is the clock of process.hrtime', () => {
    const before = Number(process.hrtime.bigint()) / 1e6;
    const now = monotonicMs();
    const after = Number(process.hrtime.bigint()) / 1e6;
    assert.ok(before <= now + 0.001 && now <= after + 0.001, `${before} ${now} ${after}`);
  });

  it('interfaceIndex', () => {
    assert.equal(interfaceIndex('lo'), 1);
    assert.equal(interfaceIndex('nosuchdevice'), null);
    assert.equal(interfaceIndex('a-name-that-is-too-long-for-a-device'), null);
    assert.equal(interfaceIndex(''), null);
  });

  it('errnoName', () => {
    assert.deepEqual([1, 2, 3, 17, 95, 11, 105, 600].map(errnoName), [
      'EPERM',
      'ENOENT',
      'ESRCH',
      'EEXIST',
      'EOPNOTSUPP',
      'EAGAIN',
      'ENOBUFS',
      'errno 600',
    ]);
  });

  it(`real-time priority is set for us and not for the programs we start; memory is locked${needsRoot}`, function () {
    this.timeout(20_000);
    if (needsRoot !== '') return this.skip();
    assert.equal(effectiveScheduling(), 'SCHED_OTHER');
    const { stdout, stderr } = runWithSockets(`
      import { execFileSync } from 'node:child_process';
      import { readFileSync } from 'node:fs';
      s.lockMemory();
      let garbage = [];
      for (let n = 0; n < 30; n++) garbage = Array.from({ length: 200_000 }, () => ({})); // the heap grows and shrinks
      console.log(Number(/VmLck:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) > 10_000);
      s.setRealtimePriority(5);
      console.log(s.effectiveScheduling());
      console.log(execFileSync('sh', ['-c', 'cut -d" " -f41 /proc/self/stat']).toString().trim());`);
    assert.equal(stderr, '');
    assert.equal(stdout, 'true\nSCHED_RR 5\n0\n');
  });

  it(`without privileges: clear refusals${needsRoot}`, function () {
    if (needsRoot !== '') return this.skip();
    const { stdout, stderr } = runWithSockets(`
      process.setgid(65534); process.setuid(65534);
      for (const act of [() => new s.RawSocket(2, 3, 112), () => s.setRealtimePriority(5)]) {
        try { act(); } catch (error) { console.log(error.code + ': ' + error.message); }
      }`);
    assert.equal(stderr, '');
    assert.deepEqual(stdout.trim().split('\n'), [
      'EPERM: Cannot open a socket (family 2, type 3, protocol 112): EPERM (operation not permitted): needs root or CAP_NET_RAW',
      'EPERM: Cannot set real-time priority 5: EPERM (operation not permitted): needs CAP_SYS_NICE or LimitRTPRIO, and a cgroup with a real-time budget',
    ]);
  });

  it('a missing addon is one clear sentence, and only when it is needed', () => {
    const source = `console.log('imported'); try { new s.RawSocket(2, 2, 0); } catch (error) { console.log(error.name + ': ' + error.message); }`;
    const program = `import * as s from ${JSON.stringify(SOCKET_MODULE)};\n${source}`;
    const stdout = (path: string): string[] =>
      execFileSync(process.execPath, ['--input-type=module', '-e', program], {
        env: { ...process.env, LVSD_NATIVE: path },
        encoding: 'utf8',
      })
        .trim()
        .split('\n');
    assert.deepEqual(stdout('/nowhere/lvsd.node'), [
      'imported',
      'NativeUnavailableError: Cannot load the native addon /nowhere/lvsd.node (there is no such file): run `make build` where lvsd is installed',
    ]);
    assert.match(
      stdout('/etc/hostname')[1] ?? '',
      /^NativeUnavailableError: Cannot load the native addon \/etc\/hostname \(.+\): run `make build`/,
    );
  });
});
