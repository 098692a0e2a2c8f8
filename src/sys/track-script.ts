/** One tracked script: run on a fixed beat, never twice at once, its exit codes damped to up and down. */
import { performance } from 'node:perf_hooks';
import type { TrackedScriptConfig } from '../config/types-tracked.ts';
import { nextAt } from '../health/schedule.ts';
import type { ProbeResult } from '../health/types.ts';
import { continued, type Health, observe, unknown } from '../health/verdict.ts';
import type { TrackState } from '../vrrp/tracking.ts';
import { resultText, runScript, type ScriptCommand, type ScriptResult, type ScriptRun } from './script.ts';

/** Most of a line of output that becomes part of a reason. */
const REASON_LENGTH = 150;
/** Runs that not even SIGKILL ends (a hanging disk) may pile up to so many, and no further. */
const MOST_STUCK = 3;

/** Of the last run, for status. */
export interface ScriptReport {
  readonly runs: number;
  /** Beats without a run, because the one before was not over. */
  readonly skipped: number;
  /** "ok", or what went wrong; null: not run yet. */
  readonly lastResult: string | null;
  readonly runtimeMs: number | null;
}

export interface ScriptStart {
  /** Until the first run. */
  readonly delayMs: number;
  /** What this one replaces: it is closed, its verdict holds until the first run, which waits for its end. */
  readonly predecessor?: TrackScript;
}

export class TrackScript {
  readonly #config: TrackedScriptConfig;
  readonly #changed: (state: TrackState) => void;
  #firstAt = 0;
  /** The beat that the timer is set for. */
  #beatAt = 0;
  #health: Health;
  #timer: NodeJS.Timeout | undefined;
  readonly #runScript: (command: ScriptCommand) => ScriptRun;
  #run: ScriptRun | null = null;
  /** Programs that are not gone yet, the present one included. */
  #alive = 0;
  /** Nothing of this one runs, nor of those before it. */
  #over: Promise<void>;
  #closed = false;
  #report: ScriptReport = { runs: 0, skipped: 0, lastResult: null, runtimeMs: null };

  /** `changed` is never called from within the constructor, nor after `close`. */
  constructor(
    config: TrackedScriptConfig,
    start: ScriptStart,
    changed: (state: TrackState) => void,
    run: (command: ScriptCommand) => ScriptRun = runScript,
  ) {
    this.#config = config;
    this.#runScript = run;
    this.#changed = changed;
    const now = performance.now();
    const first = config.initial === 'up' ? unknown(now) : continued('down', now);
    const { delayMs, predecessor = null } = start;
    // Another command or another beat is no news of what is checked.
    const known = predecessor === null || predecessor.#health.verdict === 'unknown' ? null : predecessor.#health;
    this.#health = known === null ? first : { ...continued(known.verdict, now), failure: known.failure };
    this.#over = predecessor?.close() ?? Promise.resolve();
    void this.#over.then(() => this.#begin(delayMs));
  }

  get state(): TrackState {
    if (this.#health.verdict !== 'down') return { kind: 'up' };
    return { kind: 'down', reason: this.#health.failure?.detail ?? 'not run yet' };
  }

  get report(): ScriptReport {
    return this.#report;
  }

  /** Kills a run under way; resolves when nothing of it is left. */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#run?.kill();
    return this.#over;
  }

  #begin(delayMs: number): void {
    if (this.#closed) return;
    this.#firstAt = performance.now() + delayMs;
    this.#beatAt = this.#firstAt;
    this.#timer = setTimeout(() => this.#beat(), delayMs);
  }

  #beat(): void {
    const now = performance.now();
    // A timer may fire a little before its beat, which must not come twice then.
    this.#beatAt = nextAt(this.#firstAt, this.#config.intervalMs, Math.max(now, this.#beatAt));
    this.#timer = setTimeout(() => this.#beat(), this.#beatAt - now);
    if (this.#run === null) this.#start(now);
    else this.#report = { ...this.#report, skipped: this.#report.skipped + 1 };
  }

  #start(startedAt: number): void {
    if (this.#alive >= MOST_STUCK) {
      const message = `${this.#alive} earlier runs do not end, not even by SIGKILL: not started again`;
      this.#ended({ kind: 'error', message, output: '' }, 0);
      return;
    }
    const { command, user, timeoutMs } = this.#config;
    const run = this.#runScript({ argv: command, user, timeoutMs, leftovers: 'kill' });
    this.#run = run;
    this.#alive++;
    void run.exited.then(() => this.#alive--);
    this.#over = run.ended.then(() => {
      this.#run = null;
    });
    void run.result.then((result) => this.#ended(result, performance.now() - startedAt));
  }

  #ended(result: ScriptResult, runtimeMs: number): void {
    if (this.#closed) return;
    const passed = result.kind === 'exit' && result.code === 0;
    const text = passed ? 'ok' : resultText({ ...result, output: lastLine(result.output) });
    this.#report = { ...this.#report, runs: this.#report.runs + 1, lastResult: text, runtimeMs };
    // A script that cannot be run counts as failed: nothing says that all is well.
    const probe: ProbeResult = passed
      ? { ok: true, latencyMs: runtimeMs }
      : { ok: false, reason: 'answer', detail: text, latencyMs: runtimeMs };
    const before = this.#health.verdict;
    this.#health = observe(this.#config, this.#health, probe, performance.now());
    if (this.#health.verdict !== before) this.#changed(this.state);
  }
}

/** Of the output: what a script says last is mostly why. */
function lastLine(output: string): string {
  return output.slice(output.lastIndexOf('\n') + 1).slice(-REASON_LENGTH);
}
