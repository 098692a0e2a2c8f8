/** Real servers that the kernel sends connections to already are adopted, at the start and at a reload. */
import assert from 'node:assert/strict';
import { trafficIn } from '../../../src/director/traffic.ts';
import { World } from '../../../src/director/world.ts';
import { destination, real, serviceOf, tcp } from '../ipvs/builders.ts';
import { configOf, failure, realServer, tcpId, virtualServer } from './builders.ts';

const a = realServer('10.0.0.1');
const b = realServer('10.0.0.2');
const table = [
  serviceOf(tcp('192.0.2.100', 80), [
    destination(real('10.0.0.1', 80), { weight: 5 }),
    destination(real('10.0.0.2', 80), { weight: 0 }),
  ]),
];

describe('traffic in the table', () => {
  it('is that of a service and destination of that name with a weight', () => {
    const carries = trafficIn(table);
    const web = virtualServer([a, b]);
    assert.deepEqual([carries(web, a), carries(web, b)], [true, false]);
    assert.equal(carries({ ids: [{ kind: 'fwmark', family: 4, fwmark: 7 }] }, a), false);
    assert.equal(carries(web, realServer('10.0.0.1', { port: 81 })), false);
  });

  it('in any service of a group, on the port that it has there', () => {
    const carries = trafficIn(table);
    const group = virtualServer([], { ids: [tcpId('192.0.2.99', 443), tcpId('192.0.2.100', 80)] });
    assert.equal(carries(group, realServer('10.0.0.1', { port: null })), true);
    assert.equal(carries(group, realServer('10.0.0.2', { port: null })), false, 'weight 0');
    const other = virtualServer([], { ids: [tcpId('192.0.2.99', 80), tcpId('192.0.2.100', 443)] });
    assert.equal(carries(other, realServer('10.0.0.1', { port: null })), false);
  });
});

describe('a reload', () => {
  it('adopts a real server that carries traffic and was not configured', () => {
    const world = new World(configOf(), () => false, 0);
    world.reload(configOf(virtualServer([a, b])), 10, trafficIn(table));
    assert.deepEqual([world.verdict('web', 0).verdict, world.verdict('web', 1).verdict], ['up', 'unknown']);
  });

  it('believes its own verdict before the table', () => {
    const world = new World(configOf(virtualServer([a])), () => false, 0);
    const [key = ''] = world.checks.keys();
    for (let i = 0; i < 3; i++) world.observe(key, failure(), i);
    world.reload(configOf(virtualServer([a], { quorum: 2 })), 10, trafficIn(table));
    assert.equal(world.verdict('web', 0).verdict, 'down');
  });
});
