/**
 * Finds out which machine has an address: whether another one answers for a virtual address of ours, and which one another
 * active router is.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import { compareBytes, formatAddress, formatMac, isLinkLocal } from '../net/ip.ts';
import { messageOf } from '../util/message-of.ts';
import { announcePlaces } from '../vrrp/announce-places.ts';
import { Conflicts } from '../vrrp/conflicts.ts';
import type { ConflictReport } from '../vrrp/messages.ts';
import { type Heard, type LinkEar, openLinkEar } from './link-ear.ts';
import type { NetworkState } from './rtnl.ts';
import { monotonicMs } from './socket.ts';

/** Asked again, when even a living predecessor must have let go of the addresses. */
const CONFIRM_MS = 1500;
const IDENTIFY_MS = 2000;

interface Watched {
  readonly conflicts: Conflicts;
  /** The addresses in question and where, as text. */
  readonly key: string;
  /** Null: nobody listens. */
  stop: (() => void) | null;
}

interface Ear {
  readonly ear: LinkEar;
  readonly index: number;
  readonly listeners: Set<Heard>;
}

/** Addresses of one family on one interface. */
interface Claim {
  readonly interfaceName: string;
  readonly family: 4 | 6;
  readonly addresses: readonly Uint8Array[];
}

/** Another machine claims an address of the virtual router; told once a minute and address. */
export type ConflictHandler = (config: VirtualRouterConfig, detail: string) => void;

export class ConflictWatch {
  readonly #network: NetworkState;
  readonly #warn: (text: string) => void;
  readonly #conflict: ConflictHandler;
  readonly #watched = new Map<string, Watched>();
  /** By interface and family. */
  readonly #ears = new Map<string, Ear>();

  constructor(network: NetworkState, warn: (text: string) => void, conflict: ConflictHandler) {
    this.#network = network;
    this.#warn = warn;
    this.#conflict = conflict;
  }

  /**
   * The addresses were just claimed: asks who else has them, now and once more later, and listens until `released`. Never
   * holds anything up: a director that hangs must not keep the addresses by answering for them.
   */
  claimed(config: VirtualRouterConfig, source: Uint8Array | null, fromLiving: boolean): void {
    this.released(config.name);
    if (!config.conflictProbe) return;
    const conflicts = this.#watched.get(config.name)?.conflicts ?? new Conflicts();
    conflicts.claimed(fromLiving, monotonicMs());
    const claims = claimsOf(config, source);
    const stops = claims.flatMap((claim) => this.#watch(config, claim, conflicts) ?? []);
    const ask = (): void => {
      for (const claim of claims) for (const address of claim.addresses) this.#ask(claim, address);
    };
    ask();
    const timer = setTimeout(ask, CONFIRM_MS);
    const stop = (): void => {
      clearTimeout(timer);
      for (const one of stops) one();
    };
    this.#watched.set(config.name, { conflicts, key: this.#keyOf(claims), stop });
  }

  /** Of one that may be MASTER: addresses that a reload took out, or that it does not send from any more, are others'. */
  adopt(config: VirtualRouterConfig, source: Uint8Array): void {
    const watched = this.#watched.get(config.name);
    if (watched === undefined || watched.stop === null) return;
    if (config.conflictProbe && watched.key === this.#keyOf(claimsOf(config, source))) return;
    this.claimed(config, source, false);
  }

  released(router: string): void {
    const watched = this.#watched.get(router);
    if (watched === undefined) return;
    watched.conflicts.released();
    watched.stop?.();
    watched.stop = null;
    // What was seen stays in the report until the next take-over.
    if (watched.conflicts.report().length === 0) this.#watched.delete(router);
  }

  /** Asks which machine another router of the link is; `found` is called at most once. */
  identify(config: VirtualRouterConfig, other: Uint8Array, found: (mac: string) => void): void {
    const claim: Claim = { interfaceName: config.interface, family: config.family, addresses: [other] };
    let timer: NodeJS.Timeout | undefined;
    const stop = this.#listen(claim, (address, mac) => {
      if (compareBytes(address, other) !== 0 || this.#network.hasMac(mac)) return;
      clearTimeout(timer);
      stop?.();
      found(formatMac(mac));
    });
    if (stop === null) return;
    timer = setTimeout(stop, IDENTIFY_MS);
    this.#ask(claim, other);
  }

  report(router: string): readonly ConflictReport[] {
    return this.#watched.get(router)?.conflicts.report() ?? [];
  }

  close(): void {
    for (const { stop } of this.#watched.values()) stop?.();
    this.#watched.clear();
    for (const { ear } of this.#ears.values()) ear.close();
    this.#ears.clear();
  }

  #watch(config: VirtualRouterConfig, claim: Claim, conflicts: Conflicts): (() => void) | null {
    return this.#listen(claim, (address, mac) => {
      const isClaimed = claim.addresses.some((ours) => compareBytes(ours, address) === 0);
      if (!isClaimed || this.#network.hasMac(mac)) return;
      const who = formatMac(mac);
      if (!conflicts.heard(address, who, monotonicMs(), Date.now())) return;
      const where = `${formatAddress(address)} on ${claim.interfaceName}`;
      this.#conflict(config, `the machine with MAC address ${who} says that it has ${where}`);
    });
  }

  /** Returns how to stop; null when the machine refuses to listen. */
  #listen({ interfaceName, family }: Claim, heard: Heard): (() => void) | null {
    const key = `${interfaceName} ${family}`;
    const ear = this.#ear(key, interfaceName, family);
    if (ear === null) return null;
    ear.listeners.add(heard);
    return () => {
      ear.listeners.delete(heard);
      if (ear.listeners.size > 0) return;
      ear.ear.close();
      if (this.#ears.get(key) === ear) this.#ears.delete(key);
    };
  }

  #ear(key: string, interfaceName: string, family: 4 | 6): Ear | null {
    const link = this.#network.link(interfaceName);
    if (link === null || link.mac === null) return null;
    const known = this.#ears.get(key);
    if (known?.index === link.index) return known;
    const listeners = new Set<Heard>();
    try {
      const open = openLinkEar(interfaceName, link.index, family, (address, mac) => {
        for (const heard of [...listeners]) heard(address, mac);
      });
      const ear = { ear: open, index: link.index, listeners };
      this.#ears.set(key, ear);
      return ear;
    } catch (error) {
      this.#warn(`Cannot look for address conflicts on ${interfaceName}: ${messageOf(error)}`);
      return null;
    }
  }

  #ask({ interfaceName, family }: Claim, address: Uint8Array): void {
    const ear = this.#ears.get(`${interfaceName} ${family}`);
    const link = this.#network.link(interfaceName);
    if (ear === undefined || link === null || link.mac === null) return;
    const source = family === 4 ? address : this.#linkLocal(link.index, address);
    if (source !== null) ear.ear.ask(address, link.mac, source);
  }

  #keyOf(claims: readonly Claim[]): string {
    const of = ({ interfaceName, addresses }: Claim): string =>
      `${interfaceName} ${this.#network.link(interfaceName)?.index} ${addresses.map(formatAddress)}`;
    return claims.map(of).join();
  }

  /** An address of ours that an answer can come to: none that is in question. */
  #linkLocal(index: number, asked: Uint8Array): Uint8Array | null {
    const own = this.#network
      .addressesOf(index, 6)
      .find((entry) => !entry.tentative && isLinkLocal(entry.address) && compareBytes(entry.address, asked) !== 0);
    return own?.address ?? null;
  }
}

/** What is ours while MASTER, and the address that we send from: of one family and interface each. */
function claimsOf(config: VirtualRouterConfig, source: Uint8Array | null): readonly Claim[] {
  const own = source === null ? [] : [{ interface: config.interface, addresses: [source] }];
  return [...announcePlaces(config), ...own].flatMap((place) =>
    ([4, 6] as const).flatMap((family): readonly Claim[] => {
      const addresses = place.addresses.filter((address) => address.length === (family === 4 ? 4 : 16));
      return addresses.length === 0 ? [] : [{ interfaceName: place.interface, family, addresses }];
    }),
  );
}
