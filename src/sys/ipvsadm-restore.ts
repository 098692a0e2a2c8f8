/** `lvsd ipvs -R`: line by line as ipvsadm does it, or all lines at once. */
import type { IpvsCommand } from '../ipvs/command.ts';
import { plan, planDaemons } from '../ipvs/plan.ts';
import { refusalText } from '../ipvsadm/messages.ts';
import { foreseenRefusals, type LineCommand, type LineProblem, parseAll, parseLine } from '../ipvsadm/restore.ts';
import { EXIT_OK, EXIT_OWNED, EXIT_REFUSED, EXIT_USAGE, type IpvsadmSession } from './ipvsadm.ts';
import type { OperandNames } from './operand-names.ts';

type Input = AsyncIterable<string | Uint8Array>;

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
  const lines: string[] = [];
  for await (const some of linesOf(input)) lines.push(...some);
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

async function applyOrUndo(session: IpvsadmSession, lines: readonly LineCommand[], before: State): Promise<number> {
  const lineOf = new Map(lines.map(({ line, command }) => [command, line]));
  const { refused, complete } = await session.ipvs.apply(
    lines.map(({ command }) => command),
    { amending: false },
  );
  if (refused.length === 0 && complete) return EXIT_OK;
  for (const { command, code } of refused) {
    await session.complain(`line ${lineOf.get(command)}: ${refusalText(command, code)}\n`);
  }
  const now = await stateOf(session);
  const undone = await session.ipvs.apply([
    ...plan(before.table, now.table, () => true),
    ...planDaemons(before.daemons, now.daemons),
    { command: 'set-timeouts', timeouts: before.timeouts },
  ]);
  if (undone.refused.length === 0 && undone.complete) {
    await session.complain('The table was put back as it was\n');
  } else {
    for (const { text } of undone.refused) await session.complain(`${text}\n`);
    await session.complain('The table could not be put back as it was: list it to see what was done\n');
  }
  return EXIT_REFUSED;
}

/** Lines as they come, those of one read together; the last need not end. */
async function* linesOf(input: Input): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of input) {
    const text = typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true });
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
  if (rest !== '') yield [rest];
}
