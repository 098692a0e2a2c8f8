/** What a check says and expects, made ready once for all its probes. */
import type { PatternConfig, PayloadConfig } from '../config/checks/payload.ts';
import type { StepConfig } from '../config/checks/steps.ts';
import type { TlsConfig } from '../config/checks/tls.ts';
import type { Pattern } from '../health/pattern.ts';
import { isFresh, payloadFor } from './fresh-payload.ts';
import { sharedPattern } from './patterns.ts';
import { trustOf } from './tls.ts';

/** The steps of a check made ready; shared by all its probes. */
export interface Script {
  readonly steps: readonly PreparedStep[];
  readonly address: string;
  /** Whether something in it is new for each probe. */
  readonly fresh: boolean;
}

/** A step made ready. */
export type PreparedStep =
  | { readonly do: 'send'; readonly send: PreparedPayload }
  | {
      readonly do: 'expect';
      readonly wanted: PreparedPattern;
      readonly reject: PreparedPattern | null;
      readonly answer: { readonly to: PreparedPattern; readonly send: PreparedPayload } | null;
      readonly withinMs: number | null;
    }
  | { readonly do: 'tls'; readonly tls: TlsConfig };

/** What is sent. */
export interface PreparedPayload {
  readonly config: PayloadConfig;
  /** Null: made for each probe. */
  readonly bytes: Uint8Array | null;
}

/** What is looked for. */
export interface PreparedPattern {
  readonly config: PatternConfig;
  /** Null: made for each probe. */
  readonly pattern: Pattern | null;
}

/** Makes the steps of a check ready. */
export function scriptOf(steps: readonly StepConfig[], address: string): Script {
  const prepared = steps.map(prepare);
  const fresh = JSON.stringify(steps).includes('"kind":"fresh"');
  // Read now, so that a probe does not wait for a disk; what is wrong with it is told by the probe.
  for (const step of prepared) if (step.do === 'tls') trustOf(step.tls);
  return { steps: prepared, address, fresh };
}

function prepare(step: StepConfig): PreparedStep {
  switch (step.do) {
    case 'send':
      return { do: 'send', send: readyToSend(step.payload) };
    case 'expect': {
      const { pattern, withinMs } = step;
      const reject = step.reject === null ? null : ready(step.reject);
      const answer = step.answer === null ? null : { to: ready(step.answer.to), send: readyToSend(step.answer.send) };
      return { do: 'expect', wanted: ready(pattern), reject, answer, withinMs };
    }
    case 'tls':
      return step;
  }
}

function readyToSend(config: PayloadConfig): PreparedPayload {
  return { config, bytes: isFresh(config) ? null : payloadFor(config) };
}

function ready(config: PatternConfig): PreparedPattern {
  return { config, pattern: isFresh(config) ? null : sharedPattern(config) };
}
