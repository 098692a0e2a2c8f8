/**
 * Netlink messages (linux/netlink.h): splitting what the kernel sent into messages, and reading its verdicts. Pure.
 */
import type { Result } from '../util/result.ts';
import { err, ok } from '../util/result.ts';
import { decodeAttrs, NLMSG_HEADER_LENGTH } from './nlattr.ts';

/** Message types that netlink itself uses. */
export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** Flags of a request. */
export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
/** Flags of a request that makes something. */
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** Flags of an answer. */
export const NLM_F_DUMP_INTR = 0x10;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

/** `NLMSGERR_ATTR_MSG`. */
const ATTR_MSG = 1;

/** One message; `payload` is what follows `nlmsghdr`, as a view into the datagram. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  /** In an answer, ours; in a notification, the socket whose request caused it, 0 for the kernel itself. */
  readonly portId: number;
  readonly payload: Uint8Array;
}

/** A message's length is below its header or runs over the end of the datagram. Offsets and sizes in bytes. */
export interface MessageError {
  readonly kind: 'length';
  readonly offset: number;
  readonly length: number;
  readonly available: number;
}

/** The messages of one datagram, which may hold many. Never throws. */
export function splitMessages(datagram: Uint8Array): Result<NetlinkMessage[], MessageError> {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; datagram.length - at >= NLMSG_HEADER_LENGTH; ) {
    const length = view.getUint32(at, true);
    const available = datagram.length - at;
    if (length < NLMSG_HEADER_LENGTH || length > available)
      return err({ kind: 'length', offset: at, length, available });
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      seq: view.getUint32(at + 8, true),
      portId: view.getUint32(at + 12, true),
      payload: datagram.subarray(at + NLMSG_HEADER_LENGTH, at + length),
    });
    at += Math.ceil(length / 4) * 4;
  }
  return ok(messages);
}

/** The kernel's verdict on a request: 0 or a positive errno, and its explanation where it gives one. */
export interface Verdict {
  readonly errno: number;
  readonly text: string | null;
}

/**
 * Reads the payload of NLMSG_ERROR (an ACK is one with error 0) or of NLMSG_DONE. One that is too short to hold a
 * number is taken as success for DONE, which old kernels sent empty, and must be judged by the caller otherwise: null.
 */
export function decodeVerdict(message: NetlinkMessage): Verdict | null {
  const { type, flags, payload } = message;
  if (payload.length < 4) return type === NLMSG_DONE ? { errno: 0, text: null } : null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const errno = Math.max(0, -view.getInt32(0, true));
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, text: null };
  return { errno, text: extendedText(payload, textOffset(type, flags, payload, view)) };
}

/** The texts stand behind the number, or, in NLMSG_ERROR, behind the copy of the request (its header only if capped). */
function textOffset(type: number, flags: number, payload: Uint8Array, view: DataView): number {
  if (type === NLMSG_DONE) return 4;
  if ((flags & NLM_F_CAPPED) !== 0 || payload.length < 8) return 4 + NLMSG_HEADER_LENGTH;
  return 4 + Math.ceil(view.getUint32(4, true) / 4) * 4;
}

function extendedText(payload: Uint8Array, offset: number): string | null {
  const attrs = decodeAttrs(payload, offset);
  return attrs.ok ? attrs.value.string(ATTR_MSG) : null;
}
