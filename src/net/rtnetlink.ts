/**
 * The part of rtnetlink (linux/rtnetlink.h, if_addr.h, if_link.h) that virtual addresses need: links and addresses,
 * read and changed. Pure: values to bytes and back.
 */
import { err, ok, type Result } from '../util/result.ts';
import { type AttrWriter, decodeAttrs } from './nlattr.ts';
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST } from './nlmsg.ts';
import { AF_INET, AF_INET6 } from './sockaddr.ts';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
const RTM_GETADDR = 22;

/** Multicast groups: setsockopt(NETLINK_ADD_MEMBERSHIP). */
export const RTNLGRP_LINK = 1;
export const RTNLGRP_IPV4_IFADDR = 5;
export const RTNLGRP_IPV6_IFADDR = 9;

/**
 * Who made a route, a rule or an address (`rtm_protocol`, `FRA_PROTOCOL`, `IFA_PROTO`): ours. The number is VRRP's protocol
 * number; nobody has it in iproute2's list of protocols (keepalived is 18).
 */
export const PROTOCOL_LVSD = 112;

const IFINFOMSG_LEN = 16;
const IFADDRMSG_LEN = 8;
const AF_UNSPEC = 0;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const IFF_NOARP = 0x80;
const IFF_LOOPBACK = 0x8;
const ARPHRD_ETHER = 1;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
const IFA_CACHEINFO = 6;
const IFA_FLAGS = 8;
/** Linux 5.18; older kernels ignore it. */
const IFA_PROTO = 11;
const IFA_F_SECONDARY = 0x01;
const IFA_F_TEMPORARY = 0x01; // IPv6; the same bit
const IFA_F_NODAD = 0x02;
const IFA_F_DADFAILED = 0x08;
const IFA_F_DEPRECATED = 0x20;
const IFA_F_TENTATIVE = 0x40;

/** `struct ifa_cacheinfo`: preferred for 0 s, valid for ever. */
const DEPRECATED = Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0);

export interface Link {
  readonly index: number;
  readonly name: string;
  /** IFF_UP and IFF_RUNNING: administratively up, and with a carrier as far as the kernel knows. */
  readonly usable: boolean;
  /** The Ethernet address, or null where nobody listens to ARP (loopback, tunnels). */
  readonly mac: Uint8Array | null;
}

export interface InterfaceAddress {
  readonly interfaceIndex: number;
  readonly address: Uint8Array;
  readonly prefixLength: number;
  /** IPv4: in the subnet of an older address of the interface. IPv6: temporary (privacy) or deprecated. */
  readonly secondary: boolean;
  /** IPv6: not (or never) usable because of duplicate address detection. */
  readonly tentative: boolean;
}

export interface AddressChange {
  readonly interfaceIndex: number;
  readonly address: Uint8Array;
  readonly prefixLength: number;
}

/** What is told when an address is added, beside what it is recognised by. */
export interface NewAddress extends AddressChange {
  /** RT_SCOPE_*; IPv6 ignores it. */
  readonly scope: number;
  /** At most 15 characters; null: the interface's name. */
  readonly label: string | null;
  readonly broadcast: Uint8Array | null;
}

export type RtnetlinkError = { readonly kind: 'short' | 'attributes' | 'family' };

/**
 * Writes `ip addr add`; IPv6 without duplicate address detection, or the address would be unusable for a second, and
 * deprecated, or the kernel would choose it as the source of our own packets (RFC 6724 section 5, rule 3): advertisements over
 * UDP, probes of real servers that hold the same address.
 */
export function writeAddAddress(w: AttrWriter, seq: number, change: NewAddress): void {
  const v4 = change.address.length === 4;
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE;
  const message = beginAddress(w, RTM_NEWADDR, flags, seq, change, v4 ? 0 : IFA_F_NODAD, v4 ? change.scope : 0);
  if (change.broadcast !== null) w.bytes(IFA_BROADCAST, change.broadcast);
  if (change.label !== null) w.string(IFA_LABEL, change.label);
  if (!v4) w.bytes(IFA_CACHEINFO, DEPRECATED);
  w.u8(IFA_PROTO, PROTOCOL_LVSD).endMessage(message);
}

/** Writes `ip addr del`. The prefix length must be the one it was added with. */
export function writeDeleteAddress(w: AttrWriter, seq: number, change: AddressChange): void {
  w.endMessage(beginAddress(w, RTM_DELADDR, NLM_F_REQUEST | NLM_F_ACK, seq, change, 0, 0));
}

function beginAddress(
  w: AttrWriter,
  type: number,
  flags: number,
  seq: number,
  { address, prefixLength, interfaceIndex }: AddressChange,
  addressFlags: number,
  scope: number,
): number {
  const message = w.beginMessage(type, flags, seq);
  w.put8(address.length === 4 ? AF_INET : AF_INET6)
    .put8(prefixLength)
    .put8(addressFlags)
    .put8(scope);
  w.put32(interfaceIndex);
  w.bytes(IFA_LOCAL, address).bytes(IFA_ADDRESS, address);
  return message;
}

/** Writes a dump request for all links. */
export function writeDumpLinks(w: AttrWriter, seq: number): void {
  const message = w.beginMessage(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, seq);
  w.putBytes(new Uint8Array(IFINFOMSG_LEN)).endMessage(message);
}

/** Writes a dump request for all addresses of both families. */
export function writeDumpAddresses(w: AttrWriter, seq: number): void {
  const message = w.beginMessage(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, seq);
  w.putBytes(new Uint8Array(IFADDRMSG_LEN)).endMessage(message);
}

/** The payload of RTM_NEWLINK or RTM_DELLINK, behind its nlmsghdr. */
export function decodeLink(payload: Uint8Array): Result<Link, RtnetlinkError> {
  if (payload.length < IFINFOMSG_LEN) return err({ kind: 'short' });
  // A bridge tells of its ports in messages of its own family: a port that leaves is no interface that is gone.
  if (payload[0] !== AF_UNSPEC) return err({ kind: 'family' });
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attrs = decodeAttrs(payload, IFINFOMSG_LEN);
  if (!attrs.ok) return err({ kind: 'attributes' });
  const flags = view.getUint32(8, true);
  const mac = attrs.value.bytes(IFLA_ADDRESS);
  const hasArp = view.getUint16(2, true) === ARPHRD_ETHER && (flags & (IFF_NOARP | IFF_LOOPBACK)) === 0;
  return ok({
    index: view.getInt32(4, true),
    name: attrs.value.string(IFLA_IFNAME) ?? '',
    usable: (flags & (IFF_UP | IFF_RUNNING)) === (IFF_UP | IFF_RUNNING),
    mac: hasArp && mac?.length === 6 ? mac.slice() : null,
  });
}

/** The payload of RTM_NEWADDR, if `writeAddAddress` made it; else null, and always before Linux 5.18, which forgets who did. */
export function decodeOwnAddress(payload: Uint8Array): AddressChange | null {
  const address = decodeAddress(payload);
  if (!address.ok || address.value === null) return null;
  const attrs = decodeAttrs(payload, IFADDRMSG_LEN);
  return attrs.ok && attrs.value.u8(IFA_PROTO) === PROTOCOL_LVSD ? address.value : null;
}

/** The payload of RTM_NEWADDR or RTM_DELADDR, behind its nlmsghdr. Null: of another family than IPv4 or IPv6. */
export function decodeAddress(payload: Uint8Array): Result<InterfaceAddress | null, RtnetlinkError> {
  if (payload.length < IFADDRMSG_LEN) return err({ kind: 'short' });
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attrs = decodeAttrs(payload, IFADDRMSG_LEN);
  if (!attrs.ok) return err({ kind: 'attributes' });
  const family = view.getUint8(0);
  if (family !== AF_INET && family !== AF_INET6) return ok(null);
  const width = family === AF_INET ? 4 : 16;
  const address = attrs.value.bytes(IFA_LOCAL) ?? attrs.value.bytes(IFA_ADDRESS);
  if (address?.length !== width) return ok(null);
  const flags = attrs.value.u32(IFA_FLAGS) ?? view.getUint8(2);
  return ok({
    interfaceIndex: view.getUint32(4, true),
    address: address.slice(),
    prefixLength: view.getUint8(1),
    secondary: (flags & (width === 4 ? IFA_F_SECONDARY : IFA_F_TEMPORARY | IFA_F_DEPRECATED)) !== 0,
    tentative: width === 16 && (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) !== 0,
  });
}
