/** What is wrong with a configuration file, and where. Pure. */

/** One thing to correct. */
export interface Problem {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 units. */
  readonly column: number;
  /** For example `virtual_servers[0].real_servers[1].weight`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Keys and list indexes from the root. */
export type Path = readonly (string | number)[];

/** A problem that does not know its line yet. */
export interface Finding {
  readonly path: Path;
  /** Whether the key or its value is to blame. */
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** Takes note of a problem with a value. */
export type Report = (path: Path, message: string) => void;

/** Longer quotes of the user's text say no more and flood the terminal. */
const QUOTE_LENGTH = 40;
const PLAIN_KEY = /^[A-Za-z0-9_-]{1,40}$/;

/** One line for people and editors: `file:line:column: path: message`. */
export function formatProblem(file: string, problem: Problem): string {
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${file}:${problem.line}:${problem.column}: ${path}${problem.message}`;
}

/** `['virtual_servers', 0, 'name']` as `virtual_servers[0].name`; keys that are no plain words are quoted. */
export function formatPath(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (PLAIN_KEY.test(segment)) text += text === '' ? segment : `.${segment}`;
    else text += `[${quote(segment)}]`;
  }
  return text;
}

/** The text in double quotes on one line, shortened. */
export function quote(text: string): string {
  return JSON.stringify(text.length <= QUOTE_LENGTH ? text : `${text.slice(0, QUOTE_LENGTH)}...`);
}

/** What the file has in a place, in words: `"abc"`, `5`, `a list`, `nothing`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : String(value);
}
