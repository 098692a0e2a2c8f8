import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CALM } from '../../../src/health/flap.ts';
import type { ProbeResult } from '../../../src/health/types.ts';
import { continued, type Health, isPending, observe } from '../../../src/health/verdict.ts';

const pass: ProbeResult = { ok: true, latencyMs: 1 };
const refused: ProbeResult = { ok: false, reason: 'refused', detail: 'connect ECONNREFUSED', latencyMs: 1 };
const flapDamping = { holdMs: 10_000, maxMs: 35_000, forgetMs: 600_000 };
const quick = { rise: 1, fall: 1, flapDamping };

/** One result a second from 1 s on; D(own), H(eld down) or U(p) after each. */
function course(results: string, start: Health = continued('up', 0)): string {
  let health = start;
  return [...results]
    .map((letter, i) => {
      const nowMs = (i + 1) * 1000;
      health = observe(quick, health, letter === '+' ? pass : refused, nowMs);
      if (health.verdict === 'up') return 'U';
      return health.flap.heldUntil !== null && nowMs < health.flap.heldUntil ? 'H' : 'D';
    })
    .join('');
}

describe('health/flap: the hold', () => {
  const rows: readonly [name: string, results: string, verdicts: string][] = [
    ['the first time down it is not held', '-+', 'DU'],
    ['down again soon after: ten seconds from then on', `-+-${'+'.repeat(11)}`, `DUH${'H'.repeat(9)}UU`],
    ['failures meanwhile do not make it longer', `-+-${'-'.repeat(9)}++`, `DUH${'H'.repeat(9)}UU`],
    ['the second time twenty', `-+-${'+'.repeat(10)}-${'+'.repeat(21)}`, `DUHHHHHHHHHHU${'H'.repeat(20)}UU`],
  ];
  for (const [name, results, verdicts] of rows) it(name, () => assert.equal(course(results), verdicts));

  /** Milliseconds that it is held after each time that it goes down, coming back as soon as it may. */
  function holds(times: number, upForMs: number): readonly number[] {
    let health = continued('up', 0);
    let nowMs = 0;
    return Array.from({ length: times }, () => {
      nowMs += upForMs;
      health = observe(quick, health, refused, nowMs);
      const heldMs = (health.flap.heldUntil ?? nowMs) - nowMs;
      nowMs += heldMs;
      health = observe(quick, health, pass, nowMs);
      assert.equal(health.verdict, 'up');
      return heldMs;
    });
  }
  it('doubles up to the most', () => assert.deepEqual(holds(5, 1000), [0, 10_000, 20_000, 35_000, 35_000]));
  it('is forgotten after a long time up', () => assert.deepEqual(holds(4, 600_000), [0, 0, 0, 0]));
  it('is not forgotten a moment before', () => assert.deepEqual(holds(3, 599_999), [0, 10_000, 20_000]));
  it('stays finite, however often', () => assert.equal(holds(3000, 1000).at(-1), 35_000));

  it('a failure that does not take it down disturbs the quiet', () => {
    const damping = { rise: 1, fall: 2, flapDamping };
    const at = (times: readonly (readonly [ProbeResult, number])[]): Health =>
      times.reduce((health, [result, nowMs]) => observe(damping, health, result, nowMs), continued('up', 0));
    const back: readonly (readonly [ProbeResult, number])[] = [
      [refused, 1],
      [refused, 2],
      [pass, 3],
    ];
    const again = (nowMs: number): readonly (readonly [ProbeResult, number])[] => [
      [refused, nowMs],
      [refused, nowMs + 1],
    ];
    assert.equal(at([...back, [refused, 500_000], [pass, 500_001], ...again(700_000)]).flap.heldUntil, 710_001);
    assert.equal(at([...back, ...again(700_000)]).flap.heldUntil, null);
  });

  it('ends where the clock was set back by more than it can last', () => {
    const down: Health = {
      ...continued('down', 0),
      flap: { recoveries: 3, quietSince: 9_000_000, heldUntil: 9_035_000 },
    };
    assert.equal(observe(quick, down, pass, 9_000_000).verdict, 'down');
    assert.equal(observe(quick, down, pass, 8_999_999).verdict, 'up');
  });

  it('without damping nothing is remembered', () => {
    let health = continued('up', 0);
    for (const result of [refused, pass, refused, pass]) health = observe({ rise: 1, fall: 1 }, health, result, 1);
    assert.deepEqual([health.verdict, health.flap], ['up', CALM]);
  });

  it('a held check is not probed faster', () => {
    const down: Health = { ...continued('down', 0), streak: 1 };
    assert.equal(isPending(quick, down, 5), true);
    assert.equal(isPending(quick, { ...down, flap: { recoveries: 1, quietSince: 0, heldUntil: 9000 } }, 5), false);
    assert.equal(isPending(quick, { ...down, flap: { recoveries: 1, quietSince: 0, heldUntil: 9000 } }, 9000), true);
  });

  it('never rises before its hold is over, whatever comes', () => {
    const step = fc.record({ ok: fc.boolean(), afterMs: fc.integer({ min: 0, max: 20_000 }), atOnce: fc.boolean() });
    const counts = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(counts, counts, fc.array(step, { maxLength: 80 }), (rise, fall, steps) => {
        let health = continued('up', 0);
        let nowMs = 0;
        let heldUntil = 0;
        for (const { ok, afterMs, atOnce } of steps) {
          nowMs += afterMs;
          const before = health;
          health = observe({ rise, fall, flapDamping }, before, ok ? pass : refused, nowMs, { atOnce });
          if (before.verdict === 'down' && health.verdict === 'up') assert.ok(nowMs >= heldUntil);
          if (before.verdict === 'up' && health.verdict === 'down') {
            heldUntil = health.flap.heldUntil ?? nowMs;
            assert.ok(heldUntil - nowMs <= flapDamping.maxMs);
          }
        }
      }),
    );
  });
});
