/** What another configuration would want, asked of a world that goes on as it is. */
import assert from 'node:assert/strict';
import { drainTimeouts } from '../../../src/director/draining.ts';
import { needsIpvs, wantedOf } from '../../../src/director/wanted.ts';
import { World } from '../../../src/director/world.ts';
import { tcp } from '../ipvs/builders.ts';
import { configOf, failure, PASS, realServer, tcpId, virtualServer } from './builders.ts';

const a = realServer('10.0.0.11');
const b = realServer('10.0.0.12', { weight: 50 });
const nobody = (): boolean => false;

const weights = (world: World): readonly number[] =>
  world.desired().flatMap(({ destinations }) => destinations.map(({ settings }) => settings.weight));

describe('director/world: rehearsed', () => {
  const world = new World(configOf(virtualServer([a, b])), nobody, 0);
  for (const key of world.checks.keys()) {
    if (key.includes('10.0.0.11')) for (let i = 0; i < 2; i++) world.observe(key, PASS, i);
  }

  it('is what the reload makes of it: verdicts stay, what carries traffic is adopted, others wait', () => {
    const c = realServer('10.0.0.13');
    const config = configOf(virtualServer([{ ...a, weight: 7 }, b, c, realServer('10.0.0.14')]));
    const traffic = (_: unknown, { address }: { readonly address: string }): boolean => address === '10.0.0.13';
    const rehearsed = world.rehearsed(config, 10, traffic);
    assert.deepEqual(weights(rehearsed), [7, 0, 100, 0]);
    assert.deepEqual(weights(world), [100, 0]);
    world.reload(config, 10, traffic);
    assert.deepEqual(weights(world), [7, 0, 100, 0]);
  });

  it('shares nothing: what either of them observes is not known to the other', () => {
    const rehearsed = world.rehearsed(world.config, 20, nobody);
    const before = weights(world);
    for (const key of rehearsed.checks.keys()) for (let i = 0; i < 3; i++) rehearsed.observe(key, failure(), 21);
    assert.deepEqual(weights(world), before);
    assert.deepEqual(weights(rehearsed), [0, 0, 0, 0]);
  });
});

describe('director/wanted', () => {
  const ids = [tcpId('192.0.2.1', 80)];
  const config = configOf(virtualServer([a], { ids, drainTimeoutMs: 1000 }));

  it('knows drain_timeout of what is configured, of what was until now, and no other', () => {
    const now = configOf(virtualServer([a], { ids: [tcpId('192.0.2.2', 80)], drainTimeoutMs: 2000 }));
    const wanted = wantedOf(new World(now, nobody, 0), { roleOf: () => null, before: drainTimeouts(config) });
    const known = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => wanted.drainTimeoutMs(tcp(address, 80)));
    assert.deepEqual(known, [1000, 2000, null]);
    assert.equal(wanted.defaultDrainTimeoutMs(), 300_000);
  });

  it('wants no settings where IPVS is not needed', () => {
    const settings = { ...config.ipvs, settings: { expire_nodest_conn: '1' }, exclusive: true };
    const ofWorld = (given: typeof config): unknown =>
      wantedOf(new World(given, nobody, 0), { roleOf: () => null, before: new Map() }).ipvs();
    assert.deepEqual(ofWorld({ ...config, ipvs: settings }), settings);
    const idle = { ...configOf(), ipvs: settings };
    assert.equal(needsIpvs(idle), false);
    assert.deepEqual(ofWorld(idle), {
      exclusive: false,
      timeouts: { tcpS: null, tcpFinS: null, udpS: null },
      settings: {},
      restoreSettings: false,
    });
  });
});
