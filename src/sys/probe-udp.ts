/**
 * UDP probe: one datagram (or a few of the same, should some be lost), then a reply, or no ICMP error. The socket is
 * connected, because the kernel reports an ICMP error only to a connected one, and kept, which is half as dear as a new one
 * for each probe.
 *
 * Where no reply is required, silence is taken for health: a host that answers no ARP is still found out, but only when
 * the kernel gives up, after about 3 s. That is later than most deadlines, so the next probe fails of it.
 *
 * Late replies: a socket survives only a probe that passed. After a failure the next probe has a new port, so what comes
 * late for the old one is not heard. What arrives between two probes is read and dropped. A second reply to a probe that
 * had its answer could only count for the next one if it were under way for the whole pause between the two; where the
 * reply must repeat what was random in the request, not even then.
 */
import type { UdpCheckConfig } from '../config/checks/udp.ts';
import { excerpt } from '../health/expect.ts';
import { compile, matches, type Pattern, patternText } from '../health/pattern.ts';
import type { ProbeResult } from '../health/types.ts';
import { DatagramSocket, repeatEvenly } from './datagram.ts';
import { isFresh, newRandom, payloadFor } from './fresh-payload.ts';
import { Exchange, failed, failureOf, type Outcome, PASSED, type ProbeTarget } from './probe.ts';

/**
 * A host sends about one ICMP error a second to each peer (net.ipv4.icmp_ratelimit), for all its ports together: silence
 * soon after an error says nothing. Only later is it taken for health again.
 */
const TRUST_SILENCE_AFTER_MS = 10_000;

/** What a probe sends and expects. */
interface Said {
  readonly payload: Uint8Array;
  /** Null: anything. */
  readonly pattern: Pattern | null;
}

/** Probes one UDP check. */
export class UdpTarget implements ProbeTarget {
  readonly #check: UdpCheckConfig;
  /** Null: new for each probe. */
  readonly #always: Said | null;
  readonly #repliesAreOurs: boolean;
  #said: Said | null = null;
  #socket: DatagramSocket | null = null;
  #exchange: Exchange | null = null;
  /** Came after its probe had passed by silence: it is the truth about the server, so the next probe fails of it. */
  #lateError: Outcome | null = null;
  #unreachableAt = Number.NEGATIVE_INFINITY;
  /** A reply that was another one than this probe's. */
  #stray: Uint8Array | null = null;

  constructor(check: UdpCheckConfig) {
    this.#check = check;
    this.#repliesAreOurs = check.expect !== null && isFresh(check.expect);
    this.#always = isFresh(check.send) || this.#repliesAreOurs ? null : this.#compose(undefined);
  }

  probe(): Promise<ProbeResult> {
    const { tries, timeoutMs } = this.#check;
    const exchange = new Exchange(timeoutMs, () => this.#silence());
    this.#exchange = exchange;
    this.#stray = null;
    let stopRepeating = (): void => {};
    exchange.whenOver((outcome) => {
      this.#exchange = null;
      stopRepeating();
      if (!outcome.ok) this.#dropSocket();
      if (!outcome.ok && NO_SILENCE_AFTER.has(outcome.reason)) this.#unreachableAt = performance.now();
    });
    const lateError = this.#lateError;
    this.#lateError = null;
    if (lateError !== null) exchange.end(lateError);
    // After a late error too: the next one, as late as that, is for the next probe.
    this.#ask(exchange);
    if (!exchange.over) stopRepeating = repeatEvenly(tries, timeoutMs, () => this.#send(exchange));
    return exchange.result;
  }

  close(): void {
    this.#exchange?.end(failed('local', 'probe cancelled'));
    this.#dropSocket();
  }

  #ask(exchange: Exchange): void {
    try {
      this.#said = this.#always ?? this.#compose(newRandom());
      this.#socket ??= this.#open();
      this.#send(exchange);
    } catch (error) {
      exchange.end(failureOf(error, 'local'));
    }
  }

  #compose(random: Uint8Array | undefined): Said {
    const { send, expect } = this.#check;
    return { payload: payloadFor(send, random), pattern: expect === null ? null : compile(expect, random) };
  }

  #open(): DatagramSocket {
    return new DatagramSocket(this.#check, {
      message: (reply) => this.#heard(reply),
      failed: (outcome) => {
        this.#dropSocket();
        if (this.#exchange !== null) this.#exchange.end(outcome);
        else if (!this.#check.replyRequired) this.#lateError = outcome;
      },
    });
  }

  #send(exchange: Exchange): void {
    const refused = this.#said === null ? null : (this.#socket?.send(this.#said.payload) ?? null);
    if (refused !== null) exchange.end(refused);
  }

  #heard(reply: Uint8Array): void {
    const exchange = this.#exchange;
    const pattern = this.#said?.pattern ?? null;
    if (exchange === null) {
      // Whatever was said of it before: it lives.
      this.#lateError = null;
      return;
    }
    const isWanted = pattern === null || matches(pattern, reply);
    if (isWanted) exchange.end(this.#judgeLength(reply));
    else if (this.#repliesAreOurs) this.#stray = reply;
    else exchange.end(this.#notWanted(reply));
  }

  #judgeLength({ length }: Uint8Array): Outcome {
    const { min, max } = this.#check.replyLength;
    if (length >= min && length <= max) return PASSED;
    return failed('answer', `reply of ${length} bytes, not ${min} to ${max}`);
  }

  #notWanted(reply: Uint8Array): Outcome {
    const wanted = this.#check.expect === null ? '' : patternText(this.#check.expect);
    return failed('answer', `reply of ${reply.length} bytes does not match ${wanted}: ${excerpt(reply)}`);
  }

  #silence(): Outcome {
    if (this.#stray !== null) return this.#notWanted(this.#stray);
    if (this.#check.replyRequired) return failed('timeout', `no reply within ${this.#check.timeoutMs} ms`);
    if (performance.now() - this.#unreachableAt >= TRUST_SILENCE_AFTER_MS) return PASSED;
    return failed('local', 'no reply, but an ICMP error lately: whoever sent it may be holding back more of them');
  }

  #dropSocket(): void {
    // What the old socket still says must not reach the next probe.
    this.#socket?.close();
    this.#socket = null;
  }
}

/** After these, silence means nothing for a while. */
const NO_SILENCE_AFTER: ReadonlySet<string> = new Set(['refused', 'unreachable']);
