/** Changes of the kernel's state as data: for `lvsd plan`, for its JSON and for telling of repairs. Pure. */
import type { DaemonCommand, IpvsCommand } from '../ipvs/command.ts';
import {
  IP_VS_CONN_F_FWD_MASK,
  IP_VS_SVC_F_HASHED,
  IP_VS_SVC_F_ONEPACKET,
  IP_VS_SVC_F_PERSISTENT,
  IP_VS_SVC_F_SCHED1,
  IP_VS_SVC_F_SCHED2,
  IP_VS_SVC_F_SCHED3,
} from '../ipvs/constants.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { DestinationId, DestinationSettings, Service, ServiceId, ServiceSettings } from '../ipvs/types.ts';
import { FORWARDING_WORDS, TUNNEL_WORDS } from '../ipvs/words.ts';
import { type Drain, type Drains, drainKey } from './draining.ts';

/** Properties by name, units in the name. One that is not set is left out. */
export type Facts = Readonly<Record<string, string | number>>;

export interface KernelChange {
  /** `drain`: it goes, but not before its connections. */
  readonly action: 'add' | 'change' | 'drain' | 'remove';
  readonly object: 'service' | 'destination' | 'sync-daemon' | 'timeout' | 'setting';
  /** "tcp 192.0.2.1:80": of a destination, the service that it is in; else null. */
  readonly service: string | null;
  /** "tcp 192.0.2.1:80", "10.0.0.11:80", "master", "tcp", "expire_nodest_conn". */
  readonly name: string;
  /** What is there now; null: nothing. Of a change only what becomes different. */
  readonly from: Facts | null;
  /** What will be there; null: nothing. Of a change only what becomes different. */
  readonly to: Facts | null;
  /** Of what drains: how many connections it has, 0 when that is not known, and how long they may take. */
  readonly waitsFor: { readonly connections: number; readonly timeoutMs: number } | null;
}

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [IP_VS_SVC_F_ONEPACKET, 'one-packet'],
  [IP_VS_SVC_F_SCHED1, 'flag-1'],
  [IP_VS_SVC_F_SCHED2, 'flag-2'],
  [IP_VS_SVC_F_SCHED3, 'flag-3'],
];

/** The services and destinations of a table, by key. */
export interface FoundTable {
  service(id: ServiceId): ServiceSettings | null;
  destination(service: ServiceId, id: DestinationId): DestinationSettings | null;
}

/** Looks things up in a table. The destinations of a service are only put in order when one of them is asked for. */
export function foundIn(table: readonly Service[]): FoundTable {
  const services = new Map(table.map((service) => [serviceKey(service.id), service]));
  const ordered = new Map<string, ReadonlyMap<string, DestinationSettings>>();
  const destinationsOf = (service: string): ReadonlyMap<string, DestinationSettings> => {
    const { destinations = [] } = services.get(service) ?? {};
    const found = new Map(destinations.map(({ id, settings }) => [destinationKey(id), settings]));
    ordered.set(service, found);
    return found;
  };
  return {
    service: (id) => services.get(serviceKey(id))?.settings ?? null,
    destination(service, id) {
      const key = serviceKey(service);
      return (ordered.get(key) ?? destinationsOf(key)).get(destinationKey(id)) ?? null;
    },
  };
}

/** What a command changes. `drains`: what drains after it. Null for commands that a plan does not hold. */
export function changeOf(command: IpvsCommand, found: FoundTable, drains: Drains): KernelChange | null {
  switch (command.command) {
    case 'new-service':
    case 'set-service':
      return serviceChange(command.service, found.service(command.service), command.settings);
    case 'del-service':
      return serviceChange(command.service, found.service(command.service), null);
    case 'del-dest': {
      const { service, destination } = command;
      return destinationChange({ service, id: destination }, found.destination(service, destination), null);
    }
    case 'new-dest':
    case 'set-dest': {
      const { service, destination } = command;
      const { id, settings } = destination;
      const change = destinationChange({ service, id }, found.destination(service, id), settings);
      const drain = drains.get(drainKey(service, id));
      if (drain === undefined) return change;
      return {
        ...change,
        action: 'drain',
        waitsFor: { connections: drain.connections ?? 0, timeoutMs: drain.timeoutMs },
      };
    }
    default:
      return null;
  }
}

/** A service that goes when the last of its destinations has drained. `own`: those, at least one. */
export function drainingService(id: ServiceId, settings: ServiceSettings, own: readonly Drain[]): KernelChange {
  const connections = own.reduce((sum, drain) => sum + (drain.connections ?? 0), 0);
  const timeoutMs = Math.max(...own.map((drain) => drain.timeoutMs));
  return { ...serviceChange(id, settings, null), action: 'drain', waitsFor: { connections, timeoutMs } };
}

export function daemonChange(command: DaemonCommand): KernelChange {
  const object = { object: 'sync-daemon', service: null, waitsFor: null } as const;
  if (command.command === 'del-daemon') {
    return { action: 'remove', ...object, name: command.role, from: {}, to: null };
  }
  const { role, interface: interfaceName, ...rest } = command.daemon;
  const given = Object.entries(rest).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  return {
    action: 'add',
    ...object,
    name: role,
    from: null,
    to: { interface: interfaceName, ...Object.fromEntries(given) },
  };
}

/** A setting or a timeout: one value becomes another. */
export function valueChange(
  object: 'setting' | 'timeout',
  name: string,
  { from, to }: { readonly from: string | number; readonly to: string | number },
): KernelChange {
  return { action: 'change', object, service: null, name, from: { value: from }, to: { value: to }, waitsFor: null };
}

function serviceChange(id: ServiceId, from: ServiceSettings | null, to: ServiceSettings | null): KernelChange {
  const facts = (settings: ServiceSettings | null): Facts | null =>
    settings === null ? null : serviceFacts(id, settings);
  return changed({ object: 'service', service: null, name: serviceKey(id) }, facts(from), facts(to));
}

function destinationChange(
  { service, id }: { readonly service: ServiceId; readonly id: DestinationId },
  from: DestinationSettings | null,
  to: DestinationSettings | null,
): KernelChange {
  const facts = (settings: DestinationSettings | null): Facts | null =>
    settings === null ? null : destinationFacts(settings);
  const what = { object: 'destination', service: serviceKey(service), name: destinationKey(id) } as const;
  return changed(what, facts(from), facts(to));
}

function changed(
  what: Pick<KernelChange, 'object' | 'service' | 'name'>,
  from: Facts | null,
  to: Facts | null,
): KernelChange {
  if (to === null) return { action: 'remove', ...what, from: from ?? {}, to, waitsFor: null };
  if (from === null) return { action: 'add', ...what, from, to, waitsFor: null };
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter((name) => from[name] !== to[name]);
  return { action: 'change', ...what, from: picked(from, names), to: picked(to, names), waitsFor: null };
}

function picked(facts: Facts, names: readonly string[]): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([name]) => names.includes(name)));
}

function serviceFacts(id: ServiceId, settings: ServiceSettings): Facts {
  const { scheduler, flags, timeoutS, prefixLength, persistenceEngine } = settings;
  const persistent = (flags & IP_VS_SVC_F_PERSISTENT) !== 0;
  const words = FLAG_NAMES.filter(([flag]) => (flags & flag) !== 0).map(([, word]) => word);
  const known = FLAG_NAMES.reduce((sum, [flag]) => sum | flag, IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_HASHED);
  if ((flags & ~known) !== 0) words.push(`0x${((flags & ~known) >>> 0).toString(16)}`);
  return {
    scheduler,
    ...(words.length === 0 ? {} : { flags: words.join(' ') }),
    ...(persistent ? { persistenceTimeoutS: timeoutS } : {}),
    ...(persistent && prefixLength !== (id.family === 4 ? 32 : 128) ? { persistencePrefixLength: prefixLength } : {}),
    ...(persistenceEngine === null ? {} : { persistenceEngine }),
  };
}

function destinationFacts(settings: DestinationSettings): Facts {
  const { forwardMethod, weight, upperThreshold, lowerThreshold, tunnelType, tunnelPort, tunnelFlags } = settings;
  const method = forwardMethod & IP_VS_CONN_F_FWD_MASK;
  return {
    forwarding: FORWARDING_WORDS.get(method) ?? `method ${method}`,
    weight,
    ...(upperThreshold === 0 ? {} : { upperThreshold }),
    ...(lowerThreshold === 0 ? {} : { lowerThreshold }),
    ...(tunnelType === 0 ? {} : { tunnelType: TUNNEL_WORDS.get(tunnelType) ?? tunnelType }),
    ...(tunnelPort === 0 ? {} : { tunnelPort }),
    ...(tunnelFlags === 0 ? {} : { tunnelFlags }),
  };
}
