/** What delays the entry into Active beyond RFC 9568 section 6.4.2: preempt delay, startup delay, sync group; priorities that move. */
import assert from 'node:assert/strict';
import { deadline, step } from '../../../src/vrrp/fsm.ts';
import type { Backup, Effect, Event, RouterParameters, State } from '../../../src/vrrp/fsm-types.ts';

const ip = (last: number) => Uint8Array.of(192, 0, 2, last);
/** Priority 100 every second: Skew_Time 609.375 ms, Active_Down_Interval 3609.375 ms. */
const vr: RouterParameters = {
  version: 3,
  priority: 100,
  advertisementIntervalMs: 1000,
  preempt: true,
  preemptDelayMs: 0,
  holdUntil: 0,
  grouped: false,
  unyieldingUntil: 0,
  primaryAddress: ip(1),
};
const backup: Backup = {
  name: 'backup',
  activeAdverIntervalMs: 1000,
  activeDownAt: 3609.375,
  holdsAddresses: false,
  activePriority: null,
  preemptAt: null,
  ready: null,
};
const active: State = { name: 'active', adverAt: 1000, assertFrom: 0 };
const startup: Event = { type: 'startup', holdsAddresses: false };
const tick: Event = { type: 'tick' };
const heard = (priority: number): Event => ({
  type: 'advert',
  source: ip(2),
  priority,
  maxAdvertiseIntervalMs: 1000,
});
const promoted = (reason: 'active-down' | 'preempt-delay' | 'owner', priority = 100): readonly Effect[] => [
  { do: 'send-advert', priority },
  { do: 'claim-vips' },
  { do: 'notify', state: 'active', reason },
];
const activeFrom = (at: number): State => ({ name: 'active', adverAt: at + 1000, assertFrom: at });

type Row = readonly [
  rule: string,
  given: State,
  when: Event,
  at: number,
  next: State,
  effects: readonly Effect[],
  parameters?: Partial<RouterParameters>,
];

function check(rows: readonly Row[], common: Partial<RouterParameters>): void {
  for (const [rule, given, when, at, next, effects, parameters] of rows) {
    it(rule, () => {
      assert.deepEqual(step({ ...vr, ...common, ...parameters }, given, when, at), { state: next, effects });
    });
  }
}

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
        { name: 'initialize' },
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
        { name: 'initialize' },
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
        { name: 'initialize' },
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

describe('vrrp/fsm: the priority changes', () => {
  const from = (before: number): Event => ({ type: 'priority', before });
  check(
    [
      [
        'Backup: the timer gets the Skew_Time of the lower priority',
        backup,
        from(200),
        100,
        { ...backup, activeDownAt: 4000 },
        [],
      ],
      [
        'Backup: the timer gets the Skew_Time of the higher priority',
        backup,
        from(50),
        100,
        { ...backup, activeDownAt: 3414.0625 },
        [],
      ],
      ['Backup: the timer does not end in the past', backup, from(1), 3609, { ...backup, activeDownAt: 3609 }, []],
      ['Active: the next advertisement says it', active, from(200), 100, active, []],
      [
        'below an Active Router that it was about to preempt, it obeys that one',
        { ...backup, activePriority: 150 },
        from(200),
        3000,
        { ...backup, activePriority: 150, activeDownAt: 6609.375 },
        [],
      ],
      [
        'still above it, it goes on',
        { ...backup, activePriority: 50 },
        from(200),
        3000,
        { ...backup, activePriority: 50, activeDownAt: 4000 },
        [],
      ],
      [
        'a preempt delay ends when there is nothing to preempt any more',
        { ...backup, activePriority: 150, preemptAt: 20_000 },
        from(200),
        3000,
        { ...backup, activePriority: 150, activeDownAt: 6609.375 },
        [],
      ],
      [
        'ready, it is not any more',
        { ...backup, activePriority: 150, ready: 'active-down' },
        from(200),
        3000,
        { ...backup, activePriority: 150, activeDownAt: 6609.375 },
        [],
      ],
    ],
    {},
  );

  it('version 2: the Skew_Time is a part of a second', () => {
    const slow = { ...vr, version: 2, advertisementIntervalMs: 10_000 } as const;
    const given = { ...backup, activeAdverIntervalMs: 10_000, activeDownAt: 30_218.75 };
    assert.deepEqual(step(slow, given, from(200), 100).state, { ...given, activeDownAt: 30_609.375 });
  });
});

describe('vrrp/fsm: a faster detector loses the Active Router', () => {
  const lost: Event = { type: 'peer-lost' };
  check(
    [
      [
        'Backup: Skew_Time is left',
        { ...backup, activePriority: 150 },
        lost,
        1000,
        { ...backup, activePriority: 150, activeDownAt: 1609.375 },
        [],
      ],
      ['Backup: a timer that ends sooner stays', backup, lost, 3500, backup, []],
      ['Active: nothing', active, lost, 400, active, []],
      ['leaving: nothing', { name: 'leaving', releaseAt: 1450 }, lost, 400, { name: 'leaving', releaseAt: 1450 }, []],
    ],
    {},
  );
});
