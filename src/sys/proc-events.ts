/** The kernel's process events, where it gives them to us. */
import {
  CN_IDX_PROC,
  decodeProcEvent,
  encodeListen,
  NETLINK_CONNECTOR,
  type ProcEvent,
} from '../net/proc-connector.ts';
import { AF_NETLINK, netlinkPortId, sockaddrNl } from '../net/sockaddr.ts';
import { messageOf } from '../util/message-of.ts';
import { errnoName, RawSocket } from './socket.ts';

const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
/** 1400 processes that ended at once needed half a megabyte (keepalived's manual). */
const BUFFER_BYTES = 4 * 1024 * 1024;
/** A kernel that ignores us (another process namespace) does not even refuse. */
const ANSWER_MS = 1000;

export interface ProcEventHandlers {
  event(event: Exclude<ProcEvent, { readonly kind: 'ack' }>): void;
  /** Events were lost: look at everything again. */
  overrun(): void;
  /** Once at most: there are none to be had here, and why. */
  unavailable(reason: string): void;
}

export class ProcEvents {
  readonly #handlers: ProcEventHandlers;
  #socket: RawSocket | null = null;
  #answered = false;
  #patience: NodeJS.Timeout | undefined;

  /** No handler is called from within the constructor. */
  constructor(handlers: ProcEventHandlers) {
    this.#handlers = handlers;
    const refused = this.#open();
    this.#patience = setTimeout(
      () => this.#unavailable(refused ?? 'the kernel does not answer'),
      refused === null ? ANSWER_MS : 0,
    );
  }

  /** Idempotent. */
  close(): void {
    clearTimeout(this.#patience);
    if (this.#socket === null) return;
    if (this.#answered) this.#socket.send(encodeListen(false, 2));
    this.#socket.close();
    this.#socket = null;
  }

  /** Null, or why it cannot be. */
  #open(): string | null {
    try {
      const socket = new RawSocket(AF_NETLINK, SOCK_DGRAM, NETLINK_CONNECTOR);
      this.#socket = socket;
      socket.bind(sockaddrNl(0, CN_IDX_PROC));
      socket.trySetOption(SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
      const sent = socket.send(encodeListen(true, 1));
      if (sent < 0) return errnoName(-sent);
      socket.start({
        message: ({ data, address }) => {
          const event = netlinkPortId(address) === 0 ? decodeProcEvent(data) : null;
          if (event !== null) this.#received(event);
        },
        error: () => this.#handlers.overrun(),
      });
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }

  #received(event: ProcEvent): void {
    if (event.kind !== 'ack') {
      this.#handlers.event(event);
      return;
    }
    // Others' answers come here too; a refusal after a success is not ours.
    if (this.#answered) return;
    clearTimeout(this.#patience);
    if (event.errno === 0) this.#answered = true;
    else this.#unavailable(errnoName(event.errno));
  }

  #unavailable(reason: string): void {
    this.close();
    this.#handlers.unavailable(reason);
  }
}
