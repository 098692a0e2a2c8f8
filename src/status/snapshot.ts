/** The status of the whole daemon as one JSON value, from what its parts know. Pure. */
import type { CheckConfig, RealServerConfig, SorryServerConfig, VirtualServerConfig } from '../config/types.ts';
import { serviceIdOf } from '../director/desired.ts';
import { destinationName, type World } from '../director/world.ts';
import type { Combined, Health, Verdict } from '../health/verdict.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { DumpedDestination, DumpedService, SyncDaemon } from '../ipvs/types.ts';
import type { VrrpReport } from '../vrrp/messages.ts';
import {
  type CheckReport,
  type ConnectionSyncReport,
  type ConnectionsReport,
  type IpvsCounters,
  type RealServerReport,
  type RealServerState,
  type ReloadReport,
  SNAPSHOT_FORMAT,
  type Snapshot,
  type SorryServerReport,
  type VirtualServerReport,
} from './types.ts';

export interface SnapshotInput {
  /** Its clock must be Unix milliseconds, like every `...Ms` here. */
  readonly world: Pick<World, 'config' | 'verdict' | 'healths' | 'standing'>;
  readonly nowMs: number;
  readonly version: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly configFile: string;
  readonly configLoadedAtMs: number;
  readonly lastReload: ReloadReport | null;
  readonly vrrpProcess: { readonly pid: number | null; readonly restarts: number };
  /** Null: no VRRP process, or it did not answer. */
  readonly vrrp: VrrpReport | null;
  /** The kernel's table; null: there is none or it could not be read. */
  readonly table: readonly DumpedService[] | null;
  /** The kernel's sync daemons. */
  readonly daemons: readonly SyncDaemon[];
  /** Null: connection sync is not configured. */
  readonly wantedDaemons: readonly SyncDaemon[] | null;
  /** Null: IPVS is not needed. */
  readonly keeper: IpvsCounters | null;
  /** By `serviceKey` and `destinationKey`. */
  readonly isOver: (service: string, destination: string) => boolean;
}

const STATE: Readonly<Record<Verdict, RealServerState>> = { up: 'UP', down: 'DOWN', unknown: 'UNKNOWN' };

/** What `lvsd status` shows. */
export function buildSnapshot(input: SnapshotInput): Snapshot {
  const { world, vrrp, table, keeper } = input;
  const services = table === null ? null : new Map(table.map((service) => [serviceKey(service.id), service]));
  return {
    format: SNAPSHOT_FORMAT,
    takenAtMs: input.nowMs,
    daemon: {
      name: world.config.name,
      version: input.version,
      pid: input.pid,
      startedAtMs: input.startedAtMs,
      configFile: input.configFile,
      configLoadedAtMs: input.configLoadedAtMs,
      lastReload: input.lastReload,
      vrrpProcess: {
        pid: input.vrrpProcess.pid,
        restarts: input.vrrpProcess.restarts,
        scheduling: vrrp?.scheduling ?? null,
        memoryLocked: vrrp?.memoryLocked ?? null,
      },
    },
    virtualRouters: vrrp?.routers ?? [],
    vrrpAnswering: vrrp !== null || world.config.virtualRouters.length === 0,
    vrrpRefused: vrrp?.refused ?? {},
    connectionSync: connectionSync(input),
    virtualServers: world.config.virtualServers.map((server) => virtualServer(input, server, services)),
    ipvs: keeper === null ? null : { available: table !== null, ...ipvsCounters(keeper) },
  };
}

/** Exactly the documented counters, whatever else the keeper may carry. */
function ipvsCounters(keeper: IpvsCounters): IpvsCounters {
  const { lastReconcileAtMs, reconciles, repairs, refusedCommands, lastProblem } = keeper;
  return { lastReconcileAtMs, reconciles, repairs, refusedCommands, lastProblem };
}

function connectionSync({ world, daemons, wantedDaemons }: SnapshotInput): ConnectionSyncReport | null {
  const { connectionSync: config } = world.config;
  if (config === null) return null;
  return { follow: config.follow, wanted: wantedDaemons?.[0]?.role ?? 'none', running: daemons };
}

function virtualServer(
  input: SnapshotInput,
  server: VirtualServerConfig,
  services: ReadonlyMap<string, DumpedService> | null,
): VirtualServerReport {
  const service = serviceKey(serviceIdOf(server.id));
  const { up, usableWeight, sorry } = input.world.standing(server);
  const dumped = services?.get(service);
  const destinations = new Map(
    dumped?.destinations.map((destination) => [destinationKey(destination.id), destination]),
  );
  return {
    name: server.name,
    service,
    scheduler: server.scheduler,
    state: up ? 'UP' : 'DOWN',
    usableWeight,
    quorum: server.quorum,
    sorryServer: server.sorryServer === null ? null : sorryServer(server.sorryServer, sorry, destinations),
    inKernel: services === null ? null : dumped !== undefined,
    realServers: server.realServers.map((real, index) =>
      realServer(real, {
        verdict: input.world.verdict(server.name, index),
        healths: input.world.healths(server.name, index),
        destination: destinations.get(destinationName(real)) ?? null,
        over: input.isOver(service, destinationName(real)),
      }),
    ),
  };
}

function sorryServer(
  sorry: SorryServerConfig,
  active: boolean,
  destinations: ReadonlyMap<string, DumpedDestination>,
): SorryServerReport {
  const address = destinationName(sorry);
  return { address, forwarding: sorry.forwarding, active, connections: connectionsOf(destinations.get(address)) };
}

interface Facts {
  readonly verdict: Combined;
  readonly healths: readonly CheckedHealth[];
  readonly destination: DumpedDestination | null;
  readonly over: boolean;
}

interface CheckedHealth {
  readonly config: CheckConfig;
  readonly health: Health;
}

function realServer(real: RealServerConfig, { verdict, healths, destination, over }: Facts): RealServerReport {
  return {
    address: destinationName(real),
    forwarding: real.forwarding,
    state: STATE[verdict.verdict],
    reason: reasonOf(verdict, healths),
    sinceMs: sinceOf(verdict.verdict, healths),
    weight: { configured: real.weight, kernel: destination?.settings.weight ?? null },
    thresholds: { upper: real.upperThreshold, lower: real.lowerThreshold, over },
    connections: connectionsOf(destination),
    checks: healths.map(checkReport),
  };
}

function reasonOf({ verdict, failure }: Combined, healths: readonly CheckedHealth[]): string | null {
  switch (verdict) {
    case 'up':
      return null;
    case 'down':
      return failure === null ? null : `${failure.reason}: ${failure.detail}`;
    case 'unknown': {
      // Probes that this machine cannot make leave a server unknown: that is then what to look into.
      const last = healths.find(({ health }) => health.verdict === 'unknown')?.health.last?.result;
      return last === undefined || last.ok ? 'not probed yet' : `${last.reason}: ${last.detail}`;
    }
  }
}

/** UP since the last check came up; DOWN or UNKNOWN since the first of those checks that are. */
function sinceOf(verdict: Verdict, healths: readonly CheckedHealth[]): number | null {
  const times = healths.filter(({ health }) => health.verdict === verdict).map(({ health }) => health.changedAt);
  if (times.length === 0) return null;
  return verdict === 'up' ? Math.max(...times) : Math.min(...times);
}

function connectionsOf(destination: DumpedDestination | null | undefined): ConnectionsReport | null {
  if (destination === null || destination === undefined) return null;
  const { activeConnections, inactiveConnections, persistentConnections } = destination.counters;
  return { active: activeConnections, inactive: inactiveConnections, persistent: persistentConnections };
}

function checkReport({ config, health }: CheckedHealth): CheckReport {
  const { last } = health;
  return {
    type: config.type,
    target: destinationName(config) + (config.type === 'http' || config.type === 'https' ? config.path : ''),
    state: STATE[health.verdict],
    lastResult: last === null ? null : last.result.ok ? 'ok' : last.result.reason,
    detail: last === null || last.result.ok ? null : last.result.detail,
    latencyMs: last?.result.latencyMs ?? null,
    atMs: last?.at ?? null,
  };
}
