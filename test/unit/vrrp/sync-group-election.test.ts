import assert from 'node:assert/strict';
import { vip } from './builders.ts';
import { activeGroup, groupBench, LOW_PEER } from './group-bench.ts';

describe('vrrp/sync-group: becoming Active', () => {
  it('all start together and take over together', () => {
    const b = groupBench();
    b.start();
    assert.deepEqual(b.happened(), ['web BACKUP: startup', 'mail BACKUP: startup']);
    b.until(3609.375);
    assert.deepEqual(b.happened(), [
      'web advert 100',
      'web MASTER: active-down',
      'mail advert 100',
      'mail MASTER: active-down',
    ]);
    assert.deepEqual(b.roles, ['pair FAULT (web: not started)', 'pair BACKUP (startup)', 'pair MASTER (active-down)']);
  });

  it('one whose time has come waits for the others, and says for whom', () => {
    const b = groupBench();
    b.start();
    b.until(1000);
    b.hear('mail', 150);
    b.until(3609.375);
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
    assert.equal(b.router('web').dueAt, null);
    assert.equal(b.router('web').report().whyNotMaster, 'sync group pair: mail is not ready');
    b.until(4609.375);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('different intervals: both wait for the slower one', () => {
    const b = groupBench({}, [
      { name: 'web', vrid: 51 },
      { name: 'mail', vrid: 52, advertisementIntervalMs: 300 },
    ]);
    b.start();
    b.until(3609);
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
    b.until(3609.375);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('the peer that leaves with priority 0 is succeeded for all of them', () => {
    const b = groupBench();
    b.start();
    for (const name of ['web', 'mail']) b.hear(name, 150);
    b.until(1000);
    for (const name of ['web', 'mail']) b.hear(name, 0);
    b.until(1609.375);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('owners too are Active together, at once', () => {
    const b = groupBench({ priority: 255 });
    b.start();
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('preempt: false of one keeps all back', () => {
    const b = groupBench({}, [
      { name: 'web', vrid: 51 },
      { name: 'mail', vrid: 52, preempt: false },
    ]);
    b.start();
    for (let at = 1000; at <= 20_000; at += 1000) {
      b.until(at);
      for (const name of ['web', 'mail']) b.hear(name, 50);
    }
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
  });

  it('the preempt delay is one delay, not one for each member', () => {
    const b = groupBench({ preemptDelayMs: 10_000 });
    b.start();
    for (let at = 500; at <= 10_500; at += 1000) {
      b.until(at);
      b.hear('web', 50);
      b.until(at + 100);
      b.hear('mail', 50);
    }
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
    assert.equal(b.router('web').reason, 'preempt-delay');
  });

  it('addresses found at start are resumed together', () => {
    const b = groupBench();
    b.start(true);
    b.until(1609.375);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });
});

describe('vrrp/sync-group: losing', () => {
  it('a higher priority heard by one takes all back, with priority 0 and release', () => {
    const b = activeGroup();
    b.hear('web', 150);
    assert.deepEqual(b.happened(), [
      'web release',
      'web BACKUP: higher-priority',
      'mail advert 0',
      'mail release',
      'mail BACKUP: sync-group',
      'web advert 100',
    ]);
    assert.equal(b.roles.at(-1), 'pair BACKUP (higher-priority)');
  });

  it('is not taken back by the member that hears nobody', () => {
    const b = activeGroup();
    for (let at = 4000; at < 30_000; at += 1000) {
      b.until(at);
      b.hear('web', 150);
    }
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
    b.until(40_000);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('the first member decides between equals: one that loses the tie-break does not yield while the first has won', () => {
    const b = activeGroup();
    b.until(4000);
    b.hear('web', 100, LOW_PEER); // web wins by its address
    b.hear('mail', 100);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('a win is worth two intervals', () => {
    const b = activeGroup();
    b.until(4000);
    b.hear('mail', 150);
    b.until(4001);
    b.hear('web', 100, LOW_PEER);
    b.until(6000);
    b.hear('mail', 150);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
    b.until(6001);
    b.hear('mail', 150);
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
  });

  it('a later member gives the first one two intervals to decide: its link may be the slower one', () => {
    for (const priority of [100, 150]) {
      const b = activeGroup();
      b.until(4000);
      b.hear('mail', priority);
      b.until(5000);
      b.hear('mail', priority);
      b.until(5999);
      b.hear('mail', priority);
      assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
      b.until(6000);
      b.hear('mail', priority);
      assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
    }
  });

  it('an old contest is not counted to a new one', () => {
    const b = activeGroup();
    b.until(4000);
    b.hear('mail', 150);
    b.until(20_000);
    b.hear('mail', 150);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('the win of a later member is worth nothing to an earlier one', () => {
    const b = activeGroup();
    b.until(4000);
    b.hear('mail', 100, LOW_PEER);
    b.hear('web', 100);
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
  });

  it('both directors order the members alike, whatever the order in the file: IPv4, then the identifier', () => {
    const b = groupBench({}, [
      { name: 'six', vrid: 1, family: 6, virtualAddresses: [vip('fe80::100', 64)] },
      { name: 'sixty', vrid: 60 },
      { name: 'seven', vrid: 7 },
    ]);
    b.start();
    assert.deepEqual(b.happened(), ['seven BACKUP: startup', 'sixty BACKUP: startup', 'six BACKUP: startup']);
  });
});
