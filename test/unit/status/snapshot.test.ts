import assert from 'node:assert/strict';
import type { Config } from '../../../src/config/types.ts';
import { isSnapshot } from '../../../src/status/guard.ts';
import { bfdSession, calmCheck, calmServer, calmService, router, snapshot as sample } from '../../support/snapshot.ts';
import {
  build,
  check,
  destination,
  http,
  keyOf,
  local,
  ok,
  real,
  realServerOf,
  refused,
  service,
  worldOf,
  worldWith,
} from '../../support/snapshot-input.ts';
import { routerConfig } from '../vrrp/builders.ts';

describe('status/snapshot', () => {
  it('the daemon, as it was told', () => {
    const lastReload = { atMs: 3, ok: false, problems: ['x'] };
    const { daemon, format, takenAtMs } = build(worldOf(), { lastReload });
    assert.deepEqual([format, takenAtMs], [1, 9000]);
    assert.deepEqual(daemon, {
      name: 'lb1',
      version: '0.1.0',
      pid: 7,
      networkNamespace: 4026531840,
      startedAtMs: 1,
      configFile: '/etc/lvsd/lvsd.yaml',
      configLoadedAtMs: 2,
      lastReload: { atMs: 3, ok: false, problems: ['x'] },
      vrrpProcess: { pid: null, restarts: 0, scheduling: null, memoryLocked: null },
    });
  });

  it('is plain JSON: nothing is lost on the way', () => {
    const snapshot = build(worldOf(), { table: [service(80, [destination('10.0.0.11', 0, 2)])] });
    assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot);
  });

  describe('virtual routers', () => {
    const virtualRouters: Config['virtualRouters'] = [routerConfig({ priority: 150 })];

    it('none configured: there is nobody who should answer', () => {
      const { vrrpAnswering, virtualRouters: routers, vrrpRefused } = build(worldOf());
      assert.deepEqual([vrrpAnswering, routers, vrrpRefused], [true, [], {}]);
    });

    it('configured, no report: not answering', () => {
      assert.equal(build(worldOf({ virtualRouters })).vrrpAnswering, false);
    });

    it('pass through as reported', () => {
      const vrrp = {
        scheduling: 'SCHED_RR 10',
        memoryLocked: true,
        routers: [router],
        bfd: [bfdSession],
        refused: { 'eth0 ipv4': { 'vrid-errors': 2 } },
      };
      const snapshot = build(worldOf({ virtualRouters }), { vrrp, vrrpProcess: { pid: 8, restarts: 1 } });
      assert.equal(snapshot.vrrpAnswering, true);
      assert.deepEqual(snapshot.virtualRouters, [router]);
      assert.deepEqual(snapshot.bfdSessions, [bfdSession]);
      assert.deepEqual(snapshot.vrrpRefused, { 'eth0 ipv4': { 'vrid-errors': 2 } });
      assert.deepEqual(snapshot.daemon.vrrpProcess, {
        pid: 8,
        restarts: 1,
        scheduling: 'SCHED_RR 10',
        memoryLocked: true,
      });
    });
  });

  describe('connection sync', () => {
    const daemon = { interface: 'eth1', syncId: 51, maxLength: null, group: null, port: null, ttl: null };
    const master = { ...daemon, role: 'master' } as const;
    const backup = { ...daemon, role: 'backup' } as const;
    const connectionSync = { ...daemon, follow: 'web' };

    it('not configured: null, whatever somebody else runs', () => {
      assert.equal(build(worldOf(), { daemons: [master] }).connectionSync, null);
    });

    const rows = [
      { wantedDaemons: [master], daemons: [backup], report: { wanted: 'master', running: [backup] } },
      { wantedDaemons: [backup], daemons: [], report: { wanted: 'backup', running: [] } },
      { wantedDaemons: [], daemons: [], report: { wanted: 'none', running: [] } },
    ] as const;
    for (const { report, ...input } of rows) {
      it(`wanted ${report.wanted}`, () => {
        assert.deepEqual(build(worldOf({ connectionSync }), input).connectionSync, { follow: 'web', ...report });
      });
    }
  });

  describe('virtual servers', () => {
    it('without a kernel table nothing is claimed about the kernel', () => {
      assert.deepEqual(build(worldOf(), { table: null }).virtualServers, [
        {
          name: 'web',
          service: 'tcp 192.0.2.100:80',
          services: [{ service: 'tcp 192.0.2.100:80', inKernel: null }],
          scheduler: 'wlc',
          state: 'DOWN',
          usableWeight: 0,
          quorum: 1,
          ...calmService,
          sorryServers: [],
          inKernel: null,
          realServers: [
            {
              address: '10.0.0.11:80',
              forwarding: 'direct',
              tunnel: null,
              state: 'UNKNOWN',
              reason: 'not probed yet',
              sinceMs: 1000,
              ...calmServer,
              weight: { configured: 100, wanted: 0, kernel: null },
              thresholds: { upper: 20, lower: 15, over: false },
              connections: null,
              checks: [
                {
                  type: 'tcp',
                  target: '10.0.0.11:80',
                  state: 'UNKNOWN',
                  lastResult: null,
                  detail: null,
                  latencyMs: null,
                  atMs: null,
                  ...calmCheck,
                },
              ],
            },
          ],
        },
      ]);
    });

    it('finds its service and destinations among others', () => {
      const world = worldWith(
        {},
        { sorryServers: [{ address: '10.0.0.90', port: 80, forwarding: 'nat', tunnel: null, weight: 1, checks: [] }] },
      );
      const asked: string[] = [];
      const [report] = build(world, {
        table: [
          service(81, [destination('10.0.0.11', 1, 1)]),
          service(80, [destination('10.0.0.90', 1, 3), destination('10.0.0.11', 7, 20)]),
        ],
        isOver: (...names) => asked.push(names.join(' ')) === 1,
      }).virtualServers;
      assert.equal(report?.inKernel, true);
      assert.deepEqual(report.sorryServers[0], {
        address: '10.0.0.90:80',
        forwarding: 'nat',
        tunnel: null,
        active: true,
        state: 'UP',
        reason: null,
        sinceMs: null,
        weight: { configured: 1, wanted: 1, kernel: 1 },
        connections: { active: 3, inactive: 30, persistent: 5 },
        checks: [],
      });
      const [first] = report.realServers;
      assert.deepEqual(first?.weight, { configured: 100, wanted: 0, kernel: 7 });
      assert.deepEqual(first.connections, { active: 20, inactive: 30, persistent: 5 });
      assert.deepEqual(first.thresholds, { upper: 20, lower: 15, over: true });
      assert.deepEqual(asked, ['tcp 192.0.2.100:80 10.0.0.11:80']);
    });

    it('a service that the kernel does not have', () => {
      assert.equal(build(worldOf(), { table: [service(81, [])] }).virtualServers[0]?.inKernel, false);
    });
  });

  describe('real servers', () => {
    it('UP with its first success, DOWN after fall failures, why and since when', () => {
      const world = worldWith({});
      const key = keyOf(world, 'tcp');
      world.observe(key, ok, 2000);
      const up = build(world);
      assert.equal(up.virtualServers[0]?.state, 'UP');
      assert.equal(up.virtualServers[0].usableWeight, 100);
      const { state, reason, sinceMs, checks } = realServerOf(up);
      assert.deepEqual([state, reason, sinceMs], ['UP', null, 2000]);
      assert.deepEqual(checks[0], {
        type: 'tcp',
        target: '10.0.0.11:80',
        state: 'UP',
        lastResult: 'ok',
        detail: null,
        latencyMs: 1.5,
        atMs: 2000,
        ...calmCheck,
      });

      world.observe(key, refused, 4000);
      const failing = realServerOf(build(world));
      assert.deepEqual([failing.state, failing.reason, failing.sinceMs], ['UP', null, 2000]);
      assert.equal(failing.checks[0]?.lastResult, 'refused');

      world.observe(key, refused, 6000);
      const down = realServerOf(build(world));
      assert.deepEqual([down.state, down.reason, down.sinceMs], ['DOWN', 'refused: connect ECONNREFUSED', 6000]);
      assert.deepEqual(down.checks[0], {
        type: 'tcp',
        target: '10.0.0.11:80',
        state: 'DOWN',
        lastResult: 'refused',
        detail: 'connect ECONNREFUSED',
        latencyMs: 0.3,
        atMs: 6000,
        ...calmCheck,
        failure: 'refused: connect ECONNREFUSED',
      });
    });

    it('stays UNKNOWN while this machine cannot probe, and says so', () => {
      const world = worldWith({});
      world.observe(keyOf(world, 'tcp'), local, 2000);
      const { state, reason, sinceMs } = realServerOf(build(world));
      assert.deepEqual([state, reason, sinceMs], ['UNKNOWN', 'local: EMFILE', 1000]);
    });

    it('several checks: UP since the last came up, DOWN since the first went down', () => {
      const world = worldWith({ checks: [check, http] });
      const [tcpKey, httpKey] = [keyOf(world, 'tcp'), keyOf(world, 'http')];
      world.observe(tcpKey, ok, 2000);
      assert.deepEqual(realServerOf(build(world)).state, 'UNKNOWN');
      world.observe(httpKey, ok, 3000);
      assert.equal(realServerOf(build(world)).sinceMs, 3000);
      for (const atMs of [4000, 5000]) world.observe(httpKey, refused, atMs);
      for (const atMs of [6000, 7000]) world.observe(tcpKey, refused, atMs);
      const { state, sinceMs, checks } = realServerOf(build(world));
      assert.deepEqual([state, sinceMs], ['DOWN', 5000]);
      assert.deepEqual(
        checks.map(({ type, target }) => `${type} ${target}`),
        ['tcp 10.0.0.11:80', 'http 10.0.0.11:80/healthz'],
      );
    });

    it('any of several checks: UP since the first came up, DOWN since the last went down', () => {
      const world = worldWith({ checks: [check, http], required: 1 });
      const [tcpKey, httpKey] = [keyOf(world, 'tcp'), keyOf(world, 'http')];
      world.observe(tcpKey, ok, 2000);
      world.observe(httpKey, ok, 3000);
      const up = realServerOf(build(world));
      assert.deepEqual([up.state, up.sinceMs, up.required], ['UP', 2000, 1]);
      for (const atMs of [4000, 5000]) world.observe(httpKey, refused, atMs);
      for (const atMs of [6000, 7000]) world.observe(tcpKey, refused, atMs);
      const down = realServerOf(build(world));
      assert.deepEqual([down.state, down.sinceMs], ['DOWN', 7000]);
    });

    it('a check that is held down, and one that passes with a warning', () => {
      const flapping = { ...check, fall: 1, rise: 1, flapDamping: { holdMs: 5000, maxMs: 60_000, forgetMs: 600_000 } };
      const world = worldWith({ checks: [flapping] });
      const key = keyOf(world, 'tcp');
      for (const [result, atMs] of [
        [ok, 2000],
        [refused, 3000],
        [ok, 4000],
        [refused, 5000],
        [ok, 6000],
      ] as const) {
        world.observe(key, result, atMs);
      }
      const [held] = realServerOf(build(world, { nowMs: 6000 })).checks;
      assert.deepEqual([held?.state, held?.lastResult, held?.heldUntilMs], ['DOWN', 'ok', 10_000]);
      assert.equal(held?.failure, 'refused: connect ECONNREFUSED');
      assert.equal(realServerOf(build(world, { nowMs: 10_000 })).checks[0]?.heldUntilMs, null);
      world.observe(key, { ...ok, warning: 'the certificate expires in 3 days' }, 10_000);
      assert.equal(realServerOf(build(world)).checks[0]?.warning, 'the certificate expires in 3 days');
    });

    it('weights as advised, warming up, by tier', () => {
      const world = worldWith(
        { checks: [{ ...check, rise: 1, fall: 1 }] },
        { slowStart: { durationMs: 10_000, fromPercent: 10 } },
      );
      const key = keyOf(world, 'tcp');
      world.observe(key, ok, 2000);
      world.observe(key, refused, 3000);
      world.observe(key, { ...ok, advice: { weightPercent: 50, maxConnections: 7 } }, 4000);
      const { weight, grade, slowStart } = realServerOf(build(world, { nowMs: 4000 }));
      assert.deepEqual(weight, { configured: 100, wanted: 5, kernel: null });
      assert.deepEqual(grade, { advisedPercent: 50, drain: false, maxConnections: 7, latencyMs: null });
      assert.deepEqual(slowStart, { sinceMs: 4000, untilMs: 14_000, percent: 10 });
    });

    it('a panic keeps what is down', () => {
      const world = worldWith({ checks: [{ ...check, fall: 1 }] }, { panic: { thresholdPercent: 50, withinMs: 5000 } });
      const key = keyOf(world, 'tcp');
      world.observe(key, ok, 2000);
      world.observe(key, refused, 3000);
      const [report] = build(world).virtualServers;
      assert.deepEqual(report?.panic, { sinceMs: 3000, failed: 1, of: 1, waitsFor: 'recovery' });
      const [kept] = report.realServers;
      assert.deepEqual([report.state, kept?.state, kept?.kept, kept?.weight.wanted], ['UP', 'DOWN', true, 100]);
    });

    it('checks that rest, a tier, a self check', () => {
      const lazy = worldWith({ tier: 1 }, { haSuspend: 'r' });
      lazy.setRole('r', 'BACKUP', 2000);
      assert.equal(build(lazy).virtualServers[0]?.suspendedBy, 'r');
      lazy.setRole('r', 'MASTER', 3000);
      assert.equal(build(lazy).virtualServers[0]?.suspendedBy, null);
      const two = worldWith(
        {},
        {
          realServers: [
            { ...real, tier: 2 },
            { ...real, address: '10.0.0.12', checks: [] },
          ],
        },
      );
      const [report] = build(two).virtualServers;
      assert.deepEqual([report?.tier, report?.realServers.map(({ tier }) => tier)], [0, [2, 0]]);
      assert.equal(build(lazy).selfCheck, null);
      const asked = worldOf({ selfCheck: check });
      asked.observe('self_check', ok, 2000);
      assert.deepEqual([build(asked).selfCheck?.state, build(asked).selfCheck?.target], ['UP', '10.0.0.11:80']);
    });

    it('without checks: UP since nobody knows when', () => {
      const { state, reason, sinceMs, checks } = realServerOf(build(worldWith({ checks: [] })));
      assert.deepEqual([state, reason, sinceMs, checks], ['UP', null, null, []]);
    });

    it('writes IPv6 in brackets', () => {
      const address = '2001:db8::11';
      const world = worldWith(
        { address, checks: [{ ...http, address }] },
        { ids: [{ kind: 'fwmark', family: 6, fwmark: 7 }] },
      );
      const { virtualServers } = build(world);
      assert.equal(virtualServers[0]?.service, 'fwmark 7 ipv6');
      assert.equal(virtualServers[0].realServers[0]?.address, '[2001:db8::11]:80');
      assert.equal(virtualServers[0].realServers[0].checks[0]?.target, '[2001:db8::11]:80/healthz');
    });
  });

  it('the keeper of the table: its counters, and whether the table could be read', () => {
    const keeper = { lastReconcileAtMs: 5, reconciles: 2, repairs: 1, refusedCommands: 0, lastProblem: null };
    assert.equal(build(worldOf()).ipvs, null);
    assert.deepEqual(build(worldOf(), { keeper }).ipvs, { available: true, exclusive: false, draining: [], ...keeper });
    assert.equal(build(worldOf(), { keeper, table: null }).ipvs?.available, false);
  });

  it('the guard knows a snapshot from everything else', () => {
    assert.ok(isSnapshot(build(worldOf())));
    assert.ok(isSnapshot(sample));
    for (const other of [null, 1, 'x', [], {}, { format: 2, daemon: {}, virtualServers: [] }, { error: 'x' }]) {
      assert.ok(!isSnapshot(other), JSON.stringify(other));
    }
  });
});
