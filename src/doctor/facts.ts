/** What the doctor reads of the machine, as values. Everything is of this network namespace. Pure. */
import type { SyncDaemon } from '../ipvs/types.ts';
import type { Settings } from './settings.ts';

export interface Facts {
  /** Unix milliseconds. */
  readonly nowMs: number;
  /** Whether something keeps the clock right (NTP); null: nobody here could say. */
  readonly clockSynchronised: boolean | null;
  /** `uname -r`. */
  readonly kernel: string;
  readonly settings: Settings;
  readonly links: readonly LinkFact[];
  readonly addresses: readonly AddressFact[];
  /** By `routeKey`; null: there is no way. An absent one was not asked for, or could not be. */
  readonly routes: ReadonlyMap<string, RouteFact | null>;
  /** By name with underscores (ip_vs_wlc). */
  readonly modules: ReadonlyMap<string, ModuleState>;
  readonly listeners: readonly ListenerFact[];
  readonly groups: readonly GroupFact[];
  /** Null: not loaded, or not ours to read. */
  readonly ipvs: IpvsFact | null;
  readonly keepalived: readonly KeepalivedFact[];
  readonly syncMessages: readonly SyncMessageFact[];
}

export interface LinkFact {
  readonly name: string;
  readonly up: boolean;
  readonly running: boolean;
  readonly loopback: boolean;
  /** Somebody there may ask for addresses (ARP, neighbour discovery). */
  readonly arp: boolean;
  /** "dummy", "ipip", "gre", "bridge", ...; null for hardware. */
  readonly kind: string | null;
  readonly mtuBytes: number;
  /** The kind of what it is a port of ("bridge", "bond", "vrf"), "" for one without a kind; null: of nothing. */
  readonly portOf: string | null;
}

export interface AddressFact {
  readonly interface: string;
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefixLength: number;
  /** RT_SCOPE_*: 0 universe, 253 link, 254 host. */
  readonly scope: number;
  readonly label: string | null;
  /** IPv4: in the subnet of an older address of the interface. */
  readonly secondary: boolean;
  /** IPv6: never the source of new connections. */
  readonly deprecated: boolean;
  /** Set for ever, not by DHCP or a router. */
  readonly permanent: boolean;
}

export interface RouteFact {
  /** The destination is this machine itself. */
  readonly local: boolean;
  readonly interface: string | null;
  /** Null: on the link. */
  readonly gateway: string | null;
  /** Of the route, else of its interface. */
  readonly mtuBytes: number | null;
  /** The TCP segment size that this route announces (advmss); null: as the MTU has it. */
  readonly advertisedMssBytes: number | null;
  readonly fromRouterAdvertisement: boolean;
}

/** `available`: can be loaded. `unknown`: not loaded, and nothing here tells what could be. */
export type ModuleState = 'loaded' | 'builtin' | 'available' | 'missing' | 'unknown';

/** A TCP socket that listens, or a UDP socket that is bound. */
export interface ListenerFact {
  readonly protocol: 'tcp' | 'udp';
  /** "0.0.0.0" and "::" are any address. */
  readonly address: string;
  readonly port: number;
}

/** Membership in a multicast group. */
export interface GroupFact {
  readonly interface: string;
  readonly group: string;
}

export interface IpvsFact {
  /** Addresses of the services in the kernel's table. */
  readonly virtualAddresses: readonly string[];
  readonly daemons: readonly SyncDaemon[];
  /** Direct and tunnel destinations whose port is not their service's; text for people. Bounded. */
  readonly portMismatches: readonly { readonly service: string; readonly destination: string }[];
}

/** A keepalived in this network namespace. */
export interface KeepalivedFact {
  readonly pid: number;
  readonly configFile: string;
  readonly routers: readonly { readonly interface: string; readonly vrid: number }[];
  /** Its file has virtual servers: it fills, and at its start empties, the kernel's table. */
  readonly hasVirtualServers: boolean;
}

/** One sender of sync messages that was heard. */
export interface SyncMessageFact {
  readonly from: string;
  readonly syncId: number;
  readonly version: 0 | 1;
}

/** Somewhere on the Internet, for the question which way clients are (RFC 5737, RFC 3849: nobody's addresses). */
export const FAR_AWAY: Readonly<Record<4 | 6, string>> = { 4: '198.51.100.1', 6: '2001:db8::1' };

/** The key in `Facts.routes`. */
export function routeKey(address: string, mark = 0): string {
  return mark === 0 ? address : `${address} mark ${mark}`;
}

/** Interfaces that receive ARP requests: Ethernet, up, and no port of a bridge or bond, which receives in its place. */
export function arpInterfaces(facts: Facts): readonly LinkFact[] {
  return facts.links.filter(({ up, arp, portOf }) => up && arp && (portOf === null || portOf === 'vrf'));
}

/** Where an address is, with which prefix. */
export function holdersOf(facts: Facts, address: string): readonly AddressFact[] {
  return facts.addresses.filter((fact) => fact.address === address);
}

export function linkOf(facts: Facts, name: string | null): LinkFact | undefined {
  return facts.links.find((link) => link.name === name);
}

/** The ways that traffic takes: the MTU of the route, else of its interface; null when unknown. */
export function mtuOf(facts: Facts, route: RouteFact | null | undefined): number | null {
  if (route === null || route === undefined) return null;
  return route.mtuBytes ?? linkOf(facts, route.interface)?.mtuBytes ?? null;
}
