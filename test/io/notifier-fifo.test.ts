/** The FIFO of notifications and the program that reads it, as they are really written and run. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { NO_WORLD, NotifierBench } from '../support/notifier-bench.ts';
import { isAlive } from '../support/wait.ts';

describe('sys/notifier: the FIFO', function () {
  this.timeout(10_000);
  let bench: NotifierBench;
  beforeEach(() => {
    bench = new NotifierBench();
  });
  afterEach(() => bench.close());

  it("writes keepalived's lines, the last at the stop, and its reader gets them all", async () => {
    const fifo = bench.file('fifo');
    const fifoScript = ['sh', '-c', `while read -r line; do echo "$line" >> ${bench.file('read')}; done < "$0"`];
    const groups = [{ name: 'pair', members: ['web'], notify: null }];
    await bench.configure({ web: null }, { groups, notifications: { fifo, fifoUser: null, fifoScript, lvs: null } });
    bench.notifier.transition('web', 'BACKUP', 100);
    bench.notifier.transition('web', 'MASTER', 110);
    await bench.until(() => bench.linesOf('read').length === 4);
    await bench.notifier.stop(2000);
    assert.deepEqual(bench.linesOf('read'), [
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
    const script = `echo $$ >> ${bench.file('pids')}; while read -r line; do echo "$line" >> ${bench.file('read')}; done < "$0"`;
    const fifoScript = ['sh', '-c', script];
    await bench.configure(
      { web: null },
      { notifications: { fifo: bench.file('fifo'), fifoUser: null, fifoScript, lvs: null } },
    );
    bench.notifier.transition('web', 'MASTER', 110);
    await bench.until(() => bench.linesOf('read').length === 1);
    const pid = Number(bench.linesOf('pids')[0]);
    process.kill(pid, 'SIGTERM');
    await bench.until(() => !isAlive(pid));
    await bench.notifier.stop(2000);
    assert.deepEqual(bench.linesOf('read'), ['INSTANCE "web" MASTER 110', 'INSTANCE "web" STOP 110']);
  });

  it('another reader loses no line of the time between the two', async () => {
    const reader = (name: string) => [
      'sh',
      '-c',
      `while read -r l; do echo "$l" >> ${bench.file(name)}; sleep 1; done < "$0"`,
    ];
    const fifo = bench.file('fifo');
    await bench.configure(
      { web: null },
      { notifications: { fifo, fifoUser: null, fifoScript: reader('first'), lvs: null } },
    );
    bench.notifier.transition('web', 'BACKUP', 100);
    await bench.until(() => bench.linesOf('first').length === 1);
    const changed = bench.configure(
      { web: null },
      { notifications: { fifo, fifoUser: null, fifoScript: reader('second'), lvs: null } },
    );
    bench.notifier.transition('web', 'MASTER', 100);
    await changed;
    await bench.until(() => bench.linesOf('second').length === 1);
    assert.deepEqual(bench.linesOf('second'), ['INSTANCE "web" MASTER 100']);
  });

  it('a reader that ends is started again, not at once', async () => {
    const fifoScript = ['sh', '-c', `date +%s%3N >> ${bench.file('starts')}; exit 1`];
    await bench.configure(
      { web: null },
      { notifications: { fifo: bench.file('fifo'), fifoUser: null, fifoScript, lvs: null } },
    );
    await bench.until(() => bench.linesOf('starts').length === 2);
    const [first = 0, second = 0] = bench.linesOf('starts').map(Number);
    assert.ok(second - first >= 990, `${second - first} ms`);
    assert.equal(bench.warnings[0], 'The reader of the FIFO ended (exit code 1): starting it again in 1 s');
  });

  it('a reload that changes nothing of it keeps it open; one without it closes it', async () => {
    const fifo = bench.file('fifo');
    const notifications = { fifo, fifoUser: null, fifoScript: null, lvs: null };
    await bench.configure({ web: null }, { notifications });
    bench.notifier.transition('web', 'BACKUP', 1);
    await bench.configure({ web: null }, { notifications: { ...notifications } });
    assert.ok(existsSync(fifo));
    await bench.configure({ web: null });
    assert.ok(!existsSync(fifo));
  });

  it('says what is wrong with it, and goes on without', async () => {
    const routers = [{ name: 'web', priority: 1, notify: null }];
    for (const [path, user, text] of [
      [bench.folder, null, /something that is not a FIFO is there/],
      [bench.file('no/such/folder'), null, /Cannot write to the FIFO .*No such file or directory/],
      [bench.file('fifo'), 'nobody-of-this-name', /there is no user/],
    ] as const) {
      const notifications = { fifo: path, fifoUser: user, fifoScript: null, lvs: null };
      const problems = await bench.notifier.configure({ routers, groups: [], notifications, world: NO_WORLD });
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', text);
    }
    bench.notifier.transition('web', 'BACKUP', 1);
  });
});
