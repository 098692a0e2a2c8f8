/** Verdicts and reloads that come while the keeper is at work: they decide, and are nobody else's doing. */
import assert from 'node:assert/strict';
import { serviceKey } from '../../src/ipvs/key.ts';
import type { TableKeeper } from '../../src/sys/table-keeper.ts';
import { KeeperBench, settle } from '../support/keeper-bench.ts';
import { destination, real, serviceOf, setDest, tcp } from '../unit/ipvs/builders.ts';

const WEB = tcp('192.0.2.1', 80);
const KEY = serviceKey(WEB);
const A = real('10.0.0.1', 80);
const B = real('10.0.0.2', 80);
const BOTH = serviceOf(WEB, [destination(A, { weight: 4 }), destination(B, { weight: 5 })]);
const ONLY_A = serviceOf(WEB, [destination(A, { weight: 4 })]);
const B_FAILED = serviceOf(WEB, [destination(A, { weight: 4 }), destination(B, { weight: 0 })]);

describe('while the table is read', () => {
  let bench: KeeperBench;
  let keeper: TableKeeper;

  beforeEach(async () => {
    bench = new KeeperBench();
    bench.drainTimeouts.set(KEY, 60_000);
    bench.services.set('web', BOTH);
    keeper = bench.keeper();
    await keeper.reconcile();
  });
  afterEach(() => keeper.close({ keepServices: true }));

  /** Once, during the next dump. */
  function duringDump(act: () => void): void {
    bench.kernel.afterDump = () => {
      bench.kernel.afterDump = () => {};
      act();
    };
  }

  it('a reload that brings a draining server back keeps it, with its connections', async () => {
    bench.kernel.connections.set(`${KEY} 10.0.0.2:80`, 3);
    bench.services.set('web', ONLY_A);
    await keeper.reconfigured();
    bench.sent();
    let reloaded: Promise<unknown> | undefined;
    duringDump(() => {
      bench.services.set('web', BOTH);
      // Configured again, but without a verdict yet: absent for another reason than before.
      bench.failed.add(`${KEY} 10.0.0.2:80`);
      reloaded = keeper.reconfigured();
    });
    await keeper.reconcile();
    await reloaded;
    assert.deepEqual(bench.sent(), ['change destination 10.0.0.2:80 of tcp 192.0.2.1:80']);
    assert.deepEqual(bench.kernel.weights, { [KEY]: { '10.0.0.1:80': 4, '10.0.0.2:80': 5 } });
  });

  it('a server that fails is no repair', async () => {
    bench.said();
    duringDump(() => {
      bench.services.set('web', B_FAILED);
      keeper.changed(['web']);
    });
    await keeper.reconcile();
    await settle();
    assert.deepEqual(bench.kernel.weights, { [KEY]: { '10.0.0.1:80': 4, '10.0.0.2:80': 0 } });
    assert.deepEqual([bench.said(), keeper.counters.repairs], [[], 0]);
  });

  it('a server that fails after the table could not be read is no repair, what a stranger did is one', async () => {
    bench.kernel.afterDump = () => Promise.reject(new Error('ENOBUFS'));
    await keeper.reconcile();
    bench.kernel.afterDump = () => {};
    bench.said();
    bench.services.set('web', B_FAILED);
    keeper.changed(['web']);
    await settle();
    assert.deepEqual(bench.kernel.weights, { [KEY]: { '10.0.0.1:80': 4, '10.0.0.2:80': 0 } });
    assert.deepEqual([bench.said(), keeper.counters.repairs], [[], 0]);
    bench.kernel.do(setDest(WEB, B, { weight: 7 }));
    await keeper.reconcile();
    assert.equal(keeper.counters.repairs, 1);
  });
});
