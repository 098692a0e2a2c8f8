/** Finding a value in a JSON document and judging it: `a.b[0].c`. Pure. */
import type { JsonConditionConfig, JsonStep } from '../config/checks/http-json.ts';
import { err, ok, type Result } from '../util/result.ts';

/** Characters of a value shown to the operator. */
const SHOWN = 60;

/** The document in a body of UTF-8; the error is what the parser said. A byte order mark is passed over. */
export function parseJson(body: Uint8Array): Result<unknown, string> {
  try {
    return ok(JSON.parse(new TextDecoder().decode(body)));
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

/** What is wrong with the document by this condition, in words; null: nothing. */
export function jsonProblem(condition: JsonConditionConfig, document: unknown): string | null {
  const { path, equals, exists, min, max } = condition;
  const found = valueAt(document, condition.steps);
  if (exists === false) return found.length === 0 ? null : `${path} is there: ${shown(found[0])}`;
  if (found.length === 0) return `no ${path} in the JSON body`;
  const value = found[0];
  if (equals !== undefined && value !== equals) return `${path} is ${shown(value)}, expected ${JSON.stringify(equals)}`;
  if (min === null && max === null) return null;
  if (typeof value !== 'number') return `${path} is ${shown(value)}, expected a number`;
  if (min !== null && value < min) return `${path} is ${value}, expected at least ${min}`;
  if (max !== null && value > max) return `${path} is ${value}, expected at most ${max}`;
  return null;
}

/** The value in a list of its own; an empty list: there is none. Only what the document itself holds counts. */
function valueAt(document: unknown, steps: readonly JsonStep[]): readonly unknown[] {
  let value = document;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) return [];
    if (Array.isArray(value) !== (typeof step === 'number')) return [];
    const entry = Object.getOwnPropertyDescriptor(value, step);
    if (entry === undefined) return [];
    value = entry.value;
  }
  return [value];
}

/** Never the inside of a list or an object: a body can be nested deeper than any function may call itself. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}
