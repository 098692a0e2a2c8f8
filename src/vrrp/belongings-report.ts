/** What a virtual router tells about its addresses, routes and rules. Pure types. */

export interface BelongingsReport {
  readonly virtualAddresses: readonly AddressReport[];
  /** Not advertised. */
  readonly extraAddresses: readonly AddressReport[];
  readonly virtualRoutes: readonly PathReport[];
  readonly virtualRules: readonly PathReport[];
  /** Null: it uses the link-layer address of its interface. */
  readonly virtualMac: { readonly interface: string; readonly mac: string } | null;
  /** False: packets for the addresses are dropped, but for neighbour discovery. */
  readonly accept: boolean;
}

export interface AddressReport {
  /** "192.0.2.100/24". */
  readonly address: string;
  readonly interface: string;
  readonly held: boolean;
}

/** A route or a rule. */
export interface PathReport {
  /** As iproute2 writes it: "198.51.100.0/24 via 192.0.2.1 dev eth0". */
  readonly text: string;
  readonly held: boolean;
  /** What the kernel said when it was refused; null otherwise. */
  readonly problem: string | null;
}
