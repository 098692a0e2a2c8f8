/**
 * The kernel's IPVS table as values: identity apart from settings apart from statistics. Names are those of
 * linux/ip_vs.h: a service is what operators call a virtual server, a destination is a real server. Pure.
 */

/** `fullnat`: masquerading in the kernel's table, and source NAT by nftables on top. */
export type Forwarding = 'nat' | 'direct' | 'tunnel' | 'fullnat';

/** Schedulers a configuration may name; the kernel may know others. */
export type Scheduler =
  | 'rr'
  | 'wrr'
  | 'lc'
  | 'wlc'
  | 'lblc'
  | 'lblcr'
  | 'dh'
  | 'sh'
  | 'sed'
  | 'nq'
  | 'fo'
  | 'ovf'
  | 'mh'
  | 'twos';

/** Addresses are in canonical text form (RFC 5952 for IPv6). */
export type ServiceId =
  | {
      readonly kind: 'address';
      readonly family: 4 | 6;
      /** IP protocol number: 6 TCP, 17 UDP, 132 SCTP. */
      readonly protocol: number;
      readonly address: string;
      readonly port: number;
    }
  | { readonly kind: 'fwmark'; readonly family: 4 | 6; readonly fwmark: number };

export interface ServiceSettings {
  /** A Scheduler, or whatever else the kernel reported. */
  readonly scheduler: string;
  /** IP_VS_SVC_F_* without HASHED. */
  readonly flags: number;
  /** Persistence timeout in seconds; only meaningful with IP_VS_SVC_F_PERSISTENT. */
  readonly timeoutS: number;
  /** Persistence granularity, 0..32 for IPv4, 1..128 for IPv6. */
  readonly prefixLength: number;
  /** The IPv4 mask as 32 bits, only when it is no prefix; `prefixLength` then counts up to its first hole. */
  readonly holedMask?: number;
  /** Persistence engine ("sip"), or null. */
  readonly persistenceEngine: string | null;
}

export interface DestinationId {
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
}

export interface DestinationSettings {
  /** IP_VS_CONN_F_FWD_MASK: 0 masquerade, 1 local node, 2 tunnel, 3 direct route, 4 bypass. */
  readonly forwardMethod: number;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  /** IP_VS_CONN_F_TUNNEL_TYPE_*: 0 ipip, 1 gue, 2 gre. */
  readonly tunnelType: number;
  readonly tunnelPort: number;
  /** IP_VS_TUNNEL_ENCAP_FLAG_*. */
  readonly tunnelFlags: number;
}

export interface Destination {
  readonly id: DestinationId;
  readonly settings: DestinationSettings;
}

export interface Service {
  readonly id: ServiceId;
  readonly settings: ServiceSettings;
  readonly destinations: readonly Destination[];
}

/** What only the kernel knows about a destination. */
export interface DestinationCounters {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
}

export interface DumpedDestination extends Destination {
  readonly counters: DestinationCounters;
}

export interface DumpedService extends Service {
  readonly destinations: readonly DumpedDestination[];
}

export interface SyncDaemon {
  readonly role: 'master' | 'backup';
  readonly interface: string;
  readonly syncId: number;
  /** Zero or null: the kernel's default. */
  readonly maxLength: number | null;
  readonly group: string | null;
  readonly port: number | null;
  readonly ttl: number | null;
}
