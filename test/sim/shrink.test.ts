import assert from 'node:assert/strict';
import { planOf } from './plan.ts';
import { describeSchedule, type Schedule } from './schedule.ts';
import { shrink } from './shrink.ts';
import { type Failure, noTotals, simulate, type Totals } from './simulate.ts';

describe('a schedule', () => {
  it('is the same for the same seed, and runs the same way', () => {
    assert.deepEqual(planOf(7), planOf(7));
    assert.notDeepEqual(planOf(7), planOf(8));
    const early: Schedule = { ...planOf(7), endMs: 60_000 };
    const run = (): Totals => {
      const totals = noTotals();
      assert.equal(simulate(early, totals), null);
      return totals;
    };
    assert.deepEqual(run(), run());
  });

  it('that fails is shortened to what it needs to fail', () => {
    // A rule for the test: it fails as soon as machine a hung after its link was down, both for a second or longer.
    const run = (schedule: Schedule): Failure | null => {
      const longs = schedule.faults.filter(({ forMs }) => forMs >= 1000);
      const down = longs.find((fault) => fault.kind === 'link-down' && fault.machine === 'a');
      const hang = longs.find(
        (fault) => fault.kind === 'hang' && fault.machine === 'a' && fault.at > (down?.at ?? 1e9),
      );
      if (hang === undefined || hang.at > schedule.endMs) return null;
      return { schedule, message: '', atMs: hang.at, trace: '' };
    };
    const failure = firstFailure(run);
    const { schedule } = shrink(failure, run);
    const [first, second, ...more] = schedule.faults;
    assert.deepEqual([first?.kind, second?.kind, more.length], ['link-down', 'hang', 0]);
    assert.deepEqual(
      schedule.machines.map(({ name, startAt, clockRate }) => [name, startAt, clockRate]),
      [['a', 0, 1]],
    );
    assert.ok((second?.at ?? 0) <= 1000 && schedule.endMs <= 1100, describeSchedule(schedule));
    assert.ok((first?.forMs ?? 0) <= 2000 && (second?.forMs ?? 0) <= 2000, describeSchedule(schedule));
  });
});

function firstFailure(run: (schedule: Schedule) => Failure | null): Failure {
  for (let seed = 1; seed < 5000; seed++) {
    const failure = run(planOf(seed));
    if (failure !== null) return failure;
  }
  throw new Error('No schedule fails');
}
