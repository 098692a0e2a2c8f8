/**
 * Keeps the kernel's IPVS table, settings and sync daemons as the director wants them. Start, reload and every
 * reconciliation are the same act: dump, diff, send the difference. A single change sends only its own difference, from
 * the copy of what the kernel was last known to hold; a refusal means that the copy is wrong: dump again. What is no longer
 * wanted drains (director/draining.ts), and is looked at every second until it is gone. Here is the queue: one act at a
 * time, and what is asked for meanwhile is done together afterwards.
 */
import type { KernelChange } from '../director/changes.ts';
import type { Drain } from '../director/draining.ts';
import type { Wanted } from '../director/wanted.ts';
import { messageOf } from '../util/message-of.ts';
import type { KeeperCounters } from './keeper-report.ts';
import { type KeeperParts, type Reading, TableActs, type TableKernel } from './table-acts.ts';

const STOPPING = 'lvsd is stopping';

export class TableKeeper {
  readonly #ipvs: TableKernel;
  readonly #acts: TableActs;
  /** Virtual servers that may want something else now. */
  readonly #names = new Set<string>();
  /** Everybody who waits for a reconciliation that has not begun yet. */
  #waiting: ((problems: readonly string[]) => void)[] = [];
  #scheduled = false;
  #closed = false;
  #running: Promise<void> = Promise.resolve();

  /** What the memory has of an earlier run is removed unless it is wanted again. `wanted` is asked anew for every act. */
  constructor(ipvs: TableKernel, wanted: () => Wanted, parts: KeeperParts) {
    this.#ipvs = ipvs;
    this.#acts = new TableActs(ipvs, wanted, { ...parts, onDue: () => this.#schedule() });
  }

  get counters(): KeeperCounters {
    return this.#acts.report.counters;
  }

  /** What drains; `sinceMs` is Unix time. */
  get draining(): readonly Drain[] {
    return this.#acts.drain.report();
  }

  /** By `serviceKey` and `destinationKey`. */
  isOver(service: string, destination: string): boolean {
    return this.#acts.isOver(service, destination);
  }

  /** The kernel's state. Rejects when the kernel refuses. */
  read(): Promise<Reading> {
    return this.#acts.read();
  }

  /** What would be changed if `wanted` were asked for now. Changes nothing. Rejects when the kernel refuses. */
  rehearse(wanted: (reading: Reading) => Wanted): Promise<readonly KernelChange[]> {
    return this.#acts.rehearse(wanted);
  }

  /** These virtual servers may want something else now. */
  changed(names: Iterable<string>): void {
    for (const name of names) this.#names.add(name);
    this.#schedule();
  }

  /** Resolves when a reconciliation that began after this call is done, with its problems in words. Never rejects. */
  reconcile(): Promise<readonly string[]> {
    if (this.#closed) return Promise.resolve([STOPPING]);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#schedule();
    });
  }

  /** A new configuration is wanted from now on: what it makes different is no repair. */
  reconfigured(): Promise<readonly string[]> {
    this.#acts.reconfigured();
    return this.reconcile();
  }

  /** The sync daemons follow their virtual router at once. */
  roleChanged(): void {
    if (this.#closed) return;
    this.#acts.sync.reset();
    for (const problem of this.#acts.sync.keep()) this.#acts.report.problem(problem);
  }

  /** Looks at what drains now, not only at the next second. */
  look(): void {
    this.#acts.drain.lookSoon();
  }

  /**
   * Ends all work; then stops the sync daemons and deletes the services that are ours, at once, and puts the settings back
   * if that is wanted. With `keepServices` they stay, and with them the settings they were made for.
   */
  async close({ keepServices }: { readonly keepServices: boolean }): Promise<void> {
    // What changed in this very turn is not sent yet, and what stays is the last word for long.
    if (keepServices && this.#names.size > 0) {
      this.#running = this.#running.then(() => this.#work());
      await this.#running;
    }
    this.#closed = true;
    this.#acts.drain.close();
    for (const done of this.#waiting.splice(0)) done([STOPPING]);
    await this.#running;
    const stillRunning = this.#acts.sync.stop();
    for (const problem of stillRunning) this.#acts.report.problem(problem);
    if (!keepServices) await this.#acts.takeDown();
    this.#acts.remember(stillRunning.length > 0);
    this.#ipvs.close();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#running = this.#running.then(() => this.#work());
    });
  }

  async #work(): Promise<void> {
    if (this.#closed) return;
    const acts = this.#acts;
    const waiting = this.#waiting.splice(0);
    const names = new Set(this.#names);
    this.#names.clear();
    let problems: readonly string[] = [];
    try {
      // Changes of our own first: what the dump then shows as different was done by somebody else.
      const known = await acts.sendChanges(names);
      if (waiting.length > 0 || !known)
        problems = await acts.reconcile(
          () => this.#closed,
          () => this.#names,
        );
      const isLate = (): boolean => this.#closed || this.#names.size > 0 || this.#waiting.length > 0;
      if (acts.drain.isDue && !isLate()) await acts.look(isLate);
    } catch (error) {
      problems = [messageOf(error)];
      acts.disbelieve();
      acts.report.problem(messageOf(error));
    }
    for (const done of waiting) done(this.#closed ? [...problems, STOPPING] : problems);
    if (!this.#closed) acts.drain.arm();
  }
}
