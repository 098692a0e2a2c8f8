import assert from 'node:assert/strict';
import fc from 'fast-check';
import { firstAt, nextAt, phaseMs, secondAt, spread } from '../../../src/health/schedule.ts';

/** Keys as the daemon makes them: neighbouring addresses, which a weak hash would leave in one heap. */
const KEYS = Array.from({ length: 1000 }, (_, i) => `web tcp 10.0.${i >> 8}.${i & 255}:80 check 0`);

function fullestBucket(times: readonly number[], widthMs: number): number {
  const buckets = new Map<number, number>();
  for (const at of times) {
    const bucket = Math.floor(at / widthMs);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
  }
  return Math.max(...buckets.values());
}

describe('health/schedule', () => {
  const rows: [name: string, phase: number, interval: number, now: number, next: number][] = [
    ['the first beat is the phase', 300, 1000, 0, 300],
    ['a beat that is now is over', 300, 1000, 300, 1300],
    ['just before a beat', 300, 1000, 1299, 1300],
    ['a late probe does not move the beat', 300, 1000, 1345, 2300],
    ['missed beats are skipped', 300, 1000, 9999, 10_300],
    ['phase 0', 0, 250, 0, 250],
    ['fractions', 0.5, 1, 41.5, 42.5],
    ['a beat that is now, where the division rounds down', 92.647, 250, 1092.647, 1342.647],
  ];
  for (const [name, phase, interval, now, next] of rows) {
    it(name, () => assert.equal(nextAt(phase, interval, now), next));
  }

  it('is always ahead, by at most one interval, and always on the beat', () => {
    const times = fc.double({ min: 0, max: 1e9, noNaN: true });
    const intervals = fc.integer({ min: 50, max: 3_600_000 });
    const shares = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(times, intervals, shares, (now, interval, share) => {
        const phase = share * interval;
        const at = nextAt(phase, interval, now);
        assert.ok(at > now && at - now <= interval + 1e-3, `${at} after ${now}`);
        const beats = (at - phase) / interval;
        assert.ok(Math.abs(beats - Math.round(beats)) < 1e-6, `${beats} beats`);
      }),
    );
  });

  it('gives FNV-1a with a finalizer: known places', () => {
    // FNV-1a of '' is its offset basis 0x811c9dc5, of 'a' 0xe40c292c (reference vectors); then fmix32.
    assert.equal(spread(''), fmix32(0x811c9dc5) / 2 ** 32);
    assert.equal(spread('a'), fmix32(0xe40c292c) / 2 ** 32);
    assert.equal(spread('foobar'), fmix32(0xbf9cf968) / 2 ** 32);
  });

  it('spreads a thousand checks of a second: no 10 ms hold many more than their ten', () => {
    const phases = KEYS.map((key) => phaseMs(key, 1000));
    assert.ok(phases.every((phase) => phase >= 0 && phase < 1000));
    assert.ok(fullestBucket(phases, 10) <= 25, `${fullestBucket(phases, 10)} in one bucket`);
    assert.ok(fullestBucket(phases, 1) <= 8, `${fullestBucket(phases, 1)} in one millisecond`);
  });

  it('probes what is new within a second, however long the interval', () => {
    const firsts = KEYS.map((key) => firstAt(key, 60_000, KEYS.length, 5000) - 5000);
    assert.ok(firsts.every((wait) => wait >= 0 && wait < 1000));
    assert.ok(fullestBucket(firsts, 10) <= 25);
  });

  it('probes what is new within the interval, if that is shorter', () => {
    assert.ok(KEYS.every((key) => firstAt(key, 200, KEYS.length, 0) < 200));
  });

  it('takes longer over ten thousand new checks: two a millisecond', () => {
    const keys = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 8}.${i & 255}.1:80`);
    const firsts = keys.map((key) => firstAt(key, 60_000, keys.length, 0));
    assert.ok(Math.max(...firsts) > 4000 && Math.max(...firsts) < 5000);
  });

  it('joins the beat after the first probe, half an interval later or more', () => {
    assert.equal(secondAt(300, 1000, 100), 1300);
    assert.equal(secondAt(700, 1000, 100), 700);
  });
});

/** The finalizer of MurmurHash3 once more, in 64-bit arithmetic. */
function fmix32(hash: number): number {
  let h = BigInt(hash);
  h = ((h ^ (h >> 16n)) * 0x85ebca6bn) & 0xffffffffn;
  h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) & 0xffffffffn;
  return Number(h ^ (h >> 16n));
}
