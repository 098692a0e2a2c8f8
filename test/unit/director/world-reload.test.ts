import assert from 'node:assert/strict';
import type { RealServerConfig } from '../../../src/config/types.ts';
import { World } from '../../../src/director/world.ts';
import { configOf, failure, realServer, tcpCheck, tcpId, virtualServer } from './builders.ts';
import { a, b, feed, keyOf, nobody, weights } from './world-bench.ts';

describe('director/world: reload', () => {
  const slower = (real: RealServerConfig): RealServerConfig => ({
    ...real,
    checks: [tcpCheck(real.address, real.port ?? 80, { intervalMs: 9000 })],
  });

  it('a check that did not change keeps its streak', () => {
    const world = new World(configOf(virtualServer([a, b])), nobody, 0);
    feed(world, '10.0.0.11', '+--');
    world.reload(configOf(virtualServer([{ ...a, weight: 7 }])), 10);
    assert.deepEqual(weights(world), ['10.0.0.11 7']);
    assert.equal(world.checks.size, 1);
    assert.deepEqual(feed(world, '10.0.0.11', '-'), ['web 10.0.0.11:80 up->down', 'web up->down']);
  });

  it('a server that is down stays down although `initial` is up', () => {
    const world = new World(configOf(virtualServer([a], { initial: 'up' })), nobody, 0);
    feed(world, '10.0.0.11', '---');
    world.reload(configOf(virtualServer([a, b], { initial: 'up' })), 10);
    assert.deepEqual(weights(world), ['10.0.0.11 0', '10.0.0.12 50']);
  });

  it('a changed check keeps the verdict of its server, its streak begins anew', () => {
    const world = new World(configOf(virtualServer([a, b])), nobody, 0);
    feed(world, '10.0.0.11', '+--');
    feed(world, '10.0.0.12', '-');
    world.reload(configOf(virtualServer([slower(a), slower(b)])), 10);
    assert.deepEqual(weights(world), ['10.0.0.11 100', '10.0.0.12 0']);
    assert.deepEqual(feed(world, '10.0.0.11', '--'), []);
    assert.deepEqual(feed(world, '10.0.0.11', '-'), ['web 10.0.0.11:80 up->down', 'web up->down']);
  });

  it('a changed check brings no dead server back, and needs its rise', () => {
    const up = { initial: 'up' } as const;
    const dead = realServer('10.0.0.11', { checks: [tcpCheck('10.0.0.11', 80, { rise: 2, fall: 1 })] });
    const world = new World(configOf(virtualServer([dead], up)), nobody, 0);
    feed(world, '10.0.0.11', '-');
    world.reload(configOf(virtualServer([slower(dead)], up)), 10);
    assert.deepEqual(weights(world), ['10.0.0.11 0']);
    assert.deepEqual(feed(world, '10.0.0.11', '+'), []);
    assert.deepEqual(feed(world, '10.0.0.11', '+'), ['web 10.0.0.11:80 down->up', 'web down->up']);
  });

  it('a check that is added does not take a server out before it failed', () => {
    const world = new World(configOf(virtualServer([a])), () => true, 0);
    const both = { ...a, checks: [...a.checks, tcpCheck('10.0.0.11', 9000)] };
    world.reload(configOf(virtualServer([both])), 10);
    assert.deepEqual(weights(world), ['10.0.0.11 100']);
  });

  it('a new real server waits for its first check', () => {
    const world = new World(configOf(virtualServer([a])), () => true, 0);
    world.reload(configOf(virtualServer([a, b])), 10);
    assert.deepEqual(weights(world), ['10.0.0.11 100', '10.0.0.12 0']);
    assert.deepEqual(feed(world, '10.0.0.12', '+'), ['web 10.0.0.12:80 unknown->up']);
  });

  it('a virtual server under another name or address keeps what its checks know', () => {
    const world = new World(configOf(virtualServer([a])), () => true, 0);
    world.reload(configOf(virtualServer([slower(a)], { name: 'shop' })), 10);
    assert.deepEqual(weights(world), ['10.0.0.11 100']);
    assert.deepEqual(world.verdict('web', 0), { verdict: 'up', failure: null }, 'no such server: no checks');
    world.reload(configOf(virtualServer([a], { name: 'shop', ids: [tcpId('192.0.2.101', 80)] })), 20);
    assert.deepEqual(weights(world), ['10.0.0.11 100']);
  });

  it('a removed virtual server is forgotten', () => {
    const world = new World(configOf(virtualServer([a])), () => true, 0);
    const old = keyOf(world, '10.0.0.11');
    world.reload(configOf(), 10);
    assert.deepEqual(world.desired(), []);
    assert.equal(world.checks.size, 0);
    assert.deepEqual(world.observe(old, failure(), 20), []);
    world.reload(configOf(virtualServer([a])), 30);
    assert.deepEqual(weights(world), ['10.0.0.11 0']);
  });

  it('a check loses the servers that no longer use it', () => {
    const http = virtualServer([a], { name: 'http' });
    const tls = virtualServer([{ ...a, port: 443, checks: a.checks }], {
      name: 'https',
      ids: [tcpId('192.0.2.100', 443)],
    });
    const world = new World(configOf(http, tls), nobody, 0);
    world.reload(configOf(http), 10);
    assert.deepEqual(feed(world, '10.0.0.11', '+'), ['http 10.0.0.11:80 unknown->up', 'http down->up']);
  });
});
