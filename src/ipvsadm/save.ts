/** The table as command lines, `ipvsadm -S`: what `-R` reads. Pure. */
import * as c from '../ipvs/constants.ts';
import { ipv4MaskText } from '../ipvs/mask.ts';
import type { Destination, DestinationSettings, Service, ServiceId } from '../ipvs/types.ts';
import { endpointText, markText, namingProtocol } from './address.ts';
import { sortedTable } from './sort.ts';
import type { Names } from './types.ts';
import { schedulerFlagNames } from './words.ts';

/** `names` null: figures. `thresholds`: with `-x` and `-y` where they are not zero, which ipvsadm leaves out. */
export interface SaveStyle {
  readonly names: Names | null;
  readonly thresholds: boolean;
}

/** One line for each service and each of its destinations; `table` is in the kernel's order. */
export function renderRules(table: readonly Service[], style: SaveStyle): string {
  const lines: string[] = [];
  for (const service of sortedTable(table)) {
    const name = serviceOption(service.id, style.names);
    lines.push(`-A ${name} ${schedulingOptions(service)}\n`);
    for (const destination of service.destinations) {
      lines.push(`-a ${name} ${serverOptions(service.id, destination, style)}\n`);
    }
  }
  return lines.join('');
}

function serviceOption(id: ServiceId, names: Names | null): string {
  if (id.kind === 'fwmark') return `-f ${markText(id.fwmark)}${id.family === 6 ? ' -6' : ''}`;
  return `${protocolOption(id.protocol)} ${endpointText(id, id.protocol, names)}`;
}

/** Other protocols, which only other programs can make, cannot be restored. */
function protocolOption(protocol: number): string {
  switch (protocol) {
    case c.IPPROTO_TCP:
      return '-t';
    case c.IPPROTO_UDP:
      return '-u';
    case c.IPPROTO_SCTP:
      return '--sctp-service';
    default:
      return '--xxx-service';
  }
}

function schedulingOptions({ id, settings }: Service): string {
  const { scheduler, flags, timeoutS, prefixLength, persistenceEngine } = settings;
  const words = [`-s ${scheduler}`];
  if ((flags & c.IP_VS_SVC_F_PERSISTENT) !== 0) {
    words.push(`-p ${timeoutS}`);
    if (prefixLength !== (id.family === 4 ? 32 : 128)) {
      words.push(`-M ${id.family === 4 ? ipv4MaskText(settings) : prefixLength}`);
    }
  }
  if (persistenceEngine !== null) words.push(`--pe ${persistenceEngine}`);
  if ((flags & c.IP_VS_SVC_F_ONEPACKET) !== 0) words.push('-o');
  const schedulerFlags = schedulerFlagNames(scheduler, flags);
  if (schedulerFlags !== null) words.push(`-b ${schedulerFlags.join(',')}`);
  return words.join(' ');
}

function serverOptions(service: ServiceId, { id, settings }: Destination, { names, thresholds }: SaveStyle): string {
  const words = [`-r ${endpointText(id, namingProtocol(service), names)}`];
  words.push(forwardOption(settings.forwardMethod), `-w ${settings.weight | 0}`);
  if (settings.forwardMethod === c.IP_VS_CONN_F_TUNNEL) words.push(...tunnelOptions(settings));
  if (thresholds && settings.upperThreshold !== 0) words.push(`-x ${settings.upperThreshold}`);
  if (thresholds && settings.lowerThreshold !== 0) words.push(`-y ${settings.lowerThreshold}`);
  return words.join(' ');
}

/** The local node is reached by direct routing; it is the kernel that finds out that it is local. */
function forwardOption(forwardMethod: number): string {
  switch (forwardMethod) {
    case c.IP_VS_CONN_F_MASQ:
      return '-m';
    case c.IP_VS_CONN_F_TUNNEL:
      return '-i';
    default:
      return '-g';
  }
}

function tunnelOptions({ tunnelType, tunnelPort, tunnelFlags }: DestinationSettings): string[] {
  switch (tunnelType) {
    case c.IP_VS_CONN_F_TUNNEL_TYPE_IPIP:
      return ['--tun-type ipip'];
    case c.IP_VS_CONN_F_TUNNEL_TYPE_GUE:
      return ['--tun-type gue', `--tun-port ${tunnelPort}`, checksumOption(tunnelFlags)];
    case c.IP_VS_CONN_F_TUNNEL_TYPE_GRE:
      return ['--tun-type gre', checksumOption(tunnelFlags)];
    default:
      return [];
  }
}

function checksumOption(tunnelFlags: number): string {
  switch (tunnelFlags) {
    case c.IP_VS_TUNNEL_ENCAP_FLAG_CSUM:
      return '--tun-csum';
    case c.IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM:
      return '--tun-remcsum';
    default:
      return '--tun-nocsum';
  }
}
