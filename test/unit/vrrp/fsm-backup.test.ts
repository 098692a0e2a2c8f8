import assert from 'node:assert/strict';
import { deadline } from '../../../src/vrrp/fsm.ts';
import type { Backup } from '../../../src/vrrp/fsm-types.ts';
import {
  activeFrom,
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
  priorityOf,
  promoted,
  type Row,
  startup,
  tick,
  V2,
} from './fsm-bench.ts';

const holding: Backup = { ...backup, holdsAddresses: true };

const table: readonly Row[] = [
  ['6.4.2 Active_Down_Timer fires', backup, tick, 3609.375, activeFrom(3609.375), promoted('active-down')],
  ['6.4.2 an early tick does nothing', backup, tick, 3609.374, backup, []],
  [
    '6.4.2 priority 0 sets Active_Down_Timer to Skew_Time',
    backup,
    heard(0),
    100,
    { ...backup, activeDownAt: 709.375 },
    [],
  ],
  [
    '6.4.2 Skew_Time is that of the learnt interval',
    { ...backup, activeAdverIntervalMs: 2000 },
    heard(0),
    100,
    { ...backup, activeAdverIntervalMs: 2000, activeDownAt: 1318.75 },
    [],
  ],
  [
    '6.4.2 a higher priority re-arms with the interval it advertises',
    backup,
    heard(150, '192.0.2.2', 2000),
    100,
    { ...backup, activeAdverIntervalMs: 2000, activeDownAt: 7318.75, activePriority: 150 },
    [],
  ],
  [
    '6.4.2 an equal priority is obeyed even when preempting',
    backup,
    heard(100),
    100,
    { ...backup, activeDownAt: 3709.375, activePriority: 100 },
    [],
  ],
  [
    '6.4.2 a lower priority is discarded when preempting',
    backup,
    heard(99),
    100,
    { ...backup, activePriority: 99 },
    [],
  ],
  [
    '6.4.2 a lower priority is obeyed when Preempt_Mode is false',
    backup,
    heard(50),
    100,
    { ...backup, activeDownAt: 3709.375, activePriority: 50 },
    [],
    { preempt: false },
  ],
  [
    '6.4.2 Shutdown goes to Initialize',
    backup,
    { type: 'shutdown' },
    100,
    initialize,
    [{ do: 'notify', state: 'initialize', reason: 'shutdown' }],
  ],
  [
    'a fault in Backup goes to Initialize',
    backup,
    { type: 'fault' },
    100,
    initialize,
    [{ do: 'notify', state: 'initialize', reason: 'fault' }],
  ],
  [
    'addresses found at start are released to a higher priority',
    holding,
    heard(150),
    100,
    { ...backup, activeDownAt: 3709.375, activePriority: 150 },
    [{ do: 'release-vips' }],
  ],
  [
    'addresses found at start are released to a lower priority too, the timer runs on',
    holding,
    heard(50),
    100,
    { ...backup, activePriority: 50 },
    [{ do: 'release-vips' }],
  ],
  [
    'addresses found at start stay when the other one leaves',
    holding,
    heard(0),
    100,
    { ...holding, activeDownAt: 709.375 },
    [],
  ],
  [
    'addresses found at start are released by Shutdown',
    holding,
    { type: 'shutdown' },
    100,
    initialize,
    [{ do: 'release-vips' }, { do: 'notify', state: 'initialize', reason: 'shutdown' }],
  ],
  ['6.4.2 Startup in Backup does nothing', backup, startup, 100, backup, []],
];

const version2: readonly Row[] = [
  [
    '6.4.2 Master_Down_Timer fires',
    backup2,
    tick,
    30_609.375,
    { name: 'active', adverAt: 40_609.375, assertFrom: 30_609.375 },
    promoted('active-down'),
  ],
  ['6.4.2 priority 0: Skew_Time', backup2, heard(0), 100, { ...backup2, activeDownAt: 709.375 }, []],
  [
    '6.4.2 a higher priority re-arms with our own interval, whatever was heard',
    backup2,
    heard(150, '192.0.2.2', 5000),
    100,
    { ...backup2, activeDownAt: 30_709.375, activePriority: 150 },
    [],
  ],
  [
    'an interval that a reload changed counts from the next advertisement',
    { ...backup2, activeAdverIntervalMs: 1000 },
    heard(150, '192.0.2.2', 10_000),
    100,
    { ...backup2, activeDownAt: 30_709.375, activePriority: 150 },
    [],
  ],
  [
    '6.4.2 an equal priority is obeyed',
    backup2,
    heard(100),
    100,
    { ...backup2, activeDownAt: 30_709.375, activePriority: 100 },
    [],
  ],
  [
    '6.4.2 a lower priority is discarded when preempting',
    backup2,
    heard(99),
    100,
    { ...backup2, activePriority: 99 },
    [],
  ],
  [
    '6.4.2 a lower priority is obeyed when Preempt_Mode is false',
    backup2,
    heard(50),
    100,
    { ...backup2, activeDownAt: 30_709.375, activePriority: 50 },
    [],
    { preempt: false },
  ],
  [
    '6.4.2 Shutdown goes to Initialize',
    backup2,
    { type: 'shutdown' },
    100,
    initialize,
    [{ do: 'notify', state: 'initialize', reason: 'shutdown' }],
  ],
];

const cells: readonly Cell[] = [
  ['6.4.2 Shutdown', ([, , { type }]) => type === 'shutdown'],
  ['6.4.2 Active_Down_Timer', fires],
  ['6.4.2 priority 0', (row) => priorityOf(row) === 0],
  ['6.4.2 a higher priority', (row, own) => (priorityOf(row) ?? 0) > own.priority],
  ['6.4.2 an equal priority', (row, own) => priorityOf(row) === own.priority],
  ['6.4.2 a lower priority, Preempt_Mode', (row, own) => isLower(row, own) && own.preempt],
  ['6.4.2 a lower priority, no Preempt_Mode', (row, own) => isLower(row, own) && !own.preempt],
];

describe('vrrp/fsm: Backup (section 6.4.2)', () => {
  describe('version 3 (RFC 9568)', () => check(table));
  describe('version 2 (RFC 3768)', () => check(version2, V2));

  checkCells(cells, table, version2);
  checkEvents(table);

  it('its deadline is Active_Down_Timer', () => assert.equal(deadline(backup), 3609.375));
});
