/** The passive check: nothing is probed, its state is what was last reported to the daemon by command. Pure. */
import * as z from 'zod';
import { choice, mapping } from '../fields.ts';
import { name } from '../schema-words.ts';
import { type CheckCommon, type CheckContext, rhythm } from './common.ts';

export interface PassiveCheckConfig extends CheckCommon {
  readonly type: 'passive';
  /** What reports are about; checks of the same name have the same state. */
  readonly name: string;
  /** Before the first report. */
  readonly initial: 'up' | 'down';
}

export const passiveCheck = mapping({
  type: z.literal('passive').describe('Up or down as reported by `lvsd report`'),
  ...rhythm,
  name: name().describe('What `lvsd report` names; several checks may have the same'),
  initial: choice(['up', 'down']).default('up').describe('Before the first report'),
});

type Raw = z.output<typeof passiveCheck>;

/** What is reported is not a guess: unless asked for otherwise it counts at once. */
export function resolvePassiveCheck(raw: Raw, common: CheckCommon, _context: CheckContext): PassiveCheckConfig {
  const { rise = 1, fall = 1 } = raw;
  return { ...common, rise, fall, type: 'passive', name: raw.name, initial: raw.initial };
}
