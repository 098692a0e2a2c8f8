import assert from 'node:assert/strict';
import { isTooMany, type Panic, panicFrom, panicUnder, selfChecked } from '../../../src/health/panic.ts';

describe('health/panic', () => {
  const rows: readonly [thresholdPercent: number, fell: number, up: number, expected: boolean][] = [
    [50, 0, 10, false],
    [50, 5, 5, false],
    [50, 6, 4, true],
    [50, 1, 0, true],
    [50, 0, 0, false],
    [100, 10, 0, false],
    [1, 1, 98, true],
    [1, 1, 99, false],
  ];
  for (const [thresholdPercent, fell, up, expected] of rows) {
    it(`${fell} fell, ${up} are up, threshold ${thresholdPercent} %: ${expected}`, () =>
      assert.equal(isTooMany({ thresholdPercent }, fell, up), expected));
  }

  /** Results of the self check: p/f as it was under way already, P/F as asked for. */
  function course(start: Panic, results: string): string {
    let panic: Panic | null = start;
    for (const letter of results) {
      if (panic !== null) panic = selfChecked(panic, 'pP'.includes(letter), 'PF'.includes(letter));
    }
    return panic === null ? 'over' : panic.waitsFor;
  }
  const asked = panicFrom(3, true, 5);
  const courses: readonly [name: string, start: Panic, results: string, expected: string][] = [
    ['nothing came yet', asked, '', 'asked'],
    ['what was under way says nothing', asked, 'p', 'asked'],
    ['a second one was not under way', asked, 'pp', 'over'],
    ['it was probed for this, and passes', asked, 'P', 'over'],
    ['it fails too', asked, 'F', 'self-check'],
    ['it fails too, also what was not asked for then counts', asked, 'Fp', 'probes'],
    ['it passes again', asked, 'FPpP', 'probes'],
    ['and fails once more', asked, 'FPf', 'self-check'],
    ['it goes on failing', asked, 'FffF', 'self-check'],
    ['what was under way failed, then it passes', asked, 'fP', 'over'],
    ['nor does it repeat itself', asked, 'FF', 'self-check'],
    ['without a self check its results say nothing', panicFrom(3, false, 5), 'PPP', 'recovery'],
  ];
  for (const [name, start, results, expected] of courses) {
    it(name, () => assert.equal(course(start, results), expected));
  }

  it('waits for what the configuration has', () => {
    assert.equal(panicUnder(asked, true), asked);
    assert.equal(panicUnder(asked, false).waitsFor, 'recovery');
    assert.equal(panicUnder({ ...asked, waitsFor: 'self-check' }, true).waitsFor, 'self-check');
    assert.deepEqual(panicUnder(panicUnder(asked, false), true), asked);
  });
});
