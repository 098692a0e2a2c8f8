import assert from 'node:assert/strict';
import { expectedOf } from '../../../src/vrrp/expected.ts';
import { ip, routerConfig, vip } from './builders.ts';
import { activeBench, advert, bench } from './instance-bench.ts';

const toHex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

describe('vrrp/instance: peers', () => {
  const PEERS = ['10.1.0.2', '10.1.0.3'];
  const virtualAddresses = ['10.1.0.100', '10.1.0.101'].map((address) => vip(address, 24));
  const given = { virtualAddresses, priority: 150, advertisementIntervalMs: 500, peers: PEERS };

  function active(more: Parameters<typeof bench>[0]) {
    const b = bench({ ...given, ...more });
    b.machine.source = ip('10.1.0.1');
    b.machine.destinations = PEERS.map(ip);
    b.router.setLink({ fault: null, primaryAddress: ip('10.1.0.1'), holdsAddresses: false });
    b.until(2000);
    return b;
  }

  it('each peer gets a message of its own, its address in the checksum (keepalived 2.2.7 sends the first)', () => {
    const b = active({});
    assert.deepEqual(b.machine.sent.slice(0, 2).map(toHex), [
      '3133960200320f480a0100640a010065',
      '3133960200320f470a0100640a010065',
    ]);
    assert.equal(b.router.report().adverts.sent, b.machine.sent.length / 2, 'both together are one advertisement');
  });

  it('without a pseudo-header all get the same', () => {
    const b = active({ checksum: 'rfc9568' });
    assert.deepEqual(b.machine.sent.slice(0, 2).map(toHex), Array(2).fill('31339602003223cd0a0100640a010065'));
  });

  it('who may speak, and from how far', () => {
    const ttl = { send: 255, least: 60 };
    const { peers, leastTtl } = expectedOf(routerConfig({ peers: PEERS, ttl }));
    assert.deepEqual({ peers, leastTtl }, { peers: PEERS.map(ip), leastTtl: 60 });
    assert.equal(expectedOf(routerConfig({ ttl })).leastTtl, 255, 'multicast never comes from behind a router');
  });
});

describe('vrrp/instance: another active router', () => {
  it('is told of when it does not hear us, and when it is over the addresses are announced again', () => {
    const b = activeBench({ priority: 150, advertisementIntervalMs: 1000 });
    b.until(6000);
    b.happened();
    b.hear(advert(100));
    assert.deepEqual(b.happened(), [
      'two-actives: 192.0.2.2 is active too, with priority 100; ours is 150',
      'advert 150',
      'announce',
    ]);
    assert.deepEqual(b.router.report().otherActives.seen, 1);
    b.router.identifyOther(ip('192.0.2.2'), '02:00:00:00:00:02');
    assert.equal(b.router.report().otherActives.current?.mac, '02:00:00:00:00:02');
    b.until(12_000);
    const after = b.happened().filter((line) => line !== 'advert 150');
    assert.deepEqual(after, ['announce', 'healed: 192.0.2.2 is not active any more, after 3 s beside this router']);
    assert.deepEqual(b.router.report().otherActives, { seen: 1, current: null });
  });

  it('of a split that healed is heard by the winner, who announces over it', () => {
    const winner = activeBench({ priority: 150 });
    const loser = activeBench({ priority: 100 });
    for (const b of [winner, loser]) {
      b.until(20_000);
      b.happened();
    }
    // The winner speaks first.
    loser.hear(advert(150));
    assert.equal(loser.happened().at(-1), 'advert 100');
    winner.hear(advert(100));
    assert.deepEqual(winner.happened().slice(1), ['advert 150', 'announce']);
    assert.equal(winner.router.report().otherActives.seen, 1);
  });

  it('that was just preempted is in order', () => {
    const b = activeBench({ priority: 150 });
    b.happened();
    b.hear(advert(100));
    assert.deepEqual(b.happened(), ['advert 150', 'announce']);
    assert.equal(b.router.report().otherActives.seen, 0);
  });

  it('of equal priority that wins is told of before we yield', () => {
    const b = activeBench({ priority: 100 });
    b.happened();
    b.hear(advert(100));
    assert.deepEqual(b.happened(), [
      'two-actives: 192.0.2.2 is active too, with priority 100; ours is 100',
      'release',
      'BACKUP: tie-break-lost',
      'advert 100',
    ]);
    assert.deepEqual(b.router.report().otherActives, { seen: 1, current: null });
  });

  it('that stops does not count', () => {
    const b = activeBench({ priority: 150 });
    b.until(9000);
    b.happened();
    b.hear(advert(0));
    assert.deepEqual(b.happened(), ['advert 150']);
    assert.equal(b.router.report().otherActives.seen, 0);
  });
});
