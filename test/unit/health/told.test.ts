/** What exit codes, files and reports mean for a check. */
import assert from 'node:assert/strict';
import type { FileMeaning } from '../../../src/config/checks/file.ts';
import type { CheckConfig } from '../../../src/config/types-checks.ts';
import { type FileVerdict, fileVerdict } from '../../../src/health/file-verdict.ts';
import { passiveKeys, passiveReportIn } from '../../../src/health/passive.ts';
import { exitVerdict } from '../../../src/health/script-verdict.ts';
import { PLAIN_CHECK } from '../../support/plain-check.ts';

describe('health/script-verdict', () => {
  it('0 passes, and everything else fails', () => {
    assert.deepEqual(exitVerdict(0, false), { ok: true });
    for (const code of [1, 2, 100, 255]) assert.deepEqual(exitVerdict(code, false), { ok: false });
  });

  it("with dynamic weight it is keepalived's misc_dynamic", () => {
    assert.deepEqual(exitVerdict(0, true), { ok: true, advice: { weightPercent: 100 } });
    assert.deepEqual(exitVerdict(1, true), { ok: false });
    assert.deepEqual(exitVerdict(2, true), { ok: true, advice: { weight: 0 } });
    assert.deepEqual(exitVerdict(102, true), { ok: true, advice: { weight: 100 } });
    assert.deepEqual(exitVerdict(255, true), { ok: true, advice: { weight: 253 } });
    assert.deepEqual(exitVerdict(256, true), { ok: false });
  });
});

describe('health/file-verdict', () => {
  const up = (advice: object, warning: string | null = null) => ({ ok: true, advice, warning });
  const down = (reason: string, detail: string) => ({ ok: false, reason, detail });
  const table: readonly (readonly [string, FileMeaning, object])[] = [
    ['up\n', 'words', up({})],
    ['\n\n drain\nup\n', 'words', up({ drain: true })],
    ['50% maxconn:20 # batch job', 'words', up({ weightPercent: 50, maxConnections: 20 })],
    ['up soon', 'words', up({}, 'holds words that are not known: soon')],
    ['down # by hand\n', 'words', down('told', 'says down: by hand')],
    ['1', 'words', down('answer', 'holds no known words: 1')],
    ['', 'words', down('answer', 'is empty')],
    [' \n', 'fault', down('answer', 'is empty')],
    ['0\n', 'fault', up({})],
    ['3', 'fault', down('told', 'says 3')],
    ['-1', 'fault', down('told', 'says -1')],
    ['up', 'fault', down('answer', 'holds "up", which is no whole number')],
    ['0', 'weight', up({ weight: 0 })],
    ['  250\n', 'weight', up({ weight: 250 })],
    ['70000', 'weight', up({ weight: 65_535 })],
    ['-254', 'weight', down('told', 'says -254')],
    ['1.5', 'weight', down('answer', 'holds "1.5", which is no whole number')],
    ['75', 'percent', up({ weightPercent: 75 })],
    ['0', 'percent', up({ weightPercent: 0 })],
    ['100000', 'percent', up({ weightPercent: 1000 })],
    ['-1', 'percent', down('told', 'says -1')],
    ['75%', 'percent', down('answer', 'holds "75%", which is no whole number')],
  ];
  for (const [text, as, expected] of table) {
    it(`${JSON.stringify(text)} as ${as}`, () => {
      const verdict: FileVerdict = fileVerdict(text, as);
      assert.deepEqual(verdict, expected);
    });
  }
});

describe('health/passive: a report', () => {
  it('is a state and perhaps a reason, without what commands a terminal', () => {
    assert.deepEqual(passiveReportIn({ state: 'up' }), { ok: true, value: { state: 'up', reason: '' } });
    const down = passiveReportIn({ state: 'down', reason: ' disk\n\u001bfull ', more: 1 });
    assert.deepEqual(down, { ok: true, value: { state: 'down', reason: 'disk  full' } });
    const long = passiveReportIn({ state: 'down', reason: 'x'.repeat(5000) });
    assert.equal(long.ok ? long.value.reason.length : 0, 200);
  });

  it('that is something else is refused in words', () => {
    for (const value of [null, 'up', 1, [], {}])
      assert.deepEqual(passiveReportIn(value), { ok: false, error: '"state" is missing' });
    const state = { ok: false, error: '"state" must be "up" or "down"' };
    for (const given of ['UP', 1, null, ['up']]) assert.deepEqual(passiveReportIn({ state: given }), state);
    assert.deepEqual(passiveReportIn({ state: 'up', reason: 7 }), { ok: false, error: '"reason" must be text' });
  });

  it('is about all checks of its name', () => {
    const passive = (name: string, address: string): CheckConfig => ({
      ...PLAIN_CHECK,
      address,
      port: 0,
      type: 'passive',
      name,
      initial: 'up',
    });
    const file: CheckConfig = {
      ...PLAIN_CHECK,
      address: '10.0.0.1',
      port: 0,
      type: 'file',
      path: '/run/a',
      as: 'words',
    };
    const checks = new Map([
      ['1', passive('a', '10.0.0.1')],
      ['2', passive('b', '10.0.0.1')],
      ['3', passive('a', '10.0.0.2')],
      ['4', file],
    ]);
    assert.deepEqual(passiveKeys(checks, 'a'), ['1', '3']);
    assert.deepEqual(passiveKeys(checks, 'file'), []);
  });
});
