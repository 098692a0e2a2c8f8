/** Virtual servers whose checks rest while their virtual router is not MASTER. */
import assert from 'node:assert/strict';
import { NOTHING } from '../../../src/director/observation.ts';
import { World } from '../../../src/director/world.ts';
import { configOf, failure, PASS, realServer, tcpId, virtualServer } from './builders.ts';
import { a, b, everybody, feed, nobody, weightRow as row, told } from './world-bench.ts';

const panic = { thresholdPercent: 50, withinMs: 5000 };
const four = [1, 2, 3, 4].map((last) => realServer(`10.0.0.${last}`));
const fail = (world: World, ...lasts: readonly number[]): string[] =>
  lasts.flatMap((last) => feed(world, `10.0.0.${last}`, '---', 1000));

describe('director/world: ha_suspend', () => {
  const suspended = virtualServer([a, b], { haSuspend: 'vrrp1' });
  const key = (real: typeof a): string => JSON.stringify(real.checks[0]);

  it('rests while its router is not MASTER; what was never probed counts as up', () => {
    const world = new World(configOf(suspended), nobody, 0);
    assert.deepEqual([world.checks.size, world.isSuspended('web'), row(world)], [0, true, '100 50']);
    assert.equal(world.verdict('web', 0).verdict, 'unknown');
    assert.deepEqual([world.setRole('other', 'MASTER', 1), world.setRole('vrrp1', 'BACKUP', 1)], [NOTHING, NOTHING]);
    const master = world.setRole('vrrp1', 'MASTER', 2);
    assert.deepEqual([told(master), master.checksChanged, master.servers], [['web goes on'], true, []]);
    assert.deepEqual([[...world.checks.keys()], row(world)], [[key(a), key(b)], '100 50']);
    assert.deepEqual(told(world.observe(key(a), failure(), 3)), ['web 10.0.0.11:80 unknown->down']);
    assert.deepEqual(told(world.observe(key(b), PASS, 3)), ['web 10.0.0.12:80 unknown->up']);
    assert.equal(row(world), '0 50');
  });

  it('when it goes on, the next result decides, whatever was before', () => {
    const world = new World(configOf(suspended), nobody, 0);
    world.setRole('vrrp1', 'MASTER', 1);
    world.observe(key(a), PASS, 2);
    world.observe(key(b), failure(), 2);
    assert.equal(world.setRole('vrrp1', 'LEAVING', 3).checksChanged, false);
    const backup = world.setRole('vrrp1', 'BACKUP', 4);
    assert.deepEqual([told(backup), backup.checksChanged, world.checks.size], [['web rests'], true, 0]);
    assert.equal(world.observe(key(a), failure(), 5, true), NOTHING, 'a late result');
    assert.equal(row(world), '100 0', 'as it was');
    world.setRole('vrrp1', 'MASTER', 6);
    world.observe(key(a), failure('local'), 7);
    assert.deepEqual(told(world.observe(key(a), failure(), 7)).slice(0, 1), ['web 10.0.0.11:80 up->down']);
    assert.deepEqual(told(world.observe(key(b), PASS, 7)).slice(0, 1), ['web 10.0.0.12:80 down->up']);
    assert.deepEqual(told(world.observe(key(b), failure(), 8)), [], 'from then on as ever');
  });

  it('a check that somebody else uses goes on', () => {
    const other = virtualServer([a], { name: 'other', ids: [tcpId('192.0.2.101', 80)] });
    const world = new World(configOf(suspended, other), nobody, 0);
    assert.deepEqual([...world.checks.keys()], [key(a)]);
    assert.deepEqual(told(world.observe(key(a), failure(), 1)), [
      'web 10.0.0.11:80 unknown->down',
      'other 10.0.0.11:80 unknown->down',
    ]);
    assert.equal(row(world), '0 50 0');
  });

  it('a reload finds it as it was', () => {
    const world = new World(configOf(suspended), nobody, 0);
    world.reload(configOf(suspended), 1);
    assert.deepEqual([world.checks.size, row(world)], [0, '100 50']);
    world.setRole('vrrp1', 'MASTER', 2);
    world.reload(configOf(suspended), 3);
    assert.deepEqual([world.checks.size, row(world)], [2, '100 50'], 'not probed yet: as it was');
    world.reload(configOf(virtualServer([a, b], { haSuspend: 'vrrp2' })), 4);
    assert.deepEqual([world.checks.size, world.isSuspended('web')], [0, true]);
    world.reload(configOf(virtualServer([a, b])), 5);
    assert.equal(world.checks.size, 2);
  });

  it('a reload between does not make old results new', () => {
    const resumed = (reload: (world: World) => void): World => {
      const world = new World(configOf(suspended), everybody, 0);
      world.setRole('vrrp1', 'MASTER', 1);
      world.setRole('vrrp1', 'BACKUP', 2);
      reload(world);
      return world;
    };
    const after = resumed((world) => {
      world.setRole('vrrp1', 'MASTER', 3);
      world.reload(configOf(suspended), 4);
    });
    assert.equal(after.observe(key(a), failure(), 5).changes.length, 1);
    const without = resumed((world) => world.reload(configOf(virtualServer([a, b])), 4));
    assert.equal(without.observe(key(a), failure(), 5).changes.length, 1, 'not suspended any more');
  });

  it('what fell while it was suspended is no panic afterwards', () => {
    const other = virtualServer(four, { name: 'other', ids: [tcpId('192.0.2.101', 80)] });
    const world = new World(configOf(virtualServer(four, { panic, haSuspend: 'vrrp1' }), other), everybody, 0);
    fail(world, 1, 2);
    world.setRole('vrrp1', 'MASTER', 1000);
    fail(world, 3);
    assert.equal(world.panicOf('web'), null);
  });

  it('a suspended one has no panic', () => {
    const other = virtualServer(four, { name: 'other', ids: [tcpId('192.0.2.101', 80)] });
    const config = configOf(virtualServer(four, { panic, haSuspend: 'vrrp1' }), other);
    const world = new World(config, everybody, 0);
    fail(world, 1, 2, 3, 4);
    assert.equal(world.panicOf('web'), null);
    world.setRole('vrrp1', 'MASTER', 1500);
    for (const last of [1, 2, 3, 4]) feed(world, `10.0.0.${last}`, '++', 2000);
    for (const last of [1, 2, 3, 4]) feed(world, `10.0.0.${last}`, '---', 3000);
    assert.equal(world.panicOf('web')?.failed, 4);
    assert.deepEqual(told(world.setRole('vrrp1', 'BACKUP', 4000)), ['web rests', 'web no panic', 'web up->down']);
  });
});
