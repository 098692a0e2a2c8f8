/** TCP probe: connect, and perhaps converse (conversation.ts). The connection is ended with FIN. */
import type { Socket } from 'node:net';
import type { TcpCheckConfig } from '../config/checks/tcp.ts';
import type { ProbeResult } from '../health/types.ts';
import { Conversation } from './conversation.ts';
import { type Script, scriptOf } from './conversation-script.ts';
import { dialTcp } from './dial.ts';
import { Exchange, failed, failureOf, type Outcome, PASSED, type ProbeTarget } from './probe.ts';

/** Probes one TCP check. Keeps nothing between probes but what it says and expects. */
export class TcpTarget implements ProbeTarget {
  readonly #check: TcpCheckConfig;
  /** Null: that a connection comes about is enough. */
  readonly #script: Script | null;
  #exchange: Exchange | null = null;

  constructor(check: TcpCheckConfig) {
    this.#check = check;
    this.#script = check.steps.length === 0 ? null : scriptOf(check.steps, check.address);
  }

  probe(): Promise<ProbeResult> {
    const { timeoutMs } = this.#check;
    let conversation: Conversation | null = null;
    const exchange = new Exchange(timeoutMs, () => conversation?.atDeadline(timeoutMs) ?? noConnection(timeoutMs));
    this.#exchange = exchange;
    try {
      const socket = dialTcp(this.#check);
      exchange.whenOver((outcome) => (conversation === null ? socket.destroy() : conversation.leave(outcome)));
      socket.on('error', (error) => exchange.end(failureOf(error, 'protocol')));
      socket.on('close', () => exchange.end(failed('closed', 'connection closed')));
      socket.once('connect', () => {
        if (exchange.over) return;
        if (connectedToItself(socket, this.#check.port)) {
          exchange.end(failed('refused', `connected to itself: nobody listens on ${this.#check.port}`));
        } else if (this.#script === null) {
          exchange.end(PASSED);
        } else {
          conversation = new Conversation(this.#script, socket, exchange);
          conversation.begin();
        }
      });
    } catch (error) {
      exchange.end(failureOf(error, 'protocol'));
    }
    return exchange.result;
  }

  close(): void {
    this.#exchange?.end(failed('local', 'probe cancelled'));
  }
}

/** Linux connects a socket to itself when it picks the wanted port as its own: nobody listens there (RFC 9293 3.5). */
export function connectedToItself(socket: Socket, port: number): boolean {
  // The port first: each of these is a system call.
  return socket.localPort === port && socket.localAddress === socket.remoteAddress;
}

function noConnection(timeoutMs: number): Outcome {
  return failed('timeout', `no connection within ${timeoutMs} ms`);
}
