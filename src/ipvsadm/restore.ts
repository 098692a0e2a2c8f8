/** The lines of `ipvsadm -R`. Pure. */
import type { IpvsCommand } from '../ipvs/command.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { Service } from '../ipvs/types.ts';
import { err, ok, type Result } from '../util/result.ts';
import { refusalText } from './messages.ts';
import type { Lookup } from './operands.ts';
import { type Failure, parse, TRY_HELP } from './parse.ts';
import type { Request } from './types.ts';

/** The words of a line, as ipvsadm splits it: at blanks, without quoting; `ipvsadm` itself counts nowhere, a NUL ends a word. */
export function wordsOf(line: string): string[] {
  const words = line.split(/[ \t\r\n]+/).filter((word) => word !== '' && word !== 'ipvsadm');
  return words.map((word) => word.split('\0', 1).join());
}

/** One line, any command but `-R`. Null: nothing to do. */
export function parseLine(line: string, lookup: Lookup): Result<Request, Failure> | null {
  const words = wordsOf(line);
  if (words.length === 0) return null;
  const parsed = parse(words, lookup);
  if (!parsed.ok) return parsed;
  return parsed.value.request.kind === 'restore' ? err(TRY_HELP) : ok(parsed.value.request);
}

/** A change and where it stands in the file. Lines count from 1. */
export interface LineCommand {
  readonly line: number;
  readonly command: IpvsCommand;
}

/** A line that keeps the whole from being applied. */
export interface LineProblem {
  readonly line: number;
  /** One line, without its end. */
  readonly text: string;
}

/**
 * Ours: the changes of a whole file, or everything that is wrong with it. Lines may be comments (`#`). Only changes are
 * allowed, for there is no moment between two lines at which something could be listed.
 */
export function parseAll(lines: readonly string[], lookup: Lookup): Result<readonly LineCommand[], LineProblem[]> {
  const commands: LineCommand[] = [];
  const problems: LineProblem[] = [];
  for (const [index, text] of lines.entries()) {
    if (/^\s*#/.test(text)) continue;
    const parsed = parseLine(text, lookup);
    if (parsed === null) continue;
    const line = index + 1;
    if (!parsed.ok) problems.push({ line, text: parsed.error.text.trimEnd() });
    else if (parsed.value.kind === 'change') commands.push({ line, command: parsed.value.command });
    else problems.push({ line, text: `only changes can be restored at once, not '${parsed.value.kind}'` });
  }
  return problems.length === 0 ? ok(commands) : err(problems);
}

/**
 * Ours: what the kernel would refuse of these commands because something is there already or is missing, in ipvsadm's
 * words. What else it may refuse shows only when they are sent.
 */
export function foreseenRefusals(table: readonly Service[], commands: readonly LineCommand[]): LineProblem[] {
  const model: Model = new Map(
    table.map(({ id, destinations }) => [serviceKey(id), new Set(destinations.map((one) => destinationKey(one.id)))]),
  );
  const problems: LineProblem[] = [];
  for (const { line, command } of commands) {
    const code = tryOn(model, command);
    if (code !== null) problems.push({ line, text: refusalText(command, code) });
  }
  return problems;
}

/** `serviceKey`s with the `destinationKey`s of each. */
type Model = Map<string, Set<string>>;

/** What the kernel would answer: an errno, or null for success. */
function tryOn(table: Model, command: IpvsCommand): string | null {
  switch (command.command) {
    case 'flush':
      table.clear();
      return null;
    case 'new-service': {
      const key = serviceKey(command.service);
      if (table.has(key)) return 'EEXIST';
      table.set(key, new Set());
      return null;
    }
    case 'set-service':
      return table.has(serviceKey(command.service)) ? null : 'ESRCH';
    case 'del-service':
      return table.delete(serviceKey(command.service)) ? null : 'ESRCH';
    case 'zero':
      return command.service === null || table.has(serviceKey(command.service)) ? null : 'ESRCH';
    case 'new-dest':
    case 'set-dest':
    case 'del-dest':
      return tryDestination(table.get(serviceKey(command.service)), command);
    case 'new-daemon':
    case 'del-daemon':
    case 'set-timeouts':
      return null;
  }
}

function tryDestination(
  destinations: Set<string> | undefined,
  command: Extract<IpvsCommand, { command: 'new-dest' | 'set-dest' | 'del-dest' }>,
): string | null {
  if (destinations === undefined) return 'ESRCH';
  if (command.command === 'del-dest') {
    return destinations.delete(destinationKey(command.destination)) ? null : 'ENOENT';
  }
  const key = destinationKey(command.destination.id);
  if (command.command === 'set-dest') return destinations.has(key) ? null : 'ENOENT';
  if (destinations.has(key)) return 'EEXIST';
  destinations.add(key);
  return null;
}
