/** Reads and checks a configuration file: one way for `run`, `reload` and `check`. */
import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problems.ts';
import type { Config } from '../config/types.ts';
import { err, type Result } from '../util/result.ts';
import { readText } from './read-text.ts';

/** `problems` are whole lines for people; the exit code says which kind they are. */
export interface ConfigFailure {
  /** 1: the file has problems, 2: it cannot be read. */
  readonly exitCode: 1 | 2;
  readonly problems: readonly string[];
}

/** A configuration that comes as text. */
export interface ConfigText {
  /** What its problems call it. */
  readonly file: string;
  readonly text: string;
}

/** Never throws. */
export function readConfigFile(file: string): Result<Config, ConfigFailure> {
  const text = readText(file);
  if (!text.ok) return err({ exitCode: 2, problems: [`Cannot read ${file}: ${text.error}`] });
  return parseConfig({ file, text: text.value });
}

/** Never throws. */
export function parseConfig({ file, text }: ConfigText): Result<Config, ConfigFailure> {
  const loaded = loadConfig(text);
  if (loaded.ok) return loaded;
  return err({ exitCode: 1, problems: loaded.error.map((problem) => formatProblem(file, problem)) });
}
