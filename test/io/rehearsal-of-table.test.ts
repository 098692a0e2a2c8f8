/** A plan says what a reload would do to the kernel, and does nothing. */
import assert from 'node:assert/strict';
import { renderChanges } from '../../src/director/change-text.ts';
import { serviceKey } from '../../src/ipvs/key.ts';
import { KeeperBench } from '../support/keeper-bench.ts';
import { daemonOf, destination, real, serviceOf, tcp } from '../unit/ipvs/builders.ts';

const WEB = tcp('192.0.2.1', 80);
const GONE = tcp('192.0.2.2', 80);
const A = real('10.0.0.1', 80);
const B = real('10.0.0.2', 80);

describe('rehearsal', () => {
  it('names every difference, and leaves kernel, memory, counters and log as they are', async () => {
    const bench = new KeeperBench();
    bench.drainTimeouts.set(serviceKey(WEB), 60_000);
    bench.kernel.settings.set('expire_nodest_conn', '0');
    bench.services.set('web', serviceOf(WEB, [destination(A, { weight: 5 }), destination(B)]));
    bench.services.set('gone', serviceOf(GONE, [destination(A)]));
    const keeper = bench.keeper();
    await keeper.reconcile();
    bench.kernel.connections.set(`${serviceKey(WEB)} 10.0.0.2:80`, 3);
    const services = [
      serviceOf(WEB, [destination(A, { weight: 10 })], { scheduler: 'rr' }),
      serviceOf(tcp('192.0.2.3', 80)),
    ];
    const state = (): unknown => {
      const { weights, settings, connectionTimeouts, running } = bench.kernel;
      return structuredClone([
        weights,
        settings,
        connectionTimeouts,
        running,
        bench.owned,
        keeper.counters,
        bench.lines,
      ]);
    };
    const before = state();
    bench.sent();
    const changes = await keeper.rehearse(() => ({
      ...bench.wanted,
      services: () => services,
      daemons: () => [daemonOf({ syncId: 51 })],
      ipvs: () => ({
        ...bench.wanted.ipvs(),
        timeouts: { tcpS: 600, tcpFinS: null, udpS: null },
        settings: { expire_nodest_conn: '1' },
      }),
    }));
    assert.deepEqual(renderChanges(changes).split('\n'), [
      '~ net.ipv4.vs.expire_nodest_conn 0 -> 1',
      '~ timeout tcp 900 -> 600',
      '~ tcp 192.0.2.1:80 scheduler wlc -> rr',
      '~ tcp 192.0.2.1:80: 10.0.0.1:80 weight 5 -> 10',
      '- tcp 192.0.2.1:80: 10.0.0.2:80 (drains first: 3 connections, at most 60 s)',
      '+ tcp 192.0.2.3:80 wlc',
      '- tcp 192.0.2.2:80 (drains first: 0 connections, at most 300 s)',
      '- tcp 192.0.2.2:80: 10.0.0.1:80 (drains first: 0 connections, at most 300 s)',
      '+ master sync daemon lo, sync id 51',
      '9 changes',
      '',
    ]);
    assert.deepEqual(state(), before);
    assert.deepEqual([bench.sent(), keeper.draining], [[], []]);
    assert.deepEqual(await keeper.rehearse(() => bench.wanted), []);
    await keeper.close({ keepServices: true });
  });

  it('of what drains already says nothing more', async () => {
    const bench = new KeeperBench();
    bench.services.set('web', serviceOf(WEB, [destination(A)]));
    const keeper = bench.keeper();
    await keeper.reconcile();
    bench.kernel.connections.set(`${serviceKey(WEB)} 10.0.0.1:80`, 1);
    bench.services.clear();
    await keeper.reconfigured();
    assert.equal(keeper.draining.length, 1);
    assert.deepEqual(await keeper.rehearse(() => bench.wanted), []);
    await keeper.close({ keepServices: false });
  });
});
