/**
 * Links and addresses of this network namespace: a copy kept current by rtnetlink events, and the changes we make.
 * Requests are synchronous: the kernel answers rtnetlink inside sendmsg (netlink.ts), so that an announcement follows its
 * address without a turn of the event loop in between.
 */
import { formatAddress } from '../net/ip.ts';
import { AttrWriter } from '../net/nlattr.ts';
import {
  type AddressChange,
  decodeAddress,
  decodeLink,
  type InterfaceAddress,
  type Link,
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
import { err, ok, type Result } from '../util/result.ts';
import { NetlinkEvents, type NetlinkMessage, NetlinkSocket } from './netlink.ts';
import { errnoName } from './socket.ts';

const NETLINK_ROUTE = 0;
const EEXIST = 17;
const ENODEV = 19;
const EADDRNOTAVAIL = 99;
/** A dump that the table's changes interrupted is taken again this often. */
const DUMP_TRIES = 3;
const REFRESH_RETRY_MS = 500;
const NO_INTERFACE = 0x7fff_ffff;

export class NetworkState {
  readonly #requests = new NetlinkSocket(NETLINK_ROUTE);
  readonly #events: NetlinkEvents;
  readonly #writer = new AttrWriter(256);
  #again: NodeJS.Timeout | undefined;
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
        this.#writer.reset();
        write(this.#writer, this.#requests.nextSeq());
        const { errno, interrupted } = this.#requests.dump(this.#writer.finish(), ({ type, payload }) => {
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
      return true;
    }
    return false;
  }

  link(name: string): Link | null {
    for (const link of this.#links.values()) if (link.name === name) return link;
    return null;
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

  /** Adds an address; one that is there already is success. The error is what the kernel said. */
  add(change: AddressChange): Result<void, string> {
    const refusal = this.#request(writeAddAddress, change, [EEXIST]);
    if (refusal !== null) return err(`Cannot add ${nameOf(change)}: ${refusal}`);
    this.#addresses.set(keyOf(change), { ...change, secondary: false, tentative: false });
    return ok(undefined);
  }

  /** Deletes an address; one that is gone already is success. */
  delete(change: AddressChange): Result<void, string> {
    const refusal = this.#request(writeDeleteAddress, change, [EADDRNOTAVAIL, ENODEV]);
    if (refusal !== null) return err(`Cannot delete ${nameOf(change)}: ${refusal}`);
    this.#addresses.delete(keyOf(change));
    return ok(undefined);
  }

  /** The way of a change through all of our code and into the kernel, for an interface that cannot exist. */
  rehearse(address: Uint8Array): void {
    this.#request(writeDeleteAddress, { interfaceIndex: NO_INTERFACE, address, prefixLength: 32 }, [ENODEV]);
  }

  close(): void {
    clearTimeout(this.#again);
    this.#events.close();
    this.#requests.close();
  }

  #refreshUntilDone(changed: () => void): void {
    if (this.refresh()) {
      changed();
      return;
    }
    this.#again = setTimeout(() => this.#refreshUntilDone(changed), REFRESH_RETRY_MS);
  }

  #request(write: typeof writeAddAddress, change: AddressChange, fine: readonly number[]): string | null {
    this.#writer.reset();
    write(this.#writer, this.#requests.nextSeq(), change);
    const reply = this.#requests.request(this.#writer.finish());
    if (reply === 'no-reply') return 'the kernel did not answer';
    if (reply.errno === 0 || fine.includes(reply.errno)) return null;
    return reply.text === null ? errnoName(reply.errno) : `${errnoName(reply.errno)} (${reply.text})`;
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
      this.#addresses.set(keyOf(address.value), address.value);
      return true;
    }
    return false;
  }
}

function isSameLink(a: Link | undefined, b: Link): boolean {
  return a !== undefined && a.name === b.name && a.usable === b.usable && String(a.mac) === String(b.mac);
}

function keyOf({ interfaceIndex, address, prefixLength }: AddressChange): string {
  return `${interfaceIndex} ${address.join('.')}/${prefixLength}`;
}

function nameOf({ interfaceIndex, address, prefixLength }: AddressChange): string {
  return `${formatAddress(address)}/${prefixLength} on interface ${interfaceIndex}`;
}
