/** What a check over a connection says and hears, step by step. Pure. */
import * as z from 'zod';
import { duration, list, mapping } from '../fields.ts';
import type { Path, Report } from '../problems.ts';
import { type PatternConfig, type PayloadConfig, pattern, payload, resolvePattern, resolvePayload } from './payload.ts';
import type { TemplateValues } from './template.ts';
import { CAREFUL_TLS, type TlsConfig } from './tls.ts';

export type StepConfig =
  | { readonly do: 'send'; readonly payload: PayloadConfig }
  | {
      readonly do: 'expect';
      readonly pattern: PatternConfig;
      /** An answer that holds this first fails at once; null: nothing does. */
      readonly reject: PatternConfig | null;
      /** A question that may come first, and what is said then, once; null: none. */
      readonly answer: { readonly to: PatternConfig; readonly send: PayloadConfig } | null;
      /** Of the check's one deadline; null: all that is left of it. */
      readonly withinMs: number | null;
    }
  /** From here on in TLS. Nothing that came in clear may be left unread before it. */
  | { readonly do: 'tls'; readonly tls: TlsConfig };

/** A conversation is a probe, not a session. */
export const MOST_STEPS = 32;

/** What is said, and then what must come. */
const STEP = mapping({
  send: payload().optional().describe('Sent'),
  expect: pattern().optional().describe('Must be in what comes from here on; what follows it is for the next step'),
  reject: pattern().optional().describe('With expect: fails at once if this comes first'),
  answer: mapping({
    to: pattern().describe('If this comes first'),
    send: payload().describe('Say this, once, and go on waiting'),
  })
    .optional()
    .describe('With expect: a question that may come first'),
  within: duration('1ms', '1h')
    .optional()
    .describe('With expect: so long at most; default: what is left of the timeout'),
  starttls: z
    .literal(true, { error: 'must be true, or left out' })
    .optional()
    .describe('Alone: from here on in TLS, as `tls` says'),
}).meta({ id: 'step', description: 'Send, then expect' });

export const steps = () => list(STEP).max(MOST_STEPS, { error: `must hold at most ${MOST_STEPS} steps` });

export type RawStep = z.output<typeof STEP>;

export interface StepsContext {
  /** Null: braces mean nothing. */
  readonly values: TemplateValues | null;
  /** Null: `tls` is not given. */
  readonly tls: TlsConfig | null;
  readonly report: Report;
}

/** In order. Without a `starttls` step, `tls` comes first; with one, it says how that is done. */
export function resolveSteps(raw: readonly RawStep[], context: StepsContext, path: Path): readonly StepConfig[] {
  const starts = raw.filter((one) => one.starttls === true).length;
  if (starts > 1) context.report(path, 'must hold one `starttls` at most');
  return inTls(
    raw.flatMap((one, index) => resolveStep(one, context, [...path, index])),
    context,
  );
}

/** `send` and `expect` beside each other: the steps of a check that has no list of them. */
export function resolveOneStep(raw: RawStep, context: StepsContext, path: Path): readonly StepConfig[] {
  return inTls(Object.keys(raw).length === 0 ? [] : resolveStep(raw, context, path), context);
}

function inTls(written: readonly StepConfig[], { tls }: StepsContext): readonly StepConfig[] {
  return tls === null || written.some((one) => one.do === 'tls') ? written : [{ do: 'tls', tls }, ...written];
}

function resolveStep(raw: RawStep, { values, tls, report }: StepsContext, path: Path): readonly StepConfig[] {
  if (raw.starttls === true) {
    if (Object.keys(raw).length > 1) report(path, '`starttls` stands alone in its step');
    return [{ do: 'tls', tls: tls ?? CAREFUL_TLS }];
  }
  const found: StepConfig[] = [];
  if (raw.send !== undefined) {
    found.push({ do: 'send', payload: resolvePayload(raw.send, values, [...path, 'send'], report) });
  }
  if (raw.expect !== undefined) {
    const wanted = resolvePattern(raw.expect, values, [...path, 'expect'], report);
    const reject = raw.reject === undefined ? null : resolvePattern(raw.reject, values, [...path, 'reject'], report);
    const answer = raw.answer === undefined ? null : resolveAnswer(raw.answer, values, [...path, 'answer'], report);
    found.push({ do: 'expect', pattern: wanted, reject, answer, withinMs: raw.within ?? null });
  } else {
    for (const key of ['reject', 'answer', 'within'] as const) {
      if (raw[key] !== undefined) report([...path, key], 'goes with `expect`, which is missing');
    }
  }
  if (found.length === 0) report(path, 'must hold `send`, `expect` or `starttls: true`');
  return found;
}

function resolveAnswer(
  { to, send }: NonNullable<RawStep['answer']>,
  values: TemplateValues | null,
  path: Path,
  report: Report,
): { readonly to: PatternConfig; readonly send: PayloadConfig } {
  return {
    to: resolvePattern(to, values, [...path, 'to'], report),
    send: resolvePayload(send, values, [...path, 'send'], report),
  };
}
