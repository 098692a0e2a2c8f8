/** TCP probe: connect, optionally send, optionally wait for a text. The connection is ended with FIN. */
import { connect, type Socket } from 'node:net';
import type { TcpCheckConfig } from '../config/types.ts';
import { ANSWER_LIMIT, beginSearch, excerpt, type Needle, needle, type Search, search } from '../health/expect.ts';
import type { ProbeResult } from '../health/types.ts';
import { Exchange, failed, failureOf, type Outcome, PASSED, type ProbeTarget } from './probe.ts';

/** Probes one TCP check. Keeps nothing between probes but the prepared text. */
export class TcpTarget implements ProbeTarget {
  readonly #check: TcpCheckConfig;
  readonly #needle: Needle | null;
  #exchange: Exchange | null = null;

  constructor(check: TcpCheckConfig) {
    this.#check = check;
    this.#needle = check.expect === null ? null : needle(check.expect);
  }

  probe(): Promise<ProbeResult> {
    const answer = this.#needle === null ? null : new Answer(this.#needle);
    let connected = false;
    const exchange = new Exchange(this.#check.timeoutMs, () =>
      connected && answer !== null ? answer.atDeadline(this.#check.timeoutMs) : noConnection(this.#check.timeoutMs),
    );
    this.#exchange = exchange;
    try {
      const socket = connect({ host: this.#check.address, port: this.#check.port, noDelay: true });
      exchange.whenOver(() => socket.destroy());
      socket.on('error', (error) => exchange.end(failureOf(error, 'protocol')));
      socket.on('close', () => exchange.end(failed('closed', 'connection closed')));
      socket.once('connect', () => {
        connected = true;
        this.#converse(socket, exchange, answer);
      });
    } catch (error) {
      exchange.end(failureOf(error, 'protocol'));
    }
    return exchange.result;
  }

  close(): void {
    this.#exchange?.end(failed('local', 'probe cancelled'));
  }

  #converse(socket: Socket, exchange: Exchange, answer: Answer | null): void {
    // Linux connects a socket to itself when it picks the wanted port as its own: nobody listens there (RFC 9293 3.5).
    if (socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress) {
      exchange.end(failed('refused', `connected to itself: nobody listens on ${this.#check.port}`));
      return;
    }
    const { send } = this.#check;
    if (answer === null) {
      if (send === null) exchange.end(PASSED);
      else socket.write(send, () => exchange.end(PASSED));
      return;
    }
    socket.on('data', (chunk) => {
      const outcome = answer.take(chunk);
      if (outcome !== null) exchange.end(outcome);
    });
    socket.on('end', () => exchange.end(answer.atEnd()));
    if (send !== null) socket.write(send);
  }
}

/** What came back so far, and what it amounts to. */
class Answer {
  readonly #needle: Needle;
  #search: Search;
  #head: Uint8Array = new Uint8Array(0);

  constructor(needle: Needle) {
    this.#needle = needle;
    this.#search = beginSearch(needle);
  }

  /** The outcome, once it is certain. */
  take(chunk: Uint8Array): Outcome | null {
    if (this.#search.seen === 0) this.#head = chunk;
    this.#search = search(this.#needle, this.#search, chunk);
    if (this.#search.state === 'found') return PASSED;
    if (this.#search.state === 'looking') return null;
    return failed('answer', `expected text not in the first ${ANSWER_LIMIT} bytes: ${excerpt(this.#head)}`);
  }

  atEnd(): Outcome {
    if (this.#search.seen === 0) return failed('closed', 'connection closed before any answer');
    return failed('answer', `connection closed after ${this.#search.seen} bytes without the text: ${this.#excerpt()}`);
  }

  atDeadline(timeoutMs: number): Outcome {
    if (this.#search.seen === 0) return failed('timeout', `connected, but no answer within ${timeoutMs} ms`);
    const got = `${this.#search.seen} bytes: ${this.#excerpt()}`;
    return failed('timeout', `expected text not received within ${timeoutMs} ms, got ${got}`);
  }

  #excerpt(): string {
    return excerpt(this.#head);
  }
}

function noConnection(timeoutMs: number): Outcome {
  return failed('timeout', `no connection within ${timeoutMs} ms`);
}
