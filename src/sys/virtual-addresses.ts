/**
 * What virtual routers bring along, on the machine: virtual MAC, addresses, routes and rules. Added in this order at a
 * take-over, put back when somebody else deletes it, deleted in the other order.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import { formatMac } from '../net/ip.ts';
import { err, ok, type Result } from '../util/result.ts';
import {
  belongingKeys,
  excludes,
  keyOfAddress,
  newAddress,
  type PlacedAddress,
  placedAddresses,
} from '../vrrp/belongings.ts';
import type { AddressReport, BelongingsReport } from '../vrrp/belongings-report.ts';
import { interfaceSettings } from '../vrrp/interface-settings.ts';
import type { Envelope } from '../vrrp/packet.ts';
import { RepairPace } from '../vrrp/repair-pace.ts';
import { virtualMacOf } from '../vrrp/virtual-mac.ts';
import type { Announcements } from './announcements.ts';
import { InterfaceSettings } from './interface-settings.ts';
import type { NetworkState } from './rtnl.ts';
import { monotonicMs } from './socket.ts';
import { VirtualMacs } from './virtual-macs.ts';
import { VirtualRoutes } from './virtual-routes.ts';

/** Priority of a router whose virtual addresses are the machine's own: those stay as they are. */
const OWNER = 255;

export class VirtualAddresses {
  readonly #network: NetworkState;
  readonly #warn: (text: string) => void;
  readonly #changed: () => void;
  readonly #repaired: (router: string, what: string) => void;
  readonly #announcements: Announcements;
  readonly #routes: VirtualRoutes;
  readonly #macs: VirtualMacs;
  readonly #settings: InterfaceSettings;
  readonly #pace = new RepairPace();
  #again: NodeJS.Timeout | null = null;
  #configs: readonly VirtualRouterConfig[] = [];
  /** What an earlier run left is deleted. */
  #isClean = false;
  /** By key: number of the interface that it was added to, which may have another name now. */
  readonly #placedOn = new Map<string, number>();

  /** `changed`: something of a router may have to be repaired. `repaired`: it was, and has been logged. */
  constructor(
    network: NetworkState,
    announcements: Announcements,
    warn: (text: string) => void,
    changed: () => void,
    repaired: (router: string, what: string) => void,
  ) {
    this.#repaired = repaired;
    this.#network = network;
    this.#warn = warn;
    this.#changed = changed;
    this.#announcements = announcements;
    this.#routes = new VirtualRoutes(network, warn, changed);
    this.#macs = new VirtualMacs(network, warn);
    this.#settings = new InterfaceSettings(warn);
  }

  /** All routers that there are now. */
  configure(configs: readonly VirtualRouterConfig[]): void {
    this.#configs = configs;
    this.#routes.configure(configs);
  }

  /** After every network event: settings of interfaces that just came; at first what an earlier run left and nobody wants. */
  settle(): void {
    if (!this.#isClean && this.#network.isWhole) {
      this.#isClean = true;
      this.#routes.clearStale(this.#configs);
      this.#clearStale(this.#configs);
    }
    this.#settings.apply(interfaceSettings(this.#configs));
  }

  /** What the router needs to be there before it takes part. The problem in words, or null. */
  ensure(config: VirtualRouterConfig): string | null {
    return this.#macs.ensure(config);
  }

  /**
   * Adds everything; what is there already is fine. The error is what the kernel said to an address: routes and rules that
   * it refuses are told, and do not keep the router from being Active.
   */
  claim(config: VirtualRouterConfig): Result<void, string> {
    const up = this.#macs.up(config);
    const added = up.ok ? this.#addAddresses(config, placedAddresses(config)) : up;
    if (added.ok) this.#routes.claim(config);
    return added;
  }

  /** Deletes everything, but for what has its key in `kept`. `leaves`: the interface with the virtual MAC goes with `leave`. */
  release(config: VirtualRouterConfig, kept: ReadonlySet<string>, leaves = false): void {
    this.#pace.forget(config.name);
    this.drop(config, kept);
    // The kernel takes its time for either: setting it down first would double that for many that stop together.
    if (!leaves && !placedAddresses(config).some((address) => kept.has(keyOfAddress(address)))) this.#macs.down(config);
  }

  /** Deletes what a reload took out of the configuration of a router that is not Active, or no longer. */
  drop(config: VirtualRouterConfig, kept: ReadonlySet<string>): void {
    this.#routes.release(config, kept);
    const gone = placedAddresses(config).filter((address) => !kept.has(keyOfAddress(address)));
    this.#deleteAddresses(config, gone);
  }

  /** True: there is nothing here to release. */
  isClear(config: VirtualRouterConfig): boolean {
    const { virtualRoutes, virtualRules, virtualMac } = config;
    if (virtualRoutes.length + virtualRules.length > 0 || virtualMac !== null) return false;
    return !placedAddresses(config).some((address) => this.#holds(address));
  }

  /** A reload changed the configuration of a router that goes on: adds before it deletes, if the kernel takes both. */
  replace(before: VirtualRouterConfig, config: VirtualRouterConfig, kept: ReadonlySet<string>): void {
    const stays = new Set([...kept, ...belongingKeys(config)]);
    this.#routes.release(before, stays);
    const gone = placedAddresses(before).filter((address) => !stays.has(keyOfAddress(address)));
    const inTheWay = gone.filter((address) => placedAddresses(config).some((next) => excludes(address, next)));
    this.#deleteAddresses(config, inTheWay);
    this.#extend(before, config);
    this.#deleteAddresses(
      config,
      gone.filter((address) => !inTheWay.includes(address)),
    );
  }

  #extend(before: VirtualRouterConfig, config: VirtualRouterConfig): void {
    const known = new Set(belongingKeys(before));
    if (belongingKeys(config).every((key) => known.has(key))) return;
    const isNew = placedAddresses(config).some((address) => !this.#holds(address));
    const problem = this.ensure(config);
    const claimed = problem === null ? this.claim(config) : err(problem);
    if (!claimed.ok) this.#warn(`${config.name}: ${claimed.error}`);
    else if (isNew) this.#announcements.announceNow(config);
  }

  /** The router is gone for good; `others` are those that stay. */
  leave(config: VirtualRouterConfig, others: readonly VirtualRouterConfig[]): void {
    const name = config.virtualMac?.interface;
    if (!others.some(({ virtualMac }) => virtualMac?.interface === name)) this.#macs.remove(config);
  }

  /** Somebody deleted something, or an interface got another link-layer address: puts it right without leaving MASTER. */
  repair(config: VirtualRouterConfig): void {
    this.#announcements.renew(config);
    const missing = placedAddresses(config).filter((address) => !this.#holds(address));
    if (missing.length > 0 || this.#macs.isDown(config)) this.#repairAddresses(config, missing);
    else this.#repairRoutes(config);
  }

  /** False: the message is not one that goes out with a virtual MAC. */
  send(config: VirtualRouterConfig, message: Uint8Array, envelope: Envelope): boolean {
    return this.#macs.send(config, message, envelope);
  }

  report(config: VirtualRouterConfig): BelongingsReport {
    const { routes, rules } = this.#routes.report(config);
    const { virtualMac, accept } = config;
    const of = (advertised: boolean): readonly AddressReport[] =>
      placedAddresses(config)
        .filter((entry) => entry.advertised === advertised)
        .map((entry) => ({
          address: `${entry.config.address}/${entry.config.prefixLength}`,
          interface: entry.interface,
          held: this.#holds(entry),
        }));
    return {
      virtualAddresses: of(true),
      extraAddresses: of(false),
      virtualRoutes: routes,
      virtualRules: rules,
      virtualMac: virtualMac === null ? null : { ...virtualMac, mac: formatMac(virtualMacOf(config)) },
      accept,
    };
  }

  close(): void {
    if (this.#again !== null) clearTimeout(this.#again);
    this.#routes.close();
    this.#macs.close();
    this.#settings.close();
  }

  #addAddresses({ priority }: VirtualRouterConfig, addresses: readonly PlacedAddress[]): Result<void, string> {
    for (const address of addresses) {
      const index = this.#indexOf(address.interface);
      if (index === null) return err(`Cannot add ${address.config.address}: no interface ${address.interface}`);
      const added = this.#network.add(newAddress(address, index), priority !== OWNER);
      if (!added.ok) return added;
      this.#placedOn.set(address.key, index);
    }
    return ok(undefined);
  }

  /** The youngest first, also from an interface that has got another name meanwhile. */
  #deleteAddresses({ name }: VirtualRouterConfig, addresses: readonly PlacedAddress[]): void {
    for (const address of [...addresses].reverse()) {
      const places = new Set([this.#indexOf(address.interface), this.#placedOn.get(address.key) ?? null]);
      this.#placedOn.delete(address.key);
      for (const index of places) {
        if (index === null || !this.#network.holds(newAddress(address, index))) continue;
        const deleted = this.#network.delete(newAddress(address, index));
        if (!deleted.ok) this.#warn(`${name}: ${deleted.error}`);
      }
    }
  }

  /** What an earlier run made and nobody wants now would answer here for a peer that is Active. */
  #clearStale(configs: readonly VirtualRouterConfig[]): void {
    const wanted = new Set(
      configs.flatMap(placedAddresses).map(({ interface: name, bytes, config }) => {
        return `${this.#indexOf(name)} ${bytes} ${config.prefixLength}`;
      }),
    );
    for (const change of this.#network.ownAddresses()) {
      if (wanted.has(`${change.interfaceIndex} ${change.address} ${change.prefixLength}`)) continue;
      const deleted = this.#network.delete(change);
      if (!deleted.ok) this.#warn(deleted.error);
    }
  }

  #repairAddresses(config: VirtualRouterConfig, missing: readonly PlacedAddress[]): void {
    if (!this.#pace.take(config.name, monotonicMs())) {
      this.#later();
      return;
    }
    // Without its interface it is not MASTER for long.
    if (missing.some((address) => this.#indexOf(address.interface) === null)) return;
    const wasDown = this.#macs.isDown(config) ? [`the state up of ${config.virtualMac?.interface}`] : [];
    const claimed = this.#macs.up(config);
    const added = claimed.ok ? this.#addAddresses(config, missing) : claimed;
    if (!added.ok) {
      this.#warn(`${config.name}: ${added.error}`);
      return;
    }
    this.#announcements.announceNow(config);
    // A route whose source is an address went with it.
    this.#tellRepaired(config, [...wasDown, ...missing.map(({ key }) => key), ...this.#routes.claim(config)]);
  }

  #repairRoutes(config: VirtualRouterConfig): void {
    const now = monotonicMs();
    if (!this.#pace.has(config.name, now)) {
      this.#later();
      return;
    }
    const texts = this.#routes.claim(config);
    if (texts.length > 0) this.#pace.take(config.name, now);
    this.#tellRepaired(config, texts);
  }

  #tellRepaired({ name }: VirtualRouterConfig, texts: readonly string[]): void {
    if (texts.length === 0) return;
    const what = `put back ${texts.join(', ')}, which was missing`;
    this.#warn(`${name}: ${what}`);
    this.#repaired(name, what);
  }

  #later(): void {
    this.#again ??= setTimeout(() => {
      this.#again = null;
      this.#changed();
    }, this.#pace.waitMs);
  }

  #holds(address: PlacedAddress): boolean {
    const index = this.#indexOf(address.interface);
    return index !== null && this.#network.holds(newAddress(address, index));
  }

  #indexOf(name: string): number | null {
    return this.#network.link(name)?.index ?? null;
  }
}

/** Everything of these routers, as `kept` of `release`. */
export function keysOf(configs: readonly VirtualRouterConfig[]): readonly string[] {
  return configs.flatMap(belongingKeys);
}
