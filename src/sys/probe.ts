/** What all probes share: the one deadline, the one outcome, and what an errno means for the server. */
import { performance } from 'node:perf_hooks';
import type { Advice, ProbeFailure, ProbeResult } from '../health/types.ts';

/** One check's prober, kept from probe to probe. */
export interface ProbeTarget {
  /** Probes once. Always resolves, by the check's deadline. Not to be called again before it did. */
  probe(): Promise<ProbeResult>;
  /** Lets go of everything; a probe under way ends at once with reason `local`. */
  close(): void;
}

/** A probe result without its latency. */
export type Outcome =
  | { readonly ok: true; readonly advice?: Advice; readonly warning?: string }
  | { readonly ok: false; readonly reason: ProbeFailure; readonly detail: string };

/** The outcome of a probe that found what it was to find. */
export const PASSED: Outcome = { ok: true };

/** The outcome of one that did not; `detail` is for people: what happened, with the machine's or the server's words. */
export function failed(reason: ProbeFailure, detail: string): Outcome {
  return { ok: false, reason, detail };
}

/** A deadline met later than this, and than half the timeout, is a stall of this process, not the server's silence. */
const STALL_MS = 50;

/**
 * One probe: ends exactly once, with the first outcome reported or at the deadline, and then lets go of what it holds.
 * Every probe ends here, so this is where "resolves, never rejects" is kept.
 */
export class Exchange {
  readonly result: Promise<ProbeResult>;
  readonly #timeoutMs: number;
  readonly #atDeadline: () => Outcome;
  readonly #startedAt = performance.now();
  readonly #resolve: (result: ProbeResult) => void;
  readonly #timer: NodeJS.Timeout;
  #immediate: NodeJS.Immediate | undefined;
  #release: ((outcome: Outcome) => void) | undefined;
  #outcome: Outcome | undefined;

  /** `atDeadline` says what the silence until then means. */
  constructor(timeoutMs: number, atDeadline: () => Outcome) {
    this.#timeoutMs = timeoutMs;
    this.#atDeadline = atDeadline;
    let resolve: (result: ProbeResult) => void = () => {};
    this.result = new Promise((done) => {
      resolve = done;
    });
    this.#resolve = resolve;
    this.#timer = setTimeout(() => {
      const lateMs = performance.now() - this.#startedAt - timeoutMs;
      // Timers run before sockets are read. Read them once more: the answer may be there already.
      this.#immediate = setImmediate(() => this.end(this.#afterDeadline(lateMs)));
    }, timeoutMs);
  }

  get over(): boolean {
    return this.#outcome !== undefined;
  }

  /** What to do when it is over, with what is held by then. Runs at once if it already is. */
  whenOver(release: (outcome: Outcome) => void): void {
    if (this.#outcome === undefined) this.#release = release;
    else release(this.#outcome);
  }

  /** Ends the probe. Later outcomes are ignored. */
  end(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#release?.(outcome);
    this.#release = undefined;
    this.#resolve({ ...outcome, latencyMs: performance.now() - this.#startedAt });
  }

  #afterDeadline(lateMs: number): Outcome {
    const outcome = this.#atDeadline();
    if (outcome.ok || lateMs < Math.max(STALL_MS, this.#timeoutMs / 2)) return outcome;
    return failed('local', `this process was stalled for ${Math.round(lateMs)} ms during the probe`);
  }
}

const FAILURE_OF_ERRNO: ReadonlyMap<string, ProbeFailure> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ETIMEDOUT', 'timeout'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['EHOSTDOWN', 'unreachable'],
  ['ENETDOWN', 'unreachable'],
  ['ECONNRESET', 'reset'],
  // Writing to a connection that the other side has reset.
  ['EPIPE', 'reset'],
  ['ECONNABORTED', 'reset'],
  ['EMFILE', 'local'],
  ['ENFILE', 'local'],
  ['ENOMEM', 'local'],
  ['ENOBUFS', 'local'],
  ['EAGAIN', 'local'],
  ['EADDRINUSE', 'local'],
  ['EADDRNOTAVAIL', 'local'],
  ['EAFNOSUPPORT', 'local'],
  // A link-local address without an interface; an interface that is not there.
  ['EINVAL', 'local'],
  ['ENODEV', 'local'],
  // ICMPv6 "administratively prohibited" and its kin, on the way or at the server; also our own "prohibit" route.
  ['EACCES', 'unreachable'],
  // Our own packet filter.
  ['EPERM', 'local'],
]);

/** What an error of a socket means; `otherwise` if its code is none of the kernel's. */
export function failureOf(error: unknown, otherwise: ProbeFailure): Outcome {
  if (!(error instanceof Error)) return failed(otherwise, String(error));
  const code = 'code' in error ? error.code : undefined;
  // Node reports a connection that ended inside the TLS handshake as ECONNRESET, but without an errno.
  if (code === 'ECONNRESET' && !('errno' in error)) return failed('closed', error.message);
  const reason = typeof code === 'string' ? FAILURE_OF_ERRNO.get(code) : undefined;
  return failed(reason ?? otherwise, `${error.message}${adviceFor(error)}`);
}

/** What is behind an errno of connect that names something else. */
function adviceFor(error: Error): string {
  if (!('syscall' in error && error.syscall === 'connect' && 'code' in error)) return '';
  if (error.code === 'EADDRNOTAVAIL') return ': no free local port towards it (net.ipv4.ip_local_port_range)';
  return error.code === 'EINVAL' ? ': a link-local address needs an interface' : '';
}
