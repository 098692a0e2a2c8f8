/** What a virtual router brings along while it is MASTER: addresses, routes and rules; see types.ts. Pure types. */

export interface VirtualAddress {
  readonly address: string;
  readonly prefixLength: number;
  /** Null: the router's interface, or its virtual MAC's. */
  readonly interface: string | null;
  /** RT_SCOPE_* (linux/rtnetlink.h): 0 global, 200 site, 253 link, 254 host. IPv6 derives its own: 0. */
  readonly scope: number;
  /** IFA_LABEL; null: the kernel takes the interface's name. */
  readonly label: string | null;
  readonly broadcast: string | null;
}

export interface VirtualRouteConfig {
  readonly family: 4 | 6;
  /** All zeros with length 0: the default route. */
  readonly to: { readonly address: string; readonly prefixLength: number };
  readonly type: RouteType;
  /** The next hop; null: on the link. */
  readonly via: string | null;
  readonly interface: string | null;
  /** Preferred source of packets that we send ourselves. */
  readonly source: string | null;
  /** 1..4294967295; 254 is `main`. */
  readonly table: number;
  /** 0..4294967295; null: the kernel's (IPv4 0, IPv6 1024). */
  readonly metric: number | null;
  /** RT_SCOPE_*; IPv6 has none: 0. */
  readonly scope: number;
}

export type RouteType = 'unicast' | 'blackhole' | 'unreachable' | 'prohibit';

export interface VirtualRuleConfig {
  readonly family: 4 | 6;
  readonly from: { readonly address: string; readonly prefixLength: number } | null;
  readonly to: { readonly address: string; readonly prefixLength: number } | null;
  readonly fwmark: { readonly value: number; readonly mask: number } | null;
  readonly incomingInterface: string | null;
  readonly outgoingInterface: string | null;
  readonly action: RuleAction;
  /** With action lookup: 1..4294967295; else 0. */
  readonly table: number;
  /** 1..4294967295; rules with smaller numbers come first, the main table's has 32766. */
  readonly priority: number;
}

export type RuleAction = 'lookup' | 'blackhole' | 'unreachable' | 'prohibit';

/** An interface with the virtual router's own link-layer address (RFC 9568 section 7.3). */
export interface VirtualMacConfig {
  readonly interface: string;
}

/** What `virtual_addresses` and its neighbours in the file become. */
export interface BelongingsConfig {
  readonly virtualAddresses: readonly VirtualAddress[];
  /** Not advertised, of either family. */
  readonly extraAddresses: readonly VirtualAddress[];
  readonly virtualRoutes: readonly VirtualRouteConfig[];
  readonly virtualRules: readonly VirtualRuleConfig[];
  /** Set net.ipv4.conf.*.promote_secondaries on the interfaces of the addresses. */
  readonly promoteSecondaries: boolean;
  /** Null: the interface's own link-layer address. */
  readonly virtualMac: VirtualMacConfig | null;
  /** Packets for the addresses are taken while MASTER (Accept_Mode); false: only neighbour discovery is. */
  readonly accept: boolean;
}
