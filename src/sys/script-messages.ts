/** What the daemon and its script process tell each other. Pure types. */
import type { ScriptCommand, ScriptResult } from './script.ts';

/** `id` is of a run, never used twice. */
export type ToScriptProcess =
  | { readonly do: 'run'; readonly id: number; readonly command: ScriptCommand }
  | { readonly do: 'kill'; readonly id: number; readonly how: 'now' | null };

/** Of each run: `started`, `result`, `ended` in this order; `exited` whenever it is so, or never (see ScriptRun). */
export type FromScriptProcess =
  | { readonly id: number; readonly is: 'started'; readonly pid: number | null }
  | { readonly id: number; readonly is: 'result'; readonly result: ScriptResult }
  | { readonly id: number; readonly is: 'ended' | 'exited' };
