import assert from 'node:assert/strict';
import { deadline, step } from '../../../src/vrrp/fsm.ts';
import type { Backup, Effect, Event, RouterParameters, State } from '../../../src/vrrp/fsm-types.ts';

const ip = (last: number) => Uint8Array.of(192, 0, 2, last);
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
const heard = (priority: number, source = ip(2), maxAdvertiseIntervalMs = 1000): Event => ({
  type: 'advert',
  source,
  priority,
  maxAdvertiseIntervalMs,
});
const startup: Event = { type: 'startup', holdsAddresses: false };
const resume: Event = { type: 'startup', holdsAddresses: true };

const initialize: State = { name: 'initialize' };
const backup: Backup = {
  name: 'backup',
  activeAdverIntervalMs: 1000,
  activeDownAt: 3609.375,
  holdsAddresses: false,
  activePriority: null,
  preemptAt: null,
  ready: null,
};
const holding: Backup = { ...backup, holdsAddresses: true };
const active: State = { name: 'active', adverAt: 1000, assertFrom: 0 };
const leaving: State = { name: 'leaving', releaseAt: 1450 };

const promote = (reason: 'active-down' | 'owner', priority = 100): Effect[] => [
  { do: 'send-advert', priority },
  { do: 'claim-vips' },
  { do: 'notify', state: 'active', reason },
];

/** Rule, state before, event, time, state after, effects; parameters that differ from `vr`. */
type Row = readonly [
  rule: string,
  given: State,
  when: Event,
  at: number,
  next: State,
  effects: readonly Effect[],
  parameters?: Partial<RouterParameters>,
];

const table: readonly Row[] = [
  [
    '6.4.1 Startup goes to Backup and arms Active_Down_Timer',
    initialize,
    startup,
    0,
    backup,
    [{ do: 'notify', state: 'backup', reason: 'startup' }],
  ],
  [
    '6.4.1 the address owner goes straight to Active',
    initialize,
    startup,
    0,
    { name: 'active', adverAt: 1000, assertFrom: 0 },
    promote('owner', 255),
    { priority: 255 },
  ],
  [
    'a restart that finds its addresses in place listens one interval and its skew',
    initialize,
    resume,
    0,
    { ...holding, activeDownAt: 1609.375 },
    [{ do: 'notify', state: 'backup', reason: 'resume' }],
  ],
  ['6.4.1 a tick in Initialize does nothing', initialize, { type: 'tick' }, 9, initialize, []],
  ['6.4.1 an advertisement in Initialize does nothing', initialize, heard(200), 9, initialize, []],
  ['6.4.1 Shutdown in Initialize does nothing', initialize, { type: 'shutdown' }, 9, initialize, []],
  [
    '6.4.2 Active_Down_Timer fires',
    backup,
    { type: 'tick' },
    3609.375,
    { name: 'active', adverAt: 4609.375, assertFrom: 3609.375 },
    promote('active-down'),
  ],
  ['6.4.2 an early tick does nothing', backup, { type: 'tick' }, 3609.374, backup, []],
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
    heard(150, ip(2), 2000),
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
  [
    '6.4.3 Adver_Timer fires',
    active,
    { type: 'tick' },
    1000,
    { ...active, adverAt: 2000 },
    [{ do: 'send-advert', priority: 100 }],
  ],
  [
    'a late advertisement does not move the beat',
    active,
    { type: 'tick' },
    1250,
    { ...active, adverAt: 2000 },
    [{ do: 'send-advert', priority: 100 }],
  ],
  [
    'a missed interval is not made up for',
    active,
    { type: 'tick' },
    2500,
    { ...active, adverAt: 3500 },
    [{ do: 'send-advert', priority: 100 }],
  ],
  ['6.4.3 an early tick does nothing', active, { type: 'tick' }, 999, active, []],
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
    heard(101, ip(2), 2000),
    400,
    { ...backup, activeAdverIntervalMs: 2000, activeDownAt: 7618.75, activePriority: 101 },
    [{ do: 'release-vips' }, { do: 'notify', state: 'backup', reason: 'higher-priority' }],
  ],
  [
    '6.4.3 equal priority, greater address wins the tie-break',
    active,
    heard(100, ip(9)),
    400,
    { ...backup, activeDownAt: 4009.375, activePriority: 100 },
    [{ do: 'release-vips' }, { do: 'notify', state: 'backup', reason: 'tie-break-lost' }],
  ],
  [
    '6.4.3 the tie-break compares unsigned',
    active,
    heard(100, Uint8Array.of(200, 0, 0, 0)),
    400,
    { ...backup, activeDownAt: 4009.375, activePriority: 100 },
    [{ do: 'release-vips' }, { do: 'notify', state: 'backup', reason: 'tie-break-lost' }],
  ],
  [
    '6.4.3 equal priority, smaller address loses the tie-break',
    active,
    heard(100, ip(0)),
    400,
    { ...active, assertFrom: 500 },
    [{ do: 'send-advert', priority: 100 }, { do: 'announce-vips' }],
  ],
  [
    '6.4.3 equal priority, equal address is not a win',
    active,
    heard(100, ip(1)),
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
  ['leaving ends soon after a successor is heard', leaving, heard(50), 1000, { name: 'leaving', releaseAt: 1020 }, []],
  [
    'a second advertisement of the successor does not prolong it',
    { name: 'leaving', releaseAt: 1020 },
    heard(50),
    1010,
    { name: 'leaving', releaseAt: 1020 },
    [],
  ],
  ['another one that leaves is no successor', leaving, heard(0), 1000, leaving, []],
  [
    'leaving releases when no successor is heard',
    leaving,
    { type: 'tick' },
    1450,
    initialize,
    [{ do: 'release-vips' }, { do: 'notify', state: 'initialize', reason: 'shutdown' }],
  ],
  [
    'a fault while leaving releases at once',
    leaving,
    { type: 'fault' },
    1000,
    initialize,
    [{ do: 'release-vips' }, { do: 'notify', state: 'initialize', reason: 'fault' }],
  ],
  ['Shutdown while leaving does nothing', leaving, { type: 'shutdown' }, 1000, leaving, []],
  ['6.4.2 Startup in Backup does nothing', backup, startup, 100, backup, []],
  ['6.4.3 Startup in Active does nothing', active, startup, 100, active, []],
  ['leaving does not end early', leaving, { type: 'tick' }, 1449, leaving, []],
  ['Startup while leaving does nothing', leaving, startup, 1000, leaving, []],
];

/** Version 2, an advertisement every 10 s: where it differs from the table above. */
const slow: Partial<RouterParameters> = { version: 2, advertisementIntervalMs: 10_000 };
const backup2: Backup = { ...backup, activeAdverIntervalMs: 10_000, activeDownAt: 30_609.375 };
const active2: State = { name: 'active', adverAt: 10_000, assertFrom: 0 };

const version2: readonly Row[] = [
  [
    '6.4.1 Startup: three intervals and a Skew_Time of a part of a second',
    initialize,
    startup,
    0,
    backup2,
    [{ do: 'notify', state: 'backup', reason: 'startup' }],
  ],
  [
    '6.4.1 the address owner goes straight to Master',
    initialize,
    startup,
    0,
    active2,
    promote('owner', 255),
    { priority: 255 },
  ],
  [
    'a restart that finds its addresses in place listens one interval and its skew',
    initialize,
    resume,
    0,
    { ...backup2, activeDownAt: 10_609.375, holdsAddresses: true },
    [{ do: 'notify', state: 'backup', reason: 'resume' }],
  ],
  [
    '6.4.2 Master_Down_Timer fires',
    backup2,
    { type: 'tick' },
    30_609.375,
    { name: 'active', adverAt: 40_609.375, assertFrom: 30_609.375 },
    promote('active-down'),
  ],
  ['6.4.2 priority 0: Skew_Time', backup2, heard(0), 100, { ...backup2, activeDownAt: 709.375 }, []],
  [
    '6.4.2 a higher priority re-arms with our own interval, whatever was heard',
    backup2,
    heard(150, ip(2), 5000),
    100,
    { ...backup2, activeDownAt: 30_709.375, activePriority: 150 },
    [],
  ],
  [
    'an interval that a reload changed counts from the next advertisement',
    { ...backup2, activeAdverIntervalMs: 1000 },
    heard(150, ip(2), 10_000),
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
  [
    '6.4.3 Adver_Timer fires',
    active2,
    { type: 'tick' },
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
    heard(101, ip(2), 5000),
    400,
    { ...backup2, activeDownAt: 31_009.375, activePriority: 101 },
    [{ do: 'release-vips' }, { do: 'notify', state: 'backup', reason: 'higher-priority' }],
  ],
  [
    '6.4.3 equal priority, greater address',
    active2,
    heard(100, ip(9)),
    400,
    { ...backup2, activeDownAt: 31_009.375, activePriority: 100 },
    [{ do: 'release-vips' }, { do: 'notify', state: 'backup', reason: 'tie-break-lost' }],
  ],
  [
    '6.4.3 equal priority, smaller address',
    active2,
    heard(100, ip(0)),
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

/** Every cell of the standard's state machine, those that errata 7949, 8298 and 8301 touch among them. */
const CELLS: readonly (readonly [cell: string, isIt: (row: Row, own: RouterParameters) => boolean])[] = [
  [
    '6.4.1 Startup of the owner',
    ([, { name }, { type }], { priority }) => is(name, 'initialize', type, 'startup') && priority === 255,
  ],
  [
    '6.4.1 Startup of others',
    ([, { name }, { type }], { priority }) => is(name, 'initialize', type, 'startup') && priority < 255,
  ],
  ['6.4.2 Shutdown', ([, { name }, { type }]) => is(name, 'backup', type, 'shutdown')],
  [
    '6.4.2 Active_Down_Timer',
    ([, given, { type }, at]) => is(given.name, 'backup', type, 'tick') && at >= (deadline(given) ?? at + 1),
  ],
  ['6.4.2 priority 0', (row) => advertises(row, 'backup') === 0],
  ['6.4.2 a higher priority', (row, { priority }) => (advertises(row, 'backup') ?? 0) > priority],
  ['6.4.2 an equal priority', (row, { priority }) => advertises(row, 'backup') === priority],
  ['6.4.2 a lower priority, Preempt_Mode', (row, own) => isLower(row, 'backup', own) && own.preempt],
  ['6.4.2 a lower priority, no Preempt_Mode', (row, own) => isLower(row, 'backup', own) && !own.preempt],
  ['6.4.3 Shutdown', ([, { name }, { type }]) => is(name, 'active', type, 'shutdown')],
  [
    '6.4.3 Adver_Timer',
    ([, given, { type }, at]) => is(given.name, 'active', type, 'tick') && at >= (deadline(given) ?? at + 1),
  ],
  ['6.4.3 priority 0', (row) => advertises(row, 'active') === 0],
  ['6.4.3 a higher priority', (row, { priority }) => (advertises(row, 'active') ?? 0) > priority],
  [
    '6.4.3 an equal priority from a greater address',
    (row, own) => advertises(row, 'active') === own.priority && row[4].name === 'backup',
  ],
  [
    '6.4.3 an equal priority from a smaller address',
    (row, own) => advertises(row, 'active') === own.priority && row[4].name === 'active',
  ],
  ['6.4.3 a lower priority', (row, own) => isLower(row, 'active', own)],
];

function is(name: string, state: string, type: string, event: string): boolean {
  return name === state && type === event;
}

/** The priority that is heard in that state; null: it is another row. */
function advertises([, given, when]: Row, state: State['name']): number | null {
  return given.name === state && when.type === 'advert' ? when.priority : null;
}

function isLower(row: Row, state: State['name'], { priority }: RouterParameters): boolean {
  const heardPriority = advertises(row, state);
  return heardPriority !== null && heardPriority > 0 && heardPriority < priority;
}

for (const [version, rows] of [
  [2, version2],
  [3, table],
] as const) {
  describe(`vrrp/fsm: every cell of the state machine has a row for version ${version}`, () => {
    for (const [cell, isIt] of CELLS) {
      it(cell, () => assert.ok(rows.some((row) => isIt(row, { ...vr, ...row[6] }))));
    }
  });
}

describe('vrrp/fsm (RFC 3768 section 6.4)', () => {
  for (const [rule, given, when, at, next, effects, parameters] of version2) {
    it(rule, () => {
      assert.deepEqual(step({ ...vr, ...slow, ...parameters }, given, when, at), { state: next, effects });
    });
  }
});

describe('vrrp/fsm (RFC 9568 section 6.4)', () => {
  for (const [rule, given, when, at, next, effects, parameters] of table) {
    it(rule, () => {
      assert.deepEqual(step({ ...vr, ...parameters }, given, when, at), { state: next, effects });
    });
  }

  it('has a row for every state and event', () => {
    const rows = new Set(table.map(([, given, when]) => `${given.name} ${when.type}`));
    for (const state of ['initialize', 'backup', 'active', 'leaving']) {
      for (const event of ['startup', 'shutdown', 'fault', 'tick', 'advert']) {
        if (state === 'initialize' && event === 'fault') continue; // nothing to give up
        assert.ok(rows.has(`${state} ${event}`), `${state} ${event}`);
      }
    }
  });

  it('has a deadline in every state but Initialize', () => {
    assert.equal(deadline(initialize), null);
    assert.equal(deadline(backup), 3609.375);
    assert.equal(deadline(active), 1000);
    assert.equal(deadline(leaving), 1450);
  });
});
