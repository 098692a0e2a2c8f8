import assert from 'node:assert/strict';
import type { RealServerConfig, VirtualServerConfig } from '../../../src/config/types.ts';
import { World } from '../../../src/director/world.ts';
import { configOf, failure, realServer, tcpCheck, tcpId, virtualServer } from './builders.ts';
import { a, b, everybody, feed, keyOf, nobody, told, weights } from './world-bench.ts';

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
    assert.deepEqual(world.observe(old, failure(), 20).changes, []);
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

  it('tells what it makes of servers that were there before, and of no others', () => {
    const tellReload = (world: World, server: VirtualServerConfig): string[] =>
      told({ changes: world.reload(configOf(server), 10) });
    const world = new World(configOf(virtualServer([a, b], { quorum: 100 })), everybody, 0);
    assert.deepEqual(tellReload(world, virtualServer([a, b], { quorum: 100 })), []);
    feed(world, '10.0.0.12', '---');
    assert.deepEqual(tellReload(world, virtualServer([a, b], { quorum: 150 })), ['web up->down']);
    const c = realServer('10.0.0.13');
    const probed = virtualServer([a, { ...b, checks: [] }, c], { quorum: 150 });
    assert.deepEqual(tellReload(world, probed), ['web 10.0.0.12:80 down->up', 'web down->up']);
    assert.deepEqual(tellReload(world, virtualServer([a], { name: 'other' })), []);
  });

  it('one that it brings up warms up like one that passes again', () => {
    const slowStart = { durationMs: 10_000, fromPercent: 10 };
    const world = new World(configOf(virtualServer([a, b], { slowStart })), everybody, 0);
    feed(world, '10.0.0.11', '---');
    world.reload(configOf(virtualServer([{ ...a, checks: [] }, b], { slowStart })), 10);
    assert.deepEqual(weights(world), ['10.0.0.11 10', '10.0.0.12 50']);
    world.reload(configOf(virtualServer([{ ...a, checks: [] }, b], { slowStart })), 5010);
    assert.deepEqual(weights(world), ['10.0.0.11 55', '10.0.0.12 50']);
  });

  it('tiers are told of while real servers serve', () => {
    const second = { ...b, tier: 1 };
    const sorry = {
      address: '10.0.0.90',
      port: 80,
      forwarding: 'direct',
      tunnel: null,
      weight: 1,
      checks: [],
    } as const;
    const tiered = virtualServer([a, second], { quorum: 50, sorryServers: [sorry] });
    const world = new World(configOf(tiered), everybody, 0);
    const web = (address: string, results: string) =>
      feed(world, address, results).filter((text) => !text.includes(':80'));
    assert.deepEqual(web('10.0.0.11', '---'), ['web tier 0->1']);
    assert.deepEqual(web('10.0.0.12', '---'), ['web up->sorry']);
    assert.deepEqual(web('10.0.0.11', '++'), ['web sorry->up', 'web tier 1->0']);
    const both = ['10.0.0.12', '10.0.0.11'].flatMap((address) => web(address, '---'));
    assert.deepEqual(both, ['web up->sorry']);
    assert.equal(world.tierInUse('web'), null, 'the sorry server serves');
    assert.deepEqual(told({ changes: world.reload(configOf({ ...tiered, sorryServers: [] }), 1) }), [
      'web sorry->down',
      'web tier 0->1',
    ]);
  });
});
