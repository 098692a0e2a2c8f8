/** Interfaces of the kind macvlan in rtnetlink (linux/if_link.h): made, switched on and off, deleted. Pure. */
import { err, ok, type Result } from '../util/result.ts';
import { type AttrWriter, decodeAttrs } from './nlattr.ts';
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST } from './nlmsg.ts';
import { RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK, type RtnetlinkError } from './rtnetlink.ts';

const IFINFOMSG_LEN = 16;
const IFF_UP = 0x1;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_MACVLAN_MODE = 1;
/**
 * In this mode, and unlike in private mode, the parent goes on hearing multicasts whose source is the macvlan's own address
 * (macvlan_handle_frame): those of another router that is active with the same virtual MAC.
 */
const MACVLAN_MODE_BRIDGE = 4;
const KIND = 'macvlan';

export interface NewMacvlan {
  readonly name: string;
  readonly parentIndex: number;
  /** 6 bytes. */
  readonly mac: Uint8Array;
}

/** What an interface is, as far as it could be a macvlan of ours. */
export interface LinkOrigin {
  readonly index: number;
  /** IFF_UP. */
  readonly up: boolean;
  /** Null: no macvlan. */
  readonly macvlan: { readonly parentIndex: number; readonly mode: number; readonly mac: Uint8Array } | null;
}

/** Writes `ip link add NAME link PARENT address MAC type macvlan mode bridge`. */
export function writeAddMacvlan(w: AttrWriter, seq: number, { name, parentIndex, mac }: NewMacvlan): void {
  const message = w.beginMessage(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE, seq);
  w.putBytes(new Uint8Array(IFINFOMSG_LEN));
  w.bytes(IFLA_ADDRESS, mac).u32(IFLA_LINK, parentIndex).string(IFLA_IFNAME, name);
  const info = w.beginNest(IFLA_LINKINFO);
  w.bytes(IFLA_INFO_KIND, new TextEncoder().encode(KIND));
  const data = w.beginNest(IFLA_INFO_DATA);
  w.u32(IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE).endNest(data).endNest(info).endMessage(message);
}

/** Writes `ip link set up` or `down`. */
export function writeSetLinkUp(w: AttrWriter, seq: number, index: number, up: boolean): void {
  const message = w.beginMessage(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, seq);
  w.put32(0)
    .put32(index)
    .put32(up ? IFF_UP : 0)
    .put32(IFF_UP)
    .endMessage(message);
}

/** Writes `ip link del`. */
export function writeDeleteLink(w: AttrWriter, seq: number, index: number): void {
  const message = w.beginMessage(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, seq);
  w.put32(0).put32(index).put32(0).put32(0).endMessage(message);
}

/** Writes `ip link show NAME`. */
export function writeGetLink(w: AttrWriter, seq: number, name: string): void {
  const message = w.beginMessage(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, seq);
  w.putBytes(new Uint8Array(IFINFOMSG_LEN)).string(IFLA_IFNAME, name).endMessage(message);
}

/** The payload of RTM_NEWLINK, behind its nlmsghdr. */
export function decodeLinkOrigin(payload: Uint8Array): Result<LinkOrigin, RtnetlinkError> {
  if (payload.length < IFINFOMSG_LEN) return err({ kind: 'short' });
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attrs = decodeAttrs(payload, IFINFOMSG_LEN);
  if (!attrs.ok) return err({ kind: 'attributes' });
  const info = attrs.value.nested(IFLA_LINKINFO);
  const parentIndex = attrs.value.u32(IFLA_LINK);
  const mac = attrs.value.bytes(IFLA_ADDRESS);
  const isMacvlan = info?.string(IFLA_INFO_KIND) === KIND && parentIndex !== null && mac?.length === 6;
  const mode = info?.nested(IFLA_INFO_DATA)?.u32(IFLA_MACVLAN_MODE) ?? 0;
  return ok({
    index: view.getInt32(4, true),
    up: (view.getUint32(8, true) & IFF_UP) !== 0,
    macvlan: isMacvlan ? { parentIndex, mode, mac: mac.slice() } : null,
  });
}

/** Whether it is the interface that `writeAddMacvlan` makes. */
export function isMacvlanOf({ macvlan }: LinkOrigin, { parentIndex, mac }: Omit<NewMacvlan, 'name'>): boolean {
  if (macvlan === null || macvlan.mode !== MACVLAN_MODE_BRIDGE) return false;
  return macvlan.parentIndex === parentIndex && String(macvlan.mac) === String(mac);
}
