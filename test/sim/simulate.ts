/** Runs one schedule and says whether all that must hold did hold. */
import { messageOf } from '../../src/util/message-of.ts';
import { planFault } from './faults.ts';
import { Invariants } from './invariants.ts';
import { Lan } from './lan.ts';
import { MOST_DELAY_MS } from './plan.ts';
import { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

/** What many runs went through together. */
export interface Totals {
  schedules: number;
  simulatedMs: number;
  heard: number;
  garbage: number;
  promotions: number;
  overlaps: number;
  /** How long nothing was wrong, and exactly the right one had to be Active. */
  calmMs: number;
}

export interface Failure {
  readonly schedule: Schedule;
  /** Which rule was broken, on what, and when. */
  readonly message: string;
  readonly atMs: number;
  /** The last things that happened. */
  readonly trace: string;
}

export function noTotals(): Totals {
  return { schedules: 0, simulatedMs: 0, heard: 0, garbage: 0, promotions: 0, overlaps: 0, calmMs: 0 };
}

/** Adds to `totals`; returns what went wrong, null if nothing did. */
export function simulate(schedule: Schedule, totals: Totals = noTotals()): Failure | null {
  const invariants = new Invariants(MOST_DELAY_MS);
  const lan = new Lan(schedule.machines, new Random(schedule.seed), invariants, schedule.fair);
  for (const machine of lan.machines) {
    machine.absences++;
    lan.at(machine.plan.startAt, () => {
      machine.absences--;
      machine.start();
      invariants.disturbed(lan, 0);
      lan.touched(machine);
    });
  }
  for (const fault of schedule.faults) planFault(lan, invariants, fault);
  try {
    lan.run(schedule.endMs);
  } catch (error) {
    return { schedule, message: messageOf(error), atMs: lan.now, trace: lan.trace };
  }
  totals.schedules++;
  totals.simulatedMs += schedule.endMs;
  totals.promotions += lan.stations.reduce((sum, { promotions }) => sum + promotions, 0);
  const { heard, garbage, overlaps, calmMs } = invariants.seen;
  totals.heard += heard;
  totals.garbage += garbage;
  totals.overlaps += overlaps;
  totals.calmMs += calmMs;
  return null;
}

/** `into` takes the sums of `from`. */
export function addTotals(into: Totals, from: Totals): void {
  into.schedules += from.schedules;
  into.simulatedMs += from.simulatedMs;
  into.heard += from.heard;
  into.garbage += from.garbage;
  into.promotions += from.promotions;
  into.overlaps += from.overlaps;
  into.calmMs += from.calmMs;
}
