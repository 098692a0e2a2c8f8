/**
 * The value of a YAML text, five times as fast as `document.ts`, for files that are right: ten thousand real servers must
 * not hold up a start or a reload for seconds. It knows no places and has no errors for people. The only file that imports
 * js-yaml. Pure.
 */
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import { MAX_TEXT_LENGTH } from './document.ts';

/** Where an anchor, an alias or a tag may begin: their limits are kept by `document.ts` alone. */
const SPECIAL = /(?:^|[\s[\]{},:?])[&*!]/m;
/** A block that says its own indentation, `|1`: readers differ on what its blank lines hold. */
const INDENTED_BLOCK = /[|>][-+]?[1-9]/;

/** Undefined when the text is not plain YAML: then `readYaml` says what it is. Never throws. */
export function quickValue(text: string): unknown {
  if (text.length > MAX_TEXT_LENGTH || SPECIAL.test(text) || INDENTED_BLOCK.test(text)) return undefined;
  try {
    return load(text, { schema: CORE_SCHEMA });
  } catch (error) {
    // A RangeError: nested too deeply.
    if (error instanceof YAMLException || error instanceof RangeError) return undefined;
    throw error;
  }
}
