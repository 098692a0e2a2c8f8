/** What the keeper of the table counts and tells: repairs, refusals, problems. Bounded, whatever happens to the table. */
import { describeRepair } from '../director/change-text.ts';
import { changeOf, foundIn } from '../director/changes.ts';
import type { Drains } from '../director/draining.ts';
import type { IpvsCommand } from '../ipvs/command.ts';
import { serviceKey } from '../ipvs/key.ts';
import type { Service } from '../ipvs/types.ts';
import type { News } from '../status/events.ts';
import type { ApplyOutcome } from './ipvs.ts';
import type { Log } from './log.ts';
import { LogLimiter } from './log-limiter.ts';

export interface KeeperCounters {
  readonly lastReconcileAtMs: number | null;
  readonly reconciles: number;
  /** Commands that put right what somebody else had changed. */
  readonly repairs: number;
  readonly refusedCommands: number;
  /** Of the last reconciliation, or since. */
  readonly lastProblem: string | null;
}

export type KeeperLog = Pick<Log, 'info' | 'warn' | 'error'>;

/** What became of some commands. */
export interface Applied {
  /** False when verdicts were lost: only a dump tells what was done. */
  readonly complete: boolean;
  /** Keys of the services that refused commands were about. */
  readonly refused: ReadonlySet<string>;
  readonly problems: readonly string[];
}

const NOTHING_TO_DO: Applied = { complete: true, refused: new Set(), problems: [] };
/** Repairs and refusals beyond this many in one reconciliation are counted, not each told. */
const TOLD_AT_ONCE = 5;

export class KeeperReport {
  readonly #log: KeeperLog;
  readonly #news: (news: News) => void;
  readonly #problemLog: LogLimiter;
  #counters: KeeperCounters = {
    lastReconcileAtMs: null,
    reconciles: 0,
    repairs: 0,
    refusedCommands: 0,
    lastProblem: null,
  };

  constructor(log: KeeperLog, news: (news: News) => void = () => {}) {
    this.#log = log;
    this.#news = news;
    this.#problemLog = new LogLimiter((text) => log.error(text));
  }

  get counters(): KeeperCounters {
    return this.#counters;
  }

  /** Sends commands; what was refused is told and counted. */
  async apply(
    kernel: { apply(commands: readonly IpvsCommand[]): Promise<ApplyOutcome> },
    commands: readonly IpvsCommand[],
  ): Promise<Applied> {
    if (commands.length === 0) return NOTHING_TO_DO;
    const { refused, complete } = await kernel.apply(commands);
    const problems = refused.slice(0, TOLD_AT_ONCE).map(({ text }) => text);
    const more = refused.length - TOLD_AT_ONCE;
    if (more > 0) problems.push(`${more} more IPVS commands were refused`);
    if (!complete)
      problems.push(`The kernel's answers to ${commands.length} IPVS commands were lost: the table is read again`);
    for (const problem of problems) this.problem(problem);
    const { refusedCommands } = this.#counters;
    this.#counters = { ...this.#counters, refusedCommands: refusedCommands + refused.length };
    return { complete, refused: new Set(refused.map(({ command }) => keyOf(command))), problems };
  }

  /** Commands that put right what somebody else had done to `table`. */
  repaired(commands: readonly IpvsCommand[], table: readonly Service[], drains: Drains): void {
    if (commands.length === 0) return;
    this.countRepairs(commands.length);
    const found = foundIn(table);
    for (const command of commands.slice(0, TOLD_AT_ONCE)) {
      const change = changeOf(command, found, drains);
      if (change !== null) this.#tellRepair(describeRepair(change));
    }
    const more = commands.length - TOLD_AT_ONCE;
    if (more > 0) this.#tellRepair(`${more} more changes repaired`);
  }

  #tellRepair(what: string): void {
    this.#log.warn(`IPVS table was changed from outside: ${what}`);
    this.#news({ kind: 'repair', object: 'ipvs', from: null, to: null, reason: what });
  }

  countRepairs(count: number): void {
    this.#counters = { ...this.#counters, repairs: this.#counters.repairs + count };
  }

  reconciled(lastProblem: string | null): void {
    const { reconciles } = this.#counters;
    this.#counters = { ...this.#counters, reconciles: reconciles + 1, lastReconcileAtMs: Date.now(), lastProblem };
  }

  problem(text: string): void {
    this.#problemLog.say(text);
    this.#counters = { ...this.#counters, lastProblem: text };
  }
}

/** Whether everything that was asked of a service is done. */
export function isDone({ complete, refused }: Applied, key: string): boolean {
  return complete && !refused.has(key);
}

/** The service that a command is about; empty for those that the keeper does not use. */
export function keyOf(command: IpvsCommand): string {
  return 'service' in command && command.service !== null ? serviceKey(command.service) : '';
}
