/** Conditions on a JSON body: a path to a value, and what it must be. Pure. */
import * as z from 'zod';
import { flag, freeText, mapping, must } from '../fields.ts';
import type { Path, Report } from '../problems.ts';
import { quote } from '../problems.ts';

/** A key of an object, or a place in a list, from 0. */
export type JsonStep = string | number;

export type JsonScalar = string | number | boolean | null;

/** All of what is set must hold. */
export interface JsonConditionConfig {
  /** As it was written. */
  readonly path: string;
  readonly steps: readonly JsonStep[];
  /** False: the value must not be there. */
  readonly exists: boolean;
  /** Absent: anything. Compared with its type: 1 is not "1". */
  readonly equals?: JsonScalar;
  /** Null: no such bound. With one, the value must be a number. */
  readonly min: number | null;
  readonly max: number | null;
}

const SCALAR = 'text, a number, true, false or null';
const number = () => z.number({ error: must('a number') });

/** One entry of `json`. */
export const jsonCondition = mapping({
  path: freeText(1, 255).describe('Where the value is, such as `status`, `queues[0].length`, `["odd.key"].x`'),
  equals: z
    .union([z.string().max(1024), z.number(), z.boolean(), z.null()], { error: must(SCALAR) })
    .optional()
    .describe('The value itself; 1 and "1" differ'),
  exists: flag().optional().describe('false: the value must not be there'),
  min: number().optional().describe('A number not below this'),
  max: number().optional().describe('A number not above this'),
});

type Raw = z.output<typeof jsonCondition>;

/** Reads the path; reports what does not go together. */
export function resolveJsonCondition(raw: Raw, path: Path, report: Report): JsonConditionConfig {
  const steps = parseJsonPath(raw.path);
  if (steps === null) {
    const form = 'names with dots between them, [0] for the first of a list, ["..."] for a name with dots or brackets';
    report([...path, 'path'], `must be ${form}; found ${quote(raw.path)}`);
  }
  const valued = (['equals', 'min', 'max'] as const).find((key) => raw[key] !== undefined);
  if (raw.exists === false && valued !== undefined) {
    report([...path, valued], 'does not go with `exists: false`: there would be no value to compare');
  }
  if (raw.min !== undefined && raw.max !== undefined && raw.min > raw.max) {
    report([...path, 'max'], 'must not be below `min`');
  }
  return {
    path: raw.path,
    steps: steps ?? [],
    exists: raw.exists ?? true,
    ...(raw.equals === undefined ? {} : { equals: raw.equals }),
    min: raw.min ?? null,
    max: raw.max ?? null,
  };
}

/** A name, an index, a quoted name. */
const STEP = /\.?([^.[\]"\s]+)|\[(\d{1,6})\]|\[("(?:[^"\\]|\\.)*")\]/y;

/** `a.b[0]["c.d"]`, with or without `$` in front for the whole document. Null: not such a path. */
export function parseJsonPath(text: string): readonly JsonStep[] | null {
  if (text === '$') return [];
  const rest = /^\$[.[]/.test(text) ? text.slice(1) : text;
  if (rest.startsWith('.') && rest === text) return null;
  const steps: JsonStep[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < rest.length) {
    const at = STEP.lastIndex;
    const match = STEP.exec(rest);
    if (match === null) return null;
    const [, name, index, quoted] = match;
    // Two names need a dot between them: it is the beginning of the second one.
    if (name !== undefined && at > 0 && rest[at] !== '.') return null;
    if (name !== undefined) steps.push(name);
    else if (index !== undefined) steps.push(Number(index));
    else {
      const key = unquoted(quoted ?? '');
      if (key === null) return null;
      steps.push(key);
    }
  }
  return steps.length === 0 ? null : steps;
}

function unquoted(text: string): string | null {
  try {
    return String(JSON.parse(text));
  } catch {
    return null;
  }
}
