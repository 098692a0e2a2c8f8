import assert from 'node:assert/strict';
import { cell, clean, duration, figure, milliseconds, table } from '../../../src/status/text.ts';

describe('status/text', () => {
  const durations: readonly (readonly [number, string])[] = [
    [-5000, '0s'],
    [0, '0s'],
    [99, '0.0s'],
    [400, '0.4s'],
    [999, '0.9s'],
    [1000, '1s'],
    [59_999, '59s'],
    [60_000, '1m0s'],
    [192_000, '3m12s'],
    [3_599_999, '59m59s'],
    [3_600_000, '1h0m'],
    [11_520_000, '3h12m'],
    [86_399_999, '23h59m'],
    [86_400_000, '1d0h'],
    [356_400_000, '4d3h'],
  ];
  for (const [ms, text] of durations) {
    it(`${ms} ms is ${text}`, () => assert.equal(duration(ms), text));
  }

  const latencies: readonly (readonly [number, string])[] = [
    [0, '0.0'],
    [0.31, '0.3'],
    [9.94, '9.9'],
    [9.95, '10'],
    [12.4, '12'],
    [1000, '1000'],
  ];
  for (const [ms, text] of latencies) {
    it(`a latency of ${ms} ms reads ${text}`, () => assert.equal(milliseconds(ms), text));
  }

  it('aligns words left, figures right, and leaves no blanks at line ends', () => {
    const rows = [[cell('NAME'), figure('N'), cell('WHY')], 'a line across', [cell('b'), figure(100), cell('')]];
    assert.deepEqual(table(rows, false), ['NAME    N  WHY', 'a line across', 'b     100']);
  });

  it('paints the words and not the blanks beside them', () => {
    const rows = [
      [cell('UP', 'good'), cell('x')],
      [cell('DOWN', 'bad'), cell('y')],
    ];
    assert.deepEqual(table(rows, true), ['\u001b[32mUP\u001b[0m    x', '\u001b[1;31mDOWN\u001b[0m  y']);
    assert.deepEqual(table(rows, false), ['UP    x', 'DOWN  y']);
  });

  it('shows control characters, of 7 and of 8 bits, as question marks', () => {
    assert.equal(clean('a\u001b[2Jb\nc\u009bd\u007f'), 'a?[2Jb?c?d?');
    assert.equal(cell('a\nb').text, 'a?b');
  });
});
