import assert from 'node:assert/strict';
import { isOverThreshold } from '../../../src/director/thresholds.ts';

/** The rule of the kernel: set at total >= upper, cleared below lower, in between as it was. */
const rows: readonly [
  name: string,
  upper: number,
  lower: number,
  active: number,
  inactive: number,
  ifNot: boolean,
  ifWas: boolean,
][] = [
  ['no limit', 0, 0, 1_000_000, 1_000_000, false, false],
  ['no limit, whatever the lower one', 0, 5, 9, 0, false, false],
  ['reached', 4, 0, 4, 0, true, true],
  ['exceeded', 4, 0, 9, 0, true, true],
  ['closed connections in the table count', 4, 0, 1, 3, true, true],
  ['3 of 4: three quarters, not below', 4, 0, 3, 0, false, true],
  ['2 of 4: below three quarters', 4, 0, 2, 0, false, false],
  ['4 of 5: three quarters are rounded up', 5, 0, 4, 0, false, true],
  ['3 of 5', 5, 0, 3, 0, false, false],
  ['0 of 1', 1, 0, 0, 0, false, false],
  ['1 of 1', 1, 0, 1, 0, true, true],
  ['6 of 7', 7, 0, 6, 0, false, true],
  ['5 of 7', 7, 0, 5, 0, false, false],
  ['at the lower threshold', 4, 2, 1, 1, false, true],
  ['below the lower threshold', 4, 2, 1, 0, false, false],
  ['between the two', 2000, 1500, 1999, 0, false, true],
  ['the largest values', 0xffff_ffff, 0, 0xffff_ffff, 0, true, true],
  ['three quarters of the largest value', 0xffff_ffff, 0, 0xc000_0000, 0, false, true],
  ['below three quarters of the largest value', 0xffff_ffff, 0, 0xbfff_ffff, 0, false, false],
];

describe('director/thresholds (ip_vs_core.c)', () => {
  for (const [name, upperThreshold, lowerThreshold, activeConnections, inactiveConnections, ifNot, ifWas] of rows) {
    it(name, () => {
      const tunnel = { tunnelType: 0, tunnelPort: 0, tunnelFlags: 0 };
      const settings = { forwardMethod: 3, weight: 1, upperThreshold, lowerThreshold, ...tunnel };
      const counters = { activeConnections, inactiveConnections, persistentConnections: 99 };
      assert.equal(isOverThreshold(settings, counters, false), ifNot, 'was not');
      assert.equal(isOverThreshold(settings, counters, true), ifWas, 'was');
    });
  }
});
