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
  /** This machine could not probe (no file descriptors, no local ports): says nothing about the server. */
  | 'local';

export type ProbeResult =
  | { readonly ok: true; readonly latencyMs: number }
  | { readonly ok: false; readonly reason: ProbeFailure; readonly detail: string; readonly latencyMs: number };
