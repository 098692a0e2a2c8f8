import assert from 'node:assert/strict';
import { renderTracked } from '../../../src/status/render-tracked.ts';
import { trackedReport } from '../../../src/status/tracked.ts';

describe('status: tracked objects', () => {
  const options = { nowMs: 0, colour: false };

  it('are shown with state or value, and why', () => {
    const reports = [
      trackedReport('script chk', { kind: 'down', reason: 'exit code 2' }, 'exit code 2 in 5 ms, 9 runs'),
      trackedReport('script slow', { kind: 'down', reason: 'exit code 1' }, 'ok in 3 ms, 2 runs'),
      trackedReport('file /run/prio', { kind: 'value', value: -20 }, ''),
      trackedReport('process proxy', { kind: 'up' }, '2 processes'),
      trackedReport('virtual_server web', { kind: 'down', reason: 'usable weight 0, quorum 1' }, ''),
    ];
    assert.deepEqual(
      renderTracked(reports, options).map((line) => line.trimEnd()),
      [
        'Tracked objects',
        'OBJECT              STATE  DETAIL',
        'script chk          DOWN   exit code 2 in 5 ms, 9 runs',
        'script slow         DOWN   exit code 1; ok in 3 ms, 2 runs',
        'file /run/prio      -20',
        'process proxy       UP     2 processes',
        'virtual_server web  DOWN   usable weight 0, quorum 1',
      ],
    );
  });

  it('are not there: no lines', () => assert.deepEqual(renderTracked([], options), []));

  it('in JSON have a value or a state', () => {
    assert.deepEqual(trackedReport('file /x', { kind: 'value', value: 0 }, 'd'), {
      object: 'file /x',
      state: null,
      value: 0,
      reason: null,
      detail: 'd',
    });
    assert.deepEqual(trackedReport('script x', { kind: 'up' }, ''), {
      object: 'script x',
      state: 'UP',
      value: null,
      reason: null,
      detail: '',
    });
  });
});
