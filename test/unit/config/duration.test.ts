import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseDuration } from '../../../src/config/duration.ts';

const TABLE: readonly (readonly [text: string, ms: number | null])[] = [
  ['0s', 0],
  ['1ms', 1],
  ['250ms', 250],
  ['1s', 1000],
  ['1.5s', 1500],
  ['1.005s', 1005],
  ['4.35s', 4350],
  ['40.95s', 40_950],
  ['0.001s', 1],
  ['1.000000s', 1000],
  ['5m', 300_000],
  ['0.1m', 6000],
  ['2h', 7_200_000],
  ['744h', 2_678_400_000],
  ['999999999h', 3_599_999_996_400_000],
  ['007s', 7000],
  ['', null],
  ['5', null],
  ['5.', null],
  ['.5s', null],
  ['5.s', null],
  ['s', null],
  ['-1s', null],
  ['+1s', null],
  ['1 s', null],
  [' 1s', null],
  ['1s\n', null],
  ['1S', null],
  ['1d', null],
  ['1us', null],
  ['1s500ms', null],
  ['1e3ms', null],
  ['1.5ms', null],
  ['0.0001s', null],
  ['1234567890s', null],
  ['1,5s', null],
  ['1.5.5s', null],
];

describe('config/duration', () => {
  for (const [text, ms] of TABLE) {
    it(`${JSON.stringify(text)} is ${ms === null ? 'no duration' : `${ms} ms`}`, () =>
      assert.equal(parseDuration(text), ms));
  }

  it('is exact for every number of milliseconds written in seconds', () => {
    fc.assert(
      fc.property(fc.nat(99_999_999), (ms) => {
        const seconds = `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}s`;
        assert.equal(parseDuration(seconds), ms);
      }),
      { numRuns: 500 },
    );
  });
});
