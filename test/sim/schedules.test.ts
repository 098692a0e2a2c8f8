import assert from 'node:assert/strict';
import { runSchedules } from '../support/sim/spread.ts';
import { describeTotals, explainSeed } from './report.ts';

/** `make sim` runs 20 000. */
const DEFAULT_SCHEDULES = 400;
const LIMIT_MS = 600_000;

describe('virtual routers under faults', () => {
  const count = Number(process.env['SCHEDULES'] ?? DEFAULT_SCHEDULES);

  it(`keep all rules on ${count} schedules of five simulated minutes (one of them again: make sim SEED=n)`, async function () {
    this.timeout(LIMIT_MS);
    const { totals, failedSeed } = await runSchedules({ first: 1, count, forMs: LIMIT_MS });
    if (failedSeed !== null) assert.fail(explainSeed(failedSeed) ?? `seed ${failedSeed} failed, but not again`);
    if (process.env['VERBOSE'] !== undefined) console.log(describeTotals(totals));
    assert.equal(totals.schedules, count);
    // A simulator in which nothing happens finds nothing.
    assert.ok(totals.promotions > 3 * count, 'take-overs');
    assert.ok(totals.overlaps > count / 2, 'overlaps');
    assert.ok(totals.garbage > 5 * count, 'garbage');
    assert.ok(totals.heard > 400 * count, 'advertisements');
    assert.ok(totals.calmMs > totals.simulatedMs / 2, 'calm');
  });
});
