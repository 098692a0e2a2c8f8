import assert from 'node:assert/strict';
import type { RealServerConfig, VirtualServerConfig } from '../../../src/config/types.ts';
import { NOTHING, NOTHING_BUT_PENDING } from '../../../src/director/observation.ts';
import { destinationName, World } from '../../../src/director/world.ts';
import { CALM } from '../../../src/health/flap.ts';
import type { Verdict } from '../../../src/health/verdict.ts';
import { configOf, failure, PASS, tcpCheck, tcpId, virtualServer } from './builders.ts';
import { a, b, feed, keyOf, nobody, told, weights } from './world-bench.ts';

describe('director/world: what a server starts as', () => {
  const rows: readonly [
    name: string,
    given: Partial<VirtualServerConfig>,
    real: RealServerConfig,
    carriesTraffic: boolean,
    verdict: Verdict,
    weight: number,
  ][] = [
    ['no traffic before the first check', {}, a, false, 'unknown', 0],
    ['in the table with a weight: adopted', {}, a, true, 'up', 100],
    ['initial: up', { initial: 'up' }, a, false, 'up', 100],
    ['without checks always usable', {}, { ...a, checks: [] }, false, 'up', 100],
  ];
  for (const [name, given, real, carriesTraffic, verdict, weight] of rows) {
    it(name, () => {
      const world = new World(configOf(virtualServer([real], given)), () => carriesTraffic, 0);
      assert.equal(world.verdict('web', 0).verdict, verdict);
      assert.deepEqual(weights(world), [`10.0.0.11 ${weight}`]);
    });
  }

  it('asks of each real server of each virtual server', () => {
    const asked: string[] = [];
    const other = virtualServer([a], { name: 'other', ids: [tcpId('192.0.2.101', 80)] });
    new World(
      configOf(virtualServer([a, b]), other),
      (server, real) => {
        asked.push(`${server.name} ${real.address}`);
        return false;
      },
      0,
    );
    assert.deepEqual(asked, ['web 10.0.0.11', 'web 10.0.0.12', 'other 10.0.0.11']);
  });

  it('an adopted server still takes `fall` failures to go', () => {
    const world = new World(configOf(virtualServer([a])), () => true, 0);
    assert.deepEqual(feed(world, '10.0.0.11', '--'), []);
    assert.deepEqual(feed(world, '10.0.0.11', '-'), ['web 10.0.0.11:80 up->down', 'web up->down']);
  });
});

describe('director/world: probe results', () => {
  it('tell of real servers first, then of the virtual server', () => {
    const world = new World(configOf(virtualServer([a, b])), nobody, 0);
    assert.deepEqual(feed(world, '10.0.0.11', '+'), ['web 10.0.0.11:80 unknown->up', 'web down->up']);
    assert.deepEqual(feed(world, '10.0.0.12', '-'), ['web 10.0.0.12:80 unknown->down']);
    assert.deepEqual(feed(world, '10.0.0.12', '+'), []);
    assert.deepEqual(feed(world, '10.0.0.12', '+'), ['web 10.0.0.12:80 down->up']);
    assert.deepEqual(weights(world), ['10.0.0.11 100', '10.0.0.12 50']);
    assert.deepEqual(feed(world, '10.0.0.11', '--'), []);
    assert.deepEqual(feed(world, '10.0.0.11', '-'), ['web 10.0.0.11:80 up->down']);
    assert.deepEqual(feed(world, '10.0.0.12', '---'), ['web 10.0.0.12:80 up->down', 'web up->down']);
    assert.deepEqual(weights(world), ['10.0.0.11 0', '10.0.0.12 0']);
  });

  it('carry the whole verdicts and standings', () => {
    const world = new World(configOf(virtualServer([a])), nobody, 0);
    feed(world, '10.0.0.11', '+');
    const key = keyOf(world, '10.0.0.11');
    for (let i = 0; i < 2; i++) assert.deepEqual(world.observe(key, failure('timeout'), 0).changes, []);
    assert.deepEqual(world.observe(key, failure('timeout'), 0).changes, [
      {
        kind: 'real-server',
        virtualServer: 'web',
        realServer: '10.0.0.11:80',
        from: { verdict: 'up', failure: null },
        to: { verdict: 'down', failure: { reason: 'timeout', detail: 'timeout' } },
      },
      {
        kind: 'virtual-server',
        virtualServer: 'web',
        from: { up: true, usableWeight: 100, sorry: false },
        to: { up: false, usableWeight: 0, sorry: false },
      },
    ]);
  });

  it('bring the sorry server in and out with the quorum', () => {
    const sorryServer = {
      address: '10.0.0.90',
      port: 80,
      forwarding: 'direct',
      tunnel: null,
      weight: 1,
      checks: [],
    } as const;
    const world = new World(
      configOf(virtualServer([a, b], { quorum: 150, sorryServers: [sorryServer] })),
      () => true,
      0,
    );
    assert.deepEqual(weights(world), ['10.0.0.11 100', '10.0.0.12 50']);
    assert.deepEqual(feed(world, '10.0.0.12', '---'), ['web 10.0.0.12:80 up->down', 'web up->sorry']);
    assert.deepEqual(weights(world), ['10.0.0.11 0', '10.0.0.12 0', '10.0.0.90 1']);
    assert.deepEqual(feed(world, '10.0.0.12', '++'), ['web 10.0.0.12:80 down->up', 'web sorry->up']);
    assert.deepEqual(weights(world), ['10.0.0.11 100', '10.0.0.12 50']);
  });

  it('that this machine could not get change nothing', () => {
    const world = new World(configOf(virtualServer([a])), nobody, 0);
    assert.deepEqual(world.observe(keyOf(world, '10.0.0.11'), failure('local'), 0).changes, []);
    assert.equal(world.verdict('web', 0).verdict, 'unknown');
  });

  it('that change nothing cost nothing: thousands a second are told with the same words', () => {
    const world = new World(configOf(virtualServer([a])), () => true, 0);
    const key = keyOf(world, '10.0.0.11');
    assert.equal(world.observe(key, PASS, 0), NOTHING);
    assert.equal(world.observe(key, failure(), 0), NOTHING_BUT_PENDING);
    const { checks } = world;
    world.observe(key, failure(), 0);
    world.observe(key, failure(), 0);
    assert.equal(world.checks, checks);
  });

  it('of a check that is gone change nothing', () => {
    const world = new World(configOf(virtualServer([a])), nobody, 0);
    assert.deepEqual(world.observe('nonsense', PASS, 0).changes, []);
    assert.deepEqual(weights(world), ['10.0.0.11 0']);
  });

  it('are noted with their time', () => {
    const world = new World(configOf(virtualServer([a])), nobody, 5);
    feed(world, '10.0.0.11', '+', 1000);
    feed(world, '10.0.0.11', '+', 3000);
    const [first] = world.healths('web', 0);
    assert.deepEqual(first?.config, a.checks[0]);
    assert.deepEqual(first?.health, {
      verdict: 'up',
      streak: 2,
      changedAt: 1000,
      failure: null,
      last: { result: PASS, at: 3000 },
      flap: CALM,
    });
  });
});

describe('director/world: checks', () => {
  it('several of one server must all pass', () => {
    const both = { ...a, checks: [tcpCheck('10.0.0.11', 80), tcpCheck('10.0.0.11', 9000)] };
    const world = new World(configOf(virtualServer([both])), nobody, 0);
    const admin = keyOf(world, '10.0.0.11', 9000);
    assert.deepEqual(feed(world, '10.0.0.11', '+'), []);
    assert.deepEqual(told(world.observe(admin, PASS, 0)), ['web 10.0.0.11:80 unknown->up', 'web down->up']);
    for (let i = 0; i < 2; i++) world.observe(admin, failure(), 0);
    assert.deepEqual(told(world.observe(admin, failure(), 0)), ['web 10.0.0.11:80 up->down', 'web up->down']);
    assert.deepEqual(feed(world, '10.0.0.11', '---'), [], 'the second check that fails changes nothing any more');
  });

  it('that are equal are made once and decide on every server that has them', () => {
    const plain = virtualServer([a], { name: 'http' });
    const tls = virtualServer([{ ...a, port: 443, checks: a.checks }, b], {
      name: 'https',
      ids: [tcpId('192.0.2.100', 443)],
    });
    const world = new World(configOf(plain, tls), nobody, 0);
    assert.equal(world.checks.size, 2);
    assert.deepEqual(feed(world, '10.0.0.11', '+'), [
      'http 10.0.0.11:80 unknown->up',
      'http down->up',
      'https 10.0.0.11:443 unknown->up',
      'https down->up',
    ]);
    assert.deepEqual(feed(world, '10.0.0.12', '+'), ['https 10.0.0.12:80 unknown->up']);
  });

  it('that are equal but for the rhythm are different checks', () => {
    const slow = { ...a, port: 81, checks: [tcpCheck('10.0.0.11', 80, { intervalMs: 9000 })] };
    assert.equal(new World(configOf(virtualServer([a, slow])), nobody, 0).checks.size, 2);
  });

  it('that are shared with a server that carries traffic start up', () => {
    const first = virtualServer([a], { name: 'first' });
    const second = virtualServer([a], { name: 'second', ids: [tcpId('192.0.2.101', 80)] });
    for (const order of [configOf(first, second), configOf(second, first)]) {
      const world = new World(order, (server) => server.name === 'second', 0);
      assert.equal(world.verdict('first', 0).verdict, 'up');
      assert.equal(world.verdict('second', 0).verdict, 'up');
    }
  });
});

describe('director/world: the desired table', () => {
  it('is complete, or of the named virtual servers only, in the order of the configuration', () => {
    const servers = [101, 102, 103].map((last) =>
      virtualServer([a], { name: `vs${last}`, ids: [tcpId(`192.0.2.${last}`, 80)] }),
    );
    const world = new World(configOf(...servers), nobody, 0);
    const names = (wanted?: ReadonlySet<string>): string[] =>
      world.desired(wanted).map(({ id }) => (id.kind === 'address' ? id.address : ''));
    assert.deepEqual(names(), ['192.0.2.101', '192.0.2.102', '192.0.2.103']);
    assert.deepEqual(names(new Set(['vs103', 'vs101', 'vs999'])), ['192.0.2.101', '192.0.2.103']);
    assert.deepEqual(names(new Set()), []);
  });

  it('names destinations as the kernel does', () => {
    assert.equal(destinationName({ address: '10.0.0.11', port: 80 }), '10.0.0.11:80');
    assert.equal(destinationName({ address: '2001:db8::11', port: 80 }), '[2001:db8::11]:80');
  });
});
