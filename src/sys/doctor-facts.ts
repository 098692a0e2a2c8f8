/** Reads what the doctor judges, of this machine and this network namespace. Changes nothing, loads no module. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { Facts, GroupFact, IpvsFact, ListenerFact, ModuleState, SyncMessageFact } from '../doctor/facts.ts';
import type { Needs } from '../doctor/intent.ts';
import { portMismatches } from '../doctor/ports.ts';
import { parseIgmp, parseIgmp6, parseModuleNames, parseSockets } from '../doctor/proc.ts';
import {
  GLOBAL_SETTINGS,
  INTERFACE_SETTINGS_V4,
  INTERFACE_SETTINGS_V6,
  interfaceKey,
  type Settings,
} from '../doctor/settings.ts';
import { messageOf } from '../util/message-of.ts';
import { findKeepalived } from './doctor-keepalived.ts';
import { readNetwork } from './doctor-network.ts';
import { Ipvs } from './ipvs.ts';
import { IpvsUnavailableError } from './ipvs-family.ts';
import { SystemError } from './socket.ts';

/** What was read, and what could not be: sentences for people. */
export interface Reading {
  readonly facts: Facts;
  readonly notChecked: readonly string[];
}

const SETTINGS_FOLDER = '/proc/sys';
const TIMEDATECTL_TIMEOUT_MS = 3000;

/** Throws SystemError when the network cannot be read. `syncMessages` were heard before. */
export async function readFacts(needs: Needs, syncMessages: readonly SyncMessageFact[]): Promise<Reading> {
  const notChecked: string[] = [];
  const network = readNetwork(needs);
  const facts = {
    nowMs: Date.now(),
    clockSynchronised: clockSynchronised(),
    kernel: release(),
    settings: readSettings(['all', ...network.links.map(({ name }) => name)]),
    ...network,
    modules: readModules(needs.modules, notChecked),
    listeners: readListeners(),
    groups: readGroups(),
    ipvs: await readIpvs(notChecked),
    keepalived: findKeepalived(),
    syncMessages,
  };
  return { facts, notChecked };
}

function readSettings(interfaces: readonly string[]): Settings {
  const keys = [
    ...GLOBAL_SETTINGS,
    ...interfaces.flatMap((name) => [
      ...INTERFACE_SETTINGS_V4.map((setting) => interfaceKey(4, name, setting)),
      ...INTERFACE_SETTINGS_V6.map((setting) => interfaceKey(6, name, setting)),
    ]),
  ];
  return new Map(
    keys.flatMap((key) => {
      const text = read(`${SETTINGS_FOLDER}/${key}`);
      return text === null ? [] : [[key, text.replace(/\n$/, '')]];
    }),
  );
}

/** The file's text, or null when it is not there or not ours to read. */
function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function readModules(wanted: readonly string[], notChecked: string[]): ReadonlyMap<string, ModuleState> {
  const folder = `/lib/modules/${release()}`;
  const loaded = parseModuleNames(read('/proc/modules') ?? '');
  const builtin = parseModuleNames(read(`${folder}/modules.builtin`) ?? '');
  const list = read(`${folder}/modules.dep`);
  const available = list === null ? null : parseModuleNames(list);
  const states = wanted.map((name): readonly [string, ModuleState] => {
    if (loaded.has(name) || existsSync(`/sys/module/${name}`)) return [name, 'loaded'];
    if (builtin.has(name)) return [name, 'builtin'];
    if (name === 'ip_vs' && existsSync('/proc/net/ip_vs')) return [name, 'builtin'];
    if (available === null) return [name, 'unknown'];
    return [name, available.has(name) ? 'available' : 'missing'];
  });
  const unknown = states.flatMap(([name, state]) => (state === 'unknown' ? [name] : []));
  if (unknown.length > 0) {
    notChecked.push(`Whether this kernel has ${unknown.join(', ')}: not loaded, and there is no ${folder}/modules.dep`);
  }
  return new Map(states);
}

function readListeners(): readonly ListenerFact[] {
  const sockets = (['tcp', 'udp'] as const).flatMap((protocol) =>
    [protocol, `${protocol}6`].flatMap((file) => parseSockets(read(`/proc/net/${file}`) ?? '', protocol)),
  );
  return [...new Map(sockets.map((item) => [`${item.protocol} ${item.address} ${item.port}`, item])).values()];
}

function readGroups(): readonly GroupFact[] {
  return [...parseIgmp(read('/proc/net/igmp') ?? ''), ...parseIgmp6(read('/proc/net/igmp6') ?? '')];
}

/** Only where IPVS is there already: asking for it would load it. */
async function readIpvs(notChecked: string[]): Promise<IpvsFact | null> {
  if (!existsSync('/proc/net/ip_vs')) return null;
  let ipvs: Ipvs | undefined;
  try {
    ipvs = Ipvs.open();
    const table = await ipvs.dump();
    const virtualAddresses = new Set(table.flatMap(({ id }) => (id.kind === 'address' ? [id.address] : [])));
    const daemons = ipvs.daemons();
    return { virtualAddresses: [...virtualAddresses], daemons, portMismatches: portMismatches(table) };
  } catch (error) {
    if (!(error instanceof IpvsUnavailableError) && !(error instanceof SystemError)) throw error;
    notChecked.push(`The kernel's table and sync daemons: ${messageOf(error)}`);
    return null;
  } finally {
    ipvs?.close();
  }
}

/** What systemd says of NTP; the kernel tells only who may set the clock (adjtimex). */
function clockSynchronised(): boolean | null {
  if (existsSync('/run/systemd/timesync/synchronized')) return true;
  // Without systemd the program would only complain.
  if (!existsSync('/run/systemd/system')) return null;
  try {
    const said = execFileSync('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
      encoding: 'utf8',
      timeout: TIMEDATECTL_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return said === 'yes' ? true : said === 'no' ? false : null;
  } catch {
    return null;
  }
}
