/** What a run has to say, for people. */
import { planOf } from './plan.ts';
import { describeSchedule } from './schedule.ts';
import { shrink } from './shrink.ts';
import { type Failure, simulate, type Totals } from './simulate.ts';

/** The failure of a seed, the shortest way found to it, and how to see it again. Null: the seed does not fail. */
export function explainSeed(seed: number): string | null {
  const failure = simulate(planOf(seed));
  if (failure === null) return null;
  const shortest = shrink(failure, (schedule) => simulate(schedule));
  const again = `SEED=${seed}: ${sentence(failure)}\nagain: make sim SEED=${seed}`;
  const short = `shortened: ${sentence(shortest)}\n${describeSchedule(shortest.schedule)}`;
  return `${again}\n${short}\nwhat happened last:\n${shortest.trace}`;
}

function sentence({ message, atMs }: Failure): string {
  return `after ${(atMs / 1000).toFixed(3)} s: ${message.trim().replaceAll(/\s*\n\s*/g, ' ')}`;
}

/** One line of figures. */
export function describeTotals(totals: Totals): string {
  const { schedules, simulatedMs, heard, garbage, promotions, overlaps, calmMs } = totals;
  const hours = (ms: number): string => (ms / 3_600_000).toFixed(1);
  const parts = [
    `${schedules} schedules`,
    `${hours(simulatedMs)} simulated hours (${hours(calmMs)} of them calm)`,
    `${heard} advertisements heard`,
    `${garbage} forged`,
    `${promotions} take-overs`,
    `${overlaps} overlaps`,
  ];
  return parts.join(', ');
}
