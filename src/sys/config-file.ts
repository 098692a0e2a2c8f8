/** Reads and checks a configuration file: one way for `run`, `reload` and `check`. */
import { readFileSync, statSync } from 'node:fs';
import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problems.ts';
import type { Config } from '../config/types.ts';
import { err, ok, type Result } from '../util/result.ts';

/** `problems` are whole lines for people; the exit code says which kind they are. */
export interface ConfigFailure {
  /** 1: the file has problems, 2: it cannot be read. */
  readonly exitCode: 1 | 2;
  readonly problems: readonly string[];
}

/** Above this it is no configuration; ten thousand real servers are half a megabyte. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Never throws. */
export function readConfigFile(file: string): Result<Config, ConfigFailure> {
  const text = readText(file);
  if (!text.ok) return err({ exitCode: 2, problems: [`Cannot read ${file}: ${text.error}`] });
  const loaded = loadConfig(text.value);
  if (loaded.ok) return loaded;
  return err({ exitCode: 1, problems: loaded.error.map((problem) => formatProblem(file, problem)) });
}

function readText(file: string): Result<string, string> {
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
