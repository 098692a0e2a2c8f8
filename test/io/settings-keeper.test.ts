/** Settings and timeouts: written, repaired, remembered and put back. */
import assert from 'node:assert/strict';
import { renderChanges } from '../../src/director/change-text.ts';
import type { TableKeeper } from '../../src/sys/table-keeper.ts';
import { KeeperBench } from '../support/keeper-bench.ts';
import { daemonOf } from '../unit/ipvs/builders.ts';

const TIMEOUTS = { tcpS: 600, tcpFinS: null, udpS: null };

describe('settings keeper', () => {
  let bench: KeeperBench;
  let keeper: TableKeeper;

  beforeEach(() => {
    bench = new KeeperBench();
    bench.kernel.settings.set('expire_nodest_conn', '0');
    bench.kernel.settings.set('sync_threshold', '3\t50');
    bench.ipvs = { ...bench.ipvs, settings: { expire_nodest_conn: '1', sync_threshold: '3 50' }, timeouts: TIMEOUTS };
    keeper = bench.keeper();
  });
  afterEach(() => keeper.close({ keepServices: true }));

  function now(): unknown {
    return [bench.kernel.settings.get('expire_nodest_conn'), bench.kernel.connectionTimeouts.tcpS];
  }

  async function repairsAStrangersChange(): Promise<void> {
    bench.said();
    bench.kernel.settings.set('expire_nodest_conn', '0');
    bench.kernel.connectionTimeouts = { tcpS: 5, tcpFinS: 5, udpS: 5 };
    await keeper.reconcile();
    assert.deepEqual(now(), ['1', 600]);
    assert.deepEqual(bench.said(), [
      'warn IPVS settings were changed from outside: net.ipv4.vs.expire_nodest_conn was 0, wants 1: set',
      'warn IPVS settings were changed from outside: timeout tcp was 5, wants 600: set',
    ]);
    assert.equal(keeper.counters.repairs, 2);
  }

  it('writes what differs, and tells of it once', async () => {
    assert.deepEqual(await keeper.reconcile(), []);
    await keeper.reconcile();
    assert.deepEqual(now(), ['1', 600]);
    assert.equal(bench.kernel.settings.get('sync_threshold'), '3\t50');
    assert.deepEqual(bench.said(), [
      'info IPVS settings: net.ipv4.vs.expire_nodest_conn was 0, wants 1: set',
      'info IPVS settings: timeout tcp was 900, wants 600: set',
    ]);
    assert.equal(keeper.counters.repairs, 0);
  });

  it('repairs what a stranger changes, and tells what it found', async () => {
    await keeper.reconcile();
    await repairsAStrangersChange();
  });

  it('takes no new configuration for a stranger', async () => {
    await keeper.reconcile();
    bench.ipvs = { ...bench.ipvs, timeouts: { ...TIMEOUTS, tcpS: 700 } };
    await keeper.reconfigured();
    assert.deepEqual([now(), keeper.counters.repairs], [['1', 700], 0]);
  });

  it('warns once of what this kernel does not have, and goes on', async () => {
    bench.ipvs = { ...bench.ipvs, settings: { run_estimation: '0', est_nice: '5', expire_nodest_conn: '1' } };
    assert.deepEqual(await keeper.reconcile(), []);
    await keeper.reconfigured();
    assert.deepEqual(
      bench.said().filter((line) => line.startsWith('warn')),
      ['warn This kernel does not have net.ipv4.vs.run_estimation, net.ipv4.vs.est_nice: going on without'],
    );
    assert.deepEqual(now(), ['1', 600]);
  });

  it('a value that the kernel refuses is a problem, and stops nothing else', async () => {
    bench.kernel.understands = (name, value) => (name === 'expire_nodest_conn' ? null : value);
    assert.deepEqual(await keeper.reconcile(), ['Cannot write 1 to expire_nodest_conn: EINVAL']);
    assert.deepEqual(now(), ['0', 600]);
  });

  it('a value that is refused for ever does not hide what a stranger does to others', async () => {
    bench.kernel.understands = (name, value) => (name === 'sync_threshold' ? null : value);
    bench.kernel.settings.set('sync_threshold', '3\t60');
    await keeper.reconcile();
    await repairsAStrangersChange();
  });

  it('a value that the kernel shows in its own words is no change of a stranger', async () => {
    bench.kernel.settings.set('sync_sock_size', '0');
    bench.kernel.understands = (_, value) => (value === '4000' ? '4096' : value);
    bench.ipvs = { ...bench.ipvs, settings: { sync_sock_size: '4000' } };
    await keeper.reconcile();
    await keeper.reconcile();
    assert.equal(keeper.counters.repairs, 0);
  });

  it('what a sync daemon only reads at its start makes it start again, nothing else does', async () => {
    bench.kernel.settings.set('sync_ports', '1');
    bench.daemons = [daemonOf({ role: 'backup' })];
    await keeper.reconcile();
    bench.ipvs = { ...bench.ipvs, settings: { expire_nodest_conn: '0' } };
    await keeper.reconfigured();
    assert.equal(bench.kernel.starts, 1);
    bench.ipvs = { ...bench.ipvs, settings: { sync_ports: '4' } };
    assert.deepEqual(await keeper.reconfigured(), []);
    assert.deepEqual([bench.kernel.starts, bench.kernel.running], [2, bench.daemons]);
    await keeper.reconcile();
    assert.equal(bench.kernel.starts, 2);
  });

  it('the sync daemon of a stranger goes on', async () => {
    bench.kernel.settings.set('sync_ports', '1');
    bench.kernel.running = [daemonOf({})];
    bench.ipvs = { ...bench.ipvs, settings: { sync_ports: '4' } };
    await keeper.reconcile();
    assert.deepEqual(bench.kernel.running, [daemonOf({})]);
  });

  describe('the way back', () => {
    it('is on disk before the first write, and never forgotten', async () => {
      const seen: unknown[] = [];
      bench.kernel.understands = (_, value) => {
        seen.push(bench.owned.originals.settings['expire_nodest_conn']);
        return value;
      };
      await keeper.reconcile();
      bench.kernel.settings.set('expire_nodest_conn', '7');
      await keeper.reconcile();
      assert.deepEqual(seen, ['0', '0']);
      assert.deepEqual(bench.owned.originals, {
        settings: { expire_nodest_conn: '0' },
        timeouts: { tcpS: 900, tcpFinS: null, udpS: null },
      });
    });

    it('is taken when lvsd stops, if that is wanted', async () => {
      bench.ipvs = { ...bench.ipvs, restoreSettings: true };
      await keeper.reconcile();
      await keeper.close({ keepServices: false });
      assert.deepEqual(now(), ['0', 900]);
      assert.deepEqual(bench.owned.originals.settings, {});
    });

    it('is not taken otherwise, and stays open', async () => {
      await keeper.reconcile();
      await keeper.close({ keepServices: false });
      assert.deepEqual(now(), ['1', 600]);
      assert.deepEqual(bench.owned.originals.settings, { expire_nodest_conn: '0' });
    });

    it('is not taken while the services stay', async () => {
      bench.ipvs = { ...bench.ipvs, restoreSettings: true };
      await keeper.reconcile();
      await keeper.close({ keepServices: true });
      assert.deepEqual(now(), ['1', 600]);
    });

    it('survives a crash: the next run goes back to the first value', async () => {
      await keeper.reconcile(); // and then nothing more is heard of it
      bench.ipvs = { ...bench.ipvs, restoreSettings: true, settings: { expire_nodest_conn: '2' } };
      const later = bench.keeper();
      await later.reconcile();
      assert.deepEqual(now(), ['2', 600]);
      await later.close({ keepServices: false });
      assert.deepEqual(now(), ['0', 900]);
    });

    it('is taken for what left the configuration', async () => {
      bench.ipvs = { ...bench.ipvs, restoreSettings: true };
      await keeper.reconcile();
      bench.said();
      bench.ipvs = { ...bench.ipvs, settings: {}, timeouts: { ...TIMEOUTS, tcpS: null } };
      assert.equal(
        renderChanges(await keeper.rehearse(() => bench.wanted)),
        '~ net.ipv4.vs.expire_nodest_conn 1 -> 0\n~ timeout tcp 600 -> 900\n2 changes\n',
      );
      await keeper.reconfigured();
      assert.deepEqual(now(), ['0', 900]);
      assert.deepEqual(bench.said(), [
        'info IPVS settings: net.ipv4.vs.expire_nodest_conn is put back to 0',
        'info IPVS settings: timeout tcp is put back to 900',
      ]);
      assert.deepEqual(await keeper.rehearse(() => bench.wanted), []);
      assert.deepEqual(bench.owned.originals, { settings: {}, timeouts: { tcpS: null, tcpFinS: null, udpS: null } });
    });
  });
});
