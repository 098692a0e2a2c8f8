/** Beyond the standard: make before break of a planned stop. */
import assert from 'node:assert/strict';
import { deadline } from '../../../src/vrrp/fsm.ts';
import { check, checkEvents, heard, initialize, leaving, type Row, startup, tick } from './fsm-bench.ts';

const table: readonly Row[] = [
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
    tick,
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
  ['leaving does not end early', leaving, tick, 1449, leaving, []],
  ['Startup while leaving does nothing', leaving, startup, 1000, leaving, []],
];

describe('vrrp/fsm: leaving', () => {
  check(table);
  checkEvents(table);

  it('has a deadline', () => assert.equal(deadline(leaving), 1450));
});
