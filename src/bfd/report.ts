/** What status shows of a BFD session. Pure types. */
import type { Refusal } from './receive.ts';

/** Section 4.1 of RFC 5880, in operators' spelling. */
export type BfdState = 'ADMIN-DOWN' | 'DOWN' | 'INIT' | 'UP';

export interface BfdReport {
  readonly name: string;
  readonly interface: string;
  readonly neighbor: string;
  /** Null: there is none to send from now. */
  readonly sourceAddress: string | null;
  readonly state: BfdState;
  /** Unix time in milliseconds of the last change of state. */
  readonly sinceMs: number;
  /** Why it is not UP, in words; null: it is. */
  readonly reason: string | null;
  /** What the neighbour last said of itself; null: it was not heard for a detection time. */
  readonly remote: { readonly state: BfdState; readonly diagnostic: string } | null;
  /** Between two of our packets, before jitter. */
  readonly transmitIntervalMs: number;
  /** Silence of that length ends the session; null: the neighbour is not heard. */
  readonly detectionTimeMs: number | null;
  /** How often it ceased to be UP. */
  readonly flaps: number;
  readonly sent: number;
  /** Accepted ones. */
  readonly received: number;
  readonly refused: Partial<Record<Refusal, number>>;
}
