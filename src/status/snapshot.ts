/** The status of the whole daemon as one JSON value, from what its parts know. Pure. */
import type {
  CheckConfig,
  RealServerConfig,
  ServiceIdConfig,
  TargetConfig,
  VirtualServerConfig,
} from '../config/types.ts';
import { destinationIdOf, serviceIdOf } from '../director/desired.ts';
import type { Drain } from '../director/draining.ts';
import { destinationName, type World } from '../director/world.ts';
import type { Combined, Health, Verdict } from '../health/verdict.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { DumpedDestination, DumpedService, SyncDaemon } from '../ipvs/types.ts';
import type { VrrpReport } from '../vrrp/messages.ts';
import { servicesText } from './services-text.ts';
import {
  type CheckReport,
  type ConnectionSyncReport,
  type ConnectionsReport,
  type DrainReport,
  type IpvsCounters,
  type NotificationsReport,
  type RealServerReport,
  type RealServerState,
  type ReloadReport,
  SNAPSHOT_FORMAT,
  type Snapshot,
  type SorryServerReport,
  type TrackedReport,
  type VirtualServerReport,
} from './types.ts';

type Draining = Pick<Drain, 'service' | 'destination' | 'sinceMs' | 'timeoutMs' | 'connections'>;

export interface SnapshotInput {
  /** Its clock must be Unix milliseconds, like every `...Ms` here. */
  readonly world: Pick<World, 'config' | 'verdict' | 'healths' | 'standing'>;
  readonly nowMs: number;
  readonly version: string;
  readonly pid: number;
  readonly networkNamespace: number | null;
  readonly startedAtMs: number;
  readonly configFile: string;
  readonly configLoadedAtMs: number;
  readonly lastReload: ReloadReport | null;
  readonly vrrpProcess: { readonly pid: number | null; readonly restarts: number };
  /** Null: no VRRP process, or it did not answer. */
  readonly vrrp: VrrpReport | null;
  readonly tracked: readonly TrackedReport[];
  readonly notifications: NotificationsReport;
  /** The kernel's table; null: there is none or it could not be read. */
  readonly table: readonly DumpedService[] | null;
  /** The kernel's sync daemons. */
  readonly daemons: readonly SyncDaemon[];
  /** Null: connection sync is not configured. */
  readonly wantedDaemons: readonly SyncDaemon[] | null;
  /** Null: IPVS is not needed. */
  readonly keeper: IpvsCounters | null;
  /** What is on its way out of the table. */
  readonly draining: readonly Draining[];
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
      networkNamespace: input.networkNamespace,
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
    bfdSessions: vrrp?.bfd ?? [],
    tracked: input.tracked,
    notifications: input.notifications,
    connectionSync: connectionSync(input),
    virtualServers: world.config.virtualServers.map((server) => virtualServer(input, server, services)),
    ipvs:
      keeper === null
        ? null
        : {
            available: table !== null,
            exclusive: world.config.ipvs.exclusive,
            draining: input.draining.map(drainReport),
            ...ipvsCounters(keeper),
          },
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

function drainReport({ service, destination, sinceMs, timeoutMs, connections }: Draining): DrainReport {
  return {
    service: serviceKey(service),
    destination: destinationKey(destination),
    sinceMs,
    untilMs: sinceMs + timeoutMs,
    connections,
  };
}

/** A service of a virtual server, and what the kernel has of it. */
interface Placed {
  readonly id: ServiceIdConfig;
  readonly service: string;
  /** By `destinationKey`; null: the table could not be read or does not have the service. */
  readonly destinations: ReadonlyMap<string, DumpedDestination> | null;
}

function virtualServer(
  input: SnapshotInput,
  server: VirtualServerConfig,
  table: ReadonlyMap<string, DumpedService> | null,
): VirtualServerReport {
  const { up, usableWeight, sorry } = input.world.standing(server);
  const places = server.ids.map((id) => placeOf(id, table));
  const services = places.map(({ service, destinations }) => ({
    service,
    inKernel: table === null ? null : destinations !== null,
  }));
  return {
    name: server.name,
    service: servicesText(server.ids),
    services,
    scheduler: server.scheduler,
    state: up ? 'UP' : 'DOWN',
    usableWeight,
    quorum: server.quorum,
    sorryServer: server.sorryServer === null ? null : sorryServer(server.sorryServer, sorry, places),
    inKernel: table === null ? null : services.every(({ inKernel }) => inKernel === true),
    realServers: server.realServers.map((real, index) =>
      realServer(real, {
        verdict: input.world.verdict(server.name, index),
        healths: input.world.healths(server.name, index),
        found: foundIn(places, real),
        over: places.some(({ id, service }) => input.isOver(service, destinationKey(destinationIdOf(real, id)))),
      }),
    ),
  };
}

function placeOf(id: ServiceIdConfig, table: ReadonlyMap<string, DumpedService> | null): Placed {
  const service = serviceKey(serviceIdOf(id));
  const dumped = table?.get(service);
  const destinations =
    dumped === undefined
      ? null
      : new Map(dumped.destinations.map((destination) => [destinationKey(destination.id), destination]));
  return { id, service, destinations };
}

/** What the kernel has of a real or sorry server, in each of the services. */
function foundIn(places: readonly Placed[], target: TargetConfig): readonly DumpedDestination[] {
  return places.flatMap(({ id, destinations }) => destinations?.get(destinationKey(destinationIdOf(target, id))) ?? []);
}

function sorryServer(sorry: TargetConfig, active: boolean, places: readonly Placed[]): SorryServerReport {
  const { forwarding, tunnel } = sorry;
  const connections = connectionsOf(foundIn(places, sorry));
  return { address: destinationName(sorry), forwarding, tunnel, active, connections };
}

interface Facts {
  readonly verdict: Combined;
  readonly healths: readonly CheckedHealth[];
  readonly found: readonly DumpedDestination[];
  readonly over: boolean;
}

interface CheckedHealth {
  readonly config: CheckConfig;
  readonly health: Health;
}

function realServer(real: RealServerConfig, { verdict, healths, found, over }: Facts): RealServerReport {
  return {
    address: destinationName(real),
    forwarding: real.forwarding,
    tunnel: real.tunnel,
    state: STATE[verdict.verdict],
    reason: reasonOf(verdict, healths),
    sinceMs: sinceOf(verdict.verdict, healths),
    weight: { configured: real.weight, kernel: lowestWeight(found) },
    thresholds: { upper: real.upperThreshold, lower: real.lowerThreshold, over },
    connections: connectionsOf(found),
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

function lowestWeight(found: readonly DumpedDestination[]): number | null {
  return found.length === 0 ? null : Math.min(...found.map(({ settings }) => settings.weight));
}

function connectionsOf(found: readonly DumpedDestination[]): ConnectionsReport | null {
  if (found.length === 0) return null;
  const sum = (of: (counters: DumpedDestination['counters']) => number): number =>
    found.reduce((total, { counters }) => total + of(counters), 0);
  return {
    active: sum(({ activeConnections }) => activeConnections),
    inactive: sum(({ inactiveConnections }) => inactiveConnections),
    persistent: sum(({ persistentConnections }) => persistentConnections),
  };
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
