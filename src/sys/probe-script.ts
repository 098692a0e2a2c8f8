/**
 * Script probe: has the operator's program run and takes its exit code for the verdict. All script checks together run no more
 * than `MOST_AT_ONCE` programs; one that waits for its turn is not failed for that.
 */
import { performance } from 'node:perf_hooks';
import type { ScriptCheckConfig } from '../config/checks/script.ts';
import { exitVerdict } from '../health/script-verdict.ts';
import type { ProbeResult } from '../health/types.ts';
import { Exchange, failed, type Outcome, PASSED, type ProbeTarget } from './probe.ts';
import { LOST, remoteScripts } from './remote-scripts.ts';
import { resultText, type ScriptCommand, type ScriptResult, type ScriptRun } from './script.ts';
import { Slots } from './slots.ts';

/** Programs at once, of all script checks: bounds processes and the CPU they take from the rest of the machine. */
export const MOST_AT_ONCE = 32;
/** Runs of one check that not even SIGKILL ends (a hanging disk) may pile up to so many, and no further. */
const MOST_STUCK = 3;
/** Most of a line of output that becomes part of a reason. */
const REASON_LENGTH = 150;
/** Of starting a program: this machine has none to spare of what that takes, or we failed: not the server's fault. */
const OURS: readonly (string | undefined)[] = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', LOST];
const CANCELLED = failed('local', 'probe cancelled');

const slots = new Slots(MOST_AT_ONCE);

/** Probes one script check, never twice at once. It waits for a turn up to the check's timeout, and may then run as long. */
export class ScriptTarget implements ProbeTarget {
  readonly #check: ScriptCheckConfig;
  readonly #slots: Slots;
  readonly #runScript: (command: ScriptCommand) => ScriptRun;
  /** Whatever the probe waits for, this ends it. */
  #cancel: () => void = () => {};
  /** The run before is gone, and its slot with it. */
  #gone: Promise<void> = Promise.resolve();
  #isGone = true;
  /** Programs that are not gone yet. */
  #alive = 0;
  /** It waited in vain the last time: now it comes first. */
  #waitedInVain = false;
  #closed = false;

  /** `shared` and `run` are for tests. */
  constructor(
    check: ScriptCheckConfig,
    shared: Slots = slots,
    run: (command: ScriptCommand) => ScriptRun = (command) => remoteScripts.run(command),
  ) {
    this.#check = check;
    this.#slots = shared;
    this.#runScript = run;
  }

  async probe(): Promise<ProbeResult> {
    const turn = await this.#turn();
    if (!turn.ok) return turn;
    if (this.#closed || this.#alive >= MOST_STUCK) {
      this.#slots.free();
      const stuck = `${this.#alive} earlier runs do not end, not even by SIGKILL: not started again`;
      return { ...(this.#closed ? CANCELLED : failed('script', stuck)), latencyMs: 0 };
    }
    const startedAt = performance.now();
    const outcome = await this.#run();
    return { ...outcome, latencyMs: performance.now() - startedAt };
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /** Passes when it is its turn: the run before is gone, and there is a slot, which is taken. */
  #turn(): Promise<ProbeResult> {
    const { timeoutMs } = this.#check;
    const waiting = new Exchange(timeoutMs, () => {
      // Who does not end within its timeout and as long again has failed again.
      if (!this.#isGone) return failed('script', 'the run before was killed, but is not gone yet');
      this.#waitedInVain = true;
      return failed('local', `${this.#slots.limit} scripts run already: no turn within ${timeoutMs} ms`);
    });
    this.#cancel = () => waiting.end(CANCELLED);
    void this.#gone.then(() => {
      if (!waiting.over) waiting.whenOver(this.#slots.enter(() => waiting.end(PASSED), this.#waitedInVain));
    });
    return waiting.result;
  }

  async #run(): Promise<Outcome> {
    const { command, user, timeoutMs, address, port, dynamicWeight } = this.#check;
    this.#waitedInVain = false;
    const env = { LVSD_ADDRESS: address, LVSD_PORT: String(port) };
    const run = this.#runScript({ argv: command, user, timeoutMs, env, leftovers: 'kill', keep: 'start' });
    this.#watch(run);
    const result = await new Promise<ScriptResult | null>((resolve) => {
      void run.result.then(resolve);
      this.#cancel = () => {
        run.kill();
        resolve(null);
      };
    });
    return result === null ? CANCELLED : outcomeOf(result, dynamicWeight);
  }

  #watch(run: ScriptRun): void {
    this.#alive++;
    this.#isGone = false;
    void run.exited.then(() => this.#alive--);
    this.#gone = run.ended.then(() => {
      this.#isGone = true;
      this.#slots.free();
    });
  }
}

function outcomeOf(result: ScriptResult, dynamicWeight: boolean): Outcome {
  if (result.kind === 'exit') {
    const verdict = exitVerdict(result.code, dynamicWeight);
    if (verdict.ok) return verdict;
  }
  const isOurs = result.kind === 'error' && OURS.includes(result.code);
  return failed(isOurs ? 'local' : 'script', resultText({ ...result, output: firstLine(result.output) }));
}

/** Of the output: what check programs say first is the finding (Nagios plugins do). */
function firstLine(output: string): string {
  return (output.split('\n', 1)[0] ?? '').slice(0, REASON_LENGTH);
}
