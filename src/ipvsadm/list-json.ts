/**
 * The table, the timeouts and the sync daemons as JSON: `lvsd ipvs -L --json`, documented in docs/ipvs-json.md. Everything that
 * the kernel reports, whatever columns are asked for; addresses and ports are always figures. A statistic is a number, or
 * a string of digits from 2^53 on, where numbers are no longer exact. Pure.
 */
import type { Timeouts } from '../ipvs/command.ts';
import * as c from '../ipvs/constants.ts';
import type { DestinationReply, IpvsInfo } from '../ipvs/decode.ts';
import { protocolName } from '../ipvs/key.ts';
import { ipv4MaskText } from '../ipvs/mask.ts';
import type { Statistics } from '../ipvs/statistics.ts';
import type { DestinationSettings, ServiceId, ServiceSettings, SyncDaemon } from '../ipvs/types.ts';
import { FORWARDING_WORDS, TUNNEL_WORDS } from '../ipvs/words.ts';
import type { ListedService } from './list.ts';
import { sortedTable } from './sort.ts';
import type { ListTable } from './types.ts';
import { schedulerFlagNames } from './words.ts';

/** Raised when a field is removed or changes its meaning; new fields leave it as it is. */
const FORMAT = 1;

type JsonCount = number | string;

const CHECKSUMS: ReadonlyMap<number, string> = new Map([
  [c.IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM, 'none'],
  [c.IP_VS_TUNNEL_ENCAP_FLAG_CSUM, 'checksum'],
  [c.IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM, 'remote-checksum'],
]);

/** One JSON object and a line end. Sorted as the listing is: `table` comes in the kernel's order. */
export function tableJson(request: ListTable, info: IpvsInfo, table: readonly ListedService[]): string {
  const services = request.sorted ? sortedTable(table) : table;
  return document({ ...info, services: services.map(serviceJson) });
}

/** `{"format": 1, "timeouts": {"tcpS": 900, "tcpFinS": 120, "udpS": 300}}`, in seconds. */
export function timeoutsJson({ tcpS, tcpFinS, udpS }: Timeouts): string {
  return document({ timeouts: { tcpS, tcpFinS, udpS } });
}

/** `{"format": 1, "daemons": [...]}`; null is what the kernel does not report. */
export function daemonsJson(daemons: readonly SyncDaemon[]): string {
  return document({ daemons });
}

function document(content: object): string {
  return `${JSON.stringify({ format: FORMAT, ...content }, null, 2)}\n`;
}

function serviceJson({ id, settings, statistics, destinations }: ListedService): object {
  return {
    ...serviceIdJson(id),
    ...serviceSettingsJson(settings),
    statistics: statisticsJson(statistics),
    destinations: destinations.map(destinationJson),
  };
}

function serviceIdJson(id: ServiceId): object {
  if (id.kind === 'fwmark') return { fwmark: id.fwmark, family: familyName(id.family) };
  const { family, protocol, address, port } = id;
  return { protocol: protocolName(protocol), family: familyName(family), address, port };
}

function familyName(family: 4 | 6): 'ipv4' | 'ipv6' {
  return family === 4 ? 'ipv4' : 'ipv6';
}

function serviceSettingsJson(settings: ServiceSettings): object {
  const { scheduler, flags, timeoutS, prefixLength, holedMask, persistenceEngine } = settings;
  const persistent = (flags & c.IP_VS_SVC_F_PERSISTENT) !== 0;
  const mask = holedMask === undefined ? {} : { mask: ipv4MaskText(settings) };
  return {
    scheduler,
    schedulerFlags: schedulerFlagNames(scheduler, flags) ?? [],
    onePacket: (flags & c.IP_VS_SVC_F_ONEPACKET) !== 0,
    persistence: persistent ? { timeoutS, prefixLength, ...mask, engine: persistenceEngine } : null,
    /** IP_VS_SVC_F_*, for what has no name above. */
    flags,
  };
}

function destinationJson({ id, settings, counters, statistics }: DestinationReply): object {
  const { forwardMethod, weight, upperThreshold, lowerThreshold } = settings;
  return {
    address: id.address,
    port: id.port,
    forwarding: FORWARDING_WORDS.get(forwardMethod) ?? String(forwardMethod),
    tunnel: forwardMethod === c.IP_VS_CONN_F_TUNNEL ? tunnelJson(settings) : null,
    weight,
    upperThreshold,
    lowerThreshold,
    ...counters,
    statistics: statisticsJson(statistics),
  };
}

function tunnelJson({ tunnelType, tunnelPort, tunnelFlags }: DestinationSettings): object {
  const type = TUNNEL_WORDS.get(tunnelType) ?? String(tunnelType);
  const hasPort = tunnelType === c.IP_VS_CONN_F_TUNNEL_TYPE_GUE;
  const hasChecksum = tunnelType !== c.IP_VS_CONN_F_TUNNEL_TYPE_IPIP;
  return {
    type,
    port: hasPort ? tunnelPort : null,
    checksum: hasChecksum ? (CHECKSUMS.get(tunnelFlags) ?? String(tunnelFlags)) : null,
  };
}

function statisticsJson(statistics: Statistics): object {
  return Object.fromEntries(Object.entries(statistics).map(([name, value]) => [name, jsonCount(value)]));
}

/** A number as long as it is exact, else its digits. */
export function jsonCount(value: number | bigint): JsonCount {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(BigInt(value));
}
