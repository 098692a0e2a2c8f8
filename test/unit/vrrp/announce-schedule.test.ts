import assert from 'node:assert/strict';
import type { AnnouncementConfig } from '../../../src/config/types.ts';
import { AnnounceSchedule } from '../../../src/vrrp/announce-schedule.ts';
import type { AnnounceOccasion } from '../../../src/vrrp/instance-ports.ts';
import { routerConfig } from './builders.ts';

const DEFAULT = routerConfig().announcements;
type Begun = readonly [at: number, occasion: AnnounceOccasion];

/** Every burst until `endMs`, as "time rounds". */
function bursts(given: Partial<AnnouncementConfig>, begun: readonly Begun[], endMs: number): readonly string[] {
  const config = { ...DEFAULT, ...given };
  const schedule = new AnnounceSchedule();
  const seen: string[] = [];
  for (let now = 0; now <= endMs; now += 100) {
    for (const [at, occasion] of begun) if (at === now) seen.push(`${now} ${schedule.begin(occasion, config, now)}`);
    const { dueAt } = schedule;
    const rounds = schedule.take(config, now);
    assert.equal(rounds > 0, dueAt !== null && dueAt <= now, `due ${dueAt} at ${now}`);
    if (rounds > 0) seen.push(`${now} ${rounds}`);
  }
  return seen;
}

describe('vrrp/announce-schedule', () => {
  const rows: readonly [
    name: string,
    given: Partial<AnnouncementConfig>,
    begun: readonly Begun[],
    endMs: number,
    want: readonly string[],
  ][] = [
    ['a take-over: at once and once more', {}, [[0, 'take-over']], 60_000, ['0 5', '5000 5']],
    ['no repetition', { repeatDelayMs: 0 }, [[0, 'take-over']], 60_000, ['0 5']],
    ['a healed split is like a take-over', { count: 2 }, [[0, 'healed']], 60_000, ['0 2', '5000 2']],
    [
      'refreshed as often as wanted',
      { refreshMs: 2000, refreshCount: 2, repeatDelayMs: 1000 },
      [[0, 'take-over']],
      6000,
      ['0 5', '1000 5', '2000 2', '4000 2', '6000 2'],
    ],
    [
      'what is due together is said once, with the most rounds',
      { refreshMs: 1000, repeatDelayMs: 2000 },
      [[0, 'take-over']],
      3000,
      ['0 5', '1000 1', '2000 5', '3000 1'],
    ],
    [
      'a lower-priority router: its own rounds and delay, beside the take-over',
      { lowerPriorityCount: 3, lowerPriorityDelayMs: 1000 },
      [
        [0, 'take-over'],
        [500, 'lower-priority'],
      ],
      60_000,
      ['0 5', '500 3', '1500 3', '5000 5'],
    ],
    [
      'one that goes on speaking puts the repetition off',
      { lowerPriorityDelayMs: 1000, repeatDelayMs: 0 },
      [
        [0, 'lower-priority'],
        [500, 'lower-priority'],
      ],
      60_000,
      ['0 5', '500 5', '1500 5'],
    ],
    [
      'a lower-priority router that is ignored',
      { lowerPriorityCount: 0, repeatDelayMs: 0 },
      [[0, 'lower-priority']],
      9000,
      ['0 0'],
    ],
    [
      'a second take-over begins anew',
      {},
      [
        [0, 'take-over'],
        [4900, 'take-over'],
      ],
      60_000,
      ['0 5', '4900 5', '9900 5'],
    ],
  ];
  for (const [name, given, begun, endMs, want] of rows) {
    it(name, () => assert.deepEqual(bursts(given, begun, endMs), want));
  }

  it('a reload begins, changes and ends the refreshing', () => {
    const schedule = new AnnounceSchedule();
    const with_ = (refreshMs: number) => ({ ...DEFAULT, repeatDelayMs: 0, refreshMs });
    schedule.begin('take-over', with_(0), 0);
    assert.equal(schedule.dueAt, null);
    assert.equal(schedule.adopt(with_(0), 10), false);
    assert.equal(schedule.adopt(with_(1000), 10), true);
    assert.equal(schedule.dueAt, 1010);
    assert.equal(schedule.adopt(with_(1000), 20), false, 'what stays the same is not put off');
    assert.equal(schedule.take(with_(1000), 1010), 1);
    assert.equal(schedule.adopt(with_(0), 1500), true);
    assert.equal(schedule.dueAt, null);
  });

  it('lateness does not add up, and what was slept through is not made up for', () => {
    const schedule = new AnnounceSchedule();
    const config = { ...DEFAULT, repeatDelayMs: 0, refreshMs: 1000 };
    schedule.begin('take-over', config, 0);
    assert.equal(schedule.take(config, 1030), 1);
    assert.equal(schedule.dueAt, 2000);
    assert.equal(schedule.take(config, 7500), 1);
    assert.equal(schedule.take(config, 7500), 0);
    assert.equal(schedule.dueAt, 8500);
  });
});
