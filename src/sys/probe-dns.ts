/**
 * DNS probe: one question, and the answer to it. Over UDP whatever is no answer to this very question (a late one, one to
 * somebody else's, a forged one) is passed over and the wait goes on; the id is random for each probe. An answer that was
 * cut to fit a datagram is fetched over TCP if the records matter, within the same deadline.
 */
import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import type { DnsCheckConfig } from '../config/checks/dns.ts';
import { judgeAnswer, questionText } from '../health/dns-answer.ts';
import { excerpt } from '../health/expect.ts';
import type { ProbeResult } from '../health/types.ts';
import { decodeAnswer, encodeName, encodeQuery, isAnswerTo } from '../net/dns-message.ts';
import { DatagramSocket, repeatEvenly } from './datagram.ts';
import { dialTcp } from './dial.ts';
import { Exchange, failed, failureOf, type Outcome, PASSED, type ProbeTarget } from './probe.ts';

/** Over TCP the length stands before the message (RFC 1035 section 4.2.2). */
const LENGTH_PREFIX = 2;

/** Probes one dns check. */
export class DnsTarget implements ProbeTarget {
  readonly #check: DnsCheckConfig;
  readonly #name: Uint8Array;
  #socket: DatagramSocket | null = null;
  #question: Question | null = null;

  constructor(check: DnsCheckConfig) {
    this.#check = check;
    this.#name = encodeName(check.name) ?? new Uint8Array(1);
  }

  probe(): Promise<ProbeResult> {
    const { queryType: type, recursionDesired, edns, timeoutMs, transport } = this.#check;
    const query = encodeQuery({ id: randomInt(65_536), name: this.#name, type, recursionDesired, edns });
    const exchange = new Exchange(timeoutMs, () => silence(this.#check, question));
    const question: Question = { query, exchange, strays: 0, stray: null, connection: null, stopRepeating: () => {} };
    this.#question = question;
    exchange.whenOver((outcome) => {
      this.#question = null;
      question.stopRepeating();
      question.connection?.destroy();
      // What is late for this probe must not even come to the port of the next.
      if (!outcome.ok) this.#dropSocket();
    });
    if (transport === 'tcp') askOverTcp(this.#check, question);
    else this.#askOverUdp(question);
    return exchange.result;
  }

  close(): void {
    this.#question?.exchange.end(failed('local', 'probe cancelled'));
    this.#dropSocket();
  }

  #askOverUdp(question: Question): void {
    const { exchange, query } = question;
    const { tries, timeoutMs } = this.#check;
    const ask = (): void => {
      const refused = this.#socket?.send(query) ?? null;
      if (refused !== null) exchange.end(refused);
    };
    try {
      this.#socket ??= this.#open();
      ask();
    } catch (error) {
      exchange.end(failureOf(error, 'local'));
    }
    if (!exchange.over) question.stopRepeating = repeatEvenly(tries, timeoutMs, ask);
  }

  #open(): DatagramSocket {
    return new DatagramSocket(this.#check, {
      message: (data) => this.#heard(data),
      failed: (outcome) => {
        this.#question?.exchange.end(outcome);
        this.#dropSocket();
      },
    });
  }

  #heard(data: Uint8Array): void {
    const question = this.#question;
    if (question === null) return;
    if (!isAnswerTo(question.query, data)) {
      question.strays += 1;
      question.stray = data;
      return;
    }
    // Asked again over TCP already: a repeated answer has nothing new.
    if (question.connection !== null) return;
    const outcome = judge(this.#check, data);
    if (outcome !== 'incomplete') question.exchange.end(outcome);
    else askOverTcp(this.#check, question);
  }

  #dropSocket(): void {
    this.#socket?.close();
    this.#socket = null;
  }
}

/** One probe under way. */
interface Question {
  readonly query: Uint8Array;
  readonly exchange: Exchange;
  /** Datagrams that were no answer to it, and the last of them. */
  strays: number;
  stray: Uint8Array | null;
  connection: Socket | null;
  stopRepeating: () => void;
}

function askOverTcp(check: DnsCheckConfig, question: Question): void {
  const { exchange, query } = question;
  const socket = dialTcp(check);
  question.connection = socket;
  const frame = new Frame();
  socket.on('connect', () => {
    const prefix = Uint8Array.of(query.length >> 8, query.length & 0xff);
    socket.write(Buffer.concat([prefix, query]));
  });
  socket.on('data', (chunk: Buffer) => {
    const message = frame.take(chunk);
    if (message === null) return;
    if (!isAnswerTo(query, message)) {
      exchange.end(failed('answer', `answered something else than ${questionText(check)}: ${excerpt(message)}`));
      return;
    }
    const outcome = judge(check, message);
    exchange.end(outcome === 'incomplete' ? failed('answer', 'a truncated answer, even over TCP') : outcome);
  });
  socket.on('error', (error) => exchange.end(failureOf(error, 'protocol')));
  const closed = () =>
    exchange.end(failed('closed', `closed the connection after ${frame.received} bytes, unanswered`));
  socket.on('end', closed);
  socket.on('close', closed);
}

/** A message over TCP, gathered from pieces; each byte is copied once, however small they are. */
class Frame {
  received = 0;
  readonly #prefix = new Uint8Array(LENGTH_PREFIX);
  #message: Uint8Array | null = null;

  /** The message, when it is whole. */
  take(chunk: Uint8Array): Uint8Array | null {
    const ofPrefix = chunk.subarray(0, Math.max(0, LENGTH_PREFIX - this.received));
    this.#prefix.set(ofPrefix, Math.min(this.received, LENGTH_PREFIX));
    this.received += chunk.length;
    if (this.received < LENGTH_PREFIX) return null;
    const [high = 0, low = 0] = this.#prefix;
    this.#message ??= new Uint8Array((high << 8) | low);
    const rest = chunk.subarray(ofPrefix.length);
    const at = this.received - LENGTH_PREFIX - rest.length;
    this.#message.set(rest.subarray(0, this.#message.length - at), at);
    return at + rest.length >= this.#message.length ? this.#message : null;
  }
}

function judge(check: DnsCheckConfig, message: Uint8Array): Outcome | 'incomplete' {
  const answer = decodeAnswer(message);
  if (!answer.ok) return failed('protocol', answer.error);
  const verdict = judgeAnswer(check, answer.value);
  if (verdict.healthy === true) return PASSED;
  return verdict.healthy === 'unknown' ? 'incomplete' : failed('answer', verdict.detail);
}

function silence(check: DnsCheckConfig, { strays, stray, connection }: Question): Outcome {
  const over = connection === null ? '' : ' over TCP';
  const heard = stray === null ? '' : `; ${strays} datagrams were none, the last ${excerpt(stray)}`;
  return failed('timeout', `no answer to ${questionText(check)}${over} within ${check.timeoutMs} ms${heard}`);
}
