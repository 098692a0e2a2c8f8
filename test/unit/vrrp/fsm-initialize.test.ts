import assert from 'node:assert/strict';
import { deadline } from '../../../src/vrrp/fsm.ts';
import type { Event } from '../../../src/vrrp/fsm-types.ts';
import {
  activeFrom,
  backup,
  backup2,
  type Cell,
  check,
  checkCells,
  checkEvents,
  heard,
  initialize,
  promoted,
  type Row,
  startup,
  tick,
  V2,
} from './fsm-bench.ts';

const resume: Event = { type: 'startup', holdsAddresses: true };

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
    activeFrom(0),
    promoted('owner', 255),
    { priority: 255 },
  ],
  [
    'a restart that finds its addresses in place listens one interval and its skew',
    initialize,
    resume,
    0,
    { ...backup, activeDownAt: 1609.375, holdsAddresses: true },
    [{ do: 'notify', state: 'backup', reason: 'resume' }],
  ],
  ['6.4.1 a tick in Initialize does nothing', initialize, tick, 9, initialize, []],
  ['6.4.1 an advertisement in Initialize does nothing', initialize, heard(200), 9, initialize, []],
  ['6.4.1 Shutdown in Initialize does nothing', initialize, { type: 'shutdown' }, 9, initialize, []],
];

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
    { name: 'active', adverAt: 10_000, assertFrom: 0 },
    promoted('owner', 255),
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
];

const cells: readonly Cell[] = [
  ['6.4.1 Startup of the owner', ([, , { type }], { priority }) => type === 'startup' && priority === 255],
  ['6.4.1 Startup of others', ([, , { type }], { priority }) => type === 'startup' && priority < 255],
];

describe('vrrp/fsm: Initialize (section 6.4.1)', () => {
  describe('version 3 (RFC 9568)', () => check(table));
  describe('version 2 (RFC 3768)', () => check(version2, V2));

  checkCells(cells, table, version2);
  checkEvents(table, ['fault']); // nothing to give up

  it('has no deadline', () => assert.equal(deadline(initialize), null));
});
