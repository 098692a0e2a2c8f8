import assert from 'node:assert/strict';
import { deadline } from '../../../src/vrrp/fsm.ts';
import type { Backup, Effect } from '../../../src/vrrp/fsm-types.ts';
import { active, activeFrom, backup, check, heard, initialize, promoted, startup, tick } from './fsm-bench.ts';

describe('vrrp/fsm: in a sync group', () => {
  const ready: Backup = { ...backup, ready: 'active-down' };
  const handOver: readonly Effect[] = [
    { do: 'send-advert', priority: 0 },
    { do: 'release-vips' },
    { do: 'notify', state: 'backup', reason: 'sync-group' },
  ];
  check(
    [
      ['Active_Down_Timer makes it ready', backup, tick, 3609.375, ready, []],
      [
        'ready, it takes over when the group says so',
        ready,
        { type: 'take-over' },
        5000,
        activeFrom(5000),
        promoted('active-down'),
      ],
      ['not ready, it does not', backup, { type: 'take-over' }, 5000, backup, []],
      ['a second tick changes nothing', ready, tick, 5000, ready, []],
      [
        'ready by its preempt delay, it says so later too',
        { ...ready, ready: 'preempt-delay' },
        tick,
        5000,
        { ...ready, ready: 'preempt-delay' },
        [],
      ],
      [
        'the address owner is not ready before the startup delay is over',
        initialize,
        startup,
        0,
        { ...backup, activeDownAt: 0 },
        [{ do: 'notify', state: 'backup', reason: 'startup' }],
        { priority: 255, holdUntil: 10_000 },
      ],
      [
        'ready, a higher priority starts the timer again',
        ready,
        heard(150),
        5000,
        { ...backup, activeDownAt: 8609.375, activePriority: 150 },
        [],
      ],
      ['ready, a lower priority is discarded', ready, heard(50), 5000, { ...ready, activePriority: 50 }, []],
      ['ready, priority 0 leaves it so', ready, heard(0), 5000, { ...ready, activeDownAt: 5609.375 }, []],
      [
        'ready by its silence, a lower one that speaks begins the preempt delay',
        ready,
        heard(50),
        5000,
        { ...backup, activeDownAt: 8609.375, activePriority: 50, preemptAt: 35_000 },
        [],
        { preemptDelayMs: 30_000 },
      ],
      [
        'the address owner is ready at once',
        initialize,
        startup,
        0,
        { ...backup, activeDownAt: 0, ready: 'owner' },
        [{ do: 'notify', state: 'backup', reason: 'startup' }],
        { priority: 255 },
      ],
      [
        'Active, it yields with the group: priority 0, release',
        active,
        { type: 'yield' },
        400,
        { ...backup, activeDownAt: 4009.375 },
        handOver,
      ],
      ['Backup has nothing to yield', backup, { type: 'yield' }, 400, backup, []],
      [
        'another member has won: a higher priority is not obeyed',
        active,
        heard(150),
        400,
        active,
        [],
        { unyieldingUntil: 401 },
      ],
      [
        'a win is over at its time',
        active,
        heard(150),
        401,
        { ...backup, activeDownAt: 4010.375, activePriority: 150 },
        [{ do: 'release-vips' }, { do: 'notify', state: 'backup', reason: 'higher-priority' }],
        { unyieldingUntil: 401 },
      ],
    ],
    { grouped: true },
  );

  it('ready, it has no deadline', () => {
    assert.equal(deadline(ready), null);
  });
});
