/**
 * Removing gently: a destination that is no longer wanted gets weight 0 and is deleted when its connections are gone or its
 * time is over. Each act looks at the table and yields the drains that are left after it. Time is an argument, on any
 * clock that only goes forward. Pure.
 */
import type { Config } from '../config/types.ts';
import type { IpvsCommand } from '../ipvs/command.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { Removal } from '../ipvs/plan.ts';
import type {
  Destination,
  DestinationCounters,
  DestinationId,
  DestinationSettings,
  DumpedService,
  Service,
  ServiceId,
} from '../ipvs/types.ts';
import { serviceIdOf } from './desired.ts';

/** A destination on its way out. */
export interface Drain {
  readonly service: ServiceId;
  readonly destination: DestinationId;
  readonly sinceMs: number;
  /** From `sinceMs` on; then it is deleted with the connections that it still has. */
  readonly timeoutMs: number;
  /** As it was first seen to leave: with a weight above 0 it served until then. */
  readonly settings: DestinationSettings;
  /** Active, inactive and persistent ones at the last look; null: not looked at yet. */
  readonly connections: number | null;
}

/** By `drainKey`. */
export type Drains = ReadonlyMap<string, Drain>;

/** Why a destination that drained is deleted. */
export type Ending = 'idle' | 'time-over' | 'at-once';

export interface DrainPolicy {
  /** True: it is only absent because it failed (`on_failure: remove`), which means deleted at once. */
  hasFailed(service: ServiceId, destination: DestinationId): boolean;
  /** `drain_timeout` of the service's virtual server; null: not known any more. */
  drainTimeoutMs(service: ServiceId): number | null;
  /** For a virtual server that nobody knows any more, because it was removed while lvsd was down. */
  defaultDrainTimeoutMs(): number;
}

/** One act of removing. */
export interface Round<D extends Destination> {
  readonly removal: Removal<D>;
  /** What drains after it: filled while `removal` is asked. */
  readonly left: ReadonlyMap<string, Drain>;
  readonly endings: ReadonlyMap<string, Ending>;
}

type Found = Destination & { readonly counters?: DestinationCounters };

/** `tcp 192.0.2.1:80 10.0.0.11:80` */
export function drainKey(service: ServiceId, destination: DestinationId): string {
  return `${serviceKey(service)} ${destinationKey(destination)}`;
}

/**
 * Decides, for one plan, what becomes of destinations that are not wanted. `wanted`: keys of the services that are.
 * What a stranger's service holds is not drained: nobody promised its clients anything.
 */
export function removalRound<D extends Found>(
  drains: Drains,
  context: {
    readonly policy: DrainPolicy;
    readonly isOurs: (service: ServiceId) => boolean;
    readonly wanted: ReadonlySet<string>;
    readonly nowMs: number;
  },
): Round<D> {
  const left = new Map<string, Drain>();
  const endings = new Map<string, Ending>();
  const removal: Removal<D> = (service, destination) => {
    const key = drainKey(service, destination.id);
    const gentle = context.isOurs(service) && !hidesWanted(service, context.wanted);
    const decided = gentle ? decide(service, destination, { ...context, known: drains.get(key) }) : 'at-once';
    if (typeof decided === 'string') {
      endings.set(key, decided);
      return 'delete';
    }
    left.set(key, decided);
    return 'drain';
  };
  return { removal, left, endings };
}

/** What a look at draining destinations finds to do. */
export interface Look {
  readonly commands: readonly IpvsCommand[];
  readonly left: Drains;
  readonly endings: ReadonlyMap<string, Ending>;
}

/**
 * Looks again at what drains: `table` holds the services concerned. A service that is not wanted goes with the last of its
 * destinations. What does not drain is not touched: that is the reconciliation's.
 */
export function lookAtDrains(
  drains: Drains,
  table: readonly Pick<DumpedService, 'id' | 'destinations'>[],
  context: { readonly policy: DrainPolicy; readonly isWanted: (service: string) => boolean; readonly nowMs: number },
): Look {
  const commands: IpvsCommand[] = [];
  const left = new Map<string, Drain>();
  const endings = new Map<string, Ending>();
  for (const { id: service, destinations } of table) {
    const own = serviceKey(service);
    const gone: IpvsCommand[] = [];
    let stays = 0;
    for (const destination of destinations) {
      const key = `${own} ${destinationKey(destination.id)}`;
      const known = drains.get(key);
      const decided = known === undefined ? null : decide(service, destination, { ...context, known });
      if (typeof decided === 'string') {
        endings.set(key, decided);
        gone.push({ command: 'del-dest', service, destination: destination.id });
      } else {
        stays++;
        if (decided !== null) left.set(key, decided);
      }
    }
    const deletesAll = stays === 0 && !context.isWanted(own);
    commands.push(...(deletesAll ? [{ command: 'del-service', service } as const] : gone));
  }
  return { commands, left, endings };
}

/**
 * The drains after an act that left `left`: those of services that it was not about, or that refused a command, stay as
 * they were.
 */
export function drainsAfter(before: Drains, left: Drains, isDone: (service: string) => boolean): Drains {
  const after = new Map(left);
  for (const [key, drain] of before) if (!after.has(key) && !isDone(serviceKey(drain.service))) after.set(key, drain);
  return after;
}

/** The drains of each service, by `serviceKey`. */
export function drainsByService(drains: Drains): ReadonlyMap<string, readonly Drain[]> {
  const byService = new Map<string, Drain[]>();
  for (const drain of drains.values()) {
    const key = serviceKey(drain.service);
    const own = byService.get(key);
    if (own === undefined) byService.set(key, [drain]);
    else own.push(drain);
  }
  return byService;
}

/** A service as the kernel has it while some of its destinations drain. */
export function withDrains(service: Service, own: readonly Drain[]): Service {
  const leaving = own.map(({ destination, settings }) => ({ id: destination, settings: { ...settings, weight: 0 } }));
  return { ...service, destinations: [...service.destinations, ...leaving] };
}

/** `drain_timeout` of every configured service, by `serviceKey`. */
export function drainTimeouts(config: Pick<Config, 'virtualServers'>): ReadonlyMap<string, number> {
  return new Map(
    config.virtualServers.flatMap(({ ids, drainTimeoutMs }) =>
      ids.map((id) => [serviceKey(serviceIdOf(id)), drainTimeoutMs] as const),
    ),
  );
}

function decide(
  service: ServiceId,
  { id, settings, counters }: Found,
  { policy, known, nowMs }: { policy: DrainPolicy; known: Drain | undefined; nowMs: number },
): Drain | Ending {
  if (policy.hasFailed(service, id)) return 'at-once';
  const timeoutMs = policy.drainTimeoutMs(service) ?? known?.timeoutMs ?? policy.defaultDrainTimeoutMs();
  const sinceMs = known?.sinceMs ?? nowMs;
  if (timeoutMs === 0) return 'at-once';
  if (nowMs - sinceMs >= timeoutMs) return 'time-over';
  const counted = counters === undefined ? null : connectionsOf(counters);
  // With a weight it may get a connection between this look and its deletion.
  if (settings.weight === 0 && counted === 0) return 'idle';
  const connections = counted ?? known?.connections ?? null;
  return { service, destination: id, sinceMs, timeoutMs, settings: known?.settings ?? settings, connections };
}

function connectionsOf({ activeConnections, inactiveConnections, persistentConnections }: DestinationCounters): number {
  return activeConnections + inactiveConnections + persistentConnections;
}

/**
 * Whether the kernel would find this service before a wanted one that takes the same packets: the service of one port
 * comes before the one of all ports (ip_vs_service_find). Draining it would refuse what the wanted one is there for.
 */
function hidesWanted(service: ServiceId, wanted: ReadonlySet<string>): boolean {
  if (service.kind === 'fwmark' || service.port === 0) return false;
  return !wanted.has(serviceKey(service)) && wanted.has(serviceKey({ ...service, port: 0 }));
}
