/** A small world and kernel table, from which the tests of the status build snapshots. */
import assert from 'node:assert/strict';
import type { HttpCheckConfig } from '../../src/config/checks/http.ts';
import type { TcpCheckConfig } from '../../src/config/checks/tcp.ts';
import type { Config, RealServerConfig, VirtualServerConfig } from '../../src/config/types.ts';
import { World } from '../../src/director/world.ts';
import type { ProbeResult } from '../../src/health/types.ts';
import type { DumpedDestination, DumpedService } from '../../src/ipvs/types.ts';
import { buildSnapshot, type SnapshotInput } from '../../src/status/snapshot.ts';
import type { RealServerReport, Snapshot } from '../../src/status/types.ts';
import { httpPart } from './http-check.ts';
import { PLAIN_CHECK, PLAIN_REAL_SERVER, PLAIN_SERVICE_LEVEL } from './plain-check.ts';

export const START = 1000;

export const check: TcpCheckConfig = {
  ...PLAIN_CHECK,
  type: 'tcp',
  address: '10.0.0.11',
  port: 80,
  fall: 2,
  steps: [],
};
export const http: HttpCheckConfig = {
  ...PLAIN_CHECK,
  address: '10.0.0.11',
  port: 80,
  fall: 2,
  ...httpPart({ path: '/healthz', status: [{ from: 200, to: 200 }] }),
};
export const real: RealServerConfig = {
  address: '10.0.0.11',
  port: 80,
  forwarding: 'direct',
  tunnel: null,
  weight: 100,
  upperThreshold: 20,
  lowerThreshold: 15,
  ...PLAIN_REAL_SERVER,
  checks: [check],
};
export const server: VirtualServerConfig = {
  name: 'web',
  ids: [{ kind: 'address', family: 4, protocol: 'tcp', address: '192.0.2.100', port: 80 }],
  scheduler: 'wlc',
  schedulerFlags: [],
  persistence: null,
  onePacket: false,
  quorum: 1,
  onFailure: 'zero',
  initial: 'down',
  drainTimeoutMs: 0,
  sourceAddresses: [],
  realServers: [real],
  sorryServers: [],
  ...PLAIN_SERVICE_LEVEL,
};
export const config: Config = {
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
    reconcileIntervalMs: 30_000,
    keepOnExit: false,
    exclusive: false,
    timeouts: { tcpS: null, tcpFinS: null, udpS: null },
    settings: {},
    restoreSettings: false,
  },
  drainTimeoutMs: 0,
  selfCheck: null,
  probeWorkers: 'auto',
  virtualServers: [server],
};

export const ok: Extract<ProbeResult, { ok: true }> = { ok: true, latencyMs: 1.5 };
export const refused: ProbeResult = { ok: false, reason: 'refused', detail: 'connect ECONNREFUSED', latencyMs: 0.3 };
export const local: ProbeResult = { ok: false, reason: 'local', detail: 'EMFILE', latencyMs: 0.1 };

export function worldOf(changes: Partial<Config> = {}): World {
  return new World({ ...config, ...changes }, () => false, START);
}

/** A world with one virtual server with this real server. */
export function worldWith(changes: Partial<RealServerConfig>, ofServer: Partial<VirtualServerConfig> = {}): World {
  return worldOf({ virtualServers: [{ ...server, realServers: [{ ...real, ...changes }], ...ofServer }] });
}

export function build(world: World, changes: Partial<SnapshotInput> = {}): Snapshot {
  return buildSnapshot({
    world,
    nowMs: 9000,
    version: '0.1.0',
    pid: 7,
    networkNamespace: 4026531840,
    startedAtMs: 1,
    configFile: '/etc/lvsd/lvsd.yaml',
    configLoadedAtMs: 2,
    lastReload: null,
    vrrpProcess: { pid: null, restarts: 0 },
    vrrp: null,
    tracked: [],
    notifications: { skipped: 0, failed: 0, fifo: null, lvsFifo: null },
    table: [],
    daemons: [],
    wantedDaemons: null,
    keeper: null,
    draining: [],
    isOver: () => false,
    ...changes,
  });
}

export function realServerOf(snapshot: Snapshot): RealServerReport {
  const first = snapshot.virtualServers[0]?.realServers[0];
  assert.ok(first);
  return first;
}

export function keyOf(world: World, type: string): string {
  const found = [...world.checks].find(([, one]) => one.type === type);
  assert.ok(found);
  return found[0];
}

export function destination(address: string, weight: number, active: number): DumpedDestination {
  return {
    id: { family: 4, address, port: 80 },
    settings: {
      forwardMethod: 3,
      weight,
      upperThreshold: 0,
      lowerThreshold: 0,
      tunnelType: 0,
      tunnelPort: 0,
      tunnelFlags: 0,
    },
    counters: { activeConnections: active, inactiveConnections: 30, persistentConnections: 5 },
  };
}

export function service(port: number, destinations: readonly DumpedDestination[]): DumpedService {
  return {
    id: { kind: 'address', family: 4, protocol: 6, address: '192.0.2.100', port },
    settings: { scheduler: 'wlc', flags: 0, timeoutS: 0, prefixLength: 32, persistenceEngine: null },
    destinations,
  };
}
