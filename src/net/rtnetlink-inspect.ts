/**
 * The part of rtnetlink (linux/rtnetlink.h, if_link.h, if_addr.h) that inspection needs beyond rtnetlink.ts: what a link
 * is, how an address was made, and which way a packet would take. Pure: values to bytes and back.
 */
import { err, ok, type Result } from '../util/result.ts';
import { formatAddress } from './ip.ts';
import { type AttrWriter, decodeAttrs } from './nlattr.ts';
import { NLM_F_ACK, NLM_F_REQUEST } from './nlmsg.ts';
import type { RtnetlinkError } from './rtnetlink.ts';
import { RTM_GETROUTE } from './rtnetlink-routes.ts';
import { AF_INET, AF_INET6 } from './sockaddr.ts';

const IFINFOMSG_LEN = 16;
const IFADDRMSG_LEN = 8;
const RTMSG_LEN = 12;
const AF_UNSPEC = 0;

const ARPHRD_ETHER = 1;
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_RUNNING = 0x40;
const IFF_NOARP = 0x80;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_FLAGS = 8;
const IFA_F_SECONDARY = 0x01;
const IFA_F_DADFAILED = 0x08;
const IFA_F_DEPRECATED = 0x20;
const IFA_F_TENTATIVE = 0x40;
const IFA_F_PERMANENT = 0x80;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_METRICS = 8;
const RTA_MARK = 16;
const RTA_VIA = 18;
const RTAX_MTU = 2;
const RTAX_ADVMSS = 8;
const RTN_LOCAL = 2;
const RTPROT_RA = 9;

/** What a link is. */
export interface LinkDetails {
  readonly index: number;
  readonly name: string;
  /** IFF_UP: administratively up. */
  readonly up: boolean;
  /** IFF_RUNNING too: with a carrier as far as the kernel knows. */
  readonly running: boolean;
  readonly loopback: boolean;
  /** Ethernet without IFF_NOARP: somebody there may ask for addresses. */
  readonly arp: boolean;
  /** IFLA_INFO_KIND: "veth", "dummy", "ipip", ...; null for hardware. */
  readonly kind: string | null;
  readonly mtuBytes: number;
  /** Index of the bridge, bond or VRF that it belongs to, or null. */
  readonly masterIndex: number | null;
}

/** How an address was made. */
export interface AddressDetails {
  readonly interfaceIndex: number;
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefixLength: number;
  /** RT_SCOPE_*: 0 universe, 253 link, 254 host. */
  readonly scope: number;
  /** IFA_LABEL ("eth0:1"), or null. */
  readonly label: string | null;
  /** IPv4: in the subnet of an older address of the interface. */
  readonly secondary: boolean;
  /** IPv6: not (or never) usable because of duplicate address detection. */
  readonly tentative: boolean;
  /** IPv6: not chosen as the source of new connections. */
  readonly deprecated: boolean;
  /** Without a lifetime that ends. */
  readonly permanent: boolean;
}

/** The way of a packet: the answer to RTM_GETROUTE. */
export interface RouteDetails {
  /** RTN_LOCAL: it would be delivered to this machine. */
  readonly local: boolean;
  readonly interfaceIndex: number | null;
  /** The next hop, or null: on the link. */
  readonly gateway: string | null;
  /** RTAX_MTU, or null: the link's. */
  readonly mtuBytes: number | null;
  /** RTAX_ADVMSS: the TCP segment size announced to the destination, or null: from the MTU. */
  readonly advertisedMssBytes: number | null;
  /** Learnt from a router advertisement (RTPROT_RA; IPv6 only tells). */
  readonly fromRouterAdvertisement: boolean;
}

/** Writes `ip route get ADDRESS [mark MARK] [oif INTERFACE]`; mark 0 and index 0 are none. */
export function writeGetRoute(w: AttrWriter, seq: number, address: Uint8Array, mark: number, oifIndex = 0): void {
  const message = w.beginMessage(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_ACK, seq);
  w.put8(address.length === 4 ? AF_INET : AF_INET6).put8(address.length * 8);
  w.putBytes(new Uint8Array(RTMSG_LEN - 2));
  w.bytes(RTA_DST, address);
  if (mark !== 0) w.u32(RTA_MARK, mark);
  if (oifIndex !== 0) w.u32(RTA_OIF, oifIndex);
  w.endMessage(message);
}

/** The payload of RTM_NEWLINK, behind its nlmsghdr. */
export function decodeLinkDetails(payload: Uint8Array): Result<LinkDetails, RtnetlinkError> {
  if (payload.length < IFINFOMSG_LEN) return err({ kind: 'short' });
  // A bridge tells of its ports in messages of its own family.
  if (payload[0] !== AF_UNSPEC) return err({ kind: 'family' });
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attrs = decodeAttrs(payload, IFINFOMSG_LEN);
  if (!attrs.ok) return err({ kind: 'attributes' });
  const flags = view.getUint32(8, true);
  return ok({
    index: view.getInt32(4, true),
    name: attrs.value.string(IFLA_IFNAME) ?? '',
    up: (flags & IFF_UP) !== 0,
    running: (flags & (IFF_UP | IFF_RUNNING)) === (IFF_UP | IFF_RUNNING),
    loopback: (flags & IFF_LOOPBACK) !== 0,
    arp: view.getUint16(2, true) === ARPHRD_ETHER && (flags & (IFF_NOARP | IFF_LOOPBACK)) === 0,
    kind: attrs.value.nested(IFLA_LINKINFO)?.string(IFLA_INFO_KIND) ?? null,
    mtuBytes: attrs.value.u32(IFLA_MTU) ?? 0,
    masterIndex: attrs.value.u32(IFLA_MASTER),
  });
}

/** The payload of RTM_NEWADDR, behind its nlmsghdr. Null: of another family than IPv4 or IPv6. */
export function decodeAddressDetails(payload: Uint8Array): Result<AddressDetails | null, RtnetlinkError> {
  if (payload.length < IFADDRMSG_LEN) return err({ kind: 'short' });
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attrs = decodeAttrs(payload, IFADDRMSG_LEN);
  if (!attrs.ok) return err({ kind: 'attributes' });
  const family = view.getUint8(0) === AF_INET ? 4 : 6;
  if (family === 6 && view.getUint8(0) !== AF_INET6) return ok(null);
  const address = attrs.value.bytes(IFA_LOCAL) ?? attrs.value.bytes(IFA_ADDRESS);
  if (address?.length !== (family === 4 ? 4 : 16)) return ok(null);
  const flags = attrs.value.u32(IFA_FLAGS) ?? view.getUint8(2);
  return ok({
    interfaceIndex: view.getUint32(4, true),
    family,
    address: formatAddress(address),
    prefixLength: view.getUint8(1),
    scope: view.getUint8(3),
    label: attrs.value.string(IFA_LABEL),
    secondary: family === 4 && (flags & IFA_F_SECONDARY) !== 0,
    tentative: family === 6 && (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) !== 0,
    deprecated: family === 6 && (flags & IFA_F_DEPRECATED) !== 0,
    permanent: (flags & IFA_F_PERMANENT) !== 0,
  });
}

/** The payload of RTM_NEWROUTE, behind its nlmsghdr. Null: of another family than IPv4 or IPv6. */
export function decodeRoute(payload: Uint8Array): Result<RouteDetails | null, RtnetlinkError> {
  if (payload.length < RTMSG_LEN) return err({ kind: 'short' });
  const attrs = decodeAttrs(payload, RTMSG_LEN);
  if (!attrs.ok) return err({ kind: 'attributes' });
  if (payload[0] !== AF_INET && payload[0] !== AF_INET6) return ok(null);
  const metrics = attrs.value.nested(RTA_METRICS);
  return ok({
    local: payload[7] === RTN_LOCAL,
    interfaceIndex: attrs.value.u32(RTA_OIF),
    gateway:
      addressText(attrs.value.bytes(RTA_GATEWAY)) ?? addressText(attrs.value.bytes(RTA_VIA)?.subarray(2) ?? null),
    mtuBytes: positive(metrics?.u32(RTAX_MTU)),
    advertisedMssBytes: positive(metrics?.u32(RTAX_ADVMSS)),
    fromRouterAdvertisement: payload[0] === AF_INET6 && payload[5] === RTPROT_RA,
  });
}

function addressText(bytes: Uint8Array | null): string | null {
  return bytes?.length === 4 || bytes?.length === 16 ? formatAddress(bytes) : null;
}

/** Metrics of value 0 mean "not set". */
function positive(value: number | null | undefined): number | null {
  return value === null || value === undefined || value === 0 ? null : value;
}
