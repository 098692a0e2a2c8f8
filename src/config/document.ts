/** YAML text with the places of its parts. The only file that imports yaml; `quick-yaml.ts` is its
 * faster sibling for files without a mistake. Pure. */
import type { Document, Pair, YAMLMap } from 'yaml';
import { isAlias, isCollection, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Finding, Path, Problem } from './problems.ts';
import { formatPath, quote } from './problems.ts';

/** 16 MiB: a hundred thousand real servers. A larger file is a mistake. */
export const MAX_TEXT_LENGTH = 16 * 1024 * 1024;
/** Uses of one anchor, multiplied along nested ones; also of all together, since finding an anchor is a search. */
const MAX_ALIASES = 1000;
const TOO_MANY_ALIASES = `not valid YAML: aliases are used too often; the limit is ${MAX_ALIASES}, uses within uses multiply`;
const TOO_DEEP = 'not valid YAML: lists or mappings are nested too deeply';

/** A file that was read as YAML. */
export interface YamlFile {
  /** As from JSON. An anchor may let it contain itself: descend by known keys only. */
  readonly value: unknown;
  /** Errors of the YAML itself that leave a usable value, such as a key given twice. */
  readonly problems: readonly Problem[];
  /** Gives a finding its line and column: those of the nearest part above, if the file has nothing at its path. */
  locate(finding: Finding): Problem;
}

/** Reads YAML 1.2, never throws. `value` is null if nothing else could be trusted; then there are problems. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const problem = (offset: number, path: Path, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), path: formatPath(path), message };
  };
  const failed = (problems: readonly Problem[]): YamlFile => ({
    value: null,
    problems,
    locate: (finding) => problem(0, finding.path, finding.message),
  });
  if (text.length > MAX_TEXT_LENGTH) {
    return failed([problem(0, [], `the file has ${text.length} characters; the limit is ${MAX_TEXT_LENGTH}`)]);
  }
  try {
    // Keys given twice are found below: faster than by yaml in wide mappings, and not the end of the check.
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
      uniqueKeys: false,
    });
    const { fatal, tolerable } = inspect(document, problem);
    if (fatal.length > 0) return failed([...fatal, ...tolerable]);
    const indexes: PairIndex = new WeakMap();
    return {
      value: document.toJS({ maxAliasCount: MAX_ALIASES }),
      problems: tolerable,
      locate: (finding) => problem(offsetOf(document, finding, indexes), finding.path, finding.message),
    };
  } catch (error) {
    // What a text can bring about: toJS throws a ReferenceError at its alias limit, deep nesting overflows the stack.
    if (error instanceof ReferenceError) return failed([problem(0, [], TOO_MANY_ALIASES)]);
    if (error instanceof RangeError) return failed([problem(0, [], TOO_DEEP)]);
    throw error;
  }
}

interface Inspection {
  readonly fatal: readonly Problem[];
  readonly tolerable: readonly Problem[];
}

type MakeProblem = (offset: number, path: Path, message: string) => Problem;

function inspect(document: Document.Parsed, problem: MakeProblem): Inspection {
  const exhausted = document.errors.find((error) => error.code === 'RESOURCE_EXHAUSTION');
  if (exhausted !== undefined) {
    return { fatal: [problem(exhausted.pos[0], [], TOO_DEEP)], tolerable: [] };
  }
  const fatal: Problem[] = [];
  for (const error of document.errors) {
    const message =
      error.code === 'MULTIPLE_DOCS' ? 'the file has more than one document (`---`)' : decapitalise(error.message);
    fatal.push(problem(error.pos[0], [], `not valid YAML: ${message}`));
  }
  for (const warning of document.warnings) {
    fatal.push(problem(warning.pos[0], [], `not valid YAML: ${decapitalise(warning.message)}`));
  }
  const tolerable: Problem[] = [];
  let aliases = 0;
  visit(document, {
    Alias: (_, alias) => {
      aliases += 1;
      const offset = alias.range?.[0] ?? 0;
      if (aliases > MAX_ALIASES) {
        fatal.push(problem(offset, [], TOO_MANY_ALIASES));
        return visit.BREAK;
      }
      if (alias.resolve(document) === undefined) {
        fatal.push(problem(offset, [], `not valid YAML: no anchor ${quote(alias.source)} comes before this alias`));
      }
      return undefined;
    },
    Map: (_, map, ancestors) => inspectKeys(map, () => pathOf([...ancestors, map]), problem, fatal, tolerable),
  });
  return { fatal, tolerable };
}

function inspectKeys(
  map: YAMLMap,
  path: () => Path,
  problem: MakeProblem,
  fatal: Problem[],
  tolerable: Problem[],
): void {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
    if (isCollection(key) || isAlias(key)) {
      fatal.push(problem(offset, path(), 'not valid here: a key must be a plain word'));
      continue;
    }
    const name = keyName(key);
    if (seen.has(name)) tolerable.push(problem(offset, [...path(), name], 'given twice in this mapping'));
    seen.add(name);
  }
}

/** The keys and indexes that lead down a chain of nodes. */
function pathOf(chain: readonly unknown[]): Path {
  const path: (string | number)[] = [];
  for (const [index, node] of chain.entries()) {
    if (isSeq(node)) {
      const position = node.items.indexOf(chain[index + 1]);
      if (position >= 0) path.push(position);
    } else if (isPair(node)) {
      path.push(keyName(node.key));
    }
  }
  return path;
}

function offsetOf(document: Document.Parsed, { path, at }: Finding, indexes: PairIndex): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, segment] of path.entries()) {
    const parent = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(parent) ? findPair(parent, segment, indexes) : undefined;
    const child: unknown = isSeq(parent) && typeof segment === 'number' ? parent.items[segment] : pair?.value;
    if (pair === undefined && child === undefined) return offset;
    const blameKey = at === 'key' && depth === path.length - 1;
    const value = blameKey || isEmpty(child) ? undefined : startOf(child);
    offset = value ?? startOf(pair?.key) ?? startOf(child) ?? offset;
    node = child;
  }
  return offset;
}

type PairIndex = WeakMap<YAMLMap, Map<string, Pair>>;

function findPair(map: YAMLMap, segment: string | number, indexes: PairIndex): Pair | undefined {
  let index = indexes.get(map);
  if (index === undefined) {
    // Of keys given twice the last one counts, as in the value.
    index = new Map(map.items.map((pair) => [keyName(pair.key), pair]));
    indexes.set(map, index);
  }
  return index.get(String(segment));
}

/** A key with nothing after it: its value is no place to point at. */
function isEmpty(node: unknown): boolean {
  return isScalar(node) && node.value === null && node.source === '';
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** The key as it is in the value: text. */
function keyName(key: unknown): string {
  const value: unknown = isScalar(key) ? key.value : key;
  return value === null ? '' : String(value);
}

function decapitalise(message: string): string {
  return message.slice(0, 1).toLowerCase() + message.slice(1);
}
