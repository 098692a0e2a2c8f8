/** Scripts and processes whose state virtual routers track, as the rest of lvsd reads them: see types.ts. Pure types. */

export interface TrackedScriptConfig {
  readonly name: string;
  /** The program and its arguments, at least one word. */
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Successes in a row until up. */
  readonly rise: number;
  /** Failures in a row until down. */
  readonly fall: number;
  /** `user` or `user:group`; null: the user lvsd runs as. */
  readonly user: string | null;
  /** What it counts as before its first run. */
  readonly initial: 'up' | 'down';
}

export interface TrackedProcessConfig {
  readonly name: string;
  /** Name of the program, or its whole path. */
  readonly process: string;
  /** Must all be among its arguments, in this order. */
  readonly parameters: readonly string[];
  /** So many processes must run. */
  readonly quorum: number;
  /** No more than so many; null: no limit. */
  readonly quorumMax: number | null;
  readonly upDelayMs: number;
  readonly downDelayMs: number;
}
