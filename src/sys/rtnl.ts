/**
 * Links and addresses of this network namespace: a copy kept current by rtnetlink events, and the changes we make.
 * Requests are synchronous: the kernel answers rtnetlink inside sendmsg (netlink.ts), so that an announcement follows its
 * address without a turn of the event loop in between.
 */
import { compareBytes, formatAddress } from '../net/ip.ts';
import {
  type AddressChange,
  decodeAddress,
  decodeLink,
  decodeOwnAddress,
  type InterfaceAddress,
  type Link,
  type NewAddress,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_LINK,
  writeAddAddress,
  writeDeleteAddress,
  writeDumpAddresses,
  writeDumpLinks,
} from '../net/rtnetlink.ts';
import { writeGetLink } from '../net/rtnetlink-links.ts';
import { err, ok, type Result } from '../util/result.ts';
import { NETLINK_ROUTE, NetlinkEvents, type NetlinkMessage } from './netlink.ts';
import { RtnlRequests } from './rtnl-requests.ts';

const EEXIST = 17;
const ENODEV = 19;
const EADDRNOTAVAIL = 99;
/** A dump that the table's changes interrupted is taken again this often. */
const DUMP_TRIES = 3;
const REFRESH_RETRY_MS = 500;
const NO_INTERFACE = 0x7fff_ffff;

export class NetworkState {
  /** For what else is to be changed in this namespace. */
  readonly requests = new RtnlRequests();
  readonly #events: NetlinkEvents;
  #again: NodeJS.Timeout | undefined;
  #isWhole = false;
  #links = new Map<number, Link>();
  #addresses = new Map<string, InterfaceAddress>();

  /**
   * `changed` is called after every event that altered something; `overrun` counts lost events (everything was read again).
   * Throws SystemError when netlink cannot be opened.
   */
  constructor(changed: () => void, overrun: () => void) {
    const groups = [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR];
    // Join first, then dump: an event that comes in between is applied twice, none is lost.
    this.#events = new NetlinkEvents(NETLINK_ROUTE, groups, {
      message: (message) => {
        if (this.#apply(message)) changed();
      },
      overrun: () => {
        overrun();
        this.#refreshUntilDone(changed);
      },
    });
    this.#refreshUntilDone(changed);
  }

  /** Reads everything again. What is known stays until it was read whole; false when it could not be. */
  refresh(): boolean {
    for (let i = 0; i < DUMP_TRIES; i++) {
      const links: Link[] = [];
      const addresses: InterfaceAddress[] = [];
      const whole = [writeDumpLinks, writeDumpAddresses].every((write) => {
        const { errno, interrupted } = this.requests.dump(write, ({ type, payload }) => {
          const link = type === RTM_NEWLINK ? decodeLink(payload) : null;
          if (link?.ok) links.push(link.value);
          const address = type === RTM_NEWADDR ? decodeAddress(payload) : null;
          if (address?.ok && address.value !== null) addresses.push(address.value);
        });
        return errno === 0 && !interrupted;
      });
      if (!whole) continue;
      this.#links = new Map(links.map((link) => [link.index, link]));
      this.#addresses = new Map(addresses.map((address) => [keyOf(address), address]));
      this.#isWhole = true;
      return true;
    }
    return false;
  }

  /** False: it could not be read even once, so that nothing can be told from what is not there. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  link(name: string): Link | null {
    for (const link of this.#links.values()) if (link.name === name) return link;
    return null;
  }

  /** Whether an interface of this machine has the link-layer address. */
  hasMac(mac: Uint8Array): boolean {
    for (const link of this.#links.values()) if (link.mac !== null && compareBytes(link.mac, mac) === 0) return true;
    return false;
  }

  /** In the kernel's order: the oldest, primary one first. */
  addressesOf(interfaceIndex: number, family: 4 | 6): readonly InterfaceAddress[] {
    const width = family === 4 ? 4 : 16;
    return [...this.#addresses.values()].filter(
      (entry) => entry.interfaceIndex === interfaceIndex && entry.address.length === width,
    );
  }

  holds(change: AddressChange): boolean {
    return this.#addresses.has(keyOf(change));
  }

  /** Those that lvsd made, in this or an earlier run; none before Linux 5.18, which does not tell. */
  ownAddresses(): readonly AddressChange[] {
    const own: AddressChange[] = [];
    this.requests.dump(writeDumpAddresses, ({ payload }) => {
      const address = decodeOwnAddress(payload);
      if (address !== null) own.push(address);
    });
    return own;
  }

  /**
   * Adds an address; one that is there already is success. The error is what the kernel said. `replaces`: an IPv6 address
   * that is there with another prefix length makes way.
   */
  add(change: NewAddress, replaces: boolean): Result<void, string> {
    const request = () => this.requests.change((w, seq) => writeAddAddress(w, seq, change), [EEXIST]);
    let done = request();
    if (done.ok && !done.value && replaces && this.#deleteOtherPrefix(change)) done = request();
    if (!done.ok) return err(`Cannot add ${this.#nameOf(change)}: ${done.error}`);
    // An IPv6 one is added deprecated.
    const secondary = change.address.length === 16;
    this.#addresses.set(keyOf(change), { ...change, secondary, tentative: false });
    return ok(undefined);
  }

  /** Deletes an address; one that is gone already is success. */
  delete(change: AddressChange): Result<void, string> {
    const done = this.requests.change((w, seq) => writeDeleteAddress(w, seq, change), [EADDRNOTAVAIL, ENODEV]);
    if (!done.ok) return err(`Cannot delete ${this.#nameOf(change)}: ${done.error}`);
    this.#addresses.delete(keyOf(change));
    return ok(undefined);
  }

  /** The way of a change through all of our code and into the kernel, for an interface that cannot exist. */
  rehearse(change: NewAddress): void {
    const nowhere = { ...change, interfaceIndex: NO_INTERFACE };
    this.requests.change((w, seq) => writeAddAddress(w, seq, nowhere), [ENODEV]);
    this.requests.change((w, seq) => writeDeleteAddress(w, seq, nowhere), [ENODEV]);
  }

  /** Reads one interface now, without waiting for its event: it was just made, changed or deleted by us. */
  lookAgain(name: string): Link | null {
    const found = this.requests.get((w, seq) => writeGetLink(w, seq, name));
    const link = found?.type === RTM_NEWLINK ? decodeLink(found.payload) : null;
    for (const known of this.#links.values()) if (known.name === name) this.#links.delete(known.index);
    if (!link?.ok) return null;
    this.#links.set(link.value.index, link.value);
    return link.value;
  }

  close(): void {
    clearTimeout(this.#again);
    this.#events.close();
    this.requests.close();
  }

  /** IPv6 has an address of an interface once, with whatever prefix length: it would not be found again to delete it. */
  #deleteOtherPrefix({ interfaceIndex, address, prefixLength }: AddressChange): boolean {
    if (address.length !== 16) return false;
    const other = this.addressesOf(interfaceIndex, 6).find((entry) => compareBytes(entry.address, address) === 0);
    return other !== undefined && other.prefixLength !== prefixLength && this.delete(other).ok;
  }

  #refreshUntilDone(changed: () => void): void {
    if (this.refresh()) {
      changed();
      return;
    }
    this.#again = setTimeout(() => this.#refreshUntilDone(changed), REFRESH_RETRY_MS);
  }

  #nameOf({ interfaceIndex, address, prefixLength }: AddressChange): string {
    const name = this.#links.get(interfaceIndex)?.name ?? `interface ${interfaceIndex}`;
    return `${formatAddress(address)}/${prefixLength} on ${name}`;
  }

  /** True when the copy changed. */
  #apply({ type, payload }: NetlinkMessage): boolean {
    if (type === RTM_NEWLINK || type === RTM_DELLINK) {
      const link = decodeLink(payload);
      if (!link.ok) return false;
      const before = this.#links.get(link.value.index);
      if (type === RTM_DELLINK) return this.#links.delete(link.value.index);
      this.#links.set(link.value.index, link.value);
      return !isSameLink(before, link.value);
    }
    if (type === RTM_NEWADDR || type === RTM_DELADDR) {
      const address = decodeAddress(payload);
      if (!address.ok || address.value === null) return false;
      if (type === RTM_DELADDR) return this.#addresses.delete(keyOf(address.value));
      const key = keyOf(address.value);
      const known = this.#addresses.get(key);
      this.#addresses.set(key, address.value);
      return !isSameAddress(known, address.value); // mostly our own, of which we know
    }
    return false;
  }
}

function isSameLink(a: Link | undefined, b: Link): boolean {
  return a !== undefined && a.name === b.name && a.usable === b.usable && String(a.mac) === String(b.mac);
}

function isSameAddress(a: InterfaceAddress | undefined, b: InterfaceAddress): boolean {
  return a !== undefined && a.secondary === b.secondary && a.tentative === b.tentative;
}

function keyOf({ interfaceIndex, address, prefixLength }: AddressChange): string {
  return `${interfaceIndex} ${address.join('.')}/${prefixLength}`;
}
