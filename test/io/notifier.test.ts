/** Notify programs and the FIFO, as they are really run and written. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { NotifyConfig } from '../../src/config/types-notify.ts';
import type { News } from '../../src/status/events.ts';
import { Notifier, type NotifyTargets } from '../../src/sys/notifier.ts';
import { isAlive } from '../support/wait.ts';

const NO_FIFO = { fifo: null, fifoUser: null, fifoScript: null };

async function until(condition: () => boolean, limitMs = 3000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('sys/notifier', function () {
  this.timeout(10_000);
  let folder = '';
  let warnings: string[] = [];
  let news: News[] = [];
  let notifier = new Notifier({ warn: () => {} }, () => {});

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-notify-'));
    warnings = [];
    news = [];
    notifier = new Notifier({ warn: (text) => warnings.push(text) }, (item) => news.push(item));
  });
  afterEach(async () => {
    await notifier.stop(100);
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (name: string): string => join(folder, name);
  const linesOf = (name: string): string[] =>
    existsSync(file(name)) ? readFileSync(file(name), 'utf8').split('\n').slice(0, -1) : [];

  /** A command that writes its name and its arguments to `LOG`, after some time. */
  function recorder(name: string, log: string, delayS = 0): string[] {
    return ['sh', '-c', `sleep ${delayS}; echo "$0 $*" >> ${file(log)}`, name];
  }

  function notifyOf(log: string, given: Partial<NotifyConfig> = {}): NotifyConfig {
    const none = { script: null, master: null, backup: null, fault: null, stop: null, conflict: null };
    return { ...none, user: null, timeoutMs: 5000, script: recorder('any', log), ...given };
  }

  async function configure(
    notifies: Readonly<Record<string, NotifyConfig | null>>,
    given: Partial<NotifyTargets> = {},
  ): Promise<void> {
    const routers = Object.entries(notifies).map(([name, notify]) => ({ name, priority: 100, notify }));
    const problems = await notifier.configure({ routers, groups: [], notifications: NO_FIFO, ...given });
    assert.deepEqual(problems, []);
  }

  it("runs the state's program, then the generic one with keepalived's arguments; LEAVING says nothing", async () => {
    await configure({ web: notifyOf('log', { master: recorder('master', 'log'), stop: recorder('stop', 'log') }) });
    notifier.transition('web', 'BACKUP', 100);
    await until(() => linesOf('log').length === 1);
    notifier.transition('web', 'MASTER', 120);
    await until(() => linesOf('log').length === 3);
    notifier.transition('web', 'LEAVING', 120);
    notifier.transition('web', 'STOPPED', 120);
    await notifier.stop(2000);
    assert.deepEqual(linesOf('log'), [
      'any INSTANCE web BACKUP 100',
      'master ',
      'any INSTANCE web MASTER 120',
      'stop ',
      'any INSTANCE web STOP 120',
    ]);
    assert.deepEqual([warnings, news], [[], []]);
  });

  it('a state that it has told already is not told again', async () => {
    await configure({ web: notifyOf('log') });
    for (const role of ['BACKUP', 'BACKUP', 'BACKUP'] as const) notifier.transition('web', role, 100);
    await notifier.stop(2000);
    assert.deepEqual(linesOf('log'), ['any INSTANCE web BACKUP 100', 'any INSTANCE web STOP 100']);
  });

  it('the newest state wins when the programs lag, and what is skipped is told', async () => {
    await configure({ web: notifyOf('log', { script: recorder('any', 'log', 0.3) }) });
    for (const role of ['BACKUP', 'MASTER', 'BACKUP', 'FAULT', 'MASTER'] as const) notifier.transition('web', role, 1);
    await until(() => linesOf('log').length === 2);
    assert.deepEqual(linesOf('log'), ['any INSTANCE web BACKUP 1', 'any INSTANCE web MASTER 1']);
    assert.deepEqual(
      news.map(({ kind, object, to }) => [kind, object, to]),
      [1, 2, 3].map(() => ['notify', 'web', 'skipped']),
    );
    assert.match(warnings[0] ?? '', /^web: MASTER is not told to its scripts/);
    assert.deepEqual(notifier.report(), { skipped: 3, failed: 0, fifo: null });
  });

  it('one that hangs delays no other, and is killed with its children after its time', async () => {
    const hang = ['sh', '-c', `sleep 30 & echo $! > ${file('child')}; wait`];
    await configure({ slow: notifyOf('slow', { backup: hang, timeoutMs: 400 }), fast: notifyOf('fast') });
    notifier.transition('slow', 'BACKUP', 1);
    notifier.transition('fast', 'BACKUP', 1);
    await until(() => linesOf('fast').length === 1);
    assert.deepEqual(linesOf('slow'), []);
    await until(() => linesOf('slow').length === 1);
    assert.match(warnings.join(), /^slow: BACKUP script `sh`: not finished in time \(killed after 0\.4 s\)$/);
    const child = linesOf('child')[0] ?? '';
    await until(() => !existsSync(`/proc/${child}`) || /\) Z /.test(readFileSync(`/proc/${child}/stat`, 'utf8')));
  });

  it('the next one waits until a killed one is really gone', async () => {
    const stubborn = ['sh', '-c', `trap 'sleep 0.3; echo late >> ${file('log')}; exit' TERM; sleep 30 & wait`];
    await configure({ web: notifyOf('log', { backup: stubborn, timeoutMs: 200 }) });
    notifier.transition('web', 'BACKUP', 1);
    await until(() => linesOf('log').length === 2);
    assert.deepEqual(linesOf('log'), ['late', 'any INSTANCE web BACKUP 1']);
  });

  it('one that fails, or is not there, is told, and the next one runs', async () => {
    await configure({ web: notifyOf('log', { backup: ['sh', '-c', 'echo no; exit 3'], master: ['/nowhere/x'] }) });
    notifier.transition('web', 'BACKUP', 1);
    await until(() => linesOf('log').length === 1);
    notifier.transition('web', 'MASTER', 1);
    await until(() => linesOf('log').length === 2);
    assert.match(warnings[0] ?? '', /^web: BACKUP script `sh`: exit code 3: no$/);
    assert.match(warnings[1] ?? '', /^web: MASTER script `\/nowhere\/x`: .*there is no such file/);
    assert.deepEqual(
      news.map(({ to }) => to),
      ['failed', 'failed'],
    );
  });

  it('a group follows its members, with priority 0', async () => {
    const groups = [{ name: 'pair', members: ['a', 'b'], notify: notifyOf('log') }];
    await configure({ a: null, b: null }, { groups });
    for (const name of ['a', 'b']) notifier.transition(name, 'BACKUP', 100);
    await until(() => linesOf('log').length === 1);
    for (const name of ['b', 'a']) notifier.transition(name, 'MASTER', 100);
    await until(() => linesOf('log').length === 2);
    notifier.transition('a', 'FAULT', 100);
    await until(() => linesOf('log').length === 3);
    await notifier.stop(2000);
    const states = ['BACKUP', 'MASTER', 'FAULT', 'STOP'];
    assert.deepEqual(
      linesOf('log'),
      states.map((state) => `any GROUP pair ${state} 0`),
    );
    assert.deepEqual(
      news.map(({ kind, from, to }) => [kind, from, to]),
      [
        ['group', null, 'BACKUP'],
        ['group', 'BACKUP', 'MASTER'],
        ['group', 'MASTER', 'FAULT'],
        ['group', 'FAULT', 'STOP'],
      ],
    );
  });

  it('conflicts run their own program, in their place', async () => {
    await configure({ web: notifyOf('log', { conflict: recorder('conflict', 'log') }), other: notifyOf('log') });
    notifier.transition('web', 'MASTER', 1);
    notifier.conflict('web', 'TWO-ACTIVES', '192.0.2.3 02:00:00:00:00:03');
    notifier.conflict('other', 'HEALED', '');
    notifier.conflict('nobody', 'HEALED', '');
    await until(() => linesOf('log').length === 2);
    assert.deepEqual(linesOf('log'), [
      'any INSTANCE web MASTER 1',
      'conflict INSTANCE web TWO-ACTIVES 192.0.2.3 02:00:00:00:00:03',
    ]);
  });

  it('one that leaves the configuration stops by the programs it had; in FAULT at once', async () => {
    await configure({ gone: notifyOf('gone'), broken: notifyOf('broken'), stays: notifyOf('stays') });
    notifier.transition('gone', 'MASTER', 1);
    notifier.transition('broken', 'FAULT', 1);
    notifier.transition('stays', 'BACKUP', 1);
    await configure({ stays: notifyOf('stays') });
    await until(() => linesOf('broken').length === 2);
    assert.equal(linesOf('gone').length, 1);
    notifier.transition('gone', 'LEAVING', 1);
    notifier.transition('gone', 'STOPPED', 1);
    await until(() => linesOf('gone').length === 2);
    assert.deepEqual(linesOf('gone'), ['any INSTANCE gone MASTER 1', 'any INSTANCE gone STOP 1']);
    assert.deepEqual(linesOf('stays'), ['any INSTANCE stays BACKUP 1']);
  });

  describe('at the stop of lvsd', () => {
    it('a program for an earlier state is cut short, and STOP is told', async () => {
      await configure({ web: notifyOf('log', { master: ['sleep', '30'], stop: recorder('stop', 'log') }) });
      notifier.transition('web', 'MASTER', 1);
      const startedAt = performance.now();
      await notifier.stop(2500);
      assert.ok(performance.now() - startedAt < 2000, `${performance.now() - startedAt} ms`);
      assert.deepEqual(linesOf('log'), ['stop ', 'any INSTANCE web STOP 1']);
    });

    it('one that does not end is killed, and said', async () => {
      await configure({ web: notifyOf('log', { stop: ['sh', '-c', `echo $$ > ${file('pid')}; exec sleep 30`] }) });
      notifier.transition('web', 'BACKUP', 1);
      await until(() => linesOf('log').length === 1);
      const startedAt = performance.now();
      await notifier.stop(500);
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs >= 490 && tookMs < 1500, `${tookMs} ms`);
      assert.match(warnings.join(), /^web: its STOP script did not end in time for lvsd to stop: killed$/);
      const pid = linesOf('pid')[0] ?? '';
      await until(() => !existsSync(`/proc/${pid}`));
      assert.equal(linesOf('log').length, 1);
    });

    it('nor does one that ignores SIGTERM outlive it', async () => {
      const stubborn = ['sh', '-c', `trap '' TERM; echo $$ > ${file('pid')}; sleep 30; sleep 30`];
      await configure({ web: notifyOf('log', { stop: stubborn }) });
      notifier.transition('web', 'BACKUP', 1);
      await until(() => linesOf('log').length === 1);
      await notifier.stop(500);
      // Nobody is there to send SIGKILL later: lvsd ends now.
      await until(() => !existsSync(`/proc/${linesOf('pid')[0]}`), 300);
    });

    it('without anything to tell it takes no time', async () => {
      await configure({ web: null });
      const startedAt = performance.now();
      await notifier.stop(2500);
      assert.ok(performance.now() - startedAt < 200);
    });
  });

  describe('with a FIFO', () => {
    it("writes keepalived's lines, the last at the stop, and its reader gets them all", async () => {
      const fifo = file('fifo');
      const fifoScript = ['sh', '-c', `while read -r line; do echo "$line" >> ${file('read')}; done < "$0"`];
      const groups = [{ name: 'pair', members: ['web'], notify: null }];
      await configure({ web: null }, { groups, notifications: { fifo, fifoUser: null, fifoScript } });
      notifier.transition('web', 'BACKUP', 100);
      notifier.transition('web', 'MASTER', 110);
      await until(() => linesOf('read').length === 4);
      await notifier.stop(2000);
      assert.deepEqual(linesOf('read'), [
        'INSTANCE "web" BACKUP 100',
        'GROUP "pair" BACKUP 0',
        'INSTANCE "web" MASTER 110',
        'GROUP "pair" MASTER 0',
        'INSTANCE "web" STOP 110',
        'GROUP "pair" STOP 0',
      ]);
      assert.ok(!existsSync(fifo));
    });

    it('a reader that the service manager ended together with lvsd is started once more for the last lines', async () => {
      const script = `echo $$ >> ${file('pids')}; while read -r line; do echo "$line" >> ${file('read')}; done < "$0"`;
      const fifoScript = ['sh', '-c', script];
      await configure({ web: null }, { notifications: { fifo: file('fifo'), fifoUser: null, fifoScript } });
      notifier.transition('web', 'MASTER', 110);
      await until(() => linesOf('read').length === 1);
      const pid = Number(linesOf('pids')[0]);
      process.kill(pid, 'SIGTERM');
      await until(() => !isAlive(pid));
      await notifier.stop(2000);
      assert.deepEqual(linesOf('read'), ['INSTANCE "web" MASTER 110', 'INSTANCE "web" STOP 110']);
    });

    it('another reader loses no line of the time between the two', async () => {
      const reader = (name: string) => [
        'sh',
        '-c',
        `while read -r l; do echo "$l" >> ${file(name)}; sleep 1; done < "$0"`,
      ];
      const fifo = file('fifo');
      await configure({ web: null }, { notifications: { fifo, fifoUser: null, fifoScript: reader('first') } });
      notifier.transition('web', 'BACKUP', 100);
      await until(() => linesOf('first').length === 1);
      const changed = configure(
        { web: null },
        { notifications: { fifo, fifoUser: null, fifoScript: reader('second') } },
      );
      notifier.transition('web', 'MASTER', 100);
      await changed;
      await until(() => linesOf('second').length === 1);
      assert.deepEqual(linesOf('second'), ['INSTANCE "web" MASTER 100']);
    });

    it('a reader that ends is started again, not at once', async () => {
      const fifoScript = ['sh', '-c', `date +%s%3N >> ${file('starts')}; exit 1`];
      await configure({ web: null }, { notifications: { fifo: file('fifo'), fifoUser: null, fifoScript } });
      await until(() => linesOf('starts').length === 2);
      const [first = 0, second = 0] = linesOf('starts').map(Number);
      assert.ok(second - first >= 990, `${second - first} ms`);
      assert.equal(warnings[0], 'The reader of the FIFO ended (exit code 1): starting it again in 1 s');
    });

    it('a reload that changes nothing of it keeps it open; one without it closes it', async () => {
      const fifo = file('fifo');
      const notifications = { fifo, fifoUser: null, fifoScript: null };
      await configure({ web: null }, { notifications });
      notifier.transition('web', 'BACKUP', 1);
      await configure({ web: null }, { notifications: { ...notifications } });
      assert.ok(existsSync(fifo));
      await configure({ web: null });
      assert.ok(!existsSync(fifo));
    });

    it('says what is wrong with it, and goes on without', async () => {
      const routers = [{ name: 'web', priority: 1, notify: null }];
      for (const [path, user, text] of [
        [folder, null, /something that is not a FIFO is there/],
        [file('no/such/folder'), null, /Cannot write to the FIFO .*No such file or directory/],
        [file('fifo'), 'nobody-of-this-name', /there is no user/],
      ] as const) {
        const notifications = { fifo: path, fifoUser: user, fifoScript: null };
        const problems = await notifier.configure({ routers, groups: [], notifications });
        assert.equal(problems.length, 1);
        assert.match(problems[0] ?? '', text);
      }
      notifier.transition('web', 'BACKUP', 1);
    });
  });
});
