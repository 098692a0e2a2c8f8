/** What delays the entry into Active beyond RFC 9568 section 6.4.2. */
import assert from 'node:assert/strict';
import { deadline } from '../../../src/vrrp/fsm.ts';
import type { Backup } from '../../../src/vrrp/fsm-types.ts';
import { activeFrom, backup, check, heard, initialize, promoted, startup, tick } from './fsm-bench.ts';

describe('vrrp/fsm: preempt delay of 30 s', () => {
  const delaying: Backup = { ...backup, activeDownAt: 4609.375, activePriority: 50, preemptAt: 31_000 };
  check(
    [
      ['begins with the first lower advertisement, which is obeyed', backup, heard(50), 1000, delaying, []],
      [
        'the next one keeps it running',
        delaying,
        heard(60),
        2000,
        { ...delaying, activeDownAt: 5609.375, activePriority: 60 },
        [],
      ],
      [
        'an equal priority ends it',
        delaying,
        heard(100),
        2000,
        { ...delaying, activeDownAt: 5609.375, activePriority: 100, preemptAt: null },
        [],
      ],
      [
        'a higher priority ends it',
        delaying,
        heard(150),
        2000,
        { ...delaying, activeDownAt: 5609.375, activePriority: 150, preemptAt: null },
        [],
      ],
      [
        'priority 0 ends it: Skew_Time counts',
        delaying,
        heard(0),
        2000,
        { ...delaying, activeDownAt: 2609.375, activePriority: null, preemptAt: null },
        [],
      ],
      [
        'an Active Router that vanishes is succeeded without it',
        delaying,
        tick,
        4609.375,
        activeFrom(4609.375),
        promoted('active-down'),
      ],
      [
        'when it is over, the lower one is preempted',
        { ...delaying, activeDownAt: 33_000 },
        tick,
        31_000,
        activeFrom(31_000),
        promoted('preempt-delay'),
      ],
      ['an early tick does nothing', delaying, tick, 4609.374, delaying, []],
      [
        'what is heard behind its end is discarded',
        { ...delaying, activeDownAt: 33_000 },
        heard(50),
        31_000,
        { ...delaying, activeDownAt: 33_000 },
        [],
      ],
      [
        'a short one does not end before Active_Down_Timer would have',
        backup,
        heard(50),
        1000,
        { ...delaying, preemptAt: 3609.375 },
        [],
        { preemptDelayMs: 10 },
      ],
      [
        'the address owner does not wait',
        { ...backup, activeDownAt: 3003.90625 },
        heard(50),
        1000,
        { ...backup, activeDownAt: 3003.90625, activePriority: 50 },
        [],
        { priority: 255 },
      ],
      [
        'without preemption there is none',
        backup,
        heard(50),
        1000,
        { ...backup, activeDownAt: 4609.375, activePriority: 50 },
        [],
        { preempt: false },
      ],
    ],
    { preemptDelayMs: 30_000 },
  );

  it('its end is the deadline when that is nearer', () => {
    assert.equal(deadline(delaying), 4609.375);
    assert.equal(deadline({ ...delaying, preemptAt: 4000 }), 4000);
  });
});

describe('vrrp/fsm: preempt: false', () => {
  check(
    [
      [
        'the address owner preempts all the same',
        { ...backup, activeDownAt: 3003.90625 },
        heard(50),
        100,
        { ...backup, activeDownAt: 3003.90625, activePriority: 50 },
        [],
        { priority: 255 },
      ],
      [
        'a silent Active Router is succeeded',
        { ...backup, activePriority: 50 },
        tick,
        3609.375,
        activeFrom(3609.375),
        promoted('active-down'),
      ],
      [
        'one that leaves is succeeded',
        { ...backup, activePriority: 50 },
        heard(0),
        100,
        { ...backup, activeDownAt: 709.375 },
        [],
      ],
    ],
    { preempt: false },
  );
});

describe('vrrp/fsm: startup delay until 10 s', () => {
  const over: Backup = { ...backup, activeDownAt: 5000 };
  check(
    [
      ['Active_Down_Timer alone does not make it Active', over, tick, 9999, over, []],
      ['when the delay is over it is', over, tick, 10_000, activeFrom(10_000), promoted('active-down')],
      [
        'an Active Router heard meanwhile is obeyed',
        backup,
        heard(150),
        9000,
        { ...backup, activeDownAt: 12_609.375, activePriority: 150 },
        [],
      ],
      ['a lower one is discarded meanwhile', backup, heard(50), 9000, { ...backup, activePriority: 50 }, []],
      [
        'the address owner waits too',
        initialize,
        startup,
        0,
        { ...backup, activeDownAt: 0 },
        [{ do: 'notify', state: 'backup', reason: 'startup' }],
        { priority: 255 },
      ],
      [
        'the address owner is Active at its end',
        { ...backup, activeDownAt: 0 },
        tick,
        10_000,
        activeFrom(10_000),
        promoted('owner', 255),
        { priority: 255 },
      ],
      [
        'addresses still there from before are no start',
        { ...backup, activeDownAt: 1609.375, holdsAddresses: true },
        tick,
        1609.375,
        activeFrom(1609.375),
        promoted('active-down'),
      ],
    ],
    { holdUntil: 10_000 },
  );

  it('is the deadline, if the timer ends before', () => {
    assert.equal(deadline(backup, 10_000), 10_000);
    assert.equal(deadline({ ...backup, activeDownAt: 12_000 }, 10_000), 12_000);
    assert.equal(deadline({ ...backup, holdsAddresses: true }, 10_000), 3609.375);
  });
});
