/** Text of a configuration file to a checked configuration, or all its problems with their places. Pure. */
import type { Result } from '../util/result.ts';
import { err, ok } from '../util/result.ts';
import type { YamlFile } from './document.ts';
import { readYaml } from './document.ts';
import type { Finding, Path, Problem } from './problems.ts';
import { prune } from './prune.ts';
import { quickValue } from './quick-yaml.ts';
import { resolve } from './resolve.ts';
import { fileSchema } from './schema.ts';
import type { Config } from './types.ts';

/** Cutting a faulty part out can make what is around it faulty (a list that must not be empty): three levels of lists. */
const MAX_ROUNDS = 4;

/**
 * Checks a configuration. Never throws. Problems come all at once and in the order of the file: keys and values, and
 * what concerns several values wherever these are sound. Only a syntax error hides the others.
 */
export function loadConfig(text: string): Result<Config, readonly Problem[]> {
  return quicklyLoaded(text) ?? thoroughlyLoaded(text);
}

/** Null unless everything is right. */
function quicklyLoaded(text: string): Result<Config, never> | null {
  const value = quickValue(text);
  const parsed = value === undefined ? null : fileSchema.safeParse(value);
  if (parsed?.success !== true) return null;
  const { config, findings } = resolve(parsed.data, true);
  return findings.length === 0 ? ok(config) : null;
}

function thoroughlyLoaded(text: string): Result<Config, readonly Problem[]> {
  const file = readYaml(text);
  if (file.value === null) return err(file.problems.length > 0 ? inOrder(file.problems) : [emptyFile(file)]);
  const first = fileSchema.safeParse(file.value);
  if (first.success) {
    const { config, findings } = resolve(first.data, true);
    const problems = inOrder([...file.problems, ...findings.map((finding) => file.locate(finding))]);
    return problems.length === 0 ? ok(config) : err(problems);
  }
  const issues = findingsOf(first.error.issues);
  const findings = [...issues, ...findingsBeside(file.value, issues)];
  return err(inOrder([...file.problems, ...findings.map((finding) => file.locate(finding))]));
}

function emptyFile(file: YamlFile): Problem {
  return file.locate({
    path: [],
    at: 'value',
    message: 'the file holds nothing: give `vrrp`, `virtual_servers` or both',
  });
}

/** What is wrong between the parts that are sound in themselves. */
function findingsBeside(value: unknown, issues: readonly Finding[]): readonly Finding[] {
  let faulty = issues.map((issue) => issue.path);
  const origins: ((path: Path) => Path)[] = [];
  let rest = value;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const pruned = prune(rest, faulty);
    if (pruned === null) return [];
    origins.unshift(pruned.origin);
    rest = pruned.value;
    const parsed = fileSchema.safeParse(rest);
    if (parsed.success) {
      const { findings } = resolve(parsed.data, false);
      return findings.map((finding) => ({
        ...finding,
        path: origins.reduce((path, origin) => origin(path), finding.path),
      }));
    }
    faulty = findingsOf(parsed.error.issues).map((issue) => issue.path);
  }
  return [];
}

interface SchemaIssue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
  /** Of a union: the issues of each form, with paths from the union's own place. */
  readonly errors?: readonly (readonly SchemaIssue[])[];
}

function findingsOf(issues: readonly SchemaIssue[]): readonly Finding[] {
  return issues.flatMap(intoForm).flatMap((issue): readonly Finding[] => {
    const path = issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment));
    if (issue.code !== 'unrecognized_keys') return [{ path, at: 'value', message: issue.message }];
    // fields.ts writes one line for each unknown key, in their order.
    const messages = issue.message.split('\n');
    return (issue.keys ?? []).map((key, index) => ({
      path: [...path, key],
      at: 'key',
      message: messages[index] ?? '',
    }));
  });
}

/** Where a value may have one of several forms and what is there is one of them with a fault: what is wrong with that. */
function intoForm(issue: SchemaIssue): readonly SchemaIssue[] {
  const isOtherForm = ({ code, path }: SchemaIssue) => code === 'invalid_type' && path.length === 0;
  const meant = (issue.errors ?? []).filter((form) => !form.some(isOtherForm));
  const [form] = meant;
  if (issue.code !== 'invalid_union' || meant.length !== 1 || form === undefined) return [issue];
  return form.flatMap((inner) => intoForm({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** By position; of one place the file's own order; nothing twice. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  const unique = problems.filter((problem) => {
    const key = JSON.stringify(problem);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return unique.sort((a, b) => a.line - b.line || a.column - b.column);
}
