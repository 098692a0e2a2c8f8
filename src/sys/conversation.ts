/**
 * What is said and heard over a connection, step by step. What follows a match stays for the next expect; each expect may
 * have a limit of its own within the deadline of the whole.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TlsConfig } from '../config/checks/tls.ts';
import { ANSWER_LIMIT, excerpt } from '../health/expect.ts';
import { compile, Matcher, patternText } from '../health/pattern.ts';
import type { PreparedPattern, PreparedPayload, PreparedStep, Script } from './conversation-script.ts';
import { newRandom, payloadFor } from './fresh-payload.ts';
import { Hearing } from './hearing.ts';
import { Exchange, failed, failureOf, type Outcome, PASSED } from './probe.ts';
import { certificateWarning, tidied, tlsOver, trustOf } from './tls.ts';

const NOTHING = new Uint8Array(0);
const LF = 10;

/** One probe's conversation, over a connection that has just come about. */
export class Conversation {
  readonly #script: Script;
  readonly #exchange: Exchange;
  readonly #random: Uint8Array | undefined;
  #socket: Socket | TLSSocket;
  #at = 0;
  /** The step whose question was answered. */
  #answeredAt = -1;
  /** Came, and no expect has looked at it yet. */
  #unread: Uint8Array = NOTHING;
  #atLineStart = true;
  #ended = false;
  #hearing: Hearing | null = null;
  #limit: Exchange | null = null;
  #warning: string | undefined;
  readonly #onData = (chunk: Buffer) => this.#hear(chunk);
  readonly #onEnd = () => this.#hearEnd();

  constructor(script: Script, socket: Socket, exchange: Exchange) {
    this.#script = script;
    this.#socket = socket;
    this.#exchange = exchange;
    this.#random = script.fresh ? newRandom() : undefined;
  }

  begin(): void {
    this.#listen();
    this.#goOn();
  }

  /** What it means that nothing more comes in time. */
  atDeadline(timeoutMs: number): Outcome {
    if (this.#hearing !== null) return this.#told(this.#hearing.atDeadline(timeoutMs));
    const step = this.#script.steps[this.#at];
    const what = step?.do === 'tls' ? 'no TLS handshake' : 'connected, but could not send';
    return this.#told(failed('timeout', `${what} within ${timeoutMs} ms`));
  }

  /** Lets go of the connection: in TLS, and if all went well, with a word of good-bye. */
  leave(outcome: Outcome): void {
    this.#limit?.end(PASSED);
    const socket = this.#socket;
    if (!outcome.ok || !('encrypted' in socket) || this.#ended) {
      socket.destroy();
      return;
    }
    socket.end();
    // One turn of the loop is enough to write a few bytes; whoever does not take them does without.
    setImmediate(() => socket.destroy());
  }

  #listen(): void {
    this.#socket.on('data', this.#onData);
    this.#socket.on('end', this.#onEnd);
  }

  /** Step by step, until one has to wait. */
  #goOn(): void {
    while (!this.#exchange.over) {
      const step = this.#script.steps[this.#at];
      if (step === undefined) {
        this.#exchange.end(this.#warning === undefined ? PASSED : { ok: true, warning: this.#warning });
        return;
      }
      if (step.do === 'send' && this.#send(step)) return;
      if (step.do === 'expect' && this.#expect(step)) return;
      if (step.do === 'tls') {
        this.#startTls(step.tls);
        return;
      }
      this.#at += 1;
    }
  }

  /** True if it has to be waited for: the last word must be on its way before the connection is closed. */
  #send(step: PreparedStep & { readonly do: 'send' }): boolean {
    const last = this.#at === this.#script.steps.length - 1;
    if (this.#ended) {
      // It has hung up after all that was expected of it; a last word of good-bye is not needed then.
      if (!last) this.#exchange.end(this.#told(failed('closed', 'connection closed before all was said')));
      return !last;
    }
    this.#socket.write(this.#bytesOf(step.send), () => {
      if (!last) return;
      this.#at += 1;
      this.#goOn();
    });
    return last;
  }

  #bytesOf({ config, bytes }: PreparedPayload): Uint8Array {
    return bytes ?? payloadFor(config, this.#random);
  }

  /** True if it has to be waited for. */
  #expect({ wanted, reject, answer, withinMs }: PreparedStep & { readonly do: 'expect' }): boolean {
    const hearing = new Hearing(
      { config: wanted.config, matcher: this.#matcher(wanted) },
      reject === null ? null : { config: reject.config, matcher: this.#matcher(reject) },
      // A question is answered once: whoever asks on and on must not keep the probe talking.
      answer === null || this.#answeredAt === this.#at ? null : this.#matcher(answer.to),
    );
    this.#hearing = hearing;
    const unread = this.#unread;
    this.#unread = NOTHING;
    this.#judge(hearing, unread);
    if (this.#hearing === null || this.#exchange.over) return this.#exchange.over;
    if (this.#ended) return this.#judgeEnd(hearing);
    if (withinMs !== null) this.#limitTo(withinMs, hearing);
    return true;
  }

  #matcher({ config, pattern }: PreparedPattern): Matcher {
    return new Matcher(pattern ?? compile(config, this.#random), this.#atLineStart);
  }

  /** An exchange within the exchange: its deadline, too, looks at what has come before it decides. */
  #limitTo(withinMs: number, hearing: Hearing): void {
    const limit = new Exchange(withinMs, () => this.#told(hearing.atDeadline(withinMs)));
    this.#limit = limit;
    void limit.result.then((result) => {
      if (!result.ok) this.#exchange.end(failed(result.reason, result.detail));
    });
  }

  #hear(chunk: Buffer): void {
    if (this.#exchange.over) return;
    const hearing = this.#hearing;
    if (hearing !== null) {
      this.#judge(hearing, chunk);
      if (this.#hearing === null) {
        this.#at += 1;
        this.#goOn();
      }
      return;
    }
    // While the last word is on its way, or a handshake: of no interest, but not without end.
    if (this.#unread.length < ANSWER_LIMIT) this.#unread = Buffer.concat([this.#unread, chunk]);
  }

  /** Looks at what came. Ends the probe if that is wrong; nothing is heard for any more if it is what was expected. */
  #judge(hearing: Hearing, chunk: Uint8Array): void {
    const verdict = hearing.take(chunk);
    if (verdict === null) return;
    if (!('heard' in verdict)) {
      this.#exchange.end(this.#told(verdict));
      return;
    }
    if (verdict.end > 0) this.#atLineStart = chunk[verdict.end - 1] === LF;
    this.#unread = chunk.subarray(verdict.end);
    this.#heard();
    if (verdict.heard === 'question') this.#answer();
  }

  /** Says what the question calls for, and begins the same step anew. */
  #answer(): void {
    const step = this.#script.steps[this.#at];
    if (step?.do !== 'expect' || step.answer === null) return;
    this.#answeredAt = this.#at;
    if (!this.#ended) this.#socket.write(this.#bytesOf(step.answer.send));
    this.#at -= 1;
  }

  #hearEnd(): void {
    this.#ended = true;
    if (this.#hearing === null || this.#exchange.over || this.#judgeEnd(this.#hearing)) return;
    this.#at += 1;
    this.#goOn();
  }

  /** Nothing more comes. True if the probe is over by that. */
  #judgeEnd(hearing: Hearing): boolean {
    const outcome = hearing.atEnd();
    if (outcome === null) this.#heard();
    else this.#exchange.end(this.#told(outcome));
    return outcome !== null;
  }

  #heard(): void {
    this.#hearing = null;
    this.#limit?.end(PASSED);
    this.#limit = null;
  }

  #startTls(tls: TlsConfig): void {
    if (this.#unread.length > 0) {
      // Whoever sits in between could have put it there, to be taken for what came in TLS (CVE-2011-0411).
      const what = `${this.#unread.length} bytes in clear before the TLS handshake: ${excerpt(this.#unread)}`;
      this.#exchange.end(this.#told(failed('protocol', what)));
      return;
    }
    const trust = trustOf(tls);
    if (!trust.ok) {
      this.#exchange.end(failed('local', trust.error));
      return;
    }
    const clear = this.#socket;
    clear.off('data', this.#onData).off('end', this.#onEnd);
    const secure = tlsOver(clear, { tls, address: this.#script.address, trust: trust.value });
    this.#socket = secure;
    secure.on('error', (error) => this.#exchange.end(this.#told(failureOf(tidied(error), 'tls'))));
    secure.on('close', () => this.#exchange.end(failed('closed', 'connection closed')));
    this.#atLineStart = true;
    this.#listen();
    secure.once('secureConnect', () => {
      this.#warning ??= certificateWarning(secure, tls.expiryWarningDays, Date.now());
      this.#at += 1;
      this.#goOn();
    });
  }

  /** With what was waited for, where that could be several things. */
  #told(outcome: Outcome): Outcome {
    const { steps } = this.#script;
    const several = steps.filter((step) => step.do !== 'send').length > 1;
    const step = steps[this.#at];
    if (outcome.ok || !several || step === undefined) return outcome;
    const at = step.do === 'expect' ? `expecting ${patternText(step.wanted.config)}` : step.do;
    return failed(outcome.reason, `${at}: ${outcome.detail}`);
  }
}
