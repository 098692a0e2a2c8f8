import assert from 'node:assert/strict';
import type { Config } from '../../../src/config/types.ts';
import type { TrackKind } from '../../../src/config/types-tracking.ts';
import { trackedObjects, trackedServers } from '../../../src/director/tracked.ts';
import { World } from '../../../src/director/world.ts';
import { routerConfig } from '../vrrp/builders.ts';
import { configOf, failure, PASS, realServer, tcpCheck, virtualServer } from './builders.ts';

function tracking(kind: TrackKind, ...names: readonly string[]) {
  return routerConfig({
    tracks: names.map((name) => ({ kind, name, weight: null, upDelayMs: 0, downDelayMs: 0 })),
  });
}

describe('tracked objects', () => {
  it('are watched when a virtual router tracks them, each once', () => {
    const script = (name: string) => ({
      name,
      command: ['/bin/true'],
      intervalMs: 1000,
      timeoutMs: 1000,
      rise: 1,
      fall: 1,
      user: null,
      initial: 'up' as const,
    });
    const process = (name: string) => ({
      name,
      process: name,
      parameters: [],
      quorum: 1,
      quorumMax: null,
      upDelayMs: 0,
      downDelayMs: 0,
    });
    const config: Config = {
      ...configOf(),
      virtualRouters: [
        tracking('script', 'a', 'b'),
        tracking('script', 'b'),
        tracking('process', 'p'),
        tracking('file', '/run/x', '/run/y'),
        tracking('file', '/run/x'),
        tracking('interface', 'c'),
      ],
      trackedScripts: [script('a'), script('b'), script('c'), script('p')],
      trackedProcesses: [process('a'), process('p')],
    };
    const { scripts, processes, files } = trackedObjects(config);
    assert.deepEqual(
      [scripts.map(({ name }) => name), processes.map(({ name }) => name), files],
      [['a', 'b'], ['p'], ['/run/x', '/run/y']],
    );
  });
});

describe('a tracked virtual server', () => {
  const server = virtualServer([realServer('10.0.0.1'), realServer('10.0.0.2', { weight: 50 })], { quorum: 120 });
  const config = {
    ...configOf(server, virtualServer([], { name: 'other' })),
    virtualRouters: [tracking('virtual_server', 'web')],
  };
  const key = (address: string) => JSON.stringify(tcpCheck(address, 80));
  const up = { 'virtual_server web': { kind: 'up' } };
  const lost = (usable: number) => ({
    'virtual_server web': { kind: 'down', reason: `usable weight ${usable}, quorum 120` },
  });

  it('is not lost before its first probes; then their verdicts decide', () => {
    const world = new World(config, () => false, 0);
    assert.deepEqual(trackedServers(world), up);
    world.observe(key('10.0.0.1'), PASS, 1);
    assert.deepEqual(trackedServers(world), up, '100 sure and 50 possible');
    world.observe(key('10.0.0.2'), failure(), 2);
    assert.deepEqual(trackedServers(world), lost(100));
    world.observe(key('10.0.0.2'), PASS, 3);
    assert.deepEqual(trackedServers(world), lost(100), 'not risen yet');
    world.observe(key('10.0.0.2'), PASS, 4);
    assert.deepEqual(trackedServers(world), up);
  });

  it('is lost as soon as what is unknown cannot help any more', () => {
    const world = new World(config, () => false, 0);
    world.observe(key('10.0.0.1'), failure(), 1);
    assert.deepEqual(trackedServers(world), lost(0));
  });

  it('that nobody tracks has no state', () => {
    assert.deepEqual(trackedServers(new World(configOf(server), () => false, 0)), {});
  });

  it('has the hysteresis of the quorum', () => {
    const strict = { ...config, virtualServers: [{ ...server, quorum: 100, hysteresis: 50 }] };
    const world = new World(strict, () => false, 0);
    world.observe(key('10.0.0.1'), PASS, 1);
    assert.deepEqual(trackedServers(world), up, '150 are possible');
    world.observe(key('10.0.0.2'), failure(), 2);
    assert.deepEqual(trackedServers(world), {
      'virtual_server web': { kind: 'down', reason: 'usable weight 100, quorum 100' },
    });
    const fresh = new World(
      { ...config, virtualServers: [{ ...server, quorum: 110, hysteresis: 50 }] },
      () => false,
      0,
    );
    assert.notDeepEqual(trackedServers(fresh), up, '150 are possible, and 160 needed to come up');
    for (let i = 0; i < 2; i++) world.observe(key('10.0.0.2'), PASS, 3);
    for (let i = 0; i < 3; i++) world.observe(key('10.0.0.1'), failure(), 4);
    assert.deepEqual(trackedServers(world), up, '50 are still enough');
  });

  it('that is suspended is not lost, whatever was known last: nobody looks whether it comes back', () => {
    const world = new World({ ...config, virtualServers: [{ ...server, haSuspend: 'r1' }] }, () => false, 0);
    assert.deepEqual(trackedServers(world), up);
    world.setRole('r1', 'MASTER', 1);
    for (const address of ['10.0.0.1', '10.0.0.2']) world.observe(key(address), failure(), 2);
    assert.deepEqual(trackedServers(world), lost(0));
    world.setRole('r1', 'FAULT', 3);
    assert.deepEqual(trackedServers(world), up);
  });
});
