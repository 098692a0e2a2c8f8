/** Virtual servers with their real servers, from the world and the kernel's table. Pure. */
import type { RealServerConfig, ServiceIdConfig, TargetConfig, VirtualServerConfig } from '../config/types.ts';
import type { Required } from '../config/types-service.ts';
import { destinationIdOf, serviceIdOf } from '../director/desired.ts';
import type { CheckedHealth } from '../director/place.ts';
import { destinationName } from '../director/place.ts';
import type { World } from '../director/world.ts';
import type { Combined, Verdict } from '../health/verdict.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { DumpedDestination, DumpedService } from '../ipvs/types.ts';
import { checkTarget } from './check-target.ts';
import { servicesText } from './services-text.ts';
import type {
  CheckReport,
  ConnectionsReport,
  RealServerReport,
  RealServerState,
  SorryServerReport,
  VirtualServerReport,
} from './types.ts';

/** What is asked of the world. */
type StatusWorld = Pick<
  World,
  | 'config'
  | 'verdict'
  | 'healths'
  | 'standing'
  | 'sorryVerdict'
  | 'sorryHealths'
  | 'effectiveWeight'
  | 'sorryWeight'
  | 'gradeOf'
  | 'slowStart'
  | 'panicOf'
  | 'isKept'
  | 'isSuspended'
  | 'tierInUse'
  | 'selfCheck'
>;

export interface ServersInput {
  /** Its clock must be Unix milliseconds, like every `...Ms` here. */
  readonly world: StatusWorld;
  readonly nowMs: number;
  /** By `serviceKey` and `destinationKey`. */
  readonly isOver: (service: string, destination: string) => boolean;
}

const STATE: Readonly<Record<Verdict, RealServerState>> = { up: 'UP', down: 'DOWN', unknown: 'UNKNOWN' };

/** A service of a virtual server, and what the kernel has of it. */
interface Placed {
  readonly id: ServiceIdConfig;
  readonly service: string;
  /** By `destinationKey`; null: the table could not be read or does not have the service. */
  readonly destinations: ReadonlyMap<string, DumpedDestination> | null;
}

/** `table`: the kernel's, by `serviceKey`; null: it could not be read. */
export function virtualServerReport(
  input: ServersInput,
  server: VirtualServerConfig,
  table: ReadonlyMap<string, DumpedService> | null,
): VirtualServerReport {
  const { world } = input;
  const { name } = server;
  const { up, usableWeight } = world.standing(server);
  const panic = world.panicOf(name);
  const places = server.ids.map((id) => placeOf(id, table));
  const services = places.map(({ service, destinations }) => ({
    service,
    inKernel: table === null ? null : destinations !== null,
  }));
  return {
    name,
    service: servicesText(server.ids),
    services,
    scheduler: server.scheduler,
    state: up ? 'UP' : 'DOWN',
    usableWeight,
    quorum: server.quorum,
    hysteresis: server.hysteresis,
    tier: world.tierInUse(name),
    panic:
      panic === null ? null : { sinceMs: panic.sinceMs, failed: panic.failed, of: panic.of, waitsFor: panic.waitsFor },
    suspendedBy: world.isSuspended(name) ? server.haSuspend : null,
    sorryServers: server.sorryServers.map((one, index) => sorryServer(input, server, { one, index }, places)),
    inKernel: table === null ? null : services.every(({ inKernel }) => inKernel === true),
    realServers: server.realServers.map((one, index) => realServer(input, server, { one, index }, places)),
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

/** One of a virtual server's list, and where it stands there. */
interface Listed<One> {
  readonly one: One;
  readonly index: number;
}

function sorryServer(
  { world, nowMs }: ServersInput,
  { name }: VirtualServerConfig,
  { one, index }: Listed<VirtualServerConfig['sorryServers'][number]>,
  places: readonly Placed[],
): SorryServerReport {
  const verdict = world.sorryVerdict(name, index);
  const healths = world.sorryHealths(name, index);
  const wanted = world.sorryWeight(name, index);
  const found = foundIn(places, one);
  return {
    address: destinationName(one),
    forwarding: one.forwarding,
    tunnel: one.tunnel,
    active: wanted > 0,
    state: STATE[verdict.verdict],
    reason: reasonOf(verdict, healths),
    sinceMs: sinceOf(verdict.verdict, healths, 'all'),
    weight: { configured: one.weight, wanted, kernel: lowestWeight(found) },
    connections: connectionsOf(found),
    checks: healths.map((health) => checkReport(health, nowMs)),
  };
}

function realServer(
  { world, nowMs, isOver }: ServersInput,
  { name }: VirtualServerConfig,
  { one, index }: Listed<RealServerConfig>,
  places: readonly Placed[],
): RealServerReport {
  const verdict = world.verdict(name, index);
  const healths = world.healths(name, index);
  const found = foundIn(places, one);
  const { advisedPercent, drain, maxConnections, latencyMs } = world.gradeOf(name, index);
  const slowStart = world.slowStart(name, index);
  const over = places.some(({ id, service }) => isOver(service, destinationKey(destinationIdOf(one, id))));
  return {
    address: destinationName(one),
    forwarding: one.forwarding,
    tunnel: one.tunnel,
    state: STATE[verdict.verdict],
    reason: reasonOf(verdict, healths),
    sinceMs: sinceOf(verdict.verdict, healths, one.required),
    tier: one.tier,
    kept: world.isKept(name, index),
    weight: { configured: one.weight, wanted: world.effectiveWeight(name, index), kernel: lowestWeight(found) },
    grade: { advisedPercent, drain, maxConnections, latencyMs },
    slowStart:
      slowStart === null
        ? null
        : { sinceMs: slowStart.sinceMs, untilMs: slowStart.untilMs, percent: slowStart.percent },
    thresholds: { upper: one.upperThreshold, lower: one.lowerThreshold, over },
    connections: connectionsOf(found),
    required: one.required,
    checks: healths.map((health) => checkReport(health, nowMs)),
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

/** UP since enough checks are, DOWN since too many are, UNKNOWN since the first is. */
function sinceOf(verdict: Verdict, healths: readonly CheckedHealth[], required: Required): number | null {
  const times = healths
    .filter(({ health }) => health.verdict === verdict)
    .map(({ health }) => health.changedAt)
    .sort((a, b) => a - b);
  const all = healths.length;
  const needed = required === 'all' ? all : Math.min(required, all);
  const decisive = { up: needed - 1, down: all - needed, unknown: 0 }[verdict];
  return times[decisive] ?? times.at(-1) ?? null;
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

/** `nowMs` on the clock of the health. */
export function checkReport({ config, health }: Pick<CheckedHealth, 'config' | 'health'>, nowMs: number): CheckReport {
  const { last, failure, flap, verdict } = health;
  const isHeld = verdict === 'down' && flap.heldUntil !== null && flap.heldUntil > nowMs;
  return {
    type: config.type,
    target: checkTarget(config),
    state: STATE[verdict],
    lastResult: last === null ? null : last.result.ok ? 'ok' : last.result.reason,
    detail: last === null || last.result.ok ? null : last.result.detail,
    latencyMs: last?.result.latencyMs ?? null,
    atMs: last?.at ?? null,
    failure: failure === null ? null : `${failure.reason}: ${failure.detail}`,
    heldUntilMs: isHeld ? flap.heldUntil : null,
    warning: last?.result.ok === true ? (last.result.warning ?? null) : null,
  };
}
