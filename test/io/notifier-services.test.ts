/** Programs and FIFO lines of virtual and real servers, as they are really run and written. */
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import type { VirtualServerConfig } from '../../src/config/types.ts';
import type { Change } from '../../src/director/observation.ts';
import { World } from '../../src/director/world.ts';
import type { Combined } from '../../src/health/verdict.ts';
import { NotifierBench } from '../support/notifier-bench.ts';
import { configOf, realServer, tcpId, virtualServer } from '../unit/director/builders.ts';

const UP: Combined = { verdict: 'up', failure: null };
const DOWN: Combined = { verdict: 'down', failure: { reason: 'timeout', detail: 'no answer within 1 s' } };

function turned(name: string, to: Combined, address = '10.0.0.11'): Change {
  const from = to === UP ? DOWN : UP;
  return { kind: 'real-server', virtualServer: name, realServer: `${address}:80`, from, to };
}

function quorum(name: string, up: boolean): Change {
  const standing = (is: boolean) => ({ up: is, usableWeight: is ? 100 : 0, sorry: false });
  return { kind: 'virtual-server', virtualServer: name, from: standing(!up), to: standing(up) };
}

describe('sys/notifier: virtual and real servers', function () {
  this.timeout(15_000);
  let bench: NotifierBench;
  beforeEach(() => {
    bench = new NotifierBench();
  });
  afterEach(() => bench.close());

  /** Writes what it was told, after some time. */
  function recorder(word: string, delayS = 0): string[] {
    const told = '$0 $# $LVSD_VIRTUAL_SERVER/$LVSD_REAL_SERVER $LVSD_STATE ($LVSD_REASON)';
    return [
      'sh',
      '-c',
      `echo "begin" >> ${bench.file('begun')}; sleep ${delayS}; echo "${told}" >> ${bench.file('log')}`,
      word,
    ];
  }

  function serverOf(name: string, delayS = 0, given: Partial<VirtualServerConfig> = {}): VirtualServerConfig {
    const hooks = {
      quorumUp: recorder('quorum-up', delayS),
      quorumDown: recorder('quorum-down', delayS),
      notifyUp: recorder('up', delayS),
      notifyDown: recorder('down', delayS),
      user: null,
      timeoutMs: 5000,
    };
    return virtualServer([realServer('10.0.0.11'), realServer('10.0.0.12')], { name, hooks, ...given });
  }

  /** Real servers that carry traffic at the start, or not. */
  async function configure(servers: readonly VirtualServerConfig[], carries = true): Promise<void> {
    const world = new World(configOf(...servers), () => carries, 0);
    const fifo = { fifo: bench.file('all'), fifoUser: null, fifoScript: reader('all') };
    const lvs = { fifo: bench.file('lvs'), fifoUser: null, fifoScript: reader('lvs') };
    await bench.configure({ web: null }, { notifications: { ...fifo, lvs }, world });
  }

  function reader(name: string): string[] {
    return ['sh', '-c', `while read -r line; do echo "$line" >> ${bench.file(`${name}.read`)}; done < "$0"`];
  }

  it('one after the other for a virtual server, with the state in the environment and no arguments', async () => {
    await configure([serverOf('a', 0.1)]);
    bench.notifier.verdicts([turned('a', DOWN), turned('a', DOWN, '10.0.0.12'), quorum('a', false)]);
    await bench.until(() => bench.linesOf('log').length === 4);
    assert.deepEqual(bench.linesOf('log'), [
      'quorum-up 0 a/ UP (usable weight 200, quorum 1)',
      'down 0 a/10.0.0.11:80 DOWN (timeout: no answer within 1 s)',
      'down 0 a/10.0.0.12:80 DOWN (timeout: no answer within 1 s)',
      'quorum-down 0 a/ DOWN (usable weight 0, quorum 1)',
    ]);
    assert.deepEqual([bench.warnings, bench.news], [[], []]);
  });

  it('both FIFOs get the lines, the second one nothing of virtual routers', async () => {
    await configure([virtualServer([realServer('10.0.0.11')], { name: 'a' })]);
    bench.notifier.transition('web', 'MASTER', 100);
    bench.notifier.verdicts([turned('a', DOWN)]);
    bench.notifier.verdicts([turned('a', UP)]);
    const lines = [
      'VS [192.0.2.100]:tcp:80 UP',
      'RS [10.0.0.11]:tcp:80 [192.0.2.100]:tcp:80 DOWN',
      'RS [10.0.0.11]:tcp:80 [192.0.2.100]:tcp:80 UP',
    ];
    await bench.until(() => bench.linesOf('all.read').length === 4 && bench.linesOf('lvs.read').length === 3);
    assert.deepEqual(bench.linesOf('lvs.read'), lines);
    assert.deepEqual(bench.linesOf('all.read'), [lines[0], 'INSTANCE "web" MASTER 100', ...lines.slice(1)]);
    assert.deepEqual(bench.notifier.report(), {
      skipped: 0,
      failed: 0,
      fifo: { path: bench.file('all'), dropped: 0 },
      lvsFifo: { path: bench.file('lvs'), dropped: 0 },
    });
  });

  it('those of different virtual servers run beside each other, sixteen at most; virtual routers do not wait for them', async () => {
    const servers = Array.from({ length: 20 }, (_, i) =>
      serverOf(`s${i}`, 0.5, { ids: [tcpId(`192.0.2.${i + 1}`, 80)] }),
    );
    const script = ['sh', '-c', `echo router >> ${bench.file('log')}`];
    const none = { master: null, backup: null, fault: null, stop: null, conflict: null };
    const notify = { script, ...none, user: null, timeoutMs: 5000 };
    const world = new World(configOf(...servers), () => true, 0);
    const begin = performance.now();
    await bench.configure({ web: notify }, { world });
    bench.notifier.transition('web', 'MASTER', 100);
    await bench.until(() => bench.linesOf('log').length >= 1);
    assert.equal(bench.linesOf('log')[0], 'router');
    await bench.until(() => bench.linesOf('begun').length >= 16);
    assert.equal(bench.linesOf('begun').length, 16);
    await bench.until(() => bench.linesOf('log').length === 21, 8000);
    assert.ok(performance.now() - begin > 1000, 'two rounds');
  });

  it('what lags: the newest state of each is told', async () => {
    await configure([serverOf('a', 0.3)]);
    for (const to of [DOWN, UP, DOWN, UP]) bench.notifier.verdicts([turned('a', to)]);
    await bench.until(() => bench.linesOf('log').length === 2);
    assert.deepEqual(
      bench.linesOf('log').map((line) => line.split(' (')[0]),
      ['quorum-up 0 a/ UP', 'up 0 a/10.0.0.11:80 UP'],
    );
    assert.deepEqual(
      bench.news.map(({ kind, object, to }) => [kind, object, to]),
      Array.from({ length: 3 }, () => ['notify', 'a', 'skipped']),
    );
  });

  it('one that takes too long is killed and told', async () => {
    const hooks = { ...serverOf('a').hooks, quorumUp: ['sleep', '30'], timeoutMs: 200 };
    await configure([serverOf('a', 0, { hooks })]);
    await bench.until(() => bench.news.length === 1, 5000);
    assert.match(bench.news[0]?.reason ?? '', /^a: UP script `sleep`: .*\(killed after 0\.2 s\)$/);
  });

  it('a stop does not wait for them: what runs is cut, what waits is not begun', async () => {
    await configure([serverOf('a', 5)]);
    bench.notifier.verdicts([turned('a', DOWN), quorum('a', false)]);
    await bench.until(() => bench.linesOf('begun').length === 1);
    const begin = performance.now();
    const stopped = bench.notifier.stop(2600);
    bench.notifier.verdicts([turned('a', UP), quorum('a', true)]);
    await stopped;
    assert.ok(performance.now() - begin < 1800, `${performance.now() - begin} ms`);
    assert.deepEqual([bench.linesOf('begun').length, bench.linesOf('log')], [1, []]);
  });
});
