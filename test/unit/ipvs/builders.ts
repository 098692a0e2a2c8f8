/** Short ways to write down services and destinations in tests. */
import assert from 'node:assert/strict';
import type { IpvsCommand } from '../../../src/ipvs/command.ts';
import type {
  Destination,
  DestinationId,
  DestinationSettings,
  Service,
  ServiceId,
  ServiceSettings,
  SyncDaemon,
} from '../../../src/ipvs/types.ts';

import type { Result } from '../../../src/util/result.ts';

const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

export function vip(protocol: number, address: string, port: number): ServiceId {
  return { kind: 'address', family: familyOf(address), protocol, address, port };
}
export const tcp = (address: string, port: number): ServiceId => vip(6, address, port);
export const udp = (address: string, port: number): ServiceId => vip(17, address, port);
export const sctp = (address: string, port: number): ServiceId => vip(132, address, port);
export const fwmark = (mark: number, family: 4 | 6 = 4): ServiceId => ({ kind: 'fwmark', family, fwmark: mark });

export function real(address: string, port: number): DestinationId {
  return { family: familyOf(address), address, port };
}

export function settingsOf(id: ServiceId, given: Partial<ServiceSettings> = {}): ServiceSettings {
  const prefixLength = id.family === 4 ? 32 : 128;
  return { scheduler: 'wlc', flags: 0, timeoutS: 0, prefixLength, persistenceEngine: null, ...given };
}

export function destination(id: DestinationId, given: Partial<DestinationSettings> = {}): Destination {
  const thresholds = { upperThreshold: 0, lowerThreshold: 0 };
  const tunnel = { tunnelType: 0, tunnelPort: 0, tunnelFlags: 0 };
  return { id, settings: { forwardMethod: 3, weight: 1, ...thresholds, ...tunnel, ...given } };
}

export function serviceOf(
  id: ServiceId,
  destinations: readonly Destination[] = [],
  given: Partial<ServiceSettings> = {},
): Service {
  return { id, settings: settingsOf(id, given), destinations };
}

export function daemonOf(given: Partial<SyncDaemon>): SyncDaemon {
  const defaults = { maxLength: null, group: null, port: null, ttl: null };
  return { role: 'master', interface: 'lo', syncId: 7, ...defaults, ...given };
}

export const newService = (service: ServiceId, given: Partial<ServiceSettings>): IpvsCommand => ({
  command: 'new-service',
  service,
  settings: settingsOf(service, given),
});
export const setService = (service: ServiceId, given: Partial<ServiceSettings>): IpvsCommand => ({
  command: 'set-service',
  service,
  settings: settingsOf(service, given),
});
export const newDest = (service: ServiceId, id: DestinationId, given: Partial<DestinationSettings>): IpvsCommand => ({
  command: 'new-dest',
  service,
  destination: destination(id, given),
});
export const setDest = (service: ServiceId, id: DestinationId, given: Partial<DestinationSettings>): IpvsCommand => ({
  command: 'set-dest',
  service,
  destination: destination(id, given),
});
export const delDest = (service: ServiceId, id: DestinationId): IpvsCommand => ({
  command: 'del-dest',
  service,
  destination: id,
});
export const newDaemon = (given: Partial<SyncDaemon>): IpvsCommand => ({
  command: 'new-daemon',
  daemon: daemonOf(given),
});

/** The value of a result that must be one. */
export function unwrap<T>(result: Result<T, unknown>): T {
  if (!result.ok) assert.fail(JSON.stringify(result.error));
  return result.value;
}

/** The statistics of what has seen no traffic. */
export const IDLE = {
  connections: 0,
  inPackets: 0,
  outPackets: 0,
  inBytes: 0,
  outBytes: 0,
  connectionsPerS: 0,
  inPacketsPerS: 0,
  outPacketsPerS: 0,
  inBytesPerS: 0,
  outBytesPerS: 0,
};
