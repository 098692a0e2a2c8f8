import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CALM } from '../../../src/health/flap.ts';
import type { ProbeResult } from '../../../src/health/types.ts';
import {
  combine,
  continued,
  type Health,
  isPending,
  observe,
  unknown,
  type Verdict,
} from '../../../src/health/verdict.ts';

const pass: ProbeResult = { ok: true, latencyMs: 1 };
const refused: ProbeResult = { ok: false, reason: 'refused', detail: 'connect ECONNREFUSED', latencyMs: 1 };
const timeout: ProbeResult = { ok: false, reason: 'timeout', detail: 'no connection', latencyMs: 9 };
const local: ProbeResult = { ok: false, reason: 'local', detail: 'EMFILE', latencyMs: 0 };
const RESULTS: Record<string, ProbeResult> = { '+': pass, '-': refused, t: timeout, o: local };

/** Feeds results, one a second, and spells the verdict after each: u(nknown), U(p), D(own). */
function course(rise: number, fall: number, start: Health, results: string): { spelled: string; health: Health } {
  const letter: Record<Verdict, string> = { unknown: 'u', up: 'U', down: 'D' };
  let health = start;
  let spelled = '';
  for (const [index, key] of [...results].entries()) {
    health = observe({ rise, fall }, health, RESULTS[key] ?? local, (index + 1) * 1000);
    spelled += letter[health.verdict];
  }
  return { spelled, health };
}

describe('health/verdict', () => {
  const rows: [name: string, rise: number, fall: number, start: Health, results: string, verdicts: string][] = [
    ['the first success brings an unknown server up, whatever rise is', 5, 3, unknown(0), '+', 'U'],
    ['the first failure takes an unknown server down, whatever fall is', 2, 3, unknown(0), '-', 'D'],
    ['up goes down with the fall-th failure in a row', 2, 3, unknown(0), '+---', 'UUUD'],
    ['a success in between starts the count of failures again', 2, 3, unknown(0), '+--+---', 'UUUUUUD'],
    ['down comes up with the rise-th success in a row', 3, 1, unknown(0), '-+++', 'DDDU'],
    ['a failure in between starts the count of successes again', 2, 1, unknown(0), '-+-++', 'DDDDU'],
    ['failures of different kinds count together', 1, 2, unknown(0), '+-t', 'UUD'],
    ['rise 1 and fall 1 follow every probe', 1, 1, unknown(0), '+-+-', 'UDUD'],
    ['adopted is up before any probe and needs fall failures', 2, 3, continued('up', 0), '---', 'UUD'],
    ['adopted takes a success as no news', 2, 3, continued('up', 0), '+', 'U'],
    ['a local failure leaves unknown unknown', 1, 1, unknown(0), 'oo+', 'uuU'],
    ['a local failure does not count as a failure', 1, 2, unknown(0), '+oooo', 'UUUUU'],
    ['a local failure does not end a streak of failures', 1, 2, unknown(0), '+-o-', 'UUUD'],
    ['a local failure does not end a streak of successes', 2, 1, unknown(0), '-+o+', 'DDDU'],
  ];
  for (const [name, rise, fall, start, results, verdicts] of rows) {
    it(name, () => assert.equal(course(rise, fall, start, results).spelled, verdicts));
  }

  it('tells streak, time of the change, failure and last result', () => {
    assert.deepEqual(course(2, 2, unknown(0), '+t-').health, {
      verdict: 'down',
      streak: -2,
      changedAt: 3000,
      failure: { reason: 'refused', detail: 'connect ECONNREFUSED' },
      last: { result: refused, at: 3000 },
      flap: CALM,
    });
  });

  it('keeps the time of the change while the verdict stays', () => {
    assert.equal(course(1, 3, unknown(7), '+++-').health.changedAt, 1000);
    assert.equal(course(1, 3, continued('up', 7), '+').health.changedAt, 7);
  });

  it('keeps the reason while down, even when the first success is in, and forgets it once up', () => {
    assert.deepEqual(course(2, 1, unknown(0), '-+').health.failure, {
      reason: 'refused',
      detail: 'connect ECONNREFUSED',
    });
    assert.equal(course(2, 1, unknown(0), '-++').health.failure, null);
    assert.equal(course(1, 3, unknown(0), '+-+').health.failure, null);
  });

  it('shows a local failure as the last result and nowhere else', () => {
    const { health } = course(1, 2, unknown(0), '+-o');
    assert.deepEqual(health.last, { result: local, at: 3000 });
    assert.deepEqual(health.failure, { reason: 'refused', detail: 'connect ECONNREFUSED' });
    assert.equal(health.streak, -1);
  });

  it('changes the verdict only at the end of a full streak, whatever comes', () => {
    const counts = fc.integer({ min: 1, max: 5 });
    const results = fc.array(fc.constantFrom('+', '-', 't', 'o'), { maxLength: 60 });
    fc.assert(
      fc.property(counts, counts, results, (rise, fall, keys) => {
        let health = continued('up', 0);
        let streak = '';
        for (const key of keys) {
          const before = health.verdict;
          health = observe({ rise, fall }, health, RESULTS[key] ?? local, 0);
          if (key !== 'o') streak = (streak.at(-1) === '+') === (key === '+') ? streak + key : key;
          const changed = health.verdict !== before;
          const due = before === 'up' ? key !== '+' && streak.length >= fall : key === '+' && streak.length >= rise;
          assert.equal(changed, key !== 'o' && due);
        }
      }),
    );
  });
});

describe('health/verdict: at once', () => {
  const up = continued('up', 0);
  const down = continued('down', 0);
  const judged = (health: Health, result: ProbeResult): Verdict =>
    observe({ rise: 5, fall: 5 }, health, result, 1, { atOnce: true }).verdict;

  it('one failure takes it down, one success brings it up, whatever rise and fall are', () => {
    assert.deepEqual(
      [judged(up, refused), judged(down, pass), judged(up, pass), judged(down, refused)],
      ['down', 'up', 'up', 'down'],
    );
  });
  it('but what this machine could not do says nothing', () => assert.equal(judged(up, local), 'up'));

  it('pending while a streak against the verdict has begun', () => {
    const rows: readonly [results: string, expected: boolean][] = [
      ['+', false],
      ['+-', true],
      ['+-+', false],
      ['+---', false],
      ['+---+', true],
      ['+---+-', false],
      ['o', false],
    ];
    for (const [results, expected] of rows) {
      assert.equal(
        isPending({ rise: 3, fall: 3 }, course(3, 3, unknown(0), results).health, 99_000),
        expected,
        results,
      );
    }
  });
});

describe('health/verdict combine', () => {
  const up = continued('up', 0);
  const open = unknown(0);
  const down = observe({ rise: 1, fall: 1 }, open, refused, 1);
  const slow = observe({ rise: 1, fall: 1 }, open, timeout, 1);
  const because = { reason: 'refused', detail: 'connect ECONNREFUSED' };

  const rows: [name: string, healths: Health[], verdict: Verdict, failure: object | null][] = [
    ['no checks are up', [], 'up', null],
    ['all up is up', [up, up], 'up', null],
    ['one unknown leaves it unknown', [up, open], 'unknown', null],
    ['one down decides, even beside an unknown one', [open, down, up], 'down', because],
    ['of several failures the first is the reason', [up, down, slow], 'down', because],
  ];
  for (const [name, healths, verdict, failure] of rows) {
    it(name, () => assert.deepEqual(combine(healths), { verdict, failure }));
  }

  const some: readonly [name: string, healths: string, required: number, verdict: Verdict][] = [
    ['any of them', 'DU', 1, 'up'],
    ['any, none up', 'DD', 1, 'down'],
    ['any, one still unknown', 'Du', 1, 'unknown'],
    ['two of three', 'UDU', 2, 'up'],
    ['two of three cannot be any more', 'DuD', 2, 'down'],
    ['two of three may still be', 'UDu', 2, 'unknown'],
    ['more than there are: all', 'UU', 5, 'up'],
    ['more than there are: all, but one is not', 'UD', 5, 'down'],
    ['none of none', '', 1, 'up'],
  ];
  const letters: Readonly<Record<string, Health>> = { U: up, D: down, u: open };
  for (const [name, healths, required, verdict] of some) {
    it(name, () => {
      const combined = combine(
        [...healths].map((letter) => letters[letter] ?? open),
        required,
      );
      assert.deepEqual(combined, { verdict, failure: verdict === 'down' ? because : null });
    });
  }

  it('never gets worse when a check gets better, nor when fewer are required', () => {
    const order: readonly Verdict[] = ['down', 'unknown', 'up'];
    const places = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(places, fc.nat(5), fc.integer({ min: 1, max: 6 }), (given, better, required) => {
        const rank = (verdicts: readonly number[], needed: number): number => {
          const healths = verdicts.map((place) => continued(order[place] ?? 'down', 0));
          return order.indexOf(combine(healths, needed).verdict);
        };
        const raised = given.map((place, i) => (i === better % given.length ? Math.min(place + 1, 2) : place));
        assert.ok(rank(raised, required) >= rank(given, required));
        assert.ok(rank(given, Math.max(required - 1, 1)) >= rank(given, required));
      }),
    );
  });

  it('keeps quiet about failures that do not count yet', () => {
    const shaky = observe({ rise: 1, fall: 3 }, up, refused, 1);
    assert.deepEqual(combine([shaky]), { verdict: 'up', failure: null });
  });
});
