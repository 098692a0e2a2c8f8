/** What a preset is, in the program and in a file. Pure. */
import * as z from 'zod';
import { choice, freeText, list, mapping, must, text } from '../fields.ts';
import { type RawStep, steps } from './steps.ts';
import { type RawTls, tls } from './tls.ts';

/** What a check with `preset` says and expects, as a file writes it: variables are put in where it is used. */
export interface PresetConfig {
  readonly name: string;
  readonly type: 'tcp' | 'udp';
  /** In TLS from the start, or for its `starttls` step. */
  readonly tls?: RawTls | undefined;
  readonly steps: readonly RawStep[];
  /** Of its variables, where `preset_values` gives none. */
  readonly values?: Readonly<Record<string, string>> | undefined;
}

const VALUE = 'a name of small letters, digits and underscores';
const presetName = () => text(/^[a-z][a-z0-9-]{0,31}$/, 'a name of small letters, digits and hyphens');
/** By name of the variable. */
export const presetValues = () =>
  z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,31}$/), freeText(0, 255), {
      error: (issue) =>
        issue.code === 'invalid_key' ? `must be ${VALUE}` : must('a mapping of names to texts')(issue),
    })
    .optional();

/** One of `check_presets`. */
export const checkPreset = mapping({
  name: presetName().describe('For `preset` in checks; one that is built in is replaced'),
  type: choice(['tcp', 'udp']).describe('Checks of which type it is for'),
  tls: tls().optional().describe('tcp: as in the tcp check'),
  steps: steps()
    .min(1, { error: 'must hold at least one step' })
    .describe('As in the tcp check, with variables: {address}, {host}, {port}, {random}, and those of preset_values'),
  values: presetValues().describe('What variables stand for unless `preset_values` of the check says otherwise'),
});
/** The key `check_presets`. */
export const checkPresets = () => list(checkPreset).optional();

export type RawPreset = z.output<typeof checkPreset>;
