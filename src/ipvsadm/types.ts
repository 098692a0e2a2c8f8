/** What a command line of ipvsadm asks for, as values. Pure. */
import type { IpvsCommand } from '../ipvs/command.ts';
import type { ServiceId } from '../ipvs/types.ts';

/** Which columns a listing of the table has. */
export type Columns = 'default' | 'stats' | 'rate' | 'thresholds' | 'persistent-conn' | 'tun-info';

/** A listing of services and destinations. */
export interface ListTable {
  readonly kind: 'list';
  /** Null: all of them, under a line with the version. */
  readonly service: ServiceId | null;
  readonly columns: Columns;
  /** Addresses and ports in figures. */
  readonly numeric: boolean;
  /** Numbers in full, not in K, M, G. */
  readonly exact: boolean;
  readonly sorted: boolean;
  /** Ours: as JSON. */
  readonly json: boolean;
}

/** A listing of the connection table. The filters and JSON are ours. */
export interface ListConnections {
  readonly kind: 'connections';
  readonly numeric: boolean;
  readonly persistentConn: boolean;
  readonly json: boolean;
  readonly filter: ConnectionFilter;
}

/** Each that is given must hold. Addresses are in canonical text form; a port of null: any. */
export interface ConnectionFilter {
  readonly service: ServiceId | null;
  readonly server: { readonly address: string; readonly port: number | null } | null;
  /** As the kernel writes it, `ESTABLISHED`. */
  readonly state: string | null;
}

/** One command line. */
export type Request =
  | ListTable
  | ListConnections
  | { readonly kind: 'list-timeouts' | 'list-daemons'; readonly json: boolean }
  | { readonly kind: 'change'; readonly command: IpvsCommand }
  /** `thresholds` is ours: ipvsadm loses them. */
  | { readonly kind: 'save'; readonly numeric: boolean; readonly thresholds: boolean }
  /** `atomic` is ours: all lines are checked first, then applied or none. */
  | { readonly kind: 'restore'; readonly atomic: boolean }
  | { readonly kind: 'help' | 'version' };

/** Names for addresses and ports; null where there is none. What is listed without `-n` is looked up beforehand. */
export interface Names {
  host(address: string): string | null;
  /** `protocol`: `tcp`, `udp` or `sctp`; other protocols have no names. */
  service(port: number, protocol: number): string | null;
}
