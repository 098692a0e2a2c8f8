/** Many servers that fail at once. */
import assert from 'node:assert/strict';
import type { Config, VirtualServerConfig } from '../../../src/config/types.ts';
import { SELF_CHECK, World } from '../../../src/director/world.ts';
import { configOf, failure, PASS, realServer, tcpCheck, virtualServer } from './builders.ts';
import { everybody, feed, nobody, weightRow as row, told } from './world-bench.ts';

const panic = { thresholdPercent: 50, withinMs: 5000 };
const four = [1, 2, 3, 4].map((last) => realServer(`10.0.0.${last}`));
const selfCheck = tcpCheck('10.0.0.254', 53);
const configWith = (given: Partial<VirtualServerConfig> = {}, rest: Partial<Config> = {}): Config => ({
  ...configOf(virtualServer(four, { panic, ...given })),
  selfCheck,
  ...rest,
});
const fail = (world: World, ...lasts: readonly number[]): string[] =>
  lasts.flatMap((last) => feed(world, `10.0.0.${last}`, '---', 1000));
const ask = (world: World, passes: boolean, { nowMs = 2000, hinted = true } = {}): string[] =>
  told(world.observe(SELF_CHECK, passes ? PASS : failure('timeout'), nowMs, hinted));
describe('director/world: panic', () => {
  it('more than half failed at once: the last good set stays, and the self check is asked', () => {
    const world = new World(configWith(), everybody, 0);
    assert.deepEqual(world.checks.get(SELF_CHECK), selfCheck);
    fail(world, 1, 2);
    assert.equal(row(world), '0 0 100 100');
    feed(world, '10.0.0.3', '--', 1000);
    const third = world.observe(JSON.stringify(four[2]?.checks[0]), failure(), 1000);
    assert.deepEqual(told(third), ['web 10.0.0.3:80 up->down', 'web panic 3/4 asked']);
    assert.deepEqual([third.servers, third.hints, row(world)], [['web'], [SELF_CHECK], '100 100 100 100']);
    assert.deepEqual(fail(world, 4), ['web 10.0.0.4:80 up->down']);
    assert.equal(row(world), '100 100 100 100');
    assert.deepEqual(world.standing({ name: 'web' }), { up: true, usableWeight: 400, sorry: false });
    assert.deepEqual(world.panicOf('web'), { sinceMs: 1000, failed: 4, of: 4, waitsFor: 'asked' });
    assert.deepEqual([world.isKept('web', 0), world.verdict('web', 0).verdict], [true, 'down']);
  });

  it('the self check passes: they are down', () => {
    const world = new World(configWith(), everybody, 0);
    fail(world, 1, 2, 3, 4);
    assert.deepEqual(ask(world, true), ['self check unknown->up', 'web no panic', 'web up->down']);
    assert.deepEqual([row(world), world.panicOf('web')], ['0 0 0 0', null]);
    feed(world, '10.0.0.1', '++', 3000);
    assert.deepEqual(fail(world, 1).slice(-1), ['web panic 1/1 asked'], 'a new panic is another one');
  });

  it('it fails too: they are kept until it passes', () => {
    const world = new World(configWith(), everybody, 0);
    fail(world, 1, 2, 3);
    assert.deepEqual(ask(world, false), ['self check unknown->down', 'web panic 3/4 self-check']);
    assert.deepEqual(ask(world, false, { hinted: false }), []);
    assert.equal(world.observe(SELF_CHECK, failure(), 3000).pending, true, 'it is asked often');
    assert.equal(row(world), '100 100 100 100');
  });

  describe('when the self check passes again', () => {
    const key = (last: number): string => JSON.stringify(four[last - 1]?.checks[0]);
    /** Three of four are down, the fourth has failed twice. */
    const back = (given: Partial<VirtualServerConfig> = {}) => {
      const world = new World(configWith(given), everybody, 0);
      fail(world, 1, 2, 3);
      feed(world, '10.0.0.4', '--', 1000);
      ask(world, false);
      const observation = world.observe(SELF_CHECK, PASS, 5000);
      return { world, observation };
    };

    it('those that it keeps are probed at once, and nothing moves until then', () => {
      const { world, observation } = back();
      assert.deepEqual(told(observation), ['web panic 3/4 probes']);
      assert.deepEqual(observation.hints, [key(1), key(2), key(3)]);
      assert.equal(row(world), '100 100 100 100');
    });

    it('one success is enough, one failure too', () => {
      const { world } = back({ slowStart: { durationMs: 60_000, fromPercent: 1 } });
      assert.deepEqual(told(world.observe(key(1), PASS, 5001, true)), ['web 10.0.0.1:80 down->up']);
      const second = world.observe(key(2), failure(), 5001, true);
      assert.deepEqual([told(second), second.servers, row(world)], [[], ['web'], '100 0 100 100']);
      assert.deepEqual(told(world.observe(key(3), PASS, 5002, true)), ['web 10.0.0.3:80 down->up', 'web no panic']);
      assert.equal(row(world), '100 0 100 100');
    });

    it('a failure whose probe began before says nothing', () => {
      const { world } = back();
      const late = { ...failure('timeout'), latencyMs: 1000 };
      for (const last of [1, 4]) assert.deepEqual(world.observe(key(last), late, 5800).changes, []);
      assert.deepEqual(world.observe(key(1), failure(), 5030).servers, [], 'or it was delivered late');
      assert.equal(world.observe(key(1), { ...late, latencyMs: 700 }, 5800, true).servers.length, 1, 'this one does');
      world.observe(key(1), { ...failure('local'), latencyMs: 1 }, 5900, true);
      assert.equal(row(world), '0 100 100 100');
    });

    it('what had not failed yet begins to count anew, and is believed', () => {
      const { world } = back();
      for (const expected of [[], [], ['web 10.0.0.4:80 up->down']]) {
        assert.deepEqual(told(world.observe(key(4), failure(), 9000)), expected);
      }
      assert.equal(row(world), '100 100 100 0');
    });

    it('one that had failed long before is neither kept nor urgent', () => {
      const world = new World(configWith(), everybody, 0);
      fail(world, 1);
      for (const last of [2, 3, 4]) feed(world, `10.0.0.${last}`, '---', 60_000);
      ask(world, false, { nowMs: 60_001 });
      assert.deepEqual(world.observe(SELF_CHECK, PASS, 65_000).hints, [key(2), key(3), key(4)]);
      assert.equal(row(world), '0 100 100 100');
    });

    it('what was found meanwhile is not held against a check that is damped', () => {
      const damped = tcpCheck('10.0.0.1', 80, { flapDamping: { holdMs: 60_000, maxMs: 60_000, forgetMs: 600_000 } });
      const config = configWith({ realServers: [realServer('10.0.0.1', { checks: [damped] })] });
      const world = new World(config, everybody, 0);
      fail(world, 1);
      ask(world, true);
      feed(world, '10.0.0.1', '++', 3000);
      feed(world, '10.0.0.1', '---', 9000);
      assert.equal(world.healths('web', 0)[0]?.health.flap.heldUntil, 69_000);
      ask(world, false, { nowMs: 9001 });
      world.observe(SELF_CHECK, PASS, 9500);
      assert.deepEqual(feed(world, '10.0.0.1', '+', 9600), ['web 10.0.0.1:80 down->up', 'web no panic']);
    });

    it('and fails once more, nothing has been learnt', () => {
      const { world } = back();
      assert.deepEqual(ask(world, false, { nowMs: 6000 }).at(-1), 'web panic 3/4 self-check');
      assert.equal(row(world), '100 100 100 100');
    });

    it('a reload between changes nothing', () => {
      const { world } = back();
      world.reload(configWith(), 5100);
      const late = { ...failure('timeout'), latencyMs: 1000 };
      assert.deepEqual(world.observe(key(1), late, 5800).servers, []);
      assert.equal(row(world), '100 100 100 100');
    });

    it('a clock that was set back does not silence a check', () => {
      const { world } = back();
      assert.equal(world.observe(key(1), failure(), 100).servers.length, 1);
    });
  });

  it('a probe of it that may have begun before says nothing; a second one does', () => {
    const world = new World(configWith(), everybody, 0);
    fail(world, 1, 2, 3);
    const long = { ok: true, latencyMs: 900 } as const;
    world.observe(SELF_CHECK, long, 1800, true);
    assert.equal(world.panicOf('web')?.waitsFor, 'asked', 'another hint started it, before the panic');
    ask(world, true, { hinted: false });
    assert.equal(world.panicOf('web'), null);
  });

  it('what this machine could not do of it is a sick prober', () => {
    const world = new World(configWith(), everybody, 0);
    fail(world, 1, 2, 3);
    world.observe(SELF_CHECK, failure('local'), 2000, true);
    assert.deepEqual([world.panicOf('web')?.waitsFor, row(world)], ['self-check', '100 100 100 100']);
  });

  it('thaws server by server, without a slow start', () => {
    const world = new World(configWith({ slowStart: { durationMs: 60_000, fromPercent: 1 } }), everybody, 0);
    fail(world, 1, 2, 3);
    ask(world, false);
    for (const last of [1, 2]) feed(world, `10.0.0.${last}`, '++', 3000);
    assert.equal(world.panicOf('web')?.failed, 1);
    assert.deepEqual(feed(world, '10.0.0.3', '++', 3000), ['web 10.0.0.3:80 down->up', 'web no panic']);
    assert.equal(row(world), '100 100 100 100');
  });

  it('each is kept with the weight that it had, by its latency or while it warmed up', () => {
    const latency = { fullMs: 10, lowMs: 110 };
    const gradedWeight = { minPercent: 10, maxPercent: 100, smoothingPercent: 100, latency };
    const world = new World(
      configWith({ gradedWeight, slowStart: { durationMs: 60_000, fromPercent: 20 } }),
      everybody,
      0,
    );
    feed(world, '10.0.0.1', '---++', 500);
    world.observe(JSON.stringify(four[1]?.checks[0]), { ok: true, latencyMs: 60 }, 500);
    assert.equal(row(world), '20 55 100 100');
    fail(world, 1, 2, 3);
    assert.deepEqual([row(world), world.panicOf('web')?.failed], ['20 55 100 100', 3]);
  });

  it('without a self check until not too many are down', () => {
    const world = new World(configWith({}, { selfCheck: null }), everybody, 0);
    assert.equal(world.checks.has(SELF_CHECK), false);
    assert.equal(fail(world, 1, 2, 3).at(-1), 'web panic 3/4 recovery');
    assert.deepEqual(feed(world, '10.0.0.1', '++', 60_000), ['web 10.0.0.1:80 down->up', 'web no panic']);
    assert.equal(row(world), '100 0 0 100');
  });

  it('none when they fail one after the other', () => {
    const world = new World(configWith(), everybody, 0);
    for (const last of [1, 2, 3]) feed(world, `10.0.0.${last}`, '---', last * 5001);
    assert.deepEqual([row(world), world.panicOf('web')], ['0 0 0 100', null]);
  });

  it('a clock that was set back makes no old failure new, and none in a panic is lost', () => {
    const world = new World(configWith(), everybody, 0);
    for (const last of [1, 2]) feed(world, `10.0.0.${last}`, '---', 3_600_000);
    fail(world, 3);
    assert.equal(world.panicOf('web'), null);
    const panicking = new World(configWith(), everybody, 0);
    for (const last of [1, 2, 3]) feed(panicking, `10.0.0.${last}`, '---', 3_600_000);
    fail(panicking, 4);
    assert.equal(row(panicking), '100 100 100 100');
  });

  it('the self check has its failures logged, too', () => {
    const config = configWith({}, { selfCheck: { ...selfCheck, logFailures: true } });
    const { lines } = new World(config, everybody, 0).observe(SELF_CHECK, failure(), 1);
    assert.deepEqual(lines, [
      { level: 'warn', text: 'self check: tcp check of 10.0.0.254:53 failed: refused (refused)' },
    ]);
  });

  it('none at the threshold exactly, nor of servers that were never up', () => {
    const world = new World(configWith(), everybody, 0);
    fail(world, 1, 2);
    assert.equal(world.panicOf('web'), null);
    const fresh = new World(configWith(), nobody, 0);
    fail(fresh, 1, 2, 3, 4);
    assert.equal(fresh.panicOf('web'), null);
  });

  it('none when those that failed had no weight: they were drained, and are shut down', () => {
    const drained = [5, 6, 7, 8, 9].map((last) => realServer(`10.0.0.${last}`, { weight: 0 }));
    const world = new World(configWith({ realServers: [...four, ...drained] }), everybody, 0);
    assert.equal(fail(world, 5, 6, 7, 8, 9).length, 5);
    assert.equal(world.panicOf('web'), null);
    feed(world, '10.0.0.1', '---', 60_000);
    assert.equal(row(world), '0 100 100 100 0 0 0 0 0');
  });

  it('puts back what the first failures had changed', () => {
    const sorry = {
      address: '10.0.0.90',
      port: 80,
      forwarding: 'direct',
      tunnel: null,
      weight: 1,
      checks: [],
    } as const;
    const world = new World(configWith({ quorum: 300, sorryServers: [sorry] }), everybody, 0);
    assert.equal(fail(world, 1, 2).at(-1), 'web up->sorry');
    assert.deepEqual(fail(world, 3), ['web 10.0.0.3:80 up->down', 'web panic 3/4 asked', 'web sorry->up']);
    assert.equal(row(world), '100 100 100 100');
  });

  it('the quorum is as if none had failed, hysteresis included', () => {
    const falling = new World(configWith({ quorum: 350, hysteresis: 100 }), everybody, 0);
    assert.equal(fail(falling, 1, 2).at(-1), 'web up->down');
    assert.deepEqual(fail(falling, 3).slice(1), ['web panic 3/4 asked', 'web down->up'], 'needs 450 to come up else');
  });

  it('outlives a reload, and ends with its configuration', () => {
    const world = new World(configWith(), everybody, 0);
    feed(world, '10.0.0.1', '---', 500);
    fail(world, 2, 3);
    world.reload(configWith({ scheduler: 'rr' }), 2000);
    assert.deepEqual([row(world), world.panicOf('web')?.waitsFor], ['100 100 100 100', 'asked']);
    world.reload(configWith({}, { selfCheck: null }), 2000);
    assert.equal(world.panicOf('web')?.waitsFor, 'recovery');
    world.reload(configWith({ panic: null }), 2000);
    assert.deepEqual([row(world), world.panicOf('web')], ['0 0 0 100', null]);
  });
});
