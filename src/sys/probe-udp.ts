/**
 * UDP probe: one datagram, then a reply, or (without `expect`) no refusal. The socket is connected, because the kernel
 * reports an ICMP error only to a connected one, and kept, which is half as dear as a new one for each probe.
 *
 * What it cannot see: the kernel reports "port unreachable" and "prohibited" this way, not "host unreachable" (that takes
 * IP_RECVERR, which Node does not offer). Without `expect`, a host that is gone looks like one that has nothing to say.
 *
 * Late replies: a socket survives only a probe that passed. After a failure the next probe has a new port, so what comes
 * late for the old one is not heard. What arrives between two probes is read and dropped. A second reply to a probe that
 * had its answer could only count for the next one if it were under way for the whole pause between the two.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { UdpCheckConfig } from '../config/types.ts';
import { beginSearch, excerpt, type Needle, needle, search } from '../health/expect.ts';
import type { ProbeResult } from '../health/types.ts';
import { Exchange, failed, failureOf, type Outcome, PASSED, type ProbeTarget } from './probe.ts';

/**
 * A host sends about one ICMP error a second to each peer (net.ipv4.icmp_ratelimit), for all its ports together: silence
 * soon after a refusal says nothing. Only later is it taken for health again.
 */
const TRUST_SILENCE_AFTER_MS = 10_000;

/** Probes one UDP check. */
export class UdpTarget implements ProbeTarget {
  readonly #check: UdpCheckConfig;
  readonly #payload: Uint8Array;
  readonly #needle: Needle | null;
  #socket: Socket | null = null;
  #exchange: Exchange | null = null;
  /** Came after its probe had passed by silence: it is the truth about the server, so the next probe fails of it. */
  #lateError: Error | null = null;

  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(check: UdpCheckConfig) {
    this.#check = check;
    this.#payload = Buffer.from(check.send);
    this.#needle = check.expect === null ? null : needle(check.expect);
  }

  probe(): Promise<ProbeResult> {
    const exchange = new Exchange(this.#check.timeoutMs, () => this.#silence());
    this.#exchange = exchange;
    exchange.whenOver((outcome) => {
      this.#exchange = null;
      if (!outcome.ok) this.#dropSocket();
      if (!outcome.ok && outcome.reason === 'refused') this.#refusedAt = performance.now();
    });
    const lateError = this.#lateError;
    this.#lateError = null;
    try {
      if (lateError !== null) exchange.end(failureOf(lateError, 'protocol'));
      else if (this.#socket !== null) this.#socket.send(this.#payload);
      else this.#open();
    } catch (error) {
      exchange.end(failureOf(error, 'protocol'));
    }
    return exchange.result;
  }

  close(): void {
    this.#exchange?.end(failed('local', 'probe cancelled'));
    this.#dropSocket();
  }

  #open(): void {
    const { address, port } = this.#check;
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    this.#socket = socket;
    socket.on('error', (error) => {
      if (this.#exchange !== null) this.#exchange.end(failureOf(error, 'protocol'));
      else if (this.#needle === null && this.#socket === socket) this.#lateError = error;
    });
    socket.on('message', (reply) => this.#exchange?.end(this.#judge(reply)));
    socket.on('connect', () => socket.send(this.#payload));
    socket.connect(port, address);
  }

  #judge(reply: Uint8Array): Outcome {
    if (this.#needle === null) return PASSED;
    if (search(this.#needle, beginSearch(this.#needle), reply).state === 'found') return PASSED;
    return failed('answer', `reply of ${reply.length} bytes does not contain the text: ${excerpt(reply)}`);
  }

  #silence(): Outcome {
    if (this.#needle !== null) return failed('timeout', `no reply within ${this.#check.timeoutMs} ms`);
    if (performance.now() - this.#refusedAt >= TRUST_SILENCE_AFTER_MS) return PASSED;
    return failed('local', 'no reply, but a refusal lately: its host may be holding back ICMP errors');
  }

  #dropSocket(): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    // What the old socket still says must not reach the next probe.
    socket.removeAllListeners('message').removeAllListeners('error').removeAllListeners('connect');
    socket.on('error', () => {});
    socket.close();
  }
}
