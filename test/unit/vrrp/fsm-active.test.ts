import assert from 'node:assert/strict';
import { deadline } from '../../../src/vrrp/fsm.ts';
import type { State } from '../../../src/vrrp/fsm-types.ts';
import {
  active,
  backup,
  backup2,
  type Cell,
  check,
  checkCells,
  checkEvents,
  fires,
  heard,
  initialize,
  isLower,
  leaving,
  priorityOf,
  type Row,
  startup,
  tick,
  V2,
} from './fsm-bench.ts';

/** With the parameters `V2`. */
const active2: State = { name: 'active', adverAt: 10_000, assertFrom: 0 };

const table: readonly Row[] = [
  ['6.4.3 Adver_Timer fires', active, tick, 1000, { ...active, adverAt: 2000 }, [{ do: 'send-advert', priority: 100 }]],
  [
    'a late advertisement does not move the beat',
    active,
    tick,
    1250,
    { ...active, adverAt: 2000 },
    [{ do: 'send-advert', priority: 100 }],
  ],
  [
    'a missed interval is not made up for',
    active,
    tick,
    2500,
    { ...active, adverAt: 3500 },
    [{ do: 'send-advert', priority: 100 }],
  ],
  ['6.4.3 an early tick does nothing', active, tick, 999, active, []],
  [
    '6.4.3 priority 0 is answered at once and resets Adver_Timer',
    active,
    heard(0),
    400,
    { ...active, adverAt: 1400 },
    [{ do: 'send-advert', priority: 100 }],
  ],
  [
    '6.4.3 a lower priority is answered at once and announced over, timer untouched',
    active,
    heard(50),
    400,
    { ...active, assertFrom: 500 },
    [{ do: 'send-advert', priority: 100 }, { do: 'announce-vips' }],
  ],
  [
    'a flood of lower priorities is not answered one for one',
    { ...active, assertFrom: 500 },
    heard(50),
    499,
    { ...active, assertFrom: 500 },
    [],
  ],
  [
    '6.4.3 a higher priority ends Active, with the interval it advertises',
    active,
    heard(101, '192.0.2.2', 2000),
    400,
    { ...backup, activeAdverIntervalMs: 2000, activeDownAt: 7618.75, activePriority: 101 },
    [{ do: 'release-vips' }, { do: 'notify', state: 'backup', reason: 'higher-priority' }],
  ],
  [
    '6.4.3 equal priority, greater address wins the tie-break',
    active,
    heard(100, '192.0.2.9'),
    400,
    { ...backup, activeDownAt: 4009.375, activePriority: 100 },
    [{ do: 'release-vips' }, { do: 'notify', state: 'backup', reason: 'tie-break-lost' }],
  ],
  [
    '6.4.3 the tie-break compares unsigned',
    active,
    heard(100, '200.0.0.0'),
    400,
    { ...backup, activeDownAt: 4009.375, activePriority: 100 },
    [{ do: 'release-vips' }, { do: 'notify', state: 'backup', reason: 'tie-break-lost' }],
  ],
  [
    '6.4.3 equal priority, smaller address loses the tie-break',
    active,
    heard(100, '192.0.2.0'),
    400,
    { ...active, assertFrom: 500 },
    [{ do: 'send-advert', priority: 100 }, { do: 'announce-vips' }],
  ],
  [
    '6.4.3 equal priority, equal address is not a win',
    active,
    heard(100, '192.0.2.1'),
    400,
    { ...active, assertFrom: 500 },
    [{ do: 'send-advert', priority: 100 }, { do: 'announce-vips' }],
  ],
  [
    '6.4.3 Shutdown advertises priority 0 and keeps the addresses for one interval',
    active,
    { type: 'shutdown' },
    400,
    leaving,
    [
      { do: 'send-advert', priority: 0 },
      { do: 'notify', state: 'leaving', reason: 'shutdown' },
    ],
  ],
  [
    'a stop never waits longer than two seconds',
    active,
    { type: 'shutdown' },
    400,
    { name: 'leaving', releaseAt: 2400 },
    [
      { do: 'send-advert', priority: 0 },
      { do: 'notify', state: 'leaving', reason: 'shutdown' },
    ],
    { advertisementIntervalMs: 40_000 },
  ],
  [
    'a fault in Active advertises priority 0 and releases at once',
    active,
    { type: 'fault' },
    400,
    initialize,
    [
      { do: 'send-advert', priority: 0 },
      { do: 'release-vips' },
      { do: 'notify', state: 'initialize', reason: 'fault' },
    ],
  ],
  ['6.4.3 Startup in Active does nothing', active, startup, 100, active, []],
];

const version2: readonly Row[] = [
  [
    '6.4.3 Adver_Timer fires',
    active2,
    tick,
    10_000,
    { ...active2, adverAt: 20_000 },
    [{ do: 'send-advert', priority: 100 }],
  ],
  [
    '6.4.3 priority 0 is answered at once and resets Adver_Timer',
    active2,
    heard(0),
    400,
    { ...active2, adverAt: 10_400 },
    [{ do: 'send-advert', priority: 100 }],
  ],
  [
    '6.4.3 a lower priority is discarded: no advertisement, but neighbours are told again',
    active2,
    heard(50),
    400,
    { ...active2, assertFrom: 500 },
    [{ do: 'announce-vips' }],
  ],
  [
    '6.4.3 a higher priority ends Master, our interval counts',
    active2,
    heard(101, '192.0.2.2', 5000),
    400,
    { ...backup2, activeDownAt: 31_009.375, activePriority: 101 },
    [{ do: 'release-vips' }, { do: 'notify', state: 'backup', reason: 'higher-priority' }],
  ],
  [
    '6.4.3 equal priority, greater address',
    active2,
    heard(100, '192.0.2.9'),
    400,
    { ...backup2, activeDownAt: 31_009.375, activePriority: 100 },
    [{ do: 'release-vips' }, { do: 'notify', state: 'backup', reason: 'tie-break-lost' }],
  ],
  [
    '6.4.3 equal priority, smaller address',
    active2,
    heard(100, '192.0.2.0'),
    400,
    { ...active2, assertFrom: 500 },
    [{ do: 'announce-vips' }],
  ],
  [
    '6.4.3 Shutdown advertises priority 0 and keeps the addresses for the longest Skew_Time',
    active2,
    { type: 'shutdown' },
    400,
    leaving,
    [
      { do: 'send-advert', priority: 0 },
      { do: 'notify', state: 'leaving', reason: 'shutdown' },
    ],
  ],
];

const cells: readonly Cell[] = [
  ['6.4.3 Shutdown', ([, , { type }]) => type === 'shutdown'],
  ['6.4.3 Adver_Timer', fires],
  ['6.4.3 priority 0', (row) => priorityOf(row) === 0],
  ['6.4.3 a higher priority', (row, own) => (priorityOf(row) ?? 0) > own.priority],
  [
    '6.4.3 an equal priority from a greater address',
    (row, own) => priorityOf(row) === own.priority && row[4].name === 'backup',
  ],
  [
    '6.4.3 an equal priority from a smaller address',
    (row, own) => priorityOf(row) === own.priority && row[4].name === 'active',
  ],
  ['6.4.3 a lower priority', isLower],
];

describe('vrrp/fsm: Active (section 6.4.3)', () => {
  describe('version 3 (RFC 9568)', () => check(table));
  describe('version 2 (RFC 3768)', () => check(version2, V2));

  checkCells(cells, table, version2);
  checkEvents(table);

  it('its deadline is Adver_Timer', () => assert.equal(deadline(active), 1000));
});
