/** From a schedule that fails to the shortest one found that still does. */
import { FAIR, type Fault, type MachinePlan, machinesOf, type Schedule } from './schedule.ts';
import type { Failure } from './simulate.ts';

/** More attempts do not make it much shorter. */
const MOST_RUNS = 3000;

/** Runs a schedule. */
export type Run = (schedule: Schedule) => Failure | null;

/** The failure of the shortest schedule found. `failure` is of a schedule that fails under `run`. */
export function shrink(failure: Failure, run: Run): Failure {
  const search = new Search(failure, run);
  let before = '';
  for (let i = 0; i < 10 && before !== search.shape; i++) {
    before = search.shape;
    search.cutEnd();
    search.dropFaults();
    search.dropMachines();
    search.straighten();
    search.shortenTimes();
  }
  return search.best;
}

class Search {
  best: Failure;
  readonly #run: Run;
  #runs = 0;

  constructor(failure: Failure, run: Run) {
    this.best = failure;
    this.#run = run;
  }

  get shape(): string {
    return JSON.stringify(this.best.schedule);
  }

  /** Nothing after the failure matters. */
  cutEnd(): void {
    for (const more of [1, 100, 1000, 10_000]) if (this.#try({ endMs: Math.ceil(this.best.atMs) + more })) return;
  }

  /** Delta debugging: ever smaller parts of the list are left out. */
  dropFaults(): void {
    for (let size = this.best.schedule.faults.length; size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < this.best.schedule.faults.length; ) {
        const faults = this.best.schedule.faults.filter((_, i) => i < from || i >= from + size);
        if (!this.#try({ faults })) from += size;
      }
    }
  }

  dropMachines(): void {
    for (const { name } of this.best.schedule.machines) {
      const machines = this.best.schedule.machines.filter((machine) => machine.name !== name);
      const faults = this.best.schedule.faults.filter((fault) => !machinesOf(fault).includes(name));
      if (machines.length > 0) this.#try({ machines, faults });
    }
    // The second of two virtual routers each.
    this.#try({ machines: this.best.schedule.machines.map((one) => ({ ...one, stations: one.stations.slice(0, 1) })) });
  }

  /** Clocks without drift, a wire without jitter, everybody there from the start. */
  straighten(): void {
    this.#try({ fair: FAIR });
    const plain: readonly Partial<MachinePlan>[] = [{ clockRate: 1 }, { clockStartMs: 0 }, { startAt: 0 }];
    for (const part of plain) {
      this.#try({ machines: this.best.schedule.machines.map((machine) => ({ ...machine, ...part })) });
      for (const { name } of this.best.schedule.machines) {
        const { machines } = this.best.schedule;
        this.#try({ machines: machines.map((machine) => (machine.name === name ? { ...machine, ...part } : machine)) });
      }
    }
  }

  /** Faults follow each other sooner, last shorter, and begin and end at round times. */
  shortenTimes(): void {
    const inOrder = [...this.best.schedule.faults].sort((a, b) => a.at - b.at);
    this.#try({ faults: inOrder });
    for (let i = 0; i < this.best.schedule.faults.length; i++) {
      for (const part of [1, 0.5, 0.25, 0.1]) if (this.#pullForward(i, part)) break;
      for (const part of [0, 0.1, 0.5, 0.8]) if (this.#alter(i, ({ forMs }) => ({ forMs: forMs * part }))) break;
      for (const step of [1000, 100, 10, 1]) {
        if (this.#alter(i, ({ at }) => ({ at: Math.round(at / step) * step }))) break;
      }
      for (const step of [1000, 100, 10, 1]) {
        if (this.#alter(i, ({ forMs }) => ({ forMs: Math.round(forMs / step) * step }))) break;
      }
    }
    this.cutEnd();
  }

  /** This fault and all later ones, by `part` of the time since the one before. */
  #pullForward(index: number, part: number): boolean {
    const { faults } = this.best.schedule;
    const fault = faults[index];
    if (fault === undefined) return false;
    const gap = (fault.at - (faults[index - 1]?.at ?? 0)) * part;
    if (gap < 1) return false;
    return this.#try({ faults: faults.map((one, i) => (i < index ? one : { ...one, at: one.at - gap })) });
  }

  #alter(index: number, change: (fault: Fault) => Partial<Pick<Fault, 'at' | 'forMs'>>): boolean {
    const { faults } = this.best.schedule;
    return this.#try({ faults: faults.map((fault, i) => (i === index ? { ...fault, ...change(fault) } : fault)) });
  }

  /** Takes the change if the schedule is another one and fails still. */
  #try(change: Partial<Schedule>): boolean {
    const schedule = { ...this.best.schedule, ...change };
    if (this.#runs >= MOST_RUNS || JSON.stringify(schedule) === this.shape) return false;
    this.#runs++;
    const failure = this.#run(schedule);
    if (failure === null) return false;
    this.best = failure;
    return true;
  }
}
