import assert from 'node:assert/strict';
import type { StateName } from '../../../src/vrrp/fsm-types.ts';
import { type WakeHost, wake, wakeTime } from '../../../src/vrrp/wake.ts';

/** Somebody whose timer fired at `now`; `waiting` is what the socket holds, by drain: the deadline that it moves to. */
function bench(stateName: StateName, dueAt: number, now: number, waiting: readonly (number | null)[] = []) {
  const log: string[] = [];
  const sleeper = {
    stateName,
    dueAt: dueAt as number | null,
    prepare: () => log.push('prepare'),
    tick: () => log.push(`tick, due ${sleeper.dueAt}`),
  };
  const unread = [...waiting];
  const host: WakeHost = {
    now: () => now,
    wakeAt: (at) => log.push(`arm ${at}`),
    drain: () => {
      log.push('drain');
      sleeper.dueAt = unread.shift() ?? sleeper.dueAt;
    },
    prepare: () => log.push('prepare the machine'),
    waitUntil: (at, done) => {
      log.push(`wait until ${at}`);
      done();
    },
  };
  wake(sleeper, host);
  return log;
}

describe('vrrp/wake', () => {
  it('a backup is woken a little before its deadline, an active router on it', () => {
    assert.equal(wakeTime({ stateName: 'backup' }, 100), 99.4);
    assert.equal(wakeTime({ stateName: 'active' }, 100), 100);
    assert.equal(wakeTime({ stateName: 'backup' }, null), null);
  });

  it('a backup prepares, waits for the moment, and hears once more before it believes its timer', () => {
    const all = ['drain', 'prepare', 'prepare the machine', 'wait until 100', 'drain', 'tick, due 100'];
    assert.deepEqual(bench('backup', 100, 99.4), all);
  });

  it('a late backup that has an advertisement in its socket goes on waiting', () => {
    assert.deepEqual(bench('backup', 100, 5000, [5300]), ['drain', 'arm 5300']);
  });

  it('an advertisement of the last moment counts too', () => {
    const log = bench('backup', 100, 99.4, [null, 460]);
    assert.deepEqual(log.slice(-2), ['drain', 'tick, due 460']);
  });

  it('an active router, late or not, hears of a successor before it advertises', () => {
    assert.deepEqual(bench('active', 100, 5000, [9000]), ['drain', 'tick, due 9000']);
  });
});
