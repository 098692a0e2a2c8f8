/** The status of the whole daemon as one JSON value, from what its parts know. Pure. */
import type { Drain } from '../director/draining.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { DumpedService, SyncDaemon } from '../ipvs/types.ts';
import type { VrrpReport } from '../vrrp/messages.ts';
import { checkReport, type ServersInput, virtualServerReport } from './snapshot-servers.ts';
import {
  type ConnectionSyncReport,
  type DrainReport,
  type IpvsCounters,
  type NotificationsReport,
  type ReloadReport,
  SNAPSHOT_FORMAT,
  type Snapshot,
  type TrackedReport,
} from './types.ts';

type Draining = Pick<Drain, 'service' | 'destination' | 'sinceMs' | 'timeoutMs' | 'connections'>;

export interface SnapshotInput extends ServersInput {
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
}

/** What `lvsd status` shows. */
export function buildSnapshot(input: SnapshotInput): Snapshot {
  const { world, vrrp, table, keeper } = input;
  const services = table === null ? null : new Map(table.map((service) => [serviceKey(service.id), service]));
  const selfCheck = world.selfCheck();
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
    virtualServers: world.config.virtualServers.map((server) => virtualServerReport(input, server, services)),
    selfCheck: selfCheck === null ? null : checkReport(selfCheck, input.nowMs),
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
