/** A BFD session as data: what it is made of, what happens to it, what it wants done. Pure types. */
import type { ControlPacket, SessionState } from './packet.ts';

/** Milliseconds on the monotonic clock. */
export type Millis = number;

export interface SessionParameters {
  /** bfd.LocalDiscr, not 0. */
  readonly localDiscriminator: number;
  /** Whole milliseconds, as the next. */
  readonly minTxMs: number;
  readonly minRxMs: number;
  /** bfd.DetectMult, 1..255. */
  readonly detectMultiplier: number;
  /** Section 6.1: says nothing before the neighbour does. */
  readonly passive: boolean;
}

/** What the neighbour last said. */
export interface Remote {
  /** bfd.RemoteDiscr. */
  readonly discriminator: number;
  readonly state: SessionState;
  readonly diagnostic: number;
  readonly detectMultiplier: number;
  /** Its Desired Min TX Interval. */
  readonly minTxMs: number;
  /** bfd.RemoteMinRxInterval; 0: it wants no periodic packets. */
  readonly minRxMs: number;
  /** bfd.RemoteDemandMode. */
  readonly demand: boolean;
}

export interface Session {
  readonly state: SessionState;
  /** bfd.LocalDiag: why the state last changed. */
  readonly diagnostic: number;
  /** Null: not heard for a detection time, or never. */
  readonly remote: Remote | null;
  /** bfd.DesiredMinTxInterval and bfd.RequiredMinRxInterval, as we advertise them. */
  readonly desiredTxMs: number;
  readonly requiredRxMs: number;
  /** The same as they count now: a change that could hurt waits for the end of the Poll Sequence (section 6.8.3). */
  readonly txMs: number;
  readonly rxMs: number;
  /** A Poll Sequence (section 6.5) is running. */
  readonly polling: boolean;
  /** When the last periodic packet went out; at the start, when it would have. */
  readonly sentAt: Millis;
  /** The part of the interval that jitter leaves, until the next packet. */
  readonly jitter: number;
  /** The detection time is over; null: nothing was heard. */
  readonly expiresAt: Millis | null;
  /** AdminDown: packets still to be sent. */
  readonly farewells: number;
}

export type Event =
  /** It passed receive.ts. */
  | { readonly type: 'packet'; readonly packet: ControlPacket }
  | { readonly type: 'tick' }
  /** The interface went down or the address is gone: we cannot speak, which says nothing about the neighbour. */
  | { readonly type: 'path-down' }
  /** Other parameters hold from now on. */
  | { readonly type: 'reconfigure' }
  | { readonly type: 'shutdown' };

export type Effect =
  | { readonly do: 'send'; readonly packet: ControlPacket }
  | { readonly do: 'changed'; readonly from: SessionState; readonly to: SessionState; readonly diagnostic: number }
  /** After `shutdown`: nothing more will be sent. */
  | { readonly do: 'close' };

export interface Step {
  readonly session: Session;
  readonly effects: readonly Effect[];
}

/** When something happens, and a number from 0 up to 1 for the jitter. */
export interface Moment {
  readonly now: Millis;
  readonly random: number;
}
