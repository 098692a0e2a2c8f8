/** A sync daemon that cannot start is tried ever more rarely. */
import assert from 'node:assert/strict';
import { SyncKeeper } from '../../src/sys/sync-keeper.ts';
import { FakeKernel } from '../support/fake-kernel.ts';
import { daemonOf } from '../unit/ipvs/builders.ts';

const REFUSED = [
  'Cannot start the master sync daemon on lo: ENETUNREACH (the interface has no route for multicast: it must be up and have an address)',
];

describe('sync keeper', () => {
  it('tries again after 30 s, doubling to 5 minutes, and tells the problem meanwhile', () => {
    const kernel = new FakeKernel();
    kernel.refuses = ({ command }) => (command === 'new-daemon' ? 'ENETUNREACH' : null);
    let nowMs = 0;
    const keeper = new SyncKeeper(kernel, () => [daemonOf({})], { ours: false, now: () => nowMs });
    const triedAtS: number[] = [];
    for (let s = 0; s <= 1000; s++) {
      nowMs = s * 1000;
      const before = kernel.starts;
      assert.deepEqual(keeper.keep(), REFUSED);
      if (kernel.starts > before) triedAtS.push(s);
    }
    assert.deepEqual(triedAtS, [0, 30, 90, 210, 450, 750]);
  });

  it('tries again at once when something else is wanted, and begins anew after a success', () => {
    const kernel = new FakeKernel();
    kernel.refuses = () => 'ENETUNREACH';
    let nowMs = 0;
    const keeper = new SyncKeeper(kernel, () => [daemonOf({})], { ours: false, now: () => nowMs });
    keeper.keep();
    keeper.reset();
    keeper.keep();
    assert.equal(kernel.starts, 2);
    kernel.refuses = () => null;
    nowMs = 30_000;
    assert.deepEqual(keeper.keep(), []);
    assert.deepEqual(kernel.running, [daemonOf({})]);
    kernel.running = [];
    kernel.refuses = () => 'ENETUNREACH';
    keeper.keep();
    nowMs += 30_000;
    keeper.keep();
    assert.equal(kernel.starts, 5);
  });

  it('stops a daemon of another role while the new one must wait', () => {
    const kernel = new FakeKernel();
    kernel.running = [daemonOf({ role: 'backup' })];
    kernel.refuses = ({ command }) => (command === 'new-daemon' ? 'ENETUNREACH' : null);
    const keeper = new SyncKeeper(kernel, () => [daemonOf({})], { ours: false, now: () => 0 });
    assert.deepEqual(keeper.keep(), REFUSED);
    assert.deepEqual(kernel.running, []);
  });

  it('what it starts and stops is news, a start that fails once', () => {
    const kernel = new FakeKernel();
    const news: string[] = [];
    const keeper = new SyncKeeper(kernel, () => [daemonOf({})], {
      ours: false,
      now: () => 0,
      news: ({ kind, object, to, reason }) => news.push(`${kind} ${object} ${to} ${reason}`),
    });
    kernel.refuses = () => 'ENETUNREACH';
    for (let i = 0; i < 3; i++) keeper.keep();
    kernel.refuses = () => null;
    keeper.reset();
    for (let i = 0; i < 3; i++) keeper.keep();
    keeper.stop();
    const { interface: name } = daemonOf({});
    assert.deepEqual(news, [
      `sync master failed ${REFUSED[0]}`,
      `sync master running ${name}`,
      'sync master stopped null',
    ]);
  });

  it('leaves the daemons of a stranger alone, also at the end', () => {
    const kernel = new FakeKernel();
    kernel.running = [daemonOf({})];
    const keeper = new SyncKeeper(kernel, () => null, { ours: false });
    assert.deepEqual([keeper.keep(), keeper.stop(), keeper.ours], [[], [], false]);
    assert.equal(kernel.running.length, 1);
  });
});
