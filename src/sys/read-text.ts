/** Reads a configuration file as text: what `run`, `check` and `plan` have in common before anybody understands it. */
import { readFileSync, statSync } from 'node:fs';
import { err, ok, type Result } from '../util/result.ts';

/** Above this it is no configuration; ten thousand real servers are half a megabyte. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The whole file, if it is UTF-8 text of a configuration's size; else why not, to follow `Cannot read FILE: `. */
export function readText(file: string): Result<string, string> {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) return err(`it has ${size} bytes; ${MAX_BYTES} are the most`);
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)));
  } catch (error) {
    return err(reasonOf(error));
  }
}

/** What the machine said, and what to do about it where that is known. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error)) return error.message;
  switch (error.code) {
    case 'ENOENT':
      return 'no such file';
    case 'EACCES':
      return 'permission denied; run as a user who may read it';
    case 'EISDIR':
      return 'it is a directory; name the file in it';
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'it is not UTF-8 text; save it as UTF-8';
    default:
      return error.message;
  }
}
