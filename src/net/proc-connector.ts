/**
 * The kernel's process events (linux/connector.h, linux/cn_proc.h): messages of the netlink connector that tell of every
 * fork, exec and exit on the machine. Only in the first network, process and user namespaces, with CAP_NET_ADMIN. Pure.
 */
import { NLMSG_HEADER_LENGTH } from './nlattr.ts';
import { NLMSG_DONE } from './nlmsg.ts';

export const NETLINK_CONNECTOR = 11;
/** `CN_IDX_PROC` and `CN_VAL_PROC`; the first is also the multicast group. */
export const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;

const CN_MESSAGE_LENGTH = 20;
/** `what`, `cpu`, `timestamp_ns`. */
const EVENT_HEADER_LENGTH = 16;
const PROC_CN_MCAST_LISTEN = 1;
const PROC_CN_MCAST_IGNORE = 2;

/** `enum proc_cn_event`; the others are of no use to us. */
const WHAT = { ack: 0, fork: 1, exec: 2, comm: 0x200, exit: 0x8000_0000 } as const;

/** Of processes, not of their threads. `pid` as seen from the first process namespace. */
export type ProcEvent =
  /** The answer to a request: errno, 0 for success. Every listener gets every answer. */
  | { readonly kind: 'ack'; readonly errno: number }
  | { readonly kind: 'fork'; readonly pid: number; readonly parentPid: number }
  /** It runs another program. */
  | { readonly kind: 'exec'; readonly pid: number }
  /** It gave itself another name. */
  | { readonly kind: 'comm'; readonly pid: number }
  | { readonly kind: 'exit'; readonly pid: number };

/** The request to be told of events, or not any more: the kernel counts its listeners. */
export function encodeListen(listen: boolean, seq: number): Uint8Array {
  const length = NLMSG_HEADER_LENGTH + CN_MESSAGE_LENGTH + 4;
  const view = new DataView(new ArrayBuffer(length));
  view.setUint32(0, length, true);
  view.setUint16(4, NLMSG_DONE, true);
  view.setUint32(8, seq, true);
  view.setUint32(16, CN_IDX_PROC, true);
  view.setUint32(20, CN_VAL_PROC, true);
  view.setUint32(24, seq, true);
  view.setUint16(32, 4, true);
  view.setUint32(36, listen ? PROC_CN_MCAST_LISTEN : PROC_CN_MCAST_IGNORE, true);
  return new Uint8Array(view.buffer);
}

/** The event in a datagram from the kernel; null: none that matters (threads, credentials, a cut message). Never throws. */
export function decodeProcEvent(datagram: Uint8Array): ProcEvent | null {
  const dataAt = NLMSG_HEADER_LENGTH + CN_MESSAGE_LENGTH + EVENT_HEADER_LENGTH;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  // The longest that we read is a fork: four 32-bit numbers. The kernel always sends the whole union (24 bytes or more).
  if (datagram.length < dataAt + 16) return null;
  if (view.getUint32(NLMSG_HEADER_LENGTH, true) !== CN_IDX_PROC) return null;
  if (view.getUint32(NLMSG_HEADER_LENGTH + 4, true) !== CN_VAL_PROC) return null;
  const number = (index: number): number => view.getUint32(dataAt + 4 * index, true);
  const what = view.getUint32(NLMSG_HEADER_LENGTH + CN_MESSAGE_LENGTH, true);
  if (what === WHAT.ack) return { kind: 'ack', errno: number(0) };
  if (what === WHAT.fork) {
    // parent_pid, parent_tgid, child_pid, child_tgid
    return number(2) === number(3) ? { kind: 'fork', pid: number(3), parentPid: number(1) } : null;
  }
  // process_pid, process_tgid: an exec by a thread gives the process its own number back.
  if (number(0) !== number(1)) return null;
  const pid = number(1);
  switch (what) {
    case WHAT.exec:
      return { kind: 'exec', pid };
    case WHAT.comm:
      return { kind: 'comm', pid };
    case WHAT.exit:
      return { kind: 'exit', pid };
    default:
      return null;
  }
}
