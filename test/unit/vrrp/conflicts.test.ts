import assert from 'node:assert/strict';
import { Conflicts } from '../../../src/vrrp/conflicts.ts';
import { ip } from './builders.ts';

const VIP = ip('10.0.0.100');
const MAC = '02:00:00:00:00:0b';

describe('vrrp/conflicts', () => {
  it('who answers for an address of a dead router is told at once', () => {
    const conflicts = new Conflicts();
    conflicts.claimed(false, 0);
    assert.equal(conflicts.heard(VIP, MAC, 0, 7000), true);
    assert.deepEqual(conflicts.report(), [{ address: '10.0.0.100', mac: MAC, atMs: 7000, count: 1 }]);
  });

  it('a living router is given a second to let go', () => {
    const conflicts = new Conflicts();
    conflicts.claimed(true, 0);
    assert.equal(conflicts.heard(VIP, MAC, 999, 0), false);
    assert.deepEqual(conflicts.report(), []);
    assert.equal(conflicts.heard(VIP, MAC, 1000, 0), true);
  });

  it('counts all, tells once a minute of each address, whoever answers', () => {
    const conflicts = new Conflicts();
    conflicts.claimed(false, 0);
    const told = [];
    for (let now = 0; now <= 120_000; now += 1000)
      if (conflicts.heard(VIP, `02:00:00:00:00:${now % 7}`, now, now)) told.push(now);
    assert.deepEqual(told, [0, 60_000, 120_000]);
    assert.equal(conflicts.heard(ip('10.0.0.101'), MAC, 120_001, 0), true);
    assert.deepEqual(
      conflicts.report().map(({ address, count }) => [address, count]),
      [
        ['10.0.0.100', 121],
        ['10.0.0.101', 1],
      ],
    );
  });

  it('a backup has no addresses to quarrel about, and keeps what it saw', () => {
    const conflicts = new Conflicts();
    assert.equal(conflicts.heard(VIP, MAC, 0, 0), false);
    conflicts.claimed(false, 0);
    conflicts.heard(VIP, MAC, 1, 0);
    conflicts.released();
    assert.equal(conflicts.heard(VIP, MAC, 70_000, 0), false);
    assert.equal(conflicts.report().length, 1);
    conflicts.claimed(false, 80_000);
    assert.deepEqual(conflicts.report(), []);
  });
});
