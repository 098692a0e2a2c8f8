/** The tcp check: connect, and perhaps converse. Pure. */
import * as z from 'zod';
import { mapping } from '../fields.ts';
import { type CheckCommon, type CheckContext, ports, rhythm, watch } from './common.ts';
import { pattern, payload } from './payload.ts';
import { type PresetUse, presetKeys, presetSecrets, presetSteps } from './presets.ts';
import { type RawStep, resolveOneStep, resolveSteps, type StepConfig, steps } from './steps.ts';
import { resolveTls, tls } from './tls.ts';

export interface TcpCheckConfig extends CheckCommon {
  readonly type: 'tcp';
  /** After the connection came about, in order; none: that it does is enough. */
  readonly steps: readonly StepConfig[];
  /** Not to be told to anybody; absent: none. */
  readonly secrets?: readonly string[];
}

export const tcpCheck = mapping({
  type: z.literal('tcp').describe('Connect; optionally converse in text, bytes or TLS'),
  ...rhythm,
  ...ports,
  ...watch,
  send: payload().optional().describe('Sent after connecting; default: nothing'),
  expect: pattern().optional().describe('What must come; default: connecting is enough'),
  steps: steps().optional().describe('Several sends and expects in order, instead of send and expect'),
  tls: tls().optional().describe('TLS from the start, or as the `starttls` step says; default: none'),
  ...presetKeys(),
});

type Raw = z.output<typeof tcpCheck>;

export function resolveTcpCheck(raw: Raw, common: CheckCommon, context: CheckContext): TcpCheckConfig {
  const { path, report } = context;
  const given = (['send', 'expect', 'steps'] as const).filter((key) => raw[key] !== undefined);
  for (const key of given) {
    if (raw.preset !== undefined)
      report([...path, key], 'does not go with `preset`, which says what is sent and expected');
    else if (key !== 'steps' && raw.steps !== undefined)
      report([...path, key], 'does not go with `steps`: write it there');
  }
  if (raw.preset !== undefined) {
    const use: PresetUse = { preset: raw.preset, values: raw.preset_values, tls: raw.tls };
    const steps = presetSteps(use, 'tcp', common, context);
    return { ...common, type: 'tcp', steps, ...presetSecrets(use, 'tcp', context) };
  }
  if (raw.preset_values !== undefined) report([...path, 'preset_values'], 'goes with `preset`, which is missing');
  const settings = { values: null, tls: resolveTls(raw.tls), report };
  const resolved =
    raw.steps === undefined
      ? resolveOneStep(shortForm(raw), settings, path)
      : resolveSteps(raw.steps, settings, [...path, 'steps']);
  return { ...common, type: 'tcp', steps: resolved };
}

function shortForm({ send, expect }: Raw): RawStep {
  // The empty text is what older files have for "nothing".
  return { ...(send === undefined || send === '' ? {} : { send }), ...(expect === undefined ? {} : { expect }) };
}
