/** Short ways to write down configurations and probe results in tests. */
import type { TcpCheckConfig } from '../../../src/config/checks/tcp.ts';
import type { Config, RealServerConfig, ServiceIdConfig, VirtualServerConfig } from '../../../src/config/types.ts';
import type { ProbeFailure, ProbeResult } from '../../../src/health/types.ts';
import { PLAIN_CHECK, PLAIN_REAL_SERVER, PLAIN_SERVICE_LEVEL } from '../../support/plain-check.ts';

export const PASS: ProbeResult = { ok: true, latencyMs: 1 };

export function failure(reason: ProbeFailure = 'refused'): ProbeResult {
  return { ok: false, reason, detail: reason, latencyMs: 1 };
}

export function tcpId(address: string, port: number): ServiceIdConfig {
  return { kind: 'address', family: address.includes(':') ? 6 : 4, protocol: 'tcp', address, port };
}

export function tcpCheck(address: string, port: number, given: Partial<TcpCheckConfig> = {}): TcpCheckConfig {
  return { ...PLAIN_CHECK, type: 'tcp', address, port, steps: [], ...given };
}

/** Port 80, direct, weight 100, one TCP check of its own address. */
export function realServer(address: string, given: Partial<RealServerConfig> = {}): RealServerConfig {
  const port = given.port === undefined ? 80 : given.port;
  const limits = { upperThreshold: 0, lowerThreshold: 0 };
  const checks = [tcpCheck(address, port ?? 80)];
  return {
    address,
    port,
    forwarding: 'direct',
    tunnel: null,
    weight: 100,
    ...limits,
    ...PLAIN_REAL_SERVER,
    checks,
    ...given,
  };
}

/** `web`, tcp 192.0.2.100:80, wlc, quorum 1, weight 0 on failure. */
export function virtualServer(
  realServers: readonly RealServerConfig[],
  given: Partial<VirtualServerConfig> = {},
): VirtualServerConfig {
  return {
    name: 'web',
    ids: [tcpId('192.0.2.100', 80)],
    scheduler: 'wlc',
    schedulerFlags: [],
    persistence: null,
    onePacket: false,
    quorum: 1,
    onFailure: 'zero',
    initial: 'down',
    drainTimeoutMs: 0,
    sourceAddresses: [],
    realServers,
    sorryServers: [],
    ...PLAIN_SERVICE_LEVEL,
    ...given,
  };
}

export function configOf(...virtualServers: readonly VirtualServerConfig[]): Config {
  return {
    name: 'lb1',
    vrrpProcess: { realtimePriority: 0, lockMemory: false, startupDelayMs: 0 },
    virtualRouters: [],
    syncGroups: [],
    trackedScripts: [],
    trackedProcesses: [],
    bfdSessions: [],
    notifications: { fifo: null, fifoUser: null, fifoScript: null, lvs: null },
    connectionSync: null,
    ipvs: {
      reconcileIntervalMs: 60_000,
      keepOnExit: false,
      exclusive: false,
      timeouts: { tcpS: null, tcpFinS: null, udpS: null },
      settings: {},
      restoreSettings: false,
    },
    drainTimeoutMs: 300_000,
    selfCheck: null,
    probeWorkers: 'auto',
    virtualServers,
  };
}
