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
});
