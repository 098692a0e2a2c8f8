/**
 * From configuration and verdicts to the IPVS service that the kernel should hold. Here virtual servers become services
 * and real servers become destinations. Pure.
 */
import type { RealServerConfig, SchedulerFlag, ServiceIdConfig, VirtualServerConfig } from '../config/types.ts';
import type { Combined } from '../health/verdict.ts';
import {
  IP_VS_CONN_F_DROUTE,
  IP_VS_CONN_F_MASQ,
  IP_VS_CONN_F_TUNNEL,
  IP_VS_SVC_F_ONEPACKET,
  IP_VS_SVC_F_PERSISTENT,
  IP_VS_SVC_F_SCHED1,
  IP_VS_SVC_F_SCHED2,
  IP_VS_SVC_F_SCHED3,
} from '../ipvs/constants.ts';
import type { Destination, Forwarding, Service, ServiceId, ServiceSettings } from '../ipvs/types.ts';

const PROTOCOL_NUMBER = { tcp: 6, udp: 17, sctp: 132 } as const;

const FORWARD_METHOD: Readonly<Record<Forwarding, number>> = {
  nat: IP_VS_CONN_F_MASQ,
  direct: IP_VS_CONN_F_DROUTE,
  tunnel: IP_VS_CONN_F_TUNNEL,
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

/** The one weight of a sorry server: it is alone. */
const SORRY_WEIGHT = 1;

/** The state of a virtual server as its real servers' verdicts make it. */
export interface Standing {
  /** The usable weight reaches the quorum. */
  readonly up: boolean;
  readonly usableWeight: number;
  /** The sorry server takes the connections. */
  readonly sorry: boolean;
}

/** `verdictOf` answers for each real server of `server`, by its place in the list. */
export function standingOf(server: VirtualServerConfig, verdictOf: (index: number) => Combined): Standing {
  const usableWeight = server.realServers.reduce(
    (sum, real, i) => (verdictOf(i).verdict === 'up' ? sum + real.weight : sum),
    0,
  );
  const up = usableWeight >= server.quorum;
  return { up, usableWeight, sorry: !up && server.sorryServer !== null };
}

/** The service with its destinations and weights as they should be now. */
export function desiredService(server: VirtualServerConfig, verdictOf: (index: number) => Combined): Service {
  const { sorry } = standingOf(server, verdictOf);
  const destinations = server.realServers.flatMap((real, i) => {
    const serves = !sorry && verdictOf(i).verdict === 'up';
    if (!serves && server.onFailure === 'remove') return [];
    return [destinationOf(real, serves ? real.weight : 0)];
  });
  if (sorry && server.sorryServer !== null) {
    const unlimited = { ...server.sorryServer, upperThreshold: 0, lowerThreshold: 0 };
    destinations.push(destinationOf(unlimited, SORRY_WEIGHT));
  }
  return { id: serviceIdOf(server.id), settings: settingsOf(server), destinations };
}

/** The identity of a configured virtual server in the kernel. */
export function serviceIdOf(id: ServiceIdConfig): ServiceId {
  if (id.kind === 'fwmark') return id;
  return { ...id, protocol: PROTOCOL_NUMBER[id.protocol] };
}

function settingsOf(server: VirtualServerConfig): ServiceSettings {
  const { persistence } = server;
  const flags = server.schedulerFlags.reduce((sum, flag) => sum | SCHEDULER_FLAG[flag], 0);
  return {
    scheduler: server.scheduler,
    flags: flags | (persistence === null ? 0 : IP_VS_SVC_F_PERSISTENT) | (server.onePacket ? IP_VS_SVC_F_ONEPACKET : 0),
    timeoutS: persistence === null ? 0 : persistence.timeoutMs / 1000,
    prefixLength: persistence?.prefixLength ?? (server.id.family === 4 ? 32 : 128),
    persistenceEngine: persistence?.engine ?? null,
  };
}

type Target = Pick<RealServerConfig, 'address' | 'port' | 'forwarding' | 'upperThreshold' | 'lowerThreshold'>;

function destinationOf(target: Target, weight: number): Destination {
  const family = target.address.includes(':') ? 6 : 4;
  return {
    id: { family, address: target.address, port: target.port },
    settings: {
      forwardMethod: FORWARD_METHOD[target.forwarding],
      weight,
      upperThreshold: target.upperThreshold,
      lowerThreshold: target.lowerThreshold,
      tunnelType: 0,
      tunnelPort: 0,
      tunnelFlags: 0,
    },
  };
}
