/**
 * Keeps the kernel's connection-sync daemons as the director wants them. One that cannot start (its interface is down, say)
 * is tried again ever more rarely: each try may block for seconds.
 */
import { planDaemons } from '../ipvs/plan.ts';
import type { Refusal } from '../ipvs/refusal.ts';
import type { SyncDaemon } from '../ipvs/types.ts';
import type { News } from '../status/events.ts';
import { messageOf } from '../util/message-of.ts';
import { monotonicMs } from './socket.ts';

/** The kernel's sync daemons, as in `Ipvs`. */
export interface SyncKernel {
  daemons(): readonly SyncDaemon[];
  setDaemon(daemon: SyncDaemon): Refusal | null;
  stopDaemon(role: SyncDaemon['role']): Refusal | null;
}

/** Settings that the kernel reads when a sync daemon starts (ip_vs_sync.c): one that runs has to be started again. */
export const READ_AT_START: ReadonlySet<string> = new Set(['sync_ports', 'sync_sock_size']);

const RETRY_FIRST_MS = 30_000;
const RETRY_MOST_MS = 300_000;

export class SyncKeeper {
  readonly #kernel: SyncKernel;
  /** Null: connection sync is not configured. */
  readonly #wanted: () => readonly SyncDaemon[] | null;
  readonly #now: () => number;
  readonly #news: (news: News) => void;
  #ours: boolean;
  /** A start that failed. */
  #failed: { readonly problem: string; readonly delayMs: number; readonly retryAt: number } | null = null;

  /** `ours`: an earlier run managed the daemons. */
  constructor(
    kernel: SyncKernel,
    wanted: () => readonly SyncDaemon[] | null,
    given: { readonly ours: boolean; readonly now?: () => number; readonly news?: (news: News) => void },
  ) {
    this.#kernel = kernel;
    this.#wanted = wanted;
    this.#ours = given.ours;
    this.#now = given.now ?? monotonicMs;
    this.#news = given.news ?? (() => {});
  }

  /** Whether the daemons are ours to stop: they were configured and are not stopped since. */
  get ours(): boolean {
    return this.#ours || this.#wanted() !== null;
  }

  /** What is wanted has changed: a start that failed is tried again at once. */
  reset(): void {
    this.#failed = null;
  }

  /** Makes the kernel run what is wanted; stops what was ours when nothing is configured any more. The problems in words. */
  keep(): readonly string[] {
    const wanted = this.#wanted();
    try {
      if (wanted === null) return this.#ours ? this.#stopAll() : [];
      this.#ours = true;
      return this.#turnInto(wanted);
    } catch (error) {
      return [messageOf(error)];
    }
  }

  /** Stops the daemons if they are ours. The problems in words. */
  stop(): readonly string[] {
    try {
      return this.ours ? this.#stopAll() : [];
    } catch (error) {
      return [messageOf(error)];
    }
  }

  #turnInto(wanted: readonly SyncDaemon[]): readonly string[] {
    const problems: string[] = [];
    let starts = false;
    for (const command of planDaemons(wanted, this.#kernel.daemons())) {
      if (command.command === 'del-daemon') {
        const refusal = this.#stop(command.role);
        if (refusal !== null) problems.push(refusal.text);
      } else {
        starts = true;
        const problem = this.#start(command.daemon);
        if (problem !== null) problems.push(problem);
      }
    }
    if (!starts) this.#failed = null;
    return problems;
  }

  #start(daemon: SyncDaemon): string | null {
    const failed = this.#failed;
    if (failed !== null && this.#now() < failed.retryAt) return failed.problem;
    const refusal = this.#kernel.setDaemon(daemon);
    if (refusal === null) {
      this.#failed = null;
      this.#tell(daemon.role, 'running', daemon.interface);
      return null;
    }
    if (failed === null) this.#tell(daemon.role, 'failed', refusal.text);
    const delayMs = failed === null ? RETRY_FIRST_MS : Math.min(failed.delayMs * 2, RETRY_MOST_MS);
    this.#failed = { problem: refusal.text, delayMs, retryAt: this.#now() + delayMs };
    return refusal.text;
  }

  #stopAll(): readonly string[] {
    const refusals = this.#kernel.daemons().flatMap(({ role }) => this.#stop(role) ?? []);
    this.#failed = null;
    if (refusals.length === 0) this.#ours = false;
    return refusals.map(({ text }) => text);
  }

  #stop(role: SyncDaemon['role']): Refusal | null {
    const refusal = this.#kernel.stopDaemon(role);
    if (refusal === null) this.#tell(role, 'stopped', null);
    return refusal;
  }

  #tell(role: SyncDaemon['role'], to: string, reason: string | null): void {
    this.#news({ kind: 'sync', object: role, from: null, to, reason });
  }
}
