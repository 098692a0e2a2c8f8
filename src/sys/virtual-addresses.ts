/** The virtual addresses of virtual routers on their interfaces: added, announced, put back, deleted. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { formatAddress } from '../net/ip.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';
import { virtualAddressesOn } from '../vrrp/link-state.ts';
import type { RouterReport } from '../vrrp/messages.ts';
import { type Announcer, openAnnouncer } from './announce.ts';
import type { NetworkState } from './rtnl.ts';

export class VirtualAddresses {
  readonly #network: NetworkState;
  readonly #warn: (text: string) => void;
  readonly #announcers = new Map<string, { readonly announcer: Announcer; readonly index: number }>();
  /** By name of the virtual router: the second burst. */
  readonly #again = new Map<string, NodeJS.Timeout>();
  /** By name: the link-layer address that was announced last. */
  readonly #announced = new Map<string, string>();

  constructor(network: NetworkState, warn: (text: string) => void) {
    this.#network = network;
    this.#warn = warn;
  }

  /** Adds them all; those that are there already are fine. The error is what the kernel said. */
  claim(config: VirtualRouterConfig): Result<void, string> {
    const index = this.#indexOf(config);
    if (index === null) return err(`Cannot add addresses to ${config.interface}: no such interface`);
    for (const vip of virtualAddressesOn(config, index)) {
      const added = this.#network.add(vip);
      if (!added.ok) return added;
    }
    return ok(undefined);
  }

  /** Deletes them, but for those in `kept` (in text form). */
  release(config: VirtualRouterConfig, kept: ReadonlySet<string>): void {
    this.#cancel(config.name);
    this.#announced.delete(config.name);
    const index = this.#indexOf(config);
    if (index === null) return;
    for (const vip of virtualAddressesOn(config, index)) {
      if (kept.has(formatAddress(vip.address)) || !this.#network.holds(vip)) continue;
      const deleted = this.#network.delete(vip);
      if (!deleted.ok) this.#warn(`${config.name}: ${deleted.error}`);
    }
  }

  /** Somebody deleted one, or the interface got another link-layer address: puts it right without leaving MASTER. */
  repair(config: VirtualRouterConfig): void {
    const mac = this.#network.link(config.interface)?.mac?.join() ?? null;
    if (mac !== null && this.#announced.has(config.name) && this.#announced.get(config.name) !== mac) {
      this.#announceNow(config);
    }
    const missing = this.report(config).flatMap(({ address, held }) => (held ? [] : [address]));
    if (missing.length === 0 || this.#indexOf(config) === null) return;
    const claimed = this.claim(config);
    if (claimed.ok) this.#announceNow(config);
    this.#warn(
      claimed.ok
        ? `${config.name}: put back ${missing.join(', ')}, missing on ${config.interface}`
        : `${config.name}: ${claimed.error}`,
    );
  }

  /** Now, and once more later for switches and hosts that missed the first burst, if `stillOurs` says so then. */
  announce(config: VirtualRouterConfig, stillOurs: () => boolean): void {
    this.#announceNow(config);
    this.#cancel(config.name);
    const { repeatDelayMs } = config.announcements;
    if (repeatDelayMs === 0) return;
    const timer = setTimeout(() => {
      this.#again.delete(config.name);
      if (stillOurs()) this.#announceNow(config);
    }, repeatDelayMs);
    this.#again.set(config.name, timer);
  }

  /** Opens the socket and builds the frames: a take-over must not wait for them. */
  prepare(config: VirtualRouterConfig): void {
    const link = this.#network.link(config.interface);
    if (link === null || link.mac === null) return;
    const addresses = virtualAddressesOn(config, link.index).map((vip) => vip.address);
    this.#announcer(link.name, link.index)?.prepare(addresses, link.mac);
  }

  report(config: VirtualRouterConfig): RouterReport['virtualAddresses'] {
    return virtualAddressesOn(config, this.#indexOf(config) ?? 0).map((vip) => ({
      address: `${formatAddress(vip.address)}/${vip.prefixLength}`,
      held: this.#network.holds(vip),
    }));
  }

  close(): void {
    for (const name of [...this.#again.keys()]) this.#cancel(name);
    for (const { announcer } of this.#announcers.values()) announcer.close();
    this.#announcers.clear();
  }

  #indexOf(config: VirtualRouterConfig): number | null {
    return this.#network.link(config.interface)?.index ?? null;
  }

  #cancel(name: string): void {
    clearTimeout(this.#again.get(name));
    this.#again.delete(name);
  }

  #announceNow(config: VirtualRouterConfig): void {
    const link = this.#network.link(config.interface);
    const announcer = link === null ? null : this.#announcer(link.name, link.index);
    if (link === null || link.mac === null || announcer === null) return;
    const addresses = virtualAddressesOn(config, link.index).map((vip) => vip.address);
    this.#announced.set(config.name, link.mac.join());
    const refusal = announcer.announce(addresses, link.mac, config.announcements.count);
    if (refusal !== null) this.#warn(`${config.name}: cannot announce on ${link.name}: ${refusal}`);
  }

  #announcer(name: string, index: number): Announcer | null {
    const known = this.#announcers.get(name);
    if (known?.index === index) return known.announcer;
    known?.announcer.close();
    this.#announcers.delete(name);
    try {
      const announcer = openAnnouncer(name, index);
      this.#announcers.set(name, { announcer, index });
      return announcer;
    } catch (error) {
      this.#warn(`Cannot announce on ${name}: ${messageOf(error)}`);
      return null;
    }
  }
}
