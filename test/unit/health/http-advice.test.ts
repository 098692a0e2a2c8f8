import assert from 'node:assert/strict';
import { weightAdvice } from '../../../src/health/http-advice.ts';
import type { Advice } from '../../../src/health/types.ts';

describe('health/http-advice', () => {
  const rows: [header: string, advice: Advice | null][] = [
    ['75%', { weightPercent: 75 }],
    [' 75% ', { weightPercent: 75 }],
    ['0%', { weightPercent: 0 }],
    ['150%', { weightPercent: 150 }],
    ['75', { weight: 75 }],
    ['0', { weight: 0 }],
    ['65535', { weight: 65_535 }],
    ['65536', null],
    ['-1', null],
    ['7.5%', null],
    ['75 %', null],
    ['%', null],
    ['', null],
    ['full', null],
    ['100000%', null],
  ];
  for (const [header, advice] of rows) {
    it(`${JSON.stringify(header)} is ${JSON.stringify(advice)}`, () => assert.deepEqual(weightAdvice(header), advice));
  }
});
