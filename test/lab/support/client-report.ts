/** What the lab's client saw, and what it means. Pure. */

/** One short connection: connect, greeting, one line sent and echoed, close. */
export interface Attempt {
  /** When it began, milliseconds of `Date.now()`. */
  readonly at: number;
  /** How long it took, to success or failure. */
  readonly durationMs: number;
  /** Who answered, "r1"; null when it failed. */
  readonly server: string | null;
  /** Why it failed: an errno ("ECONNREFUSED") or "timeout". */
  readonly error: string | null;
}

/** One connection that stays open and echoes a line again and again. */
export interface LongConnection {
  readonly server: string | null;
  readonly echoes: number;
  /** The longest wait between sending a line and its echo, also when the echo never came. */
  readonly longestWaitMs: number;
  /** Null: open and answering at the end. */
  readonly error: string | null;
}

export interface ClientReport {
  readonly attempts: readonly Attempt[];
  readonly connections: readonly LongConnection[];
}

export interface Summary {
  readonly attempts: number;
  readonly failures: number;
  /** The longest time without a success: from the end of one success to the end of the next (or the end of the run). 0 without failures. */
  readonly outageMs: number;
  /** Successes per server. */
  readonly perServer: Readonly<Record<string, number>>;
  readonly survivors: number;
  readonly connections: number;
}

/** Adds up a report. */
export function summarise(report: ClientReport): Summary {
  const perServer: Record<string, number> = {};
  for (const { server } of report.attempts) if (server !== null) perServer[server] = (perServer[server] ?? 0) + 1;
  return {
    attempts: report.attempts.length,
    failures: report.attempts.filter(({ server }) => server === null).length,
    outageMs: outageMs(report.attempts),
    perServer,
    survivors: report.connections.filter(({ error }) => error === null).length,
    connections: report.connections.length,
  };
}

function outageMs(attempts: readonly Attempt[]): number {
  const byStart = [...attempts].sort((a, b) => a.at - b.at);
  let longest = 0;
  // The moment up to which the service is known to have worked; before the first success, the start of the run.
  let lastGoodAt = byStart[0]?.at ?? 0;
  // When the failures since then ended. That one of them waited for its deadline does not make the outage longer.
  let failedUntil: number | undefined;
  for (const { at, durationMs, server } of byStart) {
    const endedAt = at + durationMs;
    if (server === null) {
      failedUntil = Math.max(failedUntil ?? 0, endedAt);
    } else {
      if (failedUntil !== undefined) longest = Math.max(longest, endedAt - lastGoodAt);
      lastGoodAt = Math.max(lastGoodAt, endedAt);
      failedUntil = undefined;
    }
  }
  return Math.round(Math.max(longest, failedUntil === undefined ? 0 : failedUntil - lastGoodAt));
}
