/**
 * Diffs the table we want against the table the kernel has, into the commands that turn one into the other. Work is
 * proportional to the two tables; equal tables yield no command. Pure.
 */

import type { DaemonCommand, IpvsCommand } from './command.ts';
import { IP_VS_SVC_F_HASHED, IP_VS_SVC_F_PERSISTENT } from './constants.ts';
import { destinationKey, serviceKey } from './key.ts';
import type { Destination, DestinationSettings, Service, ServiceId, ServiceSettings, SyncDaemon } from './types.ts';

/** What becomes of a destination that is not wanted: deleted at once, or its weight 0 until its connections are gone. */
export type Removal<D extends Destination> = (service: ServiceId, destination: D) => 'delete' | 'drain';

/**
 * The commands that turn `actual` into `desired`, in the order to send them.
 *
 * - A service is ours when it is desired or `owned` says so. Ours but not desired: deleted. Not ours: left alone.
 * - Within our service every destination is ours: one that is not desired is removed, whoever added it.
 * - What `removal` wants drained gets weight 0 and stays, and with it the service, desired or not.
 * - Everything that adds capacity comes before everything that takes it away, over the whole table: a service never
 *   passes through a state with less than both ends have.
 *
 * Ids are unique in `desired`; in `actual` they may repeat, because a kernel dump may repeat an entry that moved.
 */
export function plan<D extends Destination>(
  desired: readonly Service[],
  actual: readonly (Service & { readonly destinations: readonly D[] })[],
  owned: (id: ServiceId) => boolean,
  removal: Removal<D> = () => 'delete',
): IpvsCommand[] {
  const have = new Map(actual.map((service) => [serviceKey(service.id), service]));
  const raising: IpvsCommand[] = [];
  const lowering: IpvsCommand[] = [];
  for (const service of desired) {
    const key = serviceKey(service.id);
    const current = have.get(key);
    have.delete(key);
    if (current === undefined) {
      raising.push({ command: 'new-service', service: service.id, settings: service.settings });
    } else if (!sameService(service.settings, current.settings)) {
      raising.push({ command: 'set-service', service: service.id, settings: service.settings });
    }
    const surplus = planDestinations(service, current?.destinations ?? [], { raising, lowering });
    planRemovals(service.id, surplus, { removal, lowering });
  }
  for (const { id, destinations } of have.values()) {
    if (!owned(id)) continue;
    const commands: IpvsCommand[] = [];
    const drains = planRemovals(id, byKey(destinations).values(), { removal, lowering: commands });
    // Deleting a service deletes its destinations: one command for all of them.
    lowering.push(...(drains ? commands : [{ command: 'del-service', service: id } as const]));
  }
  return [...raising, ...lowering];
}

/** Commands that give a service more to forward to, and commands that leave it less. */
interface Steps {
  readonly raising: IpvsCommand[];
  readonly lowering: IpvsCommand[];
}

/** Adds and changes destinations. The rest: those that are there and not wanted. */
function planDestinations<D extends Destination>(wanted: Service, actual: readonly D[], steps: Steps): Iterable<D> {
  const service = wanted.id;
  const have = byKey(actual);
  for (const destination of wanted.destinations) {
    const key = destinationKey(destination.id);
    const current = have.get(key);
    have.delete(key);
    if (current === undefined) {
      steps.raising.push({ command: 'new-dest', service, destination });
    } else if (!sameDestination(destination.settings, current.settings)) {
      const lowers = destination.settings.weight < current.settings.weight;
      (lowers ? steps.lowering : steps.raising).push({ command: 'set-dest', service, destination });
    }
  }
  return have.values();
}

/** True when a destination stays for a while. */
function planRemovals<D extends Destination>(
  service: ServiceId,
  surplus: Iterable<D>,
  { removal, lowering }: { readonly removal: Removal<D>; readonly lowering: IpvsCommand[] },
): boolean {
  let drains = false;
  for (const destination of surplus) {
    const { id, settings } = destination;
    if (removal(service, destination) === 'delete') {
      lowering.push({ command: 'del-dest', service, destination: id });
      continue;
    }
    drains = true;
    if (settings.weight === 0) continue;
    lowering.push({ command: 'set-dest', service, destination: { id, settings: { ...settings, weight: 0 } } });
  }
  return drains;
}

function byKey<D extends Destination>(destinations: readonly D[]): Map<string, D> {
  return new Map(destinations.map((destination) => [destinationKey(destination.id), destination]));
}

/** Equal in effect: the timeout and the granularity of a service without persistence do nothing. */
function sameService(a: ServiceSettings, b: ServiceSettings): boolean {
  const flags = a.flags & ~IP_VS_SVC_F_HASHED;
  if (a.scheduler !== b.scheduler || flags !== (b.flags & ~IP_VS_SVC_F_HASHED)) return false;
  if (a.persistenceEngine !== b.persistenceEngine) return false;
  if ((flags & IP_VS_SVC_F_PERSISTENT) === 0) return true;
  return a.timeoutS === b.timeoutS && a.prefixLength === b.prefixLength && a.holedMask === b.holedMask;
}

function sameDestination(a: DestinationSettings, b: DestinationSettings): boolean {
  return (
    a.forwardMethod === b.forwardMethod &&
    a.weight === b.weight &&
    a.upperThreshold === b.upperThreshold &&
    a.lowerThreshold === b.lowerThreshold &&
    a.tunnelType === b.tunnelType &&
    a.tunnelPort === b.tunnelPort &&
    a.tunnelFlags === b.tunnelFlags
  );
}

/**
 * The commands that turn the running sync daemons into the wanted ones: all stops, then all starts. A parameter
 * cannot be changed while a daemon runs, so a change is a stop and a start.
 */
export function planDaemons(desired: readonly SyncDaemon[], actual: readonly SyncDaemon[]): DaemonCommand[] {
  const stops: DaemonCommand[] = [];
  const starts: DaemonCommand[] = [];
  for (const running of actual) {
    const wanted = desired.find(({ role }) => role === running.role);
    if (wanted === undefined || !satisfies(running, wanted)) stops.push({ command: 'del-daemon', role: running.role });
  }
  for (const daemon of desired) {
    const running = actual.find(({ role }) => role === daemon.role);
    if (running === undefined || !satisfies(running, daemon)) starts.push({ command: 'new-daemon', daemon });
  }
  return [...stops, ...starts];
}

/** Whether a running daemon, which reports its defaults filled in, is what was asked for. */
function satisfies(running: SyncDaemon, wanted: SyncDaemon): boolean {
  return (
    running.interface === wanted.interface &&
    running.syncId === wanted.syncId &&
    (wanted.maxLength === null || wanted.maxLength === 0 || running.maxLength === clampedMaxLength(wanted)) &&
    (wanted.group === null || running.group === wanted.group) &&
    (wanted.port === null || wanted.port === 0 || running.port === wanted.port) &&
    (wanted.ttl === null || wanted.ttl === 0 || running.ttl === wanted.ttl)
  );
}

/** IP and UDP header lengths that the kernel takes off the largest datagram. */
const IPV4_UDP_HEADERS_LENGTH = 28;
const IPV6_UDP_HEADERS_LENGTH = 48;
const LARGEST_DATAGRAM = 65535;
/** The least that a backup accepts; for a master it is 1. */
const BACKUP_MIN_LENGTH = 1024;

/** What the kernel makes of an explicit length (start_sync_thread in ip_vs_sync.c), so that it is not taken for a change. */
function clampedMaxLength({ role, maxLength, group }: SyncDaemon): number {
  const headersLength = group?.includes(':') ? IPV6_UDP_HEADERS_LENGTH : IPV4_UDP_HEADERS_LENGTH;
  const least = role === 'backup' ? BACKUP_MIN_LENGTH : 1;
  return Math.min(Math.max(maxLength ?? 0, least), LARGEST_DATAGRAM - headersLength);
}
