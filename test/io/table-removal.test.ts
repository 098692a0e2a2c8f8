/** The keeper removes gently: weight 0 first, deleted when the connections are gone or the time is over. */
import assert from 'node:assert/strict';
import { serviceKey } from '../../src/ipvs/key.ts';
import type { TableKeeper } from '../../src/sys/table-keeper.ts';
import { KeeperBench, NOTHING_OWNED, settle } from '../support/keeper-bench.ts';
import { destination, real, serviceOf, setDest, tcp } from '../unit/ipvs/builders.ts';

const WEB = tcp('192.0.2.1', 80);
const KEY = serviceKey(WEB);
const A = real('10.0.0.1', 80);
const B = real('10.0.0.2', 80);
const BOTH = serviceOf(WEB, [destination(A, { weight: 4 }), destination(B, { weight: 5 })]);
const ONLY_A = serviceOf(WEB, [destination(A, { weight: 4 })]);
const SET_B = 'change destination 10.0.0.2:80 of tcp 192.0.2.1:80';
const DELETE_B = 'delete destination 10.0.0.2:80 from tcp 192.0.2.1:80';

describe('removing gently', () => {
  let bench: KeeperBench;
  let keeper: TableKeeper;

  beforeEach(async () => {
    bench = new KeeperBench();
    bench.drainTimeouts.set(KEY, 60_000);
    bench.services.set('web', BOTH);
    keeper = bench.keeper();
    await keeper.reconcile();
    bench.sent();
  });
  afterEach(() => keeper.close({ keepServices: true }));

  /** A reload that leaves B out, while it has this many connections. */
  async function takeOutB(connections: number): Promise<void> {
    bench.kernel.connections.set(`${KEY} 10.0.0.2:80`, connections);
    bench.services.set('web', ONLY_A);
    await keeper.reconfigured();
  }

  async function look(afterMs: number): Promise<void> {
    bench.nowMs += afterMs;
    keeper.look();
    await settle();
  }

  it('with connections: weight 0, and deleted when the last one is gone', async () => {
    await takeOutB(3);
    assert.deepEqual(bench.kernel.weights, { [KEY]: { '10.0.0.1:80': 4, '10.0.0.2:80': 0 } });
    await look(1000);
    bench.kernel.connections.set(`${KEY} 10.0.0.2:80`, 1);
    await look(1000);
    assert.deepEqual(bench.sent(), [SET_B]);
    assert.equal(keeper.draining[0]?.connections, 1);
    bench.kernel.connections.clear();
    await look(1000);
    assert.deepEqual(bench.sent(), [DELETE_B]);
    assert.deepEqual(keeper.draining, []);
    assert.deepEqual(bench.said(), [
      'info tcp 192.0.2.1:80: 10.0.0.2:80 drains: weight 0, deleted when its connections are gone or in 60 s',
      'info tcp 192.0.2.1:80: 10.0.0.2:80 has drained after 3 s: deleted',
    ]);
  });

  it('without connections: weight 0 and deleted before the reload is answered', async () => {
    await takeOutB(0);
    assert.deepEqual(bench.sent(), [SET_B, DELETE_B]);
    assert.deepEqual(bench.kernel.weights, { [KEY]: { '10.0.0.1:80': 4 } });
  });

  it('a connection that lasts is cut after drain_timeout', async () => {
    await takeOutB(1);
    await look(59_999);
    assert.deepEqual(bench.sent(), [SET_B]);
    await look(1);
    assert.deepEqual(bench.sent(), [DELETE_B]);
  });

  it('with drain_timeout 0s it is deleted at once', async () => {
    bench.drainTimeouts.set(KEY, 0);
    await takeOutB(3);
    assert.deepEqual(bench.sent(), [DELETE_B]);
  });

  it('one that failed, with on_failure: remove, is deleted at once', async () => {
    bench.kernel.connections.set(`${KEY} 10.0.0.2:80`, 3);
    bench.failed.add(`${KEY} 10.0.0.2:80`);
    bench.services.set('web', ONLY_A);
    keeper.changed(['web']);
    await settle();
    assert.deepEqual(bench.sent(), [DELETE_B]);
  });

  it('a sorry server that is relieved drains, without a dump of the whole table', async () => {
    bench.kernel.connections.set(`${KEY} 10.0.0.2:80`, 1);
    const { dumps } = bench.kernel;
    bench.services.set('web', ONLY_A);
    keeper.changed(['web']);
    await settle();
    assert.deepEqual(bench.sent(), [SET_B]);
    assert.deepEqual([bench.kernel.dumps, bench.kernel.looks], [dumps, 1]);
    bench.services.set('web', BOTH);
    keeper.changed(['web']);
    await settle();
    assert.deepEqual(bench.sent(), [SET_B]);
    assert.deepEqual(bench.kernel.weights, { [KEY]: { '10.0.0.1:80': 4, '10.0.0.2:80': 5 } });
    assert.equal(bench.said().at(-1), 'info tcp 192.0.2.1:80: 10.0.0.2:80 is wanted again, it drains no longer');
  });

  it('a change while it drains touches nothing but what changed', async () => {
    await takeOutB(1);
    bench.sent();
    bench.services.set('web', serviceOf(WEB, [destination(A, { weight: 9 })]));
    keeper.changed(['web']);
    await settle();
    assert.deepEqual(bench.sent(), ['change destination 10.0.0.1:80 of tcp 192.0.2.1:80']);
    assert.equal(keeper.draining.length, 1);
  });

  it('what comes back while it drains has the weight that is wanted then', async () => {
    await takeOutB(1);
    bench.services.set('web', BOTH);
    await keeper.reconfigured();
    assert.deepEqual(bench.kernel.weights, { [KEY]: { '10.0.0.1:80': 4, '10.0.0.2:80': 5 } });
    assert.deepEqual(keeper.draining, []);
    bench.nowMs += 60_000;
    await look(0);
    assert.deepEqual(bench.sent(), [SET_B, SET_B]);
  });

  it("no reconciliation takes the end of a drain, or the drain, for somebody else's doing", async () => {
    await takeOutB(1);
    await keeper.reconcile();
    await keeper.reconcile();
    bench.kernel.connections.clear();
    await keeper.reconcile();
    assert.deepEqual(bench.kernel.weights, { [KEY]: { '10.0.0.1:80': 4 } });
    assert.equal(keeper.counters.repairs, 0);
  });

  it("a stranger's destination drains too; the weight he gives it back is taken again", async () => {
    bench.kernel.do({
      command: 'new-dest',
      service: WEB,
      destination: destination(real('10.0.0.9', 80), { weight: 7 }),
    });
    bench.kernel.connections.set(`${KEY} 10.0.0.9:80`, 1);
    await keeper.reconcile();
    assert.equal(bench.kernel.weights[KEY]?.['10.0.0.9:80'], 0);
    bench.kernel.do(setDest(WEB, real('10.0.0.9', 80), { weight: 7 }));
    await keeper.reconcile();
    assert.equal(bench.kernel.weights[KEY]?.['10.0.0.9:80'], 0);
    const text = 'tcp 192.0.2.1:80: 10.0.0.9:80 does not belong there: weight 0, deleted when its connections are gone';
    assert.deepEqual(
      bench.said().filter((line) => line.startsWith('warn')),
      [`warn IPVS table was changed from outside: ${text}`, `warn IPVS table was changed from outside: ${text}`],
    );
  });

  it('a reload during a look has the last word', async () => {
    await takeOutB(1);
    bench.kernel.connections.clear();
    let reloaded: Promise<unknown> | undefined;
    bench.kernel.afterDump = () => {
      bench.kernel.afterDump = () => {};
      bench.services.set('web', BOTH);
      reloaded = keeper.reconfigured();
    };
    await look(1000);
    await reloaded;
    assert.deepEqual(bench.sent(), [SET_B, SET_B]);
    assert.deepEqual(bench.kernel.weights, { [KEY]: { '10.0.0.1:80': 4, '10.0.0.2:80': 5 } });
  });

  describe('a virtual server', () => {
    beforeEach(async () => {
      bench.kernel.connections.set(`${KEY} 10.0.0.2:80`, 1);
      bench.services.clear();
      await keeper.reconfigured();
    });

    it('drains likewise, and is ours until it is gone', async () => {
      assert.deepEqual(bench.kernel.weights, { [KEY]: { '10.0.0.2:80': 0 } });
      assert.deepEqual(bench.owned.keys, [KEY]);
      await keeper.reconcile();
      assert.deepEqual(bench.owned.keys, [KEY]);
      bench.kernel.connections.clear();
      await look(1000);
      assert.deepEqual(bench.kernel.weights, {});
      assert.deepEqual(bench.owned, NOTHING_OWNED);
      assert.equal(bench.sent().at(-1), 'delete service tcp 192.0.2.1:80');
    });

    it('that comes back meanwhile is whole again', async () => {
      bench.services.set('web', BOTH);
      await keeper.reconfigured();
      assert.deepEqual(bench.kernel.weights, { [KEY]: { '10.0.0.2:80': 5, '10.0.0.1:80': 4 } });
    });

    it('goes at once when lvsd stops', async () => {
      await keeper.close({ keepServices: false });
      assert.deepEqual(bench.kernel.weights, {});
      assert.deepEqual(bench.owned, NOTHING_OWNED);
    });

    it('is found again after a crash, and its time begins anew', async () => {
      bench.nowMs = 59_000;
      const later = bench.keeper();
      await later.reconcile();
      bench.sent();
      const lookLater = async (afterMs: number): Promise<readonly string[]> => {
        bench.nowMs += afterMs;
        later.look();
        await settle();
        return bench.sent();
      };
      assert.deepEqual(await lookLater(59_000), []);
      assert.deepEqual(await lookLater(1000), ['delete service tcp 192.0.2.1:80']);
      await later.close({ keepServices: false });
    });

    it('that refuses to be deleted is tried again', async () => {
      bench.kernel.connections.clear();
      bench.kernel.refuses = ({ command }) => (command === 'del-service' ? 'ENOMEM' : null);
      await look(1000);
      assert.deepEqual([keeper.draining.length, bench.owned.keys], [1, [KEY]]);
      bench.kernel.refuses = () => null;
      await look(1000);
      assert.deepEqual([bench.kernel.weights, bench.owned.keys], [{}, []]);
    });
  });
});

describe('services of strangers', () => {
  const OTHER = tcp('192.0.2.9', 80);
  let bench: KeeperBench;
  let keeper: TableKeeper;

  beforeEach(() => {
    bench = new KeeperBench();
    bench.services.set('web', BOTH);
    keeper = bench.keeper();
    bench.kernel.do({ command: 'new-service', service: OTHER, settings: serviceOf(OTHER).settings });
    bench.kernel.do({ command: 'new-dest', service: OTHER, destination: destination(A) });
    bench.kernel.connections.set(`${serviceKey(OTHER)} 10.0.0.1:80`, 1);
  });
  afterEach(() => keeper.close({ keepServices: true }));

  it('stay', async () => {
    await keeper.reconcile();
    assert.deepEqual(bench.kernel.weights[serviceKey(OTHER)], { '10.0.0.1:80': 1 });
  });

  it('with ipvs.exclusive are deleted at once, and told', async () => {
    bench.ipvs = { ...bench.ipvs, exclusive: true };
    await keeper.reconcile();
    assert.deepEqual(Object.keys(bench.kernel.weights), [KEY]);
    const text = 'tcp 192.0.2.9:80 is not ours and ipvs.exclusive is set: deleted';
    assert.deepEqual(bench.said(), [`warn IPVS table was changed from outside: ${text}`]);
    assert.deepEqual(bench.news, [{ kind: 'repair', object: 'ipvs', from: null, to: null, reason: text }]);
    assert.deepEqual(bench.owned.keys, [KEY]);
  });
});
