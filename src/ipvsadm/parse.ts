/** ipvsadm's command line as a request, or what ipvsadm 1.31 says when it is wrong: the same words, the same first. Pure. */
import type { IpvsCommand } from '../ipvs/command.ts';
import * as c from '../ipvs/constants.ts';
import { granularityOf } from '../ipvs/mask.ts';
import type { Destination, DestinationId, ServiceId, ServiceSettings, SyncDaemon } from '../ipvs/types.ts';
import { err, ok, type Result } from '../util/result.ts';
import { checkOptions, checkValues, schedulerFlags, timeoutsOf } from './check.ts';
import { type Draft, newDraft, takeOption } from './draft.ts';
import type { Lookup } from './operands.ts';
import { OWN_OPTIONS } from './options.ts';
import { type GivenOption, type Scanned, scan } from './popt.ts';
import type { Columns, Request } from './types.ts';

/** Why a command line is refused. */
export interface Failure {
  /** For stderr, with its line end. */
  readonly text: string;
  /** 2: wrong usage; 255: not understood at all. */
  readonly exitCode: 2 | 255;
  /** It ends a restore: ipvsadm goes on after an option that it does not know. */
  readonly endsRestore: boolean;
}

/** A command line that is right. */
export interface Parsed {
  readonly request: Request;
  /** Ours: change what a running lvsd owns. */
  readonly force: boolean;
  /** Ours: the control socket to ask for it; null: the usual one. */
  readonly socket: string | null;
}

/** What was written is no command line at all. */
export const TRY_HELP: Failure = {
  text: "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n",
  exitCode: 255,
  endsRestore: true,
};

const LIST_ALL: Request = {
  kind: 'list',
  service: null,
  columns: 'default',
  numeric: false,
  exact: false,
  sorted: true,
  json: false,
};

/** Reads a command line, without the program's name. `lookup` has the names that may be written for figures. */
export function parse(argv: readonly string[], lookup: Lookup): Result<Parsed, Failure> {
  if (argv.length === 0) return ok({ request: LIST_ALL, force: false, socket: null });
  const scanned = scan(argv);
  const first = scanned.options.findIndex((option) => !isOwn(option));
  const begin = scanned.options[first];
  if (begin === undefined) return parseOwn(scanned, lookup);
  if (begin.spec.meaning.kind !== 'command') return err(TRY_HELP);
  const { command } = begin.spec.meaning;
  if (command === 'help' || command === 'version') {
    return ok({ request: { kind: command }, force: false, socket: null });
  }
  const role = begin.value;
  const isDaemon = command === 'start-daemon' || command === 'stop-daemon';
  if (isDaemon && role !== 'master' && role !== 'backup') {
    return usage(`illegal ${command === 'start-daemon' ? 'start-daemon parameter' : 'start_daemon'} specified`);
  }
  const draft = newDraft(command);
  const options = scanned.options.filter((_, index) => index !== first);
  return finish({ ...scanned, options }, draft, { role: role === 'backup' ? 'backup' : 'master', lookup });
}

function isOwn({ spec: { meaning } }: GivenOption): boolean {
  return meaning.kind === 'option' && OWN_OPTIONS.has(meaning.word);
}

/** Nothing but options of ours: the command is the listing, as without any. */
function parseOwn(scanned: Scanned, lookup: Lookup): Result<Parsed, Failure> {
  if (scanned.options.length === 0 || scanned.error !== null) return err(TRY_HELP);
  return finish(scanned, newDraft('list'), { role: 'master', lookup });
}

interface Rest {
  readonly role: SyncDaemon['role'];
  readonly lookup: Lookup;
}

function finish(scanned: Scanned, draft: Draft, { role, lookup }: Rest): Result<Parsed, Failure> {
  for (const { spec, value, word } of scanned.options) {
    if (spec.meaning.kind === 'command') return usage(`invalid option \`${word}'`);
    const complaint = takeOption(draft, spec.meaning, { value, lookup });
    if (complaint !== null) return usage(complaint);
  }
  if (scanned.error !== null) return err({ text: `${scanned.error}\n`, exitCode: 255, endsRestore: false });
  const operands = [...scanned.operands];
  const timeouts = draft.command === 'set' ? timeoutsOf(operands) : ok({ tcpS: 0, tcpFinS: 0, udpS: 0 });
  if (!timeouts.ok) return usage(timeouts.error);
  const [surplus] = operands;
  if (surplus !== undefined) return usage(`unexpected argument ${surplus}`);
  const flags = schedulerFlags(draft);
  if (!flags.ok) return usage(flags.error);
  const complaint = checkOptions(draft) ?? checkValues(draft);
  if (complaint !== null) return usage(complaint);
  const request = requestOf(draft, { role, timeouts: timeouts.value, schedulerFlags: flags.value });
  return ok({ request, force: draft.given.has('force'), socket: draft.socket });
}

function usage(complaint: string): Result<never, Failure> {
  return err({ text: `${complaint}\n`, exitCode: 2, endsRestore: true });
}

interface Extras {
  readonly role: SyncDaemon['role'];
  readonly timeouts: Extract<IpvsCommand, { command: 'set-timeouts' }>['timeouts'];
  readonly schedulerFlags: number;
}

function requestOf(draft: Draft, extras: Extras): Request {
  const { command, given } = draft;
  switch (command) {
    case 'list':
      return listingOf(draft);
    case 'save':
      return { kind: 'save', numeric: given.has('numeric'), thresholds: given.has('thresholds') };
    case 'restore':
      return { kind: 'restore', atomic: given.has('atomic') };
    default:
      return { kind: 'change', command: changeOf(draft, command, extras) };
  }
}

function listingOf(draft: Draft): Request {
  const { given } = draft;
  const json = given.has('json');
  const numeric = given.has('numeric');
  const service = given.has('service-address') ? serviceIdOf(draft) : null;
  if (given.has('connection')) {
    const server = draft.server === null ? null : { address: draft.server.address, port: draft.server.port };
    const filter = { service, server, state: draft.state };
    return { kind: 'connections', numeric, persistentConn: given.has('persistent-conn'), json, filter };
  }
  if (given.has('timeout')) return { kind: 'list-timeouts', json };
  if (given.has('daemon')) return { kind: 'list-daemons', json };
  const columns = COLUMNS.find((word) => given.has(word)) ?? 'default';
  const sorted = !given.has('nosort');
  return { kind: 'list', service, columns, numeric, exact: given.has('exact'), sorted, json };
}

/** When several are given, the first of these counts. */
const COLUMNS = ['stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info'] as const satisfies readonly Columns[];

function changeOf(
  draft: Draft,
  command: Exclude<Draft['command'], 'list' | 'save' | 'restore'>,
  { role, timeouts, schedulerFlags: flags }: Extras,
): IpvsCommand {
  const service = serviceIdOf(draft);
  switch (command) {
    case 'add-service':
      return { command: 'new-service', service, settings: settingsOf(draft, flags) };
    case 'edit-service':
      return { command: 'set-service', service, settings: settingsOf(draft, flags) };
    case 'delete-service':
      return { command: 'del-service', service };
    case 'add-server':
      return { command: 'new-dest', service, destination: destinationOf(draft) };
    case 'edit-server':
      return { command: 'set-dest', service, destination: destinationOf(draft) };
    case 'delete-server':
      return { command: 'del-dest', service, destination: destinationIdOf(draft) };
    case 'flush':
      return { command: 'flush' };
    case 'zero':
      return { command: 'zero', service: draft.given.has('service-address') ? service : null };
    case 'set':
      return { command: 'set-timeouts', timeouts };
    case 'start-daemon':
      return { command: 'new-daemon', daemon: daemonOf(draft, role) };
    case 'stop-daemon':
      return { command: 'del-daemon', role };
  }
}

function serviceIdOf({ family, fwmark, protocol, address, port }: Draft): ServiceId {
  if (fwmark !== 0) return { kind: 'fwmark', family: family ?? 4, fwmark };
  return { kind: 'address', family: family ?? 4, protocol, address, port };
}

function settingsOf(draft: Draft, flags: number): ServiceSettings {
  const { scheduler, persistenceS, onePacket, engine, family, netmask } = draft;
  const persistent = persistenceS === null ? 0 : c.IP_VS_SVC_F_PERSISTENT;
  return {
    scheduler: scheduler === '' ? 'wlc' : scheduler,
    flags: flags | persistent | (onePacket ? c.IP_VS_SVC_F_ONEPACKET : 0),
    timeoutS: persistenceS ?? 0,
    persistenceEngine: engine === '' ? null : engine,
    ...(family === 6 ? { prefixLength: netmask } : granularityOf(netmask)),
  };
}

function destinationIdOf({ server, serverPort }: Draft): DestinationId {
  return { family: server?.family ?? 4, address: server?.address ?? '0.0.0.0', port: serverPort };
}

/** Tunnels and direct routing cannot change the port: it is that of the service, whatever was said. */
function destinationOf(draft: Draft): Destination {
  const { fwmark, forwardMethod, port, weight, upperThreshold, lowerThreshold } = draft;
  const { tunnelType, tunnelPort, tunnelFlags } = draft;
  const id = destinationIdOf(draft);
  const keepsPort = fwmark === 0 && forwardMethod !== c.IP_VS_CONN_F_MASQ;
  return {
    id: keepsPort ? { ...id, port } : id,
    settings: { forwardMethod, weight, upperThreshold, lowerThreshold, tunnelType, tunnelPort, tunnelFlags },
  };
}

function daemonOf(draft: Draft, role: SyncDaemon['role']): SyncDaemon {
  return {
    role,
    interface: draft.mcastInterface === '' ? 'eth0' : draft.mcastInterface,
    syncId: draft.syncId,
    maxLength: draft.syncMaxLength === 0 ? null : draft.syncMaxLength,
    group: draft.mcastGroup,
    port: draft.mcastPort === 0 ? null : draft.mcastPort,
    ttl: draft.mcastTtl === 0 ? null : draft.mcastTtl,
  };
}
