import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { GradedWeightConfig } from '../../../src/config/types-service.ts';
import { combinedGrade, type Grade, graded, gradedWeight, settledWeight, UNGRADED } from '../../../src/health/grade.ts';
import type { Advice, ProbeResult } from '../../../src/health/types.ts';

const plain: GradedWeightConfig = { minPercent: 1, maxPercent: 100, smoothingPercent: 100, latency: null };
const smooth: GradedWeightConfig = { ...plain, smoothingPercent: 25 };
const slow: GradedWeightConfig = { ...plain, minPercent: 20, latency: { fullMs: 100, lowMs: 500 } };
const says = (advice: Advice): ProbeResult => ({ ok: true, latencyMs: 1, advice });
const took = (latencyMs: number): ProbeResult => ({ ok: true, latencyMs });
const FAILED: ProbeResult = { ok: false, reason: 'timeout', detail: '', latencyMs: 9000 };

/** The weight after these results, from a configured one of 200. */
function weightAfter(config: GradedWeightConfig, results: readonly ProbeResult[], weight = 200): number {
  const grade = results.reduce((before, result) => graded(config, weight, before, result), UNGRADED);
  return gradedWeight(config, weight, grade);
}

describe('health/grade: the weight', () => {
  const rows: readonly [name: string, config: GradedWeightConfig, results: readonly ProbeResult[], weight: number][] = [
    ['nobody says anything', plain, [took(5), FAILED], 200],
    ['a percentage', plain, [says({ weightPercent: 75 })], 150],
    ['a weight instead of the configured one', plain, [says({ weight: 30 })], 30],
    ['the last word counts', plain, [says({ weight: 30 }), says({ weightPercent: 50 })], 100],
    ['without an advice the last one holds', plain, [says({ weightPercent: 50 }), took(1), FAILED], 100],
    ['each advice stands for itself', plain, [says({ weightPercent: 50 }), says({})], 200],
    ['above the bound', plain, [says({ weightPercent: 300 })], 200],
    ['above, where it may', { ...plain, maxPercent: 250 }, [says({ weightPercent: 300 })], 500],
    ['below the bound', { ...plain, minPercent: 10 }, [says({ weightPercent: 1 })], 20],
    ['nothing at all is below every bound', { ...plain, minPercent: 10 }, [says({ weightPercent: 0 })], 0],
    ['weight 0', plain, [says({ weight: 0 })], 0],
    ['drain', plain, [says({ drain: true, weightPercent: 100 }), took(1)], 0],
    ['drain is over', plain, [says({ drain: true }), says({ weightPercent: 100 })], 200],
    ['an average', smooth, [says({ weightPercent: 100 }), says({ weightPercent: 60 })], 180],
    ['an average begins with the first value', smooth, [says({ weightPercent: 60 })], 120],
    ['nothing is not averaged, and begins it anew', smooth, [100, 0, 50].map((p) => says({ weightPercent: p })), 100],
    ['quick enough', slow, [took(100)], 200],
    ['half way', slow, [took(300)], 120],
    ['too slow', slow, [took(500)], 40],
    ['much too slow', slow, [took(99_999)], 40],
    ['a failure has no latency', slow, [took(300), FAILED], 120],
    ['latency in the average', { ...slow, smoothingPercent: 50 }, [took(100), took(500)], 120],
    ['advice and latency multiply', slow, [{ ...took(300), advice: { weightPercent: 50 } } as ProbeResult], 60],
    ['but not below the bound', slow, [{ ...took(500), advice: { weightPercent: 50 } } as ProbeResult], 40],
  ];
  for (const [name, config, results, weight] of rows) {
    it(name, () => assert.equal(weightAfter(config, results), weight));
  }

  it('a configured weight of 0 stays 0', () => assert.equal(weightAfter(plain, [says({ weight: 50 })], 0), 0));
  it('a small one is at least 1', () => assert.equal(weightAfter(plain, [says({ weightPercent: 1 })], 3), 1));
  it('the most is 65535', () =>
    assert.equal(weightAfter({ ...plain, maxPercent: 1000 }, [says({ weightPercent: 1000 })], 60_000), 65_535));

  it('stays within its bounds, whatever is said', () => {
    const advice = fc.record(
      {
        weightPercent: fc.double({ min: 0, max: 5000, noNaN: true }),
        weight: fc.integer({ min: 0, max: 65_535 }),
        drain: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const results = fc.array(fc.record({ advice, latencyMs: fc.double({ min: 0, max: 10_000, noNaN: true }) }));
    const config = fc.record({
      minPercent: fc.integer({ min: 1, max: 100 }),
      maxPercent: fc.integer({ min: 100, max: 1000 }),
      smoothingPercent: fc.integer({ min: 1, max: 100 }),
      latency: fc.constantFrom(null, { fullMs: 10, lowMs: 1000 }),
    });
    fc.assert(
      fc.property(config, fc.integer({ min: 1, max: 65_535 }), results, (given, weight, said) => {
        const found = weightAfter(
          given,
          said.map((one) => ({ ok: true, ...one })),
          weight,
        );
        if (found === 0) return;
        assert.ok(found >= Math.min(65_535, Math.round((weight * given.minPercent) / 100)));
        assert.ok(found <= Math.min(65_535, Math.round((weight * given.maxPercent) / 100)));
      }),
    );
  });
});

describe('health/grade: several checks', () => {
  const of = (given: Partial<Grade>): Grade => ({ ...UNGRADED, ...given });
  const rows: readonly [name: string, grades: readonly Grade[], expected: Grade][] = [
    ['none', [], UNGRADED],
    ['one that says nothing', [of({ advisedPercent: 50 }), UNGRADED], of({ advisedPercent: 50 })],
    ['the least weight', [of({ advisedPercent: 50 }), of({ advisedPercent: 70 })], of({ advisedPercent: 50 })],
    ['one drains', [of({ drain: true }), of({ advisedPercent: 70 })], of({ drain: true, advisedPercent: 70 })],
    ['the slowest', [of({ latencyMs: 5 }), of({ latencyMs: 50 })], of({ latencyMs: 50 })],
    ['the lowest limit', [of({ maxConnections: 5 }), of({ maxConnections: 50 })], of({ maxConnections: 5 })],
    ['any limit before none', [of({ maxConnections: 0 }), of({ maxConnections: 50 })], of({ maxConnections: 50 })],
    ['no limit', [of({ maxConnections: 0 }), UNGRADED], of({ maxConnections: 0 })],
  ];
  for (const [name, grades, expected] of rows) {
    it(name, () => {
      assert.deepEqual(combinedGrade(grades), expected);
      assert.deepEqual(combinedGrade([...grades].reverse()), expected);
    });
  }
});

describe('health/grade: small moves', () => {
  const rows: readonly [configured: number, before: number, target: number, expected: number][] = [
    [100, 100, 99, 100],
    [100, 100, 98, 98],
    [100, 98, 99, 98],
    [100, 99, 100, 100],
    [1000, 500, 519, 500],
    [1000, 500, 520, 520],
    [1000, 500, 480, 480],
    [1000, 0, 1, 1],
    [1000, 1, 0, 0],
    [10, 5, 6, 6],
  ];
  for (const [configured, before, target, expected] of rows) {
    it(`${before} to ${target} of ${configured}: ${expected}`, () =>
      assert.equal(settledWeight(configured, before, target), expected));
  }

  it('settle after one step', () => {
    const weight = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), weight, weight, (configured, before, target) => {
        const after = settledWeight(configured, before, target);
        assert.equal(settledWeight(configured, after, target), after);
      }),
    );
  });
});
