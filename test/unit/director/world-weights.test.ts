/** Weights that move by themselves or by what servers say; hints; sorry servers with checks; what is told besides. */
import assert from 'node:assert/strict';
import type { VirtualServerConfig } from '../../../src/config/types.ts';
import type { CheckCommon } from '../../../src/config/types-checks.ts';
import type { GradedWeightConfig } from '../../../src/config/types-service.ts';
import { type Observation, World } from '../../../src/director/world.ts';
import type { Advice, ProbeResult } from '../../../src/health/types.ts';
import { configOf, failure, PASS, realServer, tcpCheck, virtualServer } from './builders.ts';
import { a, b, everybody, feed, keyOf, nobody, told, weights } from './world-bench.ts';

const worldOf = (given: Partial<VirtualServerConfig>, carries = everybody): World =>
  new World(configOf(virtualServer([a, b], given)), carries, 0);
const says = (advice: Advice): ProbeResult => ({ ok: true, latencyMs: 1, advice });

describe('director/world: hints', () => {
  it('a failure that was hinted at decides at once, a success counts as any other', () => {
    const world = worldOf({});
    const key = keyOf(world, '10.0.0.11');
    assert.deepEqual(told(world.observe(key, failure(), 0, true)), ['web 10.0.0.11:80 up->down']);
    assert.deepEqual(told(world.observe(key, PASS, 0, true)), []);
    assert.deepEqual(told(world.observe(key, PASS, 0, true)), ['web 10.0.0.11:80 down->up']);
  });

  it('pending while a verdict may change soon', () => {
    const world = worldOf({});
    const key = keyOf(world, '10.0.0.11');
    const pending = [PASS, failure(), PASS, failure(), failure(), failure(), PASS, PASS].map(
      (result) => world.observe(key, result, 0).pending,
    );
    assert.deepEqual(pending, [false, true, false, true, true, false, true, false]);
  });
});

describe('director/world: slow start', () => {
  const slowStart = { durationMs: 10_000, fromPercent: 20 };

  it('from a recovery on, in steps, to all of it', () => {
    const world = worldOf({ slowStart });
    feed(world, '10.0.0.11', '---+', 1000);
    assert.equal(world.nextTickAt(), null);
    const risen = world.observe(keyOf(world, '10.0.0.11'), PASS, 2000);
    assert.deepEqual([told(risen), risen.servers], [['web 10.0.0.11:80 down->up'], ['web']]);
    assert.deepEqual(weights(world), ['10.0.0.11 20', '10.0.0.12 50']);
    assert.deepEqual(world.slowStart('web', 0), { sinceMs: 2000, untilMs: 12_000, percent: 20 });
    assert.equal(world.nextTickAt(), 2500);
    const early = world.tick(2499);
    assert.deepEqual([early.servers, world.nextTickAt()], [[], 2500]);
    const step = world.tick(2500);
    assert.deepEqual([step.servers, step.changes, weights(world)[0]], [['web'], [], '10.0.0.11 24']);
    assert.deepEqual(world.tick(7000).servers, ['web']);
    assert.equal(world.effectiveWeight('web', 0), 60);
    assert.deepEqual(world.tick(12_000).servers, ['web']);
    assert.deepEqual(weights(world), ['10.0.0.11 100', '10.0.0.12 50']);
    assert.deepEqual([world.nextTickAt(), world.slowStart('web', 0)], [null, null]);
  });

  it('counts with its whole weight in the quorum', () => {
    const world = worldOf({ slowStart, quorum: 140 });
    assert.deepEqual(feed(world, '10.0.0.11', '---'), ['web 10.0.0.11:80 up->down', 'web up->down']);
    assert.deepEqual(feed(world, '10.0.0.11', '++'), ['web 10.0.0.11:80 down->up', 'web down->up']);
  });

  it('not for one that was adopted, nor after the first check, nor after a failure that did not count', () => {
    const adopted = worldOf({ slowStart });
    feed(adopted, '10.0.0.11', '+--+');
    assert.equal(weights(adopted)[0], '10.0.0.11 100');
    const fresh = worldOf({ slowStart }, nobody);
    feed(fresh, '10.0.0.11', '+');
    assert.equal(weights(fresh)[0], '10.0.0.11 100');
  });

  it('begins again after another failure, and goes on over a reload', () => {
    const world = worldOf({ slowStart });
    feed(world, '10.0.0.11', '---++', 1000);
    feed(world, '10.0.0.11', '---', 6000);
    assert.deepEqual([world.nextTickAt(), weights(world)[0]], [null, '10.0.0.11 0']);
    feed(world, '10.0.0.11', '++', 7000);
    world.reload(configOf(virtualServer([b, a], { slowStart })), 12_000);
    assert.deepEqual(weights(world), ['10.0.0.12 50', '10.0.0.11 60']);
    assert.equal(world.nextTickAt(), 12_500);
    world.reload(configOf(virtualServer([b, a])), 12_100);
    assert.deepEqual([weights(world), world.nextTickAt()], [['10.0.0.12 50', '10.0.0.11 100'], null]);
  });

  it('the next step of several is the first one', () => {
    const other = { name: 'other', ids: [{ kind: 'fwmark', family: 4, fwmark: 7 }] as const, slowStart };
    const world = new World(configOf(virtualServer([a], { slowStart }), virtualServer([b], other)), everybody, 0);
    feed(world, '10.0.0.12', '---++', 1000);
    feed(world, '10.0.0.11', '---++', 1200);
    assert.equal(world.nextTickAt(), 1500);
    assert.deepEqual(world.tick(1500).servers, ['other']);
    assert.equal(world.nextTickAt(), 1700);
    assert.deepEqual(world.tick(2000).servers, ['other', 'web']);
  });

  it('a recovery takes as many checks as it needs, and as many reloads as come between', () => {
    const checks = [1, 2, 3].map((port) => tcpCheck('10.0.0.11', port));
    const config = configOf(virtualServer([{ ...a, checks, required: 2 }], { slowStart }));
    const world = new World(config, nobody, 0);
    const probe = (port: number, result: ProbeResult) => world.observe(JSON.stringify(checks[port - 1]), result, 1000);
    probe(1, failure());
    assert.deepEqual(told(probe(2, failure())), ['web 10.0.0.11:80 unknown->down']);
    probe(1, PASS);
    assert.deepEqual(told(probe(1, PASS)), ['web 10.0.0.11:80 down->unknown']);
    world.reload(config, 1000);
    probe(3, PASS);
    assert.equal(world.effectiveWeight('web', 0), 20);
  });

  it('ends when the clock is set back', () => {
    const world = worldOf({ slowStart });
    feed(world, '10.0.0.11', '---++', 1_000_000);
    world.tick(5000);
    assert.deepEqual([weights(world)[0], world.nextTickAt()], ['10.0.0.11 100', null]);
  });
});

describe('director/world: graded weights', () => {
  const key = JSON.stringify(a.checks[0]);
  const gradedWeight: GradedWeightConfig = { minPercent: 10, maxPercent: 200, smoothingPercent: 100, latency: null };

  it('follow what a server says, and tell no change', () => {
    const world = worldOf({ gradedWeight });
    const half: Observation = world.observe(key, says({ weightPercent: 50 }), 1);
    assert.deepEqual([half.servers, half.changes, weights(world)[0]], [['web'], [], '10.0.0.11 50']);
    assert.deepEqual(world.observe(key, says({ weightPercent: 51 }), 2).servers, [], 'too little to bother the kernel');
    assert.deepEqual(world.observe(key, says({ weight: 180 }), 2).servers, ['web']);
    assert.equal(weights(world)[0], '10.0.0.11 180');
    assert.deepEqual(world.observe(key, PASS, 3).servers, []);
    assert.equal(world.gradeOf('web', 0).advisedPercent, 180);
  });

  it('a server that drains gets nothing and does not count', () => {
    const world = worldOf({ quorum: 60 });
    const drained = world.observe(key, says({ drain: true }), 1);
    assert.deepEqual([told(drained), drained.servers], [['web 10.0.0.11:80 drains', 'web up->down'], ['web']]);
    assert.deepEqual([weights(world)[0], world.verdict('web', 0).verdict], ['10.0.0.11 0', 'up']);
    assert.deepEqual(told(world.observe(key, says({ drain: true }), 1)), [], 'told once');
    assert.deepEqual(told(world.observe(key, says({ drain: false }), 1)), [
      'web 10.0.0.11:80 drains no more',
      'web down->up',
    ]);
  });

  it('becomes a threshold', () => {
    const world = worldOf({});
    const limits = (): unknown[] => world.desired().map(({ destinations: [first] }) => first?.settings.upperThreshold);
    assert.deepEqual(world.observe(key, says({ maxConnections: 30 }), 1).servers, ['web']);
    assert.deepEqual(limits(), [30]);
    assert.deepEqual(world.observe(key, says({ maxConnections: 30 }), 1).servers, []);
    world.observe(key, says({ maxConnections: 0 }), 1);
    assert.deepEqual(limits(), [0]);
  });

  it('follow the latency, which a failure makes forget', () => {
    const latency = { fullMs: 100, lowMs: 200 };
    const world = worldOf({ gradedWeight: { ...gradedWeight, smoothingPercent: 10, latency } });
    world.observe(key, { ok: true, latencyMs: 150 }, 1);
    assert.deepEqual([weights(world)[0], world.gradeOf('web', 0).latencyMs], ['10.0.0.11 55', 150]);
    for (let i = 0; i < 3; i++) world.observe(key, failure(), 2);
    for (let i = 0; i < 2; i++) world.observe(key, PASS, 3);
    assert.equal(weights(world)[0], '10.0.0.11 100');
  });

  it('of one check that two real servers share', () => {
    const twin = { ...a, port: 81 };
    const world = new World(configOf(virtualServer([a, twin])), everybody, 0);
    world.observe(key, says({ weightPercent: 50 }), 1);
    assert.deepEqual(weights(world), ['10.0.0.11 50', '10.0.0.11 50']);
    const first = new World(configOf(virtualServer([a, { ...twin, weight: 0 }])), everybody, 0);
    assert.deepEqual(first.observe(key, says({ weightPercent: 50 }), 1).servers, ['web'], 'the second one stays at 0');
  });

  it('of one check that two virtual servers share, each by its own configuration', () => {
    const other = { name: 'other', ids: [{ kind: 'fwmark', family: 4, fwmark: 7 }] as const };
    const config = configOf(virtualServer([a], { gradedWeight }), virtualServer([{ ...a, weight: 10 }], other));
    const world = new World(config, everybody, 0);
    assert.deepEqual(world.observe(key, says({ weightPercent: 150 }), 1).servers, ['web']);
    assert.deepEqual(weights(world), ['10.0.0.11 150', '10.0.0.11 10']);
  });

  it('stay over a reload; another configured weight, or other bounds, count at once', () => {
    const world = worldOf({ gradedWeight });
    world.observe(key, says({ weightPercent: 50 }), 1);
    const reloaded = (weight: number, given: Partial<VirtualServerConfig>): string | undefined => {
      world.reload(configOf(virtualServer([{ ...a, weight }, b], given)), 2);
      return weights(world)[0];
    };
    assert.equal(reloaded(100, { gradedWeight }), '10.0.0.11 50');
    assert.equal(reloaded(40, { gradedWeight }), '10.0.0.11 20');
    assert.equal(reloaded(40, { gradedWeight: { ...gradedWeight, minPercent: 60 } }), '10.0.0.11 24');
  });

  it('stay when a reload changes how often its check is made, not when it asks something else', () => {
    const world = worldOf({ gradedWeight });
    world.observe(key, says({ drain: true }), 1);
    const reloaded = (port: number, given: Partial<CheckCommon>): string | undefined => {
      world.reload(
        configOf(virtualServer([{ ...a, checks: [tcpCheck('10.0.0.11', port, given)] }], { gradedWeight })),
        2,
      );
      return weights(world)[0];
    };
    assert.equal(reloaded(80, { intervalMs: 9000, fall: 7 }), '10.0.0.11 0');
    assert.equal(reloaded(81, { intervalMs: 9000, fall: 7 }), '10.0.0.11 100');
  });
});

describe('director/world: sorry servers', () => {
  const target = { port: 80, forwarding: 'direct', tunnel: null, weight: 1 } as const;
  const sorryServers = [{ ...target, address: '10.0.0.90', checks: [tcpCheck('10.0.0.90', 80)] }];

  it('with checks serve once these pass', () => {
    const world = worldOf({ sorryServers }, nobody);
    assert.equal(world.checks.size, 3);
    assert.deepEqual(weights(world), ['10.0.0.11 0', '10.0.0.12 0']);
    assert.deepEqual(feed(world, '10.0.0.90', '+'), ['web sorry 10.0.0.90:80 unknown->up', 'web down->sorry']);
    assert.deepEqual(weights(world), ['10.0.0.11 0', '10.0.0.12 0', '10.0.0.90 1']);
    assert.equal(world.sorryWeight('web', 0), 1);
    assert.deepEqual(feed(world, '10.0.0.90', '---'), ['web sorry 10.0.0.90:80 up->down', 'web sorry->down']);
    assert.equal(world.sorryVerdict('web', 0).verdict, 'down');
  });

  it('keep their verdict over a reload', () => {
    const world = worldOf({ sorryServers }, nobody);
    feed(world, '10.0.0.90', '+');
    const slower = sorryServers.map((one) => ({ ...one, checks: [tcpCheck('10.0.0.90', 80, { intervalMs: 9000 })] }));
    world.reload(configOf(virtualServer([a, b], { sorryServers: slower })), 1);
    assert.equal(world.sorryWeight('web', 0), 1);
  });
});

describe('director/world: tiers', () => {
  it('are told when another one serves', () => {
    const backup = realServer('10.0.0.13', { tier: 1 });
    const world = new World(configOf(virtualServer([a, backup])), everybody, 0);
    assert.deepEqual([weights(world), world.tierInUse('web')], [['10.0.0.11 100', '10.0.0.13 0'], 0]);
    assert.deepEqual(feed(world, '10.0.0.11', '---'), ['web 10.0.0.11:80 up->down', 'web tier 0->1']);
    assert.deepEqual([weights(world), world.tierInUse('web')], [['10.0.0.11 0', '10.0.0.13 100'], 1]);
  });
});

describe('director/world: n of m', () => {
  it('one of two checks may fail', () => {
    const checks = [tcpCheck('10.0.0.11', 80), tcpCheck('10.0.0.11', 81)];
    const world = new World(configOf(virtualServer([{ ...a, checks, required: 1 }])), everybody, 0);
    for (let i = 0; i < 3; i++) world.observe(keyOf(world, '10.0.0.11', 81), failure(), 0);
    assert.equal(world.verdict('web', 0).verdict, 'up');
    assert.deepEqual(feed(world, '10.0.0.11', '---'), ['web 10.0.0.11:80 up->down', 'web up->down']);
    for (let i = 0; i < 2; i++) world.observe(keyOf(world, '10.0.0.11', 81), PASS, 0);
    assert.equal(world.verdict('web', 0).verdict, 'up');
  });
});

describe('director/world: what is told besides', () => {
  const DAY_MS = 86_400_000;
  const warns = (warning: string): ProbeResult => ({ ok: true, latencyMs: 1, warning });

  it('a warning when it appears and goes, another text of it once a day', () => {
    const world = worldOf({});
    const key = keyOf(world, '10.0.0.11');
    const at = (result: ProbeResult, nowMs: number): readonly string[] => told(world.observe(key, result, nowMs));
    assert.deepEqual(at(warns('13 days'), 0), ['web warning 13 days']);
    assert.deepEqual(at(warns('13 days'), DAY_MS), []);
    assert.deepEqual(at(warns('12 days'), DAY_MS), ['web warning 12 days']);
    assert.deepEqual(at(warns('12.9 days'), DAY_MS + 1), []);
    assert.deepEqual(at(failure(), DAY_MS + 2), [], 'a failure says nothing of it');
    assert.deepEqual(at(PASS, DAY_MS + 3), ['web warning null']);
  });

  it('a reload does not tell a warning again', () => {
    const world = worldOf({});
    const key = keyOf(world, '10.0.0.11');
    world.observe(key, warns('13 days'), 0);
    world.reload(world.config, 1);
    assert.deepEqual(told(world.observe(key, warns('13 days'), 2)), []);
  });

  it('each failed probe of a check that wants it', () => {
    const check = tcpCheck('10.0.0.11', 80, { logFailures: true });
    const world = new World(configOf(virtualServer([{ ...a, checks: [check] }])), everybody, 0);
    const lines = (result: ProbeResult) => world.observe(JSON.stringify(check), result, 0).lines;
    assert.deepEqual(lines(failure()), [
      { level: 'warn', text: 'web: tcp check of 10.0.0.11:80 failed: refused (refused)' },
    ]);
    assert.deepEqual(lines(PASS), []);
  });
});
