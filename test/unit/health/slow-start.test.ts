import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nextStepAt, shareOf, slowStartPercent } from '../../../src/health/slow-start.ts';

describe('health/slow-start', () => {
  const minute = { durationMs: 60_000, fromPercent: 10 };
  const rows: readonly [afterMs: number, percent: number, next: number | null][] = [
    [0, 10, 667],
    [666, 10, 667],
    [667, 11, 1334],
    [30_000, 54, 30_015],
    [59_999, 99, 60_000],
    [60_000, 100, null],
    [-1, 100, null],
  ];
  for (const [afterMs, percent, next] of rows) {
    it(`${afterMs} ms after the recovery: ${percent} %`, () => {
      assert.equal(Math.round(slowStartPercent(minute, 5000, 5000 + afterMs)), percent);
      const at = nextStepAt(minute, 5000, 5000 + afterMs);
      assert.equal(at === null ? null : Math.round(at - 5000), next);
    });
  }

  it('a short one steps twice a second', () => {
    const short = { durationMs: 2000, fromPercent: 0 };
    const steps = [0, 499, 500, 1000, 1500, 1999, 2000].map((ms) => slowStartPercent(short, 0, ms));
    assert.deepEqual(steps, [0, 0, 25, 50, 75, 75, 100]);
  });

  it('from 100 % is none', () => {
    assert.equal(slowStartPercent({ durationMs: 1000, fromPercent: 100 }, 0, 0), 100);
    assert.equal(nextStepAt({ durationMs: 1000, fromPercent: 100 }, 0, 0), null);
  });

  it('a share is at least 1, but of nothing nothing', () => {
    assert.deepEqual(
      [shareOf(100, 0), shareOf(100, 1.9), shareOf(3, 50), shareOf(0, 50), shareOf(7, 100)],
      [1, 1, 1, 0, 7],
    );
  });

  it('climbs in order, from step to step, and ends with everything', () => {
    const config = fc.record({
      durationMs: fc.integer({ min: 1, max: 3_600_000 }),
      fromPercent: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(config, fc.integer({ min: 1, max: 65_535 }), (slowStart, weight) => {
        let nowMs: number | null = 1000;
        let last = 0;
        let steps = 0;
        for (let at: number = nowMs; nowMs !== null; nowMs = nextStepAt(slowStart, 1000, at)) {
          assert.ok(nowMs >= at && (steps === 0 || nowMs > at));
          at = nowMs;
          const share = shareOf(weight, slowStartPercent(slowStart, 1000, at));
          assert.ok(share >= last && share >= 1 && share <= weight);
          last = share;
          steps++;
        }
        assert.equal(last, weight);
        assert.ok(steps <= 102);
      }),
    );
  });
});
