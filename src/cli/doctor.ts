/** `lvsd doctor`: looks for what breaks load balancing in practice, on a director or on a real server. */
import { existsSync } from 'node:fs';
import type { Config } from '../config/types.ts';
import { directorIntent } from '../doctor/director-intent.ts';
import type { SyncMessageFact } from '../doctor/facts.ts';
import { commandOf, type Finding, nextActions } from '../doctor/finding.ts';
import { directorFindings, realServerFindings } from '../doctor/findings.ts';
import { type DirectorIntent, directorNeeds, realServerNeeds } from '../doctor/intent.ts';
import { type CarriedOut, type Report, renderReport, reportJson } from '../doctor/render.ts';
import { rolesOf } from '../doctor/roles.ts';
import { type Reading, readFacts } from '../sys/doctor-facts.ts';
import { perform, UndoFile, undoAll } from '../sys/doctor-fix.ts';
import { hearSyncMessages } from '../sys/doctor-listen.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';

/** Where a command writes: process.stdout, process.stderr or a test's buffer. */
export interface DoctorSink {
  write(text: string): unknown;
  /** True on a terminal, which then gets colours. */
  readonly isTTY?: boolean;
}

export interface DoctorOptions {
  /** Undefined: the default file, if there is one. */
  readonly config: string | undefined;
  /** `VIP[:METHOD]`; empty: this machine is a director. */
  readonly realServer: readonly string[];
  readonly forwarding: string;
  readonly tunnel: string;
  readonly fix: boolean;
  readonly undo: boolean;
  readonly undoFile: string;
  /** Seconds to listen for sync messages of the other director, as text; undefined: not at all. */
  readonly listen: string | undefined;
  readonly json: boolean;
}

export const DEFAULT_CONFIG = '/etc/lvsd/lvsd.yaml';
const MOST_LISTEN_S = 60;
/** One for each phase of changes, and some for what a change brings about; more means that two of them fight. */
const MOST_ROUNDS = 10;

/** What a run amounts to. */
type ExitCode = 0 | 1 | 2;

interface Examined {
  readonly findings: readonly Finding[];
  readonly notChecked: readonly string[];
}

/**
 * Exit codes: 0 nothing wrong (warnings may be), 1 errors were found, or a change failed, 2 wrong usage or a configuration that
 * cannot be used.
 */
export async function runDoctor(options: DoctorOptions, out: DoctorSink, errors: DoctorSink): Promise<ExitCode> {
  const complaint = misuseOf(options);
  if (complaint !== null) {
    errors.write(`lvsd doctor: ${complaint}\n`);
    return 2;
  }
  try {
    if (options.undo) return runUndo(options, out, errors);
    return await (options.realServer.length > 0
      ? examineRealServer(options, out, errors)
      : examineDirector(options, out, errors));
  } catch (error) {
    // SystemError: netlink; NativeUnavailableError: the addon is not for this machine. Both tell what to do.
    errors.write(`lvsd doctor: ${messageOf(error)}\n`);
    return 1;
  }
}

function misuseOf({ fix, undo, realServer, config, listen }: DoctorOptions): string | null {
  if (fix && undo) return '--fix and --undo exclude each other';
  if (fix && realServer.length === 0) {
    return '--fix works on a real server (--real-server VIP): on a director the commands are for you to decide';
  }
  if (realServer.length > 0 && config !== undefined) {
    return '--config is for a director; a real server (--real-server) needs none';
  }
  if (listen !== undefined) {
    const seconds = Number(listen);
    if (!/^\d+$/.test(listen) || seconds < 1 || seconds > MOST_LISTEN_S) {
      return `--listen ${listen}: must be 1 to ${MOST_LISTEN_S} seconds`;
    }
    if (realServer.length > 0) return '--listen is for a director';
  }
  return null;
}

async function examineDirector(options: DoctorOptions, out: DoctorSink, errors: DoctorSink): Promise<ExitCode> {
  const config = await readConfiguration(options.config);
  if (!config.ok) {
    errors.write(config.error.map((line) => `${line}\n`).join(''));
    return 2;
  }
  const intent = config.value === null ? null : directorIntent(config.value.config);
  const heard = await listen(intent, options.listen);
  const reading = await readFacts(directorNeeds(intent), heard.messages);
  const report: Report = {
    role: 'director',
    configFile: config.value?.file ?? null,
    virtualAddresses: [],
    findings: directorFindings(reading.facts, intent),
    notChecked: [...reading.notChecked, ...heard.notChecked],
    changes: null,
  };
  return show(report, options, out);
}

/** The configuration; null when none was asked for and the default file is not there. */
async function readConfiguration(
  wanted: string | undefined,
): Promise<Result<{ readonly file: string; readonly config: Config } | null, readonly string[]>> {
  const file = wanted ?? DEFAULT_CONFIG;
  if (wanted === undefined && !existsSync(file)) return ok(null);
  // Not before: a real server needs none of what reads configurations.
  const { readConfigFile } = await import('../sys/config-file.ts');
  const config = readConfigFile(file);
  return config.ok ? ok({ file, config: config.value }) : err(config.error.problems);
}

async function listen(
  intent: DirectorIntent | null,
  seconds: string | undefined,
): Promise<{ readonly messages: readonly SyncMessageFact[]; readonly notChecked: readonly string[] }> {
  if (seconds === undefined) return { messages: [], notChecked: [] };
  if (!intent?.sync) return { messages: [], notChecked: ['Sync messages: no connection_sync is configured'] };
  const heard = await hearSyncMessages(intent.sync, Number(seconds) * 1000);
  if (!heard.ok) return { messages: [], notChecked: [`Sync messages: ${heard.error}`] };
  if (heard.value.length > 0) return { messages: heard.value, notChecked: [] };
  const what = `Sync messages: none came within ${seconds} s. The other director sends them while it is MASTER and has connections`;
  return { messages: [], notChecked: [what] };
}

async function examineRealServer(options: DoctorOptions, out: DoctorSink, errors: DoctorSink): Promise<ExitCode> {
  const roles = rolesOf(options.realServer, options);
  if (!roles.ok) {
    errors.write(`lvsd doctor: ${roles.error}\n`);
    return 2;
  }
  const examine = async (): Promise<Examined> => {
    const { facts, notChecked }: Reading = await readFacts(realServerNeeds(roles.value), []);
    return { findings: realServerFindings(facts, roles.value), notChecked };
  };
  const told = options.json ? () => {} : (done: CarriedOut) => out.write(lineOf(done));
  const first = await examine();
  const { examined, changes } = options.fix
    ? await fix(first, examine, new UndoFile(options.undoFile), told)
    : { examined: first, changes: null };
  if (changes?.some(({ problem }) => problem === null) && !options.json) {
    out.write(`Undo with: lvsd doctor --undo --undo-file ${options.undoFile}\n`);
    out.write(
      'The changes end with the next restart of the machine: put them into its own network configuration too\n\n',
    );
  }
  const report: Report = {
    role: 'real-server',
    configFile: null,
    virtualAddresses: roles.value.map(({ vip, forwarding }) => `${vip} (${forwarding})`),
    ...examined,
    changes,
  };
  const failed = changes?.some(({ problem }) => problem !== null) ?? false;
  const code = show(report, options, out);
  return failed ? 1 : code;
}

/** One phase after the other (see `nextActions`), looking again after each; the first failure ends it. */
async function fix(
  first: Examined,
  examine: () => Promise<Examined>,
  undo: UndoFile,
  told: (done: CarriedOut) => void,
): Promise<{ readonly examined: Examined; readonly changes: readonly CarriedOut[] }> {
  const changes: CarriedOut[] = [];
  let examined = first;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    // A command that did not help once will not help a second time.
    const done = new Set(changes.map(({ command }) => command));
    const actions = nextActions(examined.findings).filter((action) => !done.has(commandOf(action)));
    if (actions.length === 0) break;
    for (const action of actions) {
      const result = perform(action, undo);
      const outcome = { command: commandOf(action), problem: result.ok ? null : result.error };
      changes.push(outcome);
      told(outcome);
      // Going on would put an address where its settings are not.
      if (!result.ok) return { examined: await examine(), changes };
    }
    examined = await examine();
  }
  return { examined, changes };
}

function runUndo(options: DoctorOptions, out: DoctorSink, errors: DoctorSink): ExitCode {
  const changes: CarriedOut[] = [];
  const result = undoAll(new UndoFile(options.undoFile), (undone) => {
    changes.push(undone);
    if (!options.json) out.write(lineOf(undone));
  });
  if (options.json) out.write(`${JSON.stringify({ format: 1, changes }, null, 2)}\n`);
  else if (result.ok) out.write(changes.length === 0 ? 'Nothing to undo\n' : 'Everything is as it was before\n');
  if (result.ok) return 0;
  errors.write(`lvsd doctor: ${result.error}\n`);
  return 1;
}

function lineOf({ command, problem }: CarriedOut): string {
  return problem === null ? `${command}\n` : `${command}: FAILED: ${problem}\n`;
}

function show(report: Report, { json }: DoctorOptions, out: DoctorSink): 0 | 1 {
  if (json) out.write(`${JSON.stringify(reportJson(report), null, 2)}\n`);
  else out.write(renderReport(report, { colour: out.isTTY === true && !process.env['NO_COLOR'] }));
  return report.findings.some(({ severity }) => severity === 'error') ? 1 : 0;
}
