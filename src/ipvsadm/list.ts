/** The table as `ipvsadm -L` of ipvsadm 1.31 prints it, in all its columns. Pure. */
import * as c from '../ipvs/constants.ts';
import type { DestinationReply, IpvsInfo, ServiceReply } from '../ipvs/decode.ts';
import { ipv4MaskText } from '../ipvs/mask.ts';
import type { Statistics } from '../ipvs/statistics.ts';
import { assertNever } from '../util/assert-never.ts';
import { endpointText, markText, namingProtocol, protocolWord } from './address.ts';
import { sortedTable } from './sort.ts';
import type { Columns, ListTable, Names } from './types.ts';
import { forwardWord, schedulerFlagNames, tunnelInfo } from './words.ts';

/** A service with its destinations, both in the kernel's order, counters and all. */
export interface ListedService extends ServiceReply {
  readonly destinations: readonly DestinationReply[];
}

/** What the pieces of one listing share. */
interface Style {
  readonly columns: Columns;
  readonly exact: boolean;
  /** Null: figures. */
  readonly names: Names | null;
}

/** Widths of the first column: of a service, and of a destination behind its arrow. IPv4 is cut to them, IPv6 is not. */
const SERVICE_WIDTH = 33;
const DESTINATION_WIDTH = 28;

const COUNTERS = ['connections', 'inPackets', 'outPackets', 'inBytes', 'outBytes'] as const;
const RATES = ['connectionsPerS', 'inPacketsPerS', 'outPacketsPerS', 'inBytesPerS', 'outBytesPerS'] as const;

/**
 * The whole output, sorted unless the request says otherwise: `table` comes in the kernel's order. With a service the table
 * holds that one alone, and the line with the version is left out. `names` are used unless the request is numeric.
 */
export function renderTable(
  request: ListTable,
  info: IpvsInfo,
  table: readonly ListedService[],
  names: Names | null,
): string {
  const style: Style = { columns: request.columns, exact: request.exact, names: request.numeric ? null : names };
  const services = request.sorted ? sortedTable(table) : table;
  const lines = request.service === null ? [versionLine(info)] : [];
  lines.push(...titles(request.columns));
  for (const service of services) {
    lines.push(serviceLine(service, style));
    for (const destination of service.destinations) lines.push(destinationLine(service, destination, style));
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** Every address of the table, for looking up names. */
export function addressesIn(table: readonly ListedService[]): ReadonlySet<string> {
  const addresses = new Set<string>();
  for (const { id, destinations } of table) {
    if (id.kind === 'address') addresses.add(id.address);
    for (const destination of destinations) addresses.add(destination.id.address);
  }
  return addresses;
}

function versionLine({ version, connectionTableSize }: IpvsInfo): string {
  return `IP Virtual Server version ${version} (size=${connectionTableSize})`;
}

function titles(columns: Columns): readonly string[] {
  const local = 'Prot LocalAddress:Port';
  const remote = '  -> RemoteAddress:Port';
  const wide = local.padEnd(SERVICE_WIDTH);
  switch (columns) {
    case 'stats':
      return [`${wide}    Conns   InPkts  OutPkts  InBytes OutBytes`, remote];
    case 'rate':
      return [`${wide}      CPS    InPPS   OutPPS    InBPS   OutBPS`, remote];
    case 'thresholds':
      return [`${wide} Uthreshold Lthreshold ActiveConn InActConn `, remote];
    case 'persistent-conn':
      return [`${wide} Weight    PersistConn ActiveConn InActConn `, remote];
    case 'tun-info':
      return [`${local} Scheduler Flags`, `${remote}           Forward TunnelInfo    Weight ActiveConn InActConn`];
    case 'default':
      return [`${local} Scheduler Flags`, `${remote}           Forward Weight ActiveConn InActConn`];
    default:
      return assertNever(columns);
  }
}

function serviceLine(service: ListedService, { columns, exact, names }: Style): string {
  const name = serviceName(service, names);
  if (columns === 'stats') return name.padEnd(SERVICE_WIDTH) + largeNumbers(service.statistics, COUNTERS, exact);
  if (columns === 'rate') return name.padEnd(SERVICE_WIDTH) + largeNumbers(service.statistics, RATES, exact);
  return `${name} ${settingsText(service)}`;
}

function serviceName({ id }: ListedService, names: Names | null): string {
  if (id.kind === 'fwmark') return `FWM  ${markText(id.fwmark)}${id.family === 6 ? ' IPv6' : ''}`;
  const name = `${protocolWord(id.protocol).padEnd(4)} ${endpointText(id, id.protocol, names)}`;
  return id.family === 4 ? name.slice(0, SERVICE_WIDTH) : name;
}

/** Scheduler, its flags, persistence, one-packet scheduling. */
function settingsText({ id, settings }: ListedService): string {
  const { scheduler, flags, timeoutS, prefixLength, persistenceEngine } = settings;
  const words = [scheduler];
  const schedulerFlags = schedulerFlagNames(scheduler, flags);
  if (schedulerFlags !== null) words.push(`(${schedulerFlags.join(',')})`);
  if ((flags & c.IP_VS_SVC_F_PERSISTENT) !== 0) {
    words.push(`persistent ${timeoutS}`);
    if (prefixLength !== (id.family === 4 ? 32 : 128)) {
      words.push(`mask ${id.family === 4 ? ipv4MaskText(settings) : prefixLength}`);
    }
    if (persistenceEngine !== null) words.push(`pe ${persistenceEngine}`);
  }
  if ((flags & c.IP_VS_SVC_F_ONEPACKET) !== 0) words.push('ops');
  return words.join(' ');
}

function destinationLine(service: ListedService, destination: DestinationReply, style: Style): string {
  const { settings, counters, statistics } = destination;
  const name = `  -> ${destinationName(service, destination, style.names).padEnd(DESTINATION_WIDTH)}`;
  const weight = settings.weight | 0;
  const connections = `${pad(counters.activeConnections, 10)} ${pad(counters.inactiveConnections, 10)}`;
  switch (style.columns) {
    case 'stats':
      return name + largeNumbers(statistics, COUNTERS, style.exact);
    case 'rate':
      return name + destinationRates(statistics, style.exact);
    case 'thresholds':
      return `${name} ${pad(settings.upperThreshold, 10)} ${pad(settings.lowerThreshold, 10)} ${connections}`;
    case 'persistent-conn':
      return `${name} ${pad(weight, 9)} ${pad(counters.persistentConnections, 11)} ${connections}`;
    case 'tun-info':
      return `${name} ${pad(forwardWord(settings.forwardMethod), 7)} ${pad(tunnelInfo(settings), 13)} ${pad(weight, 6)} ${connections}`;
    case 'default':
      return `${name} ${pad(forwardWord(settings.forwardMethod), 7)} ${pad(weight, 6)} ${connections}`;
    default:
      return assertNever(style.columns);
  }
}

function destinationName(service: ListedService, { id }: DestinationReply, names: Names | null): string {
  const name = endpointText(id, namingProtocol(service.id), names);
  return id.family === 4 ? name.slice(0, DESTINATION_WIDTH) : name;
}

/** The first three rates of a destination are never abbreviated. */
function destinationRates(statistics: Statistics, exact: boolean): string {
  const [connections, inPackets, outPackets, ...bytes] = RATES;
  const whole = [connections, inPackets, outPackets].map((rate) => ` ${String(statistics[rate]).padStart(8)}`);
  return whole.join('') + largeNumbers(statistics, bytes, exact);
}

function largeNumbers(statistics: Statistics, which: readonly (keyof Statistics)[], exact: boolean): string {
  return which.map((name) => largeNumber(statistics[name], exact)).join('');
}

/** A number in nine columns or more: in K, M, G, T of 1000 from 100 000 000 on, or exact. */
export function largeNumber(value: number | bigint, exact: boolean): string {
  if (exact) return ` ${String(BigInt(value)).padStart(8)}`;
  if (value < 100_000_000) return String(value).padStart(9);
  const [divisor, unit] = unitOf(value);
  return `${String(BigInt(value) / divisor).padStart(8)}${unit}`;
}

function unitOf(value: number | bigint): readonly [divisor: bigint, unit: string] {
  if (value < 1e9) return [1000n, 'K'];
  if (value < 1e11) return [1_000_000n, 'M'];
  return value < 1e14 ? [1_000_000_000n, 'G'] : [1_000_000_000_000n, 'T'];
}

function pad(value: number | string, width: number): string {
  return String(value).padEnd(width);
}
