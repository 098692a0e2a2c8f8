/** The file check: somebody else writes into a file how the server does. Pure. */
import * as z from 'zod';
import { choice, mapping } from '../fields.ts';
import { absolutePath } from '../schema-words.ts';
import { type CheckCommon, type CheckContext, rhythm } from './common.ts';

export interface FileCheckConfig extends CheckCommon {
  readonly type: 'file';
  readonly path: string;
  readonly as: FileMeaning;
}

/**
 * What the file's first line is. `words`: those of an agent, such as `up 75%`. Else a whole number: `fault`: 0 is up, every
 * other is down (keepalived's track_file with weight 0); `weight`: the weight; `percent`: of the configured weight. A weight
 * below 0 is down.
 */
export type FileMeaning = 'words' | 'fault' | 'weight' | 'percent';

export const fileCheck = mapping({
  type: z.literal('file').describe('Read what somebody else writes into a file'),
  ...rhythm,
  path: absolutePath().describe('The file; missing, unreadable or holding something else, it fails'),
  as: choice(['words', 'fault', 'weight', 'percent'])
    .default('words')
    .describe(
      'What it holds: words as of an agent, or a number: 0 = up and any other down, a weight, a percentage of it',
    ),
});

type Raw = z.output<typeof fileCheck>;

export function resolveFileCheck(raw: Raw, common: CheckCommon, _context: CheckContext): FileCheckConfig {
  return { ...common, type: 'file', path: raw.path, as: raw.as };
}
