import type { Event } from '../../../src/vrrp/fsm-types.ts';
import { active, backup, backup2, check, leaving, V2 } from './fsm-bench.ts';

describe('vrrp/fsm: the priority changes', () => {
  const from = (before: number): Event => ({ type: 'priority', before });
  check([
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
    [
      'version 2: the Skew_Time is a part of a second',
      { ...backup2, activeDownAt: 30_218.75 },
      from(200),
      100,
      backup2,
      [],
      V2,
    ],
  ]);
});

describe('vrrp/fsm: a faster detector loses the Active Router', () => {
  const lost: Event = { type: 'peer-lost' };
  check([
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
    ['leaving: nothing', leaving, lost, 400, leaving, []],
  ]);
});
