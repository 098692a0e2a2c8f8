/**
 * The simulator by itself: `node main.js [schedules N] [first SEED] [hours H] [threads N] [json]`, or `SEED=n node main.js`
 * for one seed again; `node main.js memory` for hours of one network. Exit code 1: a rule was broken.
 */
import { MOST_BYTES, memoryGrowth } from '../../sim/memory.ts';
import { planOf } from '../../sim/plan.ts';
import { describeTotals, explainSeed } from '../../sim/report.ts';
import { describeSchedule } from '../../sim/schedule.ts';
import { noTotals, simulate, type Totals } from '../../sim/simulate.ts';
import { runSchedules } from './spread.ts';

const TELL_EVERY_MS = 60_000;
const DEFAULT_SCHEDULES = 20_000;
const MS_PER_HOUR = 3_600_000;

async function runMany(): Promise<boolean> {
  const hours = given('hours');
  const began = Date.now();
  let toldAt = began;
  const report = (totals: Totals): void => {
    if (hours === null || Date.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = Date.now();
    console.log(describeTotals(totals));
  };
  const forMs = hours === null ? Number.POSITIVE_INFINITY : hours * MS_PER_HOUR;
  const count = hours === null ? (given('schedules') ?? DEFAULT_SCHEDULES) : given('schedules');
  const threads = given('threads');
  const work = { first: given('first') ?? 1, count, forMs, report, ...(threads === null ? {} : { threads }) };
  const { totals, failedSeed } = await runSchedules(work);
  if (process.argv.includes('json')) {
    const message = failedSeed === null ? null : (simulate(planOf(failedSeed))?.message ?? 'not again');
    console.log(JSON.stringify({ failedSeed, message }));
    return failedSeed === null;
  }
  console.log(`${describeTotals(totals)} in ${((Date.now() - began) / 1000).toFixed(0)} s`);
  if (failedSeed !== null) console.log(explainSeed(failedSeed));
  return failedSeed === null;
}

/** One seed, with everything that it does. */
function runOne(seed: number): boolean {
  const schedule = planOf(seed);
  console.log(describeSchedule(schedule));
  const totals = noTotals();
  const failure = simulate(schedule, totals);
  console.log(failure === null ? `keeps all rules: ${describeTotals(totals)}` : explainSeed(seed));
  return failure === null;
}

function given(name: string): number | null {
  const at = process.argv.indexOf(name);
  if (at < 0) return null;
  const value = Number(process.argv[at + 1]);
  if (!Number.isFinite(value)) throw new TypeError(`${name} wants a number`);
  return value;
}

function lookForGrowth(): boolean {
  const { bytes, heard } = memoryGrowth();
  const isGood = bytes < MOST_BYTES;
  console.log(`${isGood ? 'does not grow' : 'grows'}: ${bytes} bytes for ${heard} messages`);
  return isGood;
}

async function run(): Promise<boolean> {
  if (process.argv.includes('memory')) return lookForGrowth();
  const seed = process.env['SEED'] ?? '';
  return seed === '' ? await runMany() : runOne(Number(seed));
}

const isGood = await run();
process.exitCode = isGood ? 0 : 1;
