/** One set of real servers and checks behind several services. */
import assert from 'node:assert/strict';
import { World } from '../../../src/director/world.ts';
import type { ServiceId } from '../../../src/ipvs/types.ts';
import { configOf, failure, PASS, realServer, tcpCheck, tcpId, virtualServer } from './builders.ts';

const nobody = (): boolean => false;
const check = tcpCheck('10.0.0.11', 80);
const real = realServer('10.0.0.11', { port: null, checks: [check] });
const ids = [tcpId('192.0.2.1', 80), tcpId('192.0.2.1', 443), tcpId('192.0.2.2', 80), tcpId('192.0.2.2', 443)];
const group = virtualServer([real], { name: 'group', ids });

const tcp = (address: string, port: number, protocol = 6): ServiceId => ({
  kind: 'address',
  family: address.includes(':') ? 6 : 4,
  protocol,
  address,
  port,
});
const to = (address: string, port: number) => ({ family: address.includes(':') ? 6 : 4, address, port }) as const;

function onlyKey(world: World): string {
  const [key, ...others] = world.checks.keys();
  assert.ok(key !== undefined && others.length === 0);
  return key;
}

const weights = (world: World): string[] =>
  world
    .desired(new Set(['group']))
    .map(({ destinations }) => destinations.map(({ id, settings }) => `${id.port} ${settings.weight}`).join());

describe('director/world: groups', () => {
  it('one check, whose verdict counts in every service', () => {
    const world = new World(configOf(group), nobody, 0);
    assert.deepEqual(weights(world), ['80 0', '443 0', '80 0', '443 0']);
    const { changes } = world.observe(onlyKey(world), PASS, 1);
    assert.deepEqual(
      changes.map((change) =>
        change.kind === 'real-server'
          ? change.realServer
          : change.kind === 'virtual-server'
            ? change.virtualServer
            : '',
      ),
      ['10.0.0.11', 'group'],
    );
    assert.deepEqual(weights(world), ['80 100', '443 100', '80 100', '443 100']);
  });

  it('a reload that adds a service keeps the verdict, also where a port becomes several', () => {
    const single = { ...real, port: 80 };
    const down = new World(configOf(virtualServer([single], { name: 'group', ids: ids.slice(0, 1) })), nobody, 0);
    for (let i = 0; i < 3; i++) down.observe(onlyKey(down), failure(), i);
    const slower = { ...real, checks: [tcpCheck('10.0.0.11', 443)] };
    down.reload(configOf(virtualServer([slower], { name: 'group', ids, initial: 'up' })), 10, () => true);
    assert.equal(down.verdict('group', 0).verdict, 'down');
    down.reload(configOf(virtualServer([{ ...single, checks: [check] }], { ids: ids.slice(3), initial: 'up' })), 20);
    assert.equal(down.verdict('web', 0).verdict, 'down');
  });

  it('another port of the same address is another real server', () => {
    const world = new World(configOf(virtualServer([realServer('10.0.0.11')])), () => true, 0);
    world.reload(configOf(virtualServer([realServer('10.0.0.11', { port: 81 })])), 10);
    assert.equal(world.verdict('web', 0).verdict, 'unknown');
  });
});

describe('director/world: what has failed', () => {
  const sorryServer = {
    address: '10.0.0.90',
    port: null,
    forwarding: 'nat',
    tunnel: null,
    weight: 1,
    checks: [],
  } as const;
  const six = realServer('2001:db8::11', { port: 0 });
  const mark = { kind: 'fwmark', family: 6, fwmark: 7 } as const;
  const reals = [real, realServer('10.0.0.12', { port: 8080 })];
  const config = configOf(
    virtualServer(reals, { name: 'group', ids, sorryServers: [sorryServer], onFailure: 'remove' }),
    virtualServer([six], { name: 'mark', ids: [mark] }),
  );
  const rows: readonly [what: string, service: ServiceId, destination: ReturnType<typeof to>, expected: boolean][] = [
    ['on the port of the service', tcp('192.0.2.2', 443), to('10.0.0.11', 443), true],
    ['on the port of another service', tcp('192.0.2.2', 443), to('10.0.0.11', 80), false],
    ['on a port of its own', tcp('192.0.2.1', 80), to('10.0.0.12', 8080), true],
    ['with a port of its own, on that of the service', tcp('192.0.2.1', 80), to('10.0.0.12', 80), false],
    ['the sorry server is none', tcp('192.0.2.1', 80), to('10.0.0.90', 80), false],
    ['in no service of ours', tcp('192.0.2.3', 80), to('10.0.0.11', 80), false],
    ['of another protocol', tcp('192.0.2.1', 80, 17), to('10.0.0.11', 80), false],
    ['of a mark', mark, to('2001:db8::11', 0), true],
    ['of the same mark in the other family', { ...mark, family: 4 }, to('2001:db8::11', 0), false],
  ];
  for (const [what, service, destination, expected] of rows) {
    it(what, () => {
      const world = new World(config, nobody, 0);
      assert.deepEqual(weights(world), ['80 1', '443 1', '80 1', '443 1'], 'the sorry server alone is in the table');
      assert.equal(world.hasFailed(service, destination), expected);
    });
  }

  it('a reload forgets what is gone', () => {
    const world = new World(config, nobody, 0);
    world.reload(configOf(virtualServer([real], { name: 'group', ids: ids.slice(1) })), 1);
    assert.equal(world.hasFailed(tcp('192.0.2.1', 80), to('10.0.0.11', 80)), false);
    assert.equal(world.hasFailed(tcp('192.0.2.1', 443), to('10.0.0.11', 443)), true);
    assert.equal(world.hasFailed(tcp('192.0.2.1', 443), to('10.0.0.12', 8080)), false);
  });

  it('one that is up has not, though the sorry server takes its place', () => {
    const world = new World(
      configOf(virtualServer(reals, { ids, sorryServers: [sorryServer], onFailure: 'remove', quorum: 101 })),
      () => true,
      0,
    );
    for (let i = 0; i < 3; i++)
      world.observe(
        world
          .healths('web', 0)
          .map(({ config }) => JSON.stringify(config))
          .join(),
        failure(),
        i,
      );
    const [{ destinations = [] } = {}] = world.desired();
    assert.deepEqual(
      destinations.map(({ id }) => id.address),
      ['10.0.0.90'],
    );
    assert.equal(world.hasFailed(tcp('192.0.2.1', 80), to('10.0.0.11', 80)), true);
    assert.equal(world.hasFailed(tcp('192.0.2.1', 80), to('10.0.0.12', 8080)), false);
  });
});
