/** BFD sessions as the rest of lvsd reads them: see types.ts. Pure types. */

/** Single-hop BFD with one neighbour (RFC 5880, RFC 5881). */
export interface BfdSessionConfig {
  readonly name: string;
  /** On the link of `interface`. */
  readonly neighbor: string;
  readonly family: 4 | 6;
  readonly interface: string;
  /** Null: an own address of the interface, best one in the neighbour's subnet. */
  readonly sourceAddress: string | null;
  /** Desired Min TX Interval, whole milliseconds. */
  readonly minTxMs: number;
  /** Required Min RX Interval, whole milliseconds. */
  readonly minRxMs: number;
  /** Detect Mult, 1..255. */
  readonly multiplier: number;
  /** Says nothing before the neighbour does. */
  readonly passive: boolean;
}
