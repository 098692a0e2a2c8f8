import assert from 'node:assert/strict';
import { type Settled, settle, settledAs } from '../../../src/health/settle.ts';

const DELAYS = { upDelayMs: 300, downDelayMs: 100 };

/** What is observed when, and what the state is then. */
type Row = readonly [atMs: number, observed: boolean, up: boolean, turnsAt: number | null];

const CASES: Readonly<
  Record<string, { readonly from: boolean; readonly delays?: typeof DELAYS; readonly rows: readonly Row[] }>
> = {
  'stays what it is': {
    from: true,
    rows: [
      [0, true, true, null],
      [999, true, true, null],
    ],
  },
  'turns after its delay, not a moment before': {
    from: true,
    rows: [
      [10, false, true, 110],
      [109, false, true, 110],
      [110, false, false, null],
    ],
  },
  'has another delay on the way up': {
    from: false,
    rows: [
      [10, true, false, 310],
      [309, true, false, 310],
      [310, true, true, null],
    ],
  },
  'forgets a short interruption, and the next one begins anew': {
    from: true,
    rows: [
      [0, false, true, 100],
      [50, true, true, null],
      [60, false, true, 160],
      [100, false, true, 160],
      [160, false, false, null],
    ],
  },
  'turns at once without a delay': {
    from: true,
    delays: { upDelayMs: 0, downDelayMs: 0 },
    rows: [
      [5, false, false, null],
      [5, true, true, null],
    ],
  },
};

describe('a state with delays', () => {
  for (const [name, { from, delays = DELAYS, rows }] of Object.entries(CASES)) {
    it(name, () => {
      let state: Settled = settledAs(from);
      for (const [atMs, observed, up, turnsAt] of rows) {
        state = settle(delays, state, observed, atMs);
        assert.deepEqual(state, { up, turnsAt }, `at ${atMs}`);
      }
    });
  }
});
