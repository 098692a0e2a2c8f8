/**
 * From configuration and what serves to the IPVS services that the kernel should hold. Here virtual servers become services
 * and real servers become destinations. Pure.
 */
import type {
  SchedulerFlag,
  ServiceIdConfig,
  TargetConfig,
  TunnelConfig,
  VirtualServerConfig,
} from '../config/types.ts';
import {
  IP_VS_CONN_F_DROUTE,
  IP_VS_CONN_F_MASQ,
  IP_VS_CONN_F_TUNNEL,
  IP_VS_CONN_F_TUNNEL_TYPE_GRE,
  IP_VS_CONN_F_TUNNEL_TYPE_GUE,
  IP_VS_CONN_F_TUNNEL_TYPE_IPIP,
  IP_VS_SVC_F_ONEPACKET,
  IP_VS_SVC_F_PERSISTENT,
  IP_VS_SVC_F_SCHED1,
  IP_VS_SVC_F_SCHED2,
  IP_VS_SVC_F_SCHED3,
  IP_VS_TUNNEL_ENCAP_FLAG_CSUM,
  IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM,
  IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from '../ipvs/constants.ts';
import type { Destination, DestinationId, Forwarding, Service, ServiceId, ServiceSettings } from '../ipvs/types.ts';
import type { Serving, Share } from './serving.ts';

const PROTOCOL_NUMBER = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP, sctp: IPPROTO_SCTP } as const;

const FORWARD_METHOD: Readonly<Record<Forwarding, number>> = {
  nat: IP_VS_CONN_F_MASQ,
  direct: IP_VS_CONN_F_DROUTE,
  tunnel: IP_VS_CONN_F_TUNNEL,
  // The kernel knows nothing of the source: nftables translates it afterwards.
  fullnat: IP_VS_CONN_F_MASQ,
};

const TUNNEL_TYPE: Readonly<Record<TunnelConfig['type'], number>> = {
  ipip: IP_VS_CONN_F_TUNNEL_TYPE_IPIP,
  gue: IP_VS_CONN_F_TUNNEL_TYPE_GUE,
  gre: IP_VS_CONN_F_TUNNEL_TYPE_GRE,
};

const TUNNEL_FLAGS: Readonly<Record<TunnelConfig['checksum'], number>> = {
  none: IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM,
  full: IP_VS_TUNNEL_ENCAP_FLAG_CSUM,
  remote: IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM,
};

const SCHEDULER_FLAG: Readonly<Record<SchedulerFlag, number>> = {
  'sh-fallback': IP_VS_SVC_F_SCHED1,
  'mh-fallback': IP_VS_SVC_F_SCHED1,
  'flag-1': IP_VS_SVC_F_SCHED1,
  'sh-port': IP_VS_SVC_F_SCHED2,
  'mh-port': IP_VS_SVC_F_SCHED2,
  'flag-2': IP_VS_SVC_F_SCHED2,
  'flag-3': IP_VS_SVC_F_SCHED3,
};

/** The services with their destinations and weights as they should be now, in the order of the virtual server's ids. */
export function desiredServices(
  server: VirtualServerConfig,
  serving: Pick<Serving, 'real' | 'sorry'>,
): readonly Service[] {
  const wanted = wantedTargets(server, serving);
  const settings = settingsOf(server);
  // The services of a group differ in nothing but their ports: most share one list.
  const byPort = new Map<number, readonly Destination[]>();
  return server.ids.map((id) => {
    const port = servicePort(id);
    const destinations = byPort.get(port) ?? wanted.map((target) => destinationOf(target, id));
    byPort.set(port, destinations);
    return { id: serviceIdOf(id), settings, destinations };
  });
}

type Wanted = TargetConfig & Share;

function wantedTargets(server: VirtualServerConfig, serving: Pick<Serving, 'real' | 'sorry'>): readonly Wanted[] {
  const real = server.realServers.flatMap((config, i): Wanted[] => {
    const share = serving.real[i] ?? null;
    return share === null ? [] : [{ ...config, ...share }];
  });
  const sorry = server.sorryServers.flatMap((config, i): Wanted[] => {
    const weight = serving.sorry[i] ?? 0;
    return weight === 0 ? [] : [{ ...config, weight, upperThreshold: 0, lowerThreshold: 0 }];
  });
  return [...real, ...sorry];
}

/** The identity of a configured virtual server in the kernel. */
export function serviceIdOf(id: ServiceIdConfig): ServiceId {
  if (id.kind === 'fwmark') return id;
  return { ...id, protocol: PROTOCOL_NUMBER[id.protocol] };
}

/** The identity of a configured real or sorry server in one of its services. */
export function destinationIdOf(
  { address, port }: Pick<TargetConfig, 'address' | 'port'>,
  service: ServiceIdConfig | ServiceId,
): DestinationId {
  return { family: familyOf(address), address, port: port ?? servicePort(service) };
}

/** 0: all ports, which is also what a fwmark is for. */
function servicePort(id: ServiceIdConfig | ServiceId): number {
  return id.kind === 'fwmark' ? 0 : id.port;
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

function settingsOf(server: VirtualServerConfig): ServiceSettings {
  const { persistence } = server;
  const flags = server.schedulerFlags.reduce((sum, flag) => sum | SCHEDULER_FLAG[flag], 0);
  return {
    scheduler: server.scheduler,
    flags: flags | (persistence === null ? 0 : IP_VS_SVC_F_PERSISTENT) | (server.onePacket ? IP_VS_SVC_F_ONEPACKET : 0),
    timeoutS: persistence === null ? 0 : persistence.timeoutMs / 1000,
    prefixLength: persistence?.prefixLength ?? (server.ids[0]?.family === 6 ? 128 : 32),
    persistenceEngine: persistence?.engine ?? null,
  };
}

function destinationOf(target: Wanted, service: ServiceIdConfig): Destination {
  const { forwarding, tunnel, weight, upperThreshold, lowerThreshold } = target;
  return {
    id: destinationIdOf(target, service),
    settings: {
      forwardMethod: FORWARD_METHOD[forwarding],
      weight,
      upperThreshold,
      lowerThreshold,
      tunnelType: tunnel === null ? 0 : TUNNEL_TYPE[tunnel.type],
      tunnelPort: tunnel?.port ?? 0,
      tunnelFlags: tunnel === null ? 0 : TUNNEL_FLAGS[tunnel.checksum],
    },
  };
}
