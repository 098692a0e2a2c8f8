import assert from 'node:assert/strict';
import { numberIn } from '../../../src/health/number-file.ts';

describe('the number in a file', () => {
  const numbers: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['-0\n', 0],
    ['100\n', 100],
    ['  -20 \n\n', -20],
    ['+7', 7],
    ['007', 7],
    ['', 0],
    ['\n', 0],
    ['1000000', 1_000_000],
    ['99999999999999999999999999999', 1_000_000],
    ['-99999999999999999999999999999', -1_000_000],
  ];
  for (const [text, value] of numbers) {
    it(`${JSON.stringify(text)} is ${value}`, () => {
      const found = numberIn(text);
      assert.ok(found.ok && Object.is(found.value, value), JSON.stringify(found));
    });
  }

  for (const text of ['x', '1.5', '1 2', '0x10', '1e3', '--1', '٣', '10%']) {
    it(`${JSON.stringify(text)} is none, and is quoted`, () => {
      assert.deepEqual(numberIn(text), { ok: false, error: JSON.stringify(text) });
    });
  }
});
