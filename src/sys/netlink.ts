/**
 * Netlink, synchronously. The kernel works off rtnetlink and generic netlink requests inside sendmsg: when that
 * returns, every answer waits in the socket, and the next part of a dump is made by the recvmsg that takes the last
 * one. So a request needs neither a promise nor a time-out; an answer that is not there will not come.
 */
import { constants } from 'node:os';
import { AttrWriter, decodeAttrs } from '../net/nlattr.ts';
import type { NetlinkMessage, Verdict } from '../net/nlmsg.ts';
import {
  decodeVerdict,
  NLM_F_ACK,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  splitMessages,
} from '../net/nlmsg.ts';
import { AF_NETLINK, netlinkPortId, sockaddrNl } from '../net/sockaddr.ts';
import type { Datagram } from './socket.ts';
import { RawSocket, SystemError } from './socket.ts';

export type { NetlinkMessage } from '../net/nlmsg.ts';

export const NETLINK_ROUTE = 0;
export const NETLINK_GENERIC = 16;

const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const MSG_TRUNC = 0x20;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;

/** One sendmsg may not exceed the send buffer, and answers beyond the receive buffer are lost: 212 992 is not enough. */
const BUFFER_BYTES = 8 * 1024 * 1024;

const GENL_HEADER_LENGTH = 4;
const GENL_ID_CTRL = 0x10;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;

/** What became of one request. */
export interface NetlinkAnswer {
  /** 0, or the positive errno that refused it. */
  readonly errno: number;
  /** The kernel's explanation, where it gives one: "ipv4: Address already assigned". */
  readonly text: string | null;
  /** The messages that came before the verdict. */
  readonly replies: NetlinkMessage[];
}

/** What became of a batch. */
export interface BatchOutcome {
  /** Sequence number to errno, of the messages that were refused. */
  readonly refused: Map<number, number>;
  /** False when the last verdict is missing: then only reading the table back tells what was done. */
  readonly complete: boolean;
  /** Why the batch could not be sent or its answers not be read; 0 otherwise. */
  readonly errno: number;
}

export interface DumpOutcome {
  /** 0, or the positive errno that ended the dump. */
  readonly errno: number;
  /** The table changed meanwhile (NLM_F_DUMP_INTR): some objects may be missing or doubled, dump again. */
  readonly interrupted: boolean;
}

/** A socket for requests. Notifications belong on a socket of their own: `NetlinkEvents`. */
export class NetlinkSocket {
  readonly #socket: RawSocket;
  #seq = 0;

  /** `protocol`: NETLINK_ROUTE or NETLINK_GENERIC. Throws SystemError. */
  constructor(protocol: number) {
    this.#socket = openSocket(protocol);
    // Checks the filter of a dump request instead of ignoring it; Linux 4.20.
    if (protocol === NETLINK_ROUTE) this.#socket.trySetOption(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
  }

  /** Our address on the netlink bus; the notifications of what we changed carry it. */
  get portId(): number {
    return netlinkPortId(this.#socket.localAddress());
  }

  /** The next sequence number; never 0, which notifications use. */
  nextSeq(): number {
    this.#seq = this.#seq === 0xffff_ffff ? 1 : this.#seq + 1;
    return this.#seq;
  }

  /**
   * One message with NLM_F_REQUEST | NLM_F_ACK. 'no-reply' when the kernel gave no verdict: it swallows -EINTR, which
   * stopping an IPVS sync daemon right after its start returns although the daemon is stopped.
   */
  request(message: Uint8Array): NetlinkAnswer | 'no-reply' {
    const sent = this.#socket.send(message);
    if (sent < 0) return { errno: -sent, text: 'the request could not be sent', replies: [] };
    const seq = sequenceOf(message);
    const replies: NetlinkMessage[] = [];
    for (let part = this.#receive(); part !== null; part = this.#receive()) {
      if (typeof part === 'number') return 'no-reply';
      for (const reply of part) {
        if (reply.seq !== seq) continue;
        const verdict = verdictOf(reply);
        if (verdict !== null) return { ...verdict, replies };
        replies.push(reply);
      }
    }
    return 'no-reply';
  }

  /**
   * Any number of messages in one system call, NLM_F_ACK on the last only: the others answer only when refused.
   * `lastSeq` is the last one's sequence number. The event loop stands still meanwhile: keep to about 256 messages.
   */
  batch(messages: Uint8Array, lastSeq: number): BatchOutcome {
    const refused = new Map<number, number>();
    const sent = this.#socket.send(messages);
    if (sent < 0) return { refused, complete: false, errno: -sent };
    const firstSeq = sequenceOf(messages);
    let complete = false;
    for (let part = this.#receive(); part !== null && !complete; part = this.#receive()) {
      if (typeof part === 'number') return { refused, complete: false, errno: part };
      for (const reply of part) {
        const verdict = isBetween(reply.seq, firstSeq, lastSeq) ? verdictOf(reply) : null;
        if (verdict === null) continue;
        if (verdict.errno !== 0) refused.set(reply.seq, verdict.errno);
        if (reply.seq === lastSeq) complete = true;
      }
    }
    return { refused, complete, errno: 0 };
  }

  /**
   * One message with NLM_F_REQUEST | NLM_F_DUMP. `each` gets the objects in the kernel's order, after the whole dump
   * was read: it may use this socket, and may throw.
   */
  dump(message: Uint8Array, each: (object: NetlinkMessage) => void): DumpOutcome {
    const sent = this.#socket.send(message);
    if (sent < 0) return { errno: -sent, interrupted: false };
    const seq = sequenceOf(message);
    const objects: NetlinkMessage[] = [];
    let interrupted = false;
    let errno: number | null = null;
    for (let part = this.#receive(); part !== null; part = this.#receive()) {
      if (typeof part === 'number') return { errno: part, interrupted };
      for (const object of part) {
        if (object.seq !== seq) continue;
        if ((object.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
        const verdict = verdictOf(object);
        if (verdict === null) objects.push(object);
        else errno = verdict.errno;
      }
      if (errno !== null) break;
    }
    for (const object of objects) each(object);
    // Without NLMSG_DONE the dump is not whole.
    return { errno: errno ?? constants.errno.ENODATA, interrupted };
  }

  /** Idempotent. */
  close(): void {
    this.#socket.close();
  }

  /** The messages of the next datagram, null when none waits, or the errno of a failed or mutilated read. */
  #receive(): NetlinkMessage[] | number | null {
    try {
      const datagram = this.#socket.receive();
      return datagram === null ? null : messagesOf(datagram);
    } catch (error) {
      if (error instanceof SystemError) return error.errno;
      throw error;
    }
  }
}

/** Notifications of the kernel: link, address, route and rule changes. */
export class NetlinkEvents {
  readonly #socket: RawSocket;

  /**
   * `groups` are RTNLGRP_* numbers. `portId` tells who caused a change: 0 the kernel, else a socket, ours if it equals
   * the `portId` of one of our NetlinkSockets. `overrun`: messages were lost (ENOBUFS), so read everything again; what
   * comes next is still delivered. Keeps the process alive until closed. Throws SystemError.
   */
  constructor(
    protocol: number,
    groups: readonly number[],
    handlers: { message(message: NetlinkMessage, portId: number): void; overrun(): void },
  ) {
    this.#socket = openSocket(protocol);
    for (const group of groups) this.#socket.setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
    this.#socket.start({
      message: (datagram) => {
        const messages = messagesOf(datagram);
        if (typeof messages === 'number') handlers.overrun();
        else for (const message of messages) handlers.message(message, message.portId);
      },
      error: () => handlers.overrun(),
    });
  }

  /** Idempotent. */
  close(): void {
    this.#socket.close();
  }
}

/** The number of a generic netlink family such as "IPVS", or null when the kernel has none. Throws SystemError. */
export function resolveFamily(socket: NetlinkSocket, name: string): number | null {
  const writer = new AttrWriter(64);
  const message = writer.beginMessage(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK, socket.nextSeq());
  writer.put8(CTRL_CMD_GETFAMILY).put8(1).put16(0).string(CTRL_ATTR_FAMILY_NAME, name).endMessage(message);
  const answer = socket.request(writer.finish());
  const errno = answer === 'no-reply' ? constants.errno.EINTR : answer.errno;
  if (errno === constants.errno.ENOENT) return null;
  if (errno !== 0 || answer === 'no-reply') {
    throw new SystemError(`look up the generic netlink family ${name}`, 'sendmsg', errno);
  }
  const attrs = answer.replies[0] === undefined ? null : decodeAttrs(answer.replies[0].payload, GENL_HEADER_LENGTH);
  return attrs?.ok ? attrs.value.u16(CTRL_ATTR_FAMILY_ID) : null;
}

/** Throws SystemError. */
function openSocket(protocol: number): RawSocket {
  const socket = new RawSocket(AF_NETLINK, SOCK_RAW, protocol);
  socket.bind(sockaddrNl());
  socket.trySetOption(SOL_NETLINK, NETLINK_CAP_ACK, 1);
  socket.trySetOption(SOL_NETLINK, NETLINK_EXT_ACK, 1);
  // Beyond the limits of net.core.*mem_max, which takes CAP_NET_ADMIN; without it the defaults have to do.
  socket.trySetOption(SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES);
  socket.trySetOption(SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
  return socket;
}

/** The messages of a datagram; none when it is not from the kernel; an errno when it is not whole. */
function messagesOf(datagram: Datagram): NetlinkMessage[] | number {
  if (netlinkPortId(datagram.address) !== 0) return [];
  if ((datagram.flags & MSG_TRUNC) !== 0) return constants.errno.EMSGSIZE;
  const messages = splitMessages(datagram.data);
  return messages.ok ? messages.value : constants.errno.EBADMSG;
}

/** The verdict that ends a request or a dump; null for any other message. */
function verdictOf(message: NetlinkMessage): Verdict | null {
  return message.type === NLMSG_ERROR || message.type === NLMSG_DONE ? decodeVerdict(message) : null;
}

/** `nlmsg_seq` of the first message in a buffer. */
function sequenceOf(messages: Uint8Array): number {
  return new DataView(messages.buffer, messages.byteOffset, messages.byteLength).getUint32(8, true);
}

/** Sequence numbers wrap at 2^32. */
function isBetween(seq: number, first: number, last: number): boolean {
  return (seq - first) >>> 0 <= (last - first) >>> 0;
}
