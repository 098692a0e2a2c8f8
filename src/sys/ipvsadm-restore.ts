/** `lvsd ipvs -R`: line by line as ipvsadm does it, or all lines at once. */
import type { IpvsCommand } from '../ipvs/command.ts';
import { plan, planDaemons } from '../ipvs/plan.ts';
import { refusalText } from '../ipvsadm/messages.ts';
import { foreseenRefusals, type LineCommand, type LineProblem, parseAll, parseLine } from '../ipvsadm/restore.ts';
import { allLinesOf, type Input, linesOf } from './input-lines.ts';
import { EXIT_OK, EXIT_OWNED, EXIT_REFUSED, EXIT_USAGE, type IpvsadmSession } from './ipvsadm.ts';
import type { OperandNames } from './operand-names.ts';
import { SystemError } from './socket.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Lines one after the other, until one is wrong. What the kernel refuses is said and passed over: the exit code is that of
 * the last line. Changes that are next to each other travel together, but no further than the input that has come: who
 * types them sees each done.
 */
export async function restore(session: IpvsadmSession, input: Input, names: OperandNames): Promise<number> {
  const pending: IpvsCommand[] = [];
  let exitCode = EXIT_OK;
  const settle = async (): Promise<void> => {
    if (pending.length > 0) exitCode = (await session.change(pending.splice(0))).at(-1) ?? exitCode;
  };
  for await (const lines of linesOf(input)) {
    for (const line of lines) {
      const parsed = await names.resolving(() => parseLine(line, names));
      if (parsed === null) continue;
      if (parsed.ok && parsed.value.kind === 'change') {
        pending.push(parsed.value.command);
        continue;
      }
      await settle();
      if (!parsed.ok) {
        await session.complain(parsed.error.text);
        exitCode = parsed.error.exitCode;
        if (parsed.error.endsRestore) return exitCode;
      } else if (parsed.value.kind !== 'restore') {
        const outcome = await session.run(parsed.value);
        exitCode = outcome.exitCode;
        if (outcome.ends) return exitCode;
      }
    }
    await settle();
  }
  return exitCode;
}

/**
 * All lines or none: they are read and checked against the table first; when the kernel refuses one all the same, the table
 * is put back as it was.
 */
export async function restoreAtomically(session: IpvsadmSession, input: Input, names: OperandNames): Promise<number> {
  const lines = await allLinesOf(input);
  const parsed = await names.resolving(() => parseAll(lines, names));
  if (!parsed.ok) return refuse(session, parsed.error, EXIT_USAGE);
  const owned: LineProblem[] = [];
  for (const { line, command } of parsed.value) {
    const text = await session.objection(command);
    if (text !== null) owned.push({ line, text: text.trimEnd() });
  }
  if (owned.length > 0) return refuse(session, owned, EXIT_OWNED);
  const before = await stateOf(session);
  const foreseen = foreseenRefusals(before.table, parsed.value);
  if (foreseen.length > 0) return refuse(session, foreseen, EXIT_REFUSED);
  return applyOrUndo(session, parsed.value, before);
}

async function refuse(session: IpvsadmSession, problems: readonly LineProblem[], exitCode: number): Promise<number> {
  const lines = problems.map(({ line, text }) => `line ${line}: ${text}\n`);
  await session.complain(`${lines.join('')}Nothing was changed\n`);
  return exitCode;
}

type State = Awaited<ReturnType<typeof stateOf>>;

async function stateOf({ ipvs }: IpvsadmSession) {
  return { table: await ipvs.dump(), timeouts: ipvs.timeouts(), daemons: ipvs.daemons() };
}

/** Nothing is said before the table is as it will be: whoever reads that may be slow, or gone. */
async function applyOrUndo(session: IpvsadmSession, lines: readonly LineCommand[], before: State): Promise<number> {
  const outcome = await uninterrupted(() => tryAll(session, lines, before));
  if (outcome === null) return EXIT_OK;
  await session.complain(outcome);
  return EXIT_REFUSED;
}

/** Null: all was done. Else what was refused, and what became of the table. */
async function tryAll(session: IpvsadmSession, lines: readonly LineCommand[], before: State): Promise<string | null> {
  const lineOf = new Map(lines.map(({ line, command }) => [command, line]));
  let complaint = '';
  try {
    const commands = lines.map(({ command }) => command);
    const { refused, complete } = await session.ipvs.apply(commands, { amending: false });
    if (refused.length === 0 && complete) return null;
    for (const { command, code } of refused) {
      complaint += `line ${lineOf.get(command)}: ${refusalText(command, code)}\n`;
    }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    complaint = `${error.message}\n`;
  }
  return `${complaint}${await putBack(session, before)}`;
}

/** What became of it, in words. */
async function putBack(session: IpvsadmSession, before: State): Promise<string> {
  const problems: string[] = [];
  try {
    const now = await stateOf(session);
    const undone = await session.ipvs.apply([
      ...plan(before.table, now.table, () => true),
      ...planDaemons(before.daemons, now.daemons),
      { command: 'set-timeouts', timeouts: before.timeouts },
    ]);
    if (undone.refused.length === 0 && undone.complete) return 'The table was put back as it was\n';
    problems.push(...undone.refused.map(({ text }) => text));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    problems.push(error.message);
  }
  problems.push('The table could not be put back as it was: list it to see what was done');
  return problems.map((text) => `${text}\n`).join('');
}

/** Ctrl-C and its like do not end the program in the middle of `work`. */
async function uninterrupted<T>(work: () => Promise<T>): Promise<T> {
  const ignore = (): void => {};
  for (const signal of SIGNALS) process.on(signal, ignore);
  try {
    return await work();
  } finally {
    for (const signal of SIGNALS) process.off(signal, ignore);
  }
}
