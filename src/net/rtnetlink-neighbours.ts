/** Neighbours (ARP and IPv6 Neighbor Discovery) in rtnetlink: linux/neighbour.h. Pure. */
import { formatAddress } from './ip.ts';
import { decodeAttrs } from './nlattr.ts';
import { AF_INET, AF_INET6 } from './sockaddr.ts';

export const RTM_NEWNEIGH = 28;
export const RTNLGRP_NEIGH = 3;

/** `struct ndmsg`. */
const NDMSG_LEN = 12;
const NDA_DST = 1;
const NUD_FAILED = 0x20;
/** Bytes of an address, by family. */
const WIDTH: ReadonlyMap<number, number> = new Map([
  [AF_INET, 4],
  [AF_INET6, 16],
]);

/** A machine on the link that does not answer. */
export interface LostNeighbour {
  readonly interfaceIndex: number;
  readonly address: string;
}

/**
 * The payload of RTM_NEWNEIGH, behind its nlmsghdr, when it says NUD_FAILED: somebody was asked for and did not answer. Null
 * for every other state, of which there are many on a busy link, so that the state is looked at first; null too for what is
 * mutilated or no address.
 */
export function decodeLostNeighbour(payload: Uint8Array): LostNeighbour | null {
  if (payload.length < NDMSG_LEN) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if ((view.getUint16(8, true) & NUD_FAILED) === 0) return null;
  // A bridge tells of its own table in the same messages.
  const width = WIDTH.get(view.getUint8(0));
  const attrs = decodeAttrs(payload, NDMSG_LEN);
  const address = attrs.ok ? attrs.value.bytes(NDA_DST) : null;
  if (address === null || address.length !== width) return null;
  return { interfaceIndex: view.getInt32(4, true), address: formatAddress(address) };
}
