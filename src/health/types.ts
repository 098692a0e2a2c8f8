/** What a probe reports. Pure. */

/** Why a probe failed, in a word an operator can act on; `detail` has the particulars. */
export type ProbeFailure =
  | 'refused'
  | 'timeout'
  | 'unreachable'
  | 'reset'
  | 'closed'
  | 'status'
  | 'answer'
  | 'tls'
  | 'protocol'
  /** A program said no, could not be run, or did not end in time. */
  | 'script'
  /** The server itself, its agent, or an operator says it is out of service. */
  | 'told'
  /** This machine could not probe (no file descriptors, no local ports): says nothing about the server. */
  | 'local';

/**
 * What a server says of itself besides being up or down. Each advice stands for itself, what it does not say does not hold any
 * more; a result without any leaves the last one as it is.
 */
export interface Advice {
  /** Of the configured weight, 0 and above. */
  readonly weightPercent?: number;
  /** Instead of the configured weight: 0..65535. */
  readonly weight?: number;
  /** No new connections, though it is up. */
  readonly drain?: boolean;
  /** The upper threshold, 0: none. */
  readonly maxConnections?: number;
}

export type ProbeResult =
  | {
      readonly ok: true;
      readonly latencyMs: number;
      readonly advice?: Advice;
      /** It passed, but something needs attention: a certificate that expires soon. */
      readonly warning?: string;
    }
  | { readonly ok: false; readonly reason: ProbeFailure; readonly detail: string; readonly latencyMs: number };
