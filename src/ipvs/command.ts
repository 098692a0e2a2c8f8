/** What can be asked of the kernel's IPVS table, as values. Pure. */
import type { Destination, DestinationId, ServiceId, ServiceSettings, SyncDaemon } from './types.ts';

export type IpvsCommand =
  /** `destinations` of a service are commands of their own: NEW_SERVICE makes an empty one. */
  | { readonly command: 'new-service' | 'set-service'; readonly service: ServiceId; readonly settings: ServiceSettings }
  | { readonly command: 'del-service'; readonly service: ServiceId }
  | { readonly command: 'new-dest' | 'set-dest'; readonly service: ServiceId; readonly destination: Destination }
  | { readonly command: 'del-dest'; readonly service: ServiceId; readonly destination: DestinationId }
  | { readonly command: 'new-daemon'; readonly daemon: SyncDaemon }
  | { readonly command: 'del-daemon'; readonly role: SyncDaemon['role'] }
  | { readonly command: 'set-timeouts'; readonly timeouts: TimeoutChange }
  /** Zeroes the statistics of one service and its destinations; `null`: of all of them and of the total. */
  | { readonly command: 'zero'; readonly service: ServiceId | null }
  /** Removes every service; daemons, timeouts and connections stay. */
  | { readonly command: 'flush' };

/** Connection timeouts in seconds. */
export interface Timeouts {
  /** TCP connections in ESTABLISHED. */
  readonly tcpS: number;
  /** TCP connections in FIN_WAIT. */
  readonly tcpFinS: number;
  readonly udpS: number;
}

/** Timeouts to set; zero or null keeps what the kernel has. */
export type TimeoutChange = { readonly [Name in keyof Timeouts]: number | null };

/** The commands about sync daemons. */
export type DaemonCommand = Extract<IpvsCommand, { command: 'new-daemon' | 'del-daemon' }>;
