/** Notify programs as they are really run. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { NotifyConfig } from '../../src/config/types-notify.ts';
import { NotifierBench } from '../support/notifier-bench.ts';
import { isAlive } from '../support/wait.ts';

describe('sys/notifier: programs', function () {
  this.timeout(10_000);
  let bench: NotifierBench;
  beforeEach(() => {
    bench = new NotifierBench();
  });
  afterEach(() => bench.close());

  /** A command that writes its name and its arguments to `LOG`, after some time. */
  function recorder(name: string, log: string, delayS = 0): string[] {
    return ['sh', '-c', `sleep ${delayS}; echo "$0 $*" >> ${bench.file(log)}`, name];
  }

  function notifyOf(log: string, given: Partial<NotifyConfig> = {}): NotifyConfig {
    const none = { script: null, master: null, backup: null, fault: null, stop: null, conflict: null };
    return { ...none, user: null, timeoutMs: 5000, script: recorder('any', log), ...given };
  }

  it("runs the state's program, then the generic one with keepalived's arguments; LEAVING says nothing", async () => {
    await bench.configure({
      web: notifyOf('log', { master: recorder('master', 'log'), stop: recorder('stop', 'log') }),
    });
    bench.notifier.transition('web', 'BACKUP', 100);
    await bench.until(() => bench.linesOf('log').length === 1);
    bench.notifier.transition('web', 'MASTER', 120);
    await bench.until(() => bench.linesOf('log').length === 3);
    bench.notifier.transition('web', 'LEAVING', 120);
    bench.notifier.transition('web', 'STOPPED', 120);
    await bench.notifier.stop(2000);
    assert.deepEqual(bench.linesOf('log'), [
      'any INSTANCE web BACKUP 100',
      'master ',
      'any INSTANCE web MASTER 120',
      'stop ',
      'any INSTANCE web STOP 120',
    ]);
    assert.deepEqual([bench.warnings, bench.news], [[], []]);
  });

  it('a state that it has told already is not told again', async () => {
    await bench.configure({ web: notifyOf('log') });
    for (const role of ['BACKUP', 'BACKUP', 'BACKUP'] as const) bench.notifier.transition('web', role, 100);
    await bench.notifier.stop(2000);
    assert.deepEqual(bench.linesOf('log'), ['any INSTANCE web BACKUP 100', 'any INSTANCE web STOP 100']);
  });

  it('the newest state wins when the programs lag, and what is skipped is told', async () => {
    await bench.configure({ web: notifyOf('log', { script: recorder('any', 'log', 0.3) }) });
    for (const role of ['BACKUP', 'MASTER', 'BACKUP', 'FAULT', 'MASTER'] as const)
      bench.notifier.transition('web', role, 1);
    await bench.until(() => bench.linesOf('log').length === 2);
    assert.deepEqual(bench.linesOf('log'), ['any INSTANCE web BACKUP 1', 'any INSTANCE web MASTER 1']);
    assert.deepEqual(
      bench.news.map(({ kind, object, to }) => [kind, object, to]),
      [1, 2, 3].map(() => ['notify', 'web', 'skipped']),
    );
    assert.match(bench.warnings[0] ?? '', /^web: MASTER is not told to its scripts/);
    assert.deepEqual(bench.notifier.report(), { skipped: 3, failed: 0, fifo: null, lvsFifo: null });
  });

  it('one that hangs delays no other, and is killed with its children after its time', async () => {
    const hang = ['sh', '-c', `sleep 30 & echo $! > ${bench.file('child')}; wait`];
    await bench.configure({ slow: notifyOf('slow', { backup: hang, timeoutMs: 400 }), fast: notifyOf('fast') });
    bench.notifier.transition('slow', 'BACKUP', 1);
    bench.notifier.transition('fast', 'BACKUP', 1);
    await bench.until(() => bench.linesOf('fast').length === 1);
    assert.deepEqual(bench.linesOf('slow'), []);
    await bench.until(() => bench.linesOf('slow').length === 1);
    assert.match(bench.warnings.join(), /^slow: BACKUP script `sh`: not finished in time \(killed after 0\.4 s\)$/);
    const child = Number(bench.linesOf('child')[0]);
    assert.ok(child > 0);
    await bench.until(() => !isAlive(child));
  });

  it('the next one waits until a killed one is really gone', async () => {
    const stubborn = ['sh', '-c', `trap 'sleep 0.3; echo late >> ${bench.file('log')}; exit' TERM; sleep 30 & wait`];
    await bench.configure({ web: notifyOf('log', { backup: stubborn, timeoutMs: 200 }) });
    bench.notifier.transition('web', 'BACKUP', 1);
    await bench.until(() => bench.linesOf('log').length === 2);
    assert.deepEqual(bench.linesOf('log'), ['late', 'any INSTANCE web BACKUP 1']);
  });

  it('one that fails, or is not there, is told, and the next one runs', async () => {
    await bench.configure({
      web: notifyOf('log', { backup: ['sh', '-c', 'echo no; exit 3'], master: ['/nowhere/x'] }),
    });
    bench.notifier.transition('web', 'BACKUP', 1);
    await bench.until(() => bench.linesOf('log').length === 1);
    bench.notifier.transition('web', 'MASTER', 1);
    await bench.until(() => bench.linesOf('log').length === 2);
    assert.match(bench.warnings[0] ?? '', /^web: BACKUP script `sh`: exit code 3: no$/);
    assert.match(bench.warnings[1] ?? '', /^web: MASTER script `\/nowhere\/x`: .*there is no such file/);
    assert.deepEqual(
      bench.news.map(({ to }) => to),
      ['failed', 'failed'],
    );
  });

  it('a group follows its members, with priority 0', async () => {
    const groups = [{ name: 'pair', members: ['a', 'b'], notify: notifyOf('log') }];
    await bench.configure({ a: null, b: null }, { groups });
    for (const name of ['a', 'b']) bench.notifier.transition(name, 'BACKUP', 100);
    await bench.until(() => bench.linesOf('log').length === 1);
    for (const name of ['b', 'a']) bench.notifier.transition(name, 'MASTER', 100);
    await bench.until(() => bench.linesOf('log').length === 2);
    bench.notifier.transition('a', 'FAULT', 100);
    await bench.until(() => bench.linesOf('log').length === 3);
    await bench.notifier.stop(2000);
    const states = ['BACKUP', 'MASTER', 'FAULT', 'STOP'];
    assert.deepEqual(
      bench.linesOf('log'),
      states.map((state) => `any GROUP pair ${state} 0`),
    );
    assert.deepEqual(
      bench.news.map(({ kind, from, to }) => [kind, from, to]),
      [
        ['group', null, 'BACKUP'],
        ['group', 'BACKUP', 'MASTER'],
        ['group', 'MASTER', 'FAULT'],
        ['group', 'FAULT', 'STOP'],
      ],
    );
  });

  it('conflicts run their own program, in their place', async () => {
    await bench.configure({ web: notifyOf('log', { conflict: recorder('conflict', 'log') }), other: notifyOf('log') });
    bench.notifier.transition('web', 'MASTER', 1);
    bench.notifier.conflict('web', 'TWO-ACTIVES', '192.0.2.3 02:00:00:00:00:03');
    bench.notifier.conflict('other', 'HEALED', '');
    bench.notifier.conflict('nobody', 'HEALED', '');
    await bench.until(() => bench.linesOf('log').length === 2);
    assert.deepEqual(bench.linesOf('log'), [
      'any INSTANCE web MASTER 1',
      'conflict INSTANCE web TWO-ACTIVES 192.0.2.3 02:00:00:00:00:03',
    ]);
  });

  it('one that leaves the configuration stops by the programs it had; in FAULT at once', async () => {
    await bench.configure({ gone: notifyOf('gone'), broken: notifyOf('broken'), stays: notifyOf('stays') });
    bench.notifier.transition('gone', 'MASTER', 1);
    bench.notifier.transition('broken', 'FAULT', 1);
    bench.notifier.transition('stays', 'BACKUP', 1);
    await bench.configure({ stays: notifyOf('stays') });
    await bench.until(() => bench.linesOf('broken').length === 2);
    assert.equal(bench.linesOf('gone').length, 1);
    bench.notifier.transition('gone', 'LEAVING', 1);
    bench.notifier.transition('gone', 'STOPPED', 1);
    await bench.until(() => bench.linesOf('gone').length === 2);
    assert.deepEqual(bench.linesOf('gone'), ['any INSTANCE gone MASTER 1', 'any INSTANCE gone STOP 1']);
    await bench.until(() => bench.linesOf('stays').length > 0);
    assert.deepEqual(bench.linesOf('stays'), ['any INSTANCE stays BACKUP 1']);
  });

  describe('at the stop of lvsd', () => {
    it('a program for an earlier state is cut short, and STOP is told', async () => {
      await bench.configure({ web: notifyOf('log', { master: ['sleep', '30'], stop: recorder('stop', 'log') }) });
      bench.notifier.transition('web', 'MASTER', 1);
      const startedAt = performance.now();
      await bench.notifier.stop(2500);
      assert.ok(performance.now() - startedAt < 2000, `${performance.now() - startedAt} ms`);
      assert.deepEqual(bench.linesOf('log'), ['stop ', 'any INSTANCE web STOP 1']);
    });

    it('one that does not end is killed, and said', async () => {
      await bench.configure({
        web: notifyOf('log', { stop: ['sh', '-c', `echo $$ > ${bench.file('pid')}; exec sleep 30`] }),
      });
      bench.notifier.transition('web', 'BACKUP', 1);
      await bench.until(() => bench.linesOf('log').length === 1);
      const startedAt = performance.now();
      await bench.notifier.stop(500);
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs >= 490 && tookMs < 1500, `${tookMs} ms`);
      assert.match(bench.warnings.join(), /^web: its STOP script did not end in time for lvsd to stop: killed$/);
      const pid = bench.linesOf('pid')[0] ?? '';
      await bench.until(() => !existsSync(`/proc/${pid}`));
      assert.equal(bench.linesOf('log').length, 1);
    });

    it('nor does one that ignores SIGTERM outlive it', async () => {
      const stubborn = ['sh', '-c', `trap '' TERM; echo $$ > ${bench.file('pid')}; sleep 30; sleep 30`];
      await bench.configure({ web: notifyOf('log', { stop: stubborn }) });
      bench.notifier.transition('web', 'BACKUP', 1);
      await bench.until(() => bench.linesOf('log').length === 1);
      await bench.notifier.stop(500);
      // Nobody is there to send SIGKILL later: lvsd ends now.
      await bench.until(() => !existsSync(`/proc/${bench.linesOf('pid')[0]}`), 300);
    });

    it('without anything to tell it takes no time', async () => {
      await bench.configure({ web: null });
      const startedAt = performance.now();
      await bench.notifier.stop(2500);
      assert.ok(performance.now() - startedAt < 200);
    });
  });
});
