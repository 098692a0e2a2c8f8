/**
 * Interfaces with the virtual MAC of a virtual router: macvlans on its interface. They are made when the router starts and
 * stay down until it is MASTER, so that a backup never sends a frame from an address that is another machine's. Leftovers
 * of a crash are taken over.
 *
 * Advertisements leave as whole frames through the interface below: the first one of a take-over need not wait for the
 * macvlan, and the last one is not lost with it. Received is below as well (see MACVLAN_MODE_BRIDGE).
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import {
  decodeLinkOrigin,
  isMacvlanOf,
  type LinkOrigin,
  type NewMacvlan,
  writeAddMacvlan,
  writeDeleteLink,
  writeGetLink,
  writeSetLinkUp,
} from '../net/rtnetlink-links.ts';
import { AF_PACKET, sockaddrOfFrame } from '../net/sockaddr.ts';
import { err, ok, type Result } from '../util/result.ts';
import { placedAddresses } from '../vrrp/belongings.ts';
import type { Envelope } from '../vrrp/packet.ts';
import { RepairPace } from '../vrrp/repair-pace.ts';
import { advertFrame, isFramed, virtualMacOf } from '../vrrp/virtual-mac.ts';
import { readSetting, SETTINGS_ROOT, writeSetting } from './interface-settings.ts';
import type { NetworkState } from './rtnl.ts';
import { errnoName, monotonicMs, RawSocket } from './socket.ts';
import { prioritize } from './vrrp-socket.ts';

const SOCK_RAW = 3;
const ENODEV = 19;

/** A message as a frame, with where it goes. */
interface Frame {
  readonly bytes: Uint8Array;
  readonly to: Uint8Array;
  readonly envelope: Envelope;
  readonly parentIndex: number;
}

interface Ours {
  readonly index: number;
  readonly parentIndex: number;
  /** Its settings are for that. */
  readonly hasIpv6: boolean;
}

export class VirtualMacs {
  readonly #network: NetworkState;
  readonly #warn: (text: string) => void;
  /** By name: index and parent of those that are known to be right. */
  readonly #ours = new Map<string, Ours>();
  /** Names of those that are, or may be, up. */
  readonly #up = new Set<string>();
  readonly #pace = new RepairPace();
  #socket: RawSocket | null = null;
  /** Advertisements are built once and sent again and again. */
  readonly #frames = new WeakMap<Uint8Array, Frame>();

  constructor(network: NetworkState, warn: (text: string) => void) {
    this.#network = network;
    this.#warn = warn;
  }

  /** Makes the interface, if the router is to have one and the one below is there. The problem in words, or null. */
  ensure(config: VirtualRouterConfig): string | null {
    const parent = this.#network.link(config.interface);
    const name = config.virtualMac?.interface;
    if (name === undefined || parent === null) return null;
    const wanted = { name, parentIndex: parent.index, mac: virtualMacOf(config) };
    const there = this.#network.link(name);
    if (there !== null) {
      const known = this.#ours.get(name);
      const isSame = known?.index === there.index && known.parentIndex === parent.index;
      if (isSame && known.hasIpv6 === hasIpv6On(name, config)) return null;
      const found = this.#originOf(name);
      if (found !== null && isMacvlanOf(found, wanted)) {
        if (found.up) this.#up.add(name);
        this.#prepare(config, name);
        this.#ours.set(name, { index: found.index, parentIndex: parent.index, hasIpv6: hasIpv6On(name, config) });
        return null;
      }
      if (found?.macvlan == null || String(found.macvlan.mac) !== String(wanted.mac))
        return `the interface ${name} for the virtual MAC is there already and none of ours: delete it, or give another name`;
      this.#delete(name, found.index);
    }
    return this.#make(config, wanted);
  }

  /** Before the addresses are added. Nothing to do for a router without one. */
  up({ virtualMac }: VirtualRouterConfig): Result<void, string> {
    if (virtualMac === null) return ok(undefined);
    this.#up.add(virtualMac.interface);
    const problem = this.#set(virtualMac.interface, true);
    return problem === null ? ok(undefined) : err(`Cannot set ${virtualMac.interface} up: ${problem}`);
  }

  /** Somebody set it down, and with it all that is there, though the router is MASTER. */
  isDown({ virtualMac }: VirtualRouterConfig): boolean {
    // Without a carrier it may be down, or not yet up: only then the kernel is asked.
    if (virtualMac === null || this.#network.link(virtualMac.interface)?.usable !== false) return false;
    return this.#originOf(virtualMac.interface)?.up === false;
  }

  /** When the addresses are gone. */
  down({ name, virtualMac }: VirtualRouterConfig): void {
    if (virtualMac === null || !this.#up.delete(virtualMac.interface)) return;
    if (this.#network.link(virtualMac.interface) === null) return;
    const problem = this.#set(virtualMac.interface, false);
    if (problem !== null) this.#warn(`${name}: cannot set ${virtualMac.interface} down: ${problem}`);
  }

  /** The router leaves for good. One that has another MAC is somebody else's. */
  remove(config: VirtualRouterConfig): void {
    const name = config.virtualMac?.interface;
    const found = name === undefined ? null : this.#originOf(name);
    if (name === undefined || found?.macvlan == null) return;
    if (String(found.macvlan.mac) === String(virtualMacOf(config))) this.#delete(name, found.index);
  }

  /** False: this message does not go out with a virtual MAC. A failure is told. */
  send(config: VirtualRouterConfig, message: Uint8Array, envelope: Envelope): boolean {
    if (!isFramed(config, envelope)) return false;
    const parent = this.#network.link(config.interface);
    if (parent === null) return true;
    let frame = this.#frames.get(message);
    if (frame === undefined || frame.envelope !== envelope || frame.parentIndex !== parent.index) {
      const bytes = advertFrame(message, envelope, virtualMacOf(config));
      frame = { bytes, to: sockaddrOfFrame(bytes, parent.index), envelope, parentIndex: parent.index };
      this.#frames.set(message, frame);
    }
    const sent = this.#openSocket().send(frame.bytes, frame.to);
    if (sent < 0) this.#warn(`Cannot send to ${config.interface}: ${errnoName(-sent)}`);
    return true;
  }

  close(): void {
    this.#socket?.close();
    this.#socket = null;
  }

  #make(config: VirtualRouterConfig, wanted: NewMacvlan): string | null {
    const { name, parentIndex } = wanted;
    if (!this.#pace.take(name, monotonicMs())) return `the interface ${name} is deleted again and again`;
    const made = this.#network.requests.change((w, seq) => writeAddMacvlan(w, seq, wanted), []);
    if (!made.ok) return `cannot make the interface ${name} for the virtual MAC on ${config.interface}: ${made.error}`;
    const index = this.#network.lookAgain(name)?.index;
    this.#up.delete(name);
    this.#prepare(config, name);
    if (index !== undefined) this.#ours.set(name, { index, parentIndex, hasIpv6: hasIpv6On(name, config) });
    return null;
  }

  #openSocket(): RawSocket {
    if (this.#socket !== null) return this.#socket;
    const socket = new RawSocket(AF_PACKET, SOCK_RAW, 0); // protocol 0: it receives nothing
    prioritize(socket);
    this.#socket = socket;
    return socket;
  }

  #set(name: string, up: boolean): string | null {
    const link = this.#network.link(name);
    if (link === null) return 'there is no such interface';
    const done = this.#network.requests.change((w, seq) => writeSetLinkUp(w, seq, link.index, up), []);
    if (!done.ok) return done.error;
    this.#network.lookAgain(name);
    return null;
  }

  #delete(name: string, index: number): void {
    this.#ours.delete(name);
    this.#up.delete(name);
    const done = this.#network.requests.change((w, seq) => writeDeleteLink(w, seq, index), [ENODEV]);
    if (!done.ok) this.#warn(`Cannot delete the interface ${name}: ${done.error}`);
    this.#network.lookAgain(name);
  }

  /** Null: there is no interface of the name. */
  #originOf(name: string): LinkOrigin | null {
    const found = this.#network.requests.get((w, seq) => writeGetLink(w, seq, name));
    const origin = found === null ? null : decodeLinkOrigin(found.payload);
    return origin?.ok ? origin.value : null;
  }

  /** What it needs to be no more than the place of the addresses. */
  #prepare(config: VirtualRouterConfig, name: string): void {
    const fileOf = (family: 'ipv4' | 'ipv6', place: string, setting: string): string =>
      `${SETTINGS_ROOT}/${family}/conf/${place}/${setting}`;
    const isStrict = Number(readSetting(fileOf('ipv4', 'all', 'rp_filter')) ?? 0) > 0;
    const settings: readonly (readonly [family: 'ipv4' | 'ipv6', setting: string, value: string | null])[] = [
      ['ipv4', 'arp_ignore', '1'],
      // Packets for the addresses come in here, the way back is the interface below. The larger of this and `all` counts,
      // and 2 is loose.
      ['ipv4', 'rp_filter', isStrict ? '2' : '0'],
      ['ipv4', 'promote_secondaries', '1'],
      ['ipv4', 'forwarding', readSetting(fileOf('ipv4', config.interface, 'forwarding'))],
      ['ipv6', 'disable_ipv6', hasIpv6On(name, config) ? '0' : '1'],
      // No link-local address from the virtual MAC, which would be the same on both machines.
      ['ipv6', 'addr_gen_mode', '1'],
      ['ipv6', 'accept_ra', '0'],
      ['ipv6', 'autoconf', '0'],
      ['ipv6', 'forwarding', readSetting(fileOf('ipv6', config.interface, 'forwarding'))],
    ];
    for (const [family, setting, value] of settings) {
      const file = fileOf(family, name, setting);
      const problem = value === null || readSetting(file) === null ? null : writeSetting(file, value);
      if (problem !== null) this.#warn(`${config.name}: cannot set up ${name}: ${problem}`);
    }
  }
}

function hasIpv6On(name: string, config: VirtualRouterConfig): boolean {
  return placedAddresses(config).some((entry) => entry.interface === name && entry.bytes.length === 16);
}
