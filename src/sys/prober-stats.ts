/** What probers count. Pure. */

/** What the prober does, and has done since it was made. */
export interface ProberStats {
  readonly checks: number;
  readonly inFlight: number;
  readonly peakInFlight: number;
  /** Probes that are due but wait for one of those under way to end. */
  readonly waiting: number;
  readonly started: number;
  readonly succeeded: number;
  /** Probes that failed for a reason of the server's. */
  readonly failed: number;
  /** Probes that failed for a reason of ours. */
  readonly local: number;
  /** Beats without a probe, because the one before was still under way or waiting. */
  readonly skippedBeats: number;
  /** Of those, where it was waiting: more is to be probed than this machine can. */
  readonly overdueBeats: number;
}

/** Of a prober that has done nothing. */
export const NO_STATS: ProberStats = {
  checks: 0,
  inFlight: 0,
  peakInFlight: 0,
  waiting: 0,
  started: 0,
  succeeded: 0,
  failed: 0,
  local: 0,
  skippedBeats: 0,
  overdueBeats: 0,
};

/** Of several probers together; their peaks may have been at different times. */
export function sumOfStats(parts: readonly ProberStats[]): ProberStats {
  return parts.reduce((a, b) => ({
    checks: a.checks + b.checks,
    inFlight: a.inFlight + b.inFlight,
    peakInFlight: a.peakInFlight + b.peakInFlight,
    waiting: a.waiting + b.waiting,
    started: a.started + b.started,
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    local: a.local + b.local,
    skippedBeats: a.skippedBeats + b.skippedBeats,
    overdueBeats: a.overdueBeats + b.overdueBeats,
  }));
}
