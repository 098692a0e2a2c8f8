/** What a virtual router and the machine it runs on say to each other. Pure types. */
import type { Result } from '../util/result.ts';
import type { Role, RouterEvent } from './messages.ts';
import type { Envelope } from './packet.ts';
import type { Millis } from './timers.ts';

/** What one virtual router needs from the machine. */
export interface InstancePorts {
  now(): Millis;
  /** Arms the one timer; null disarms it. When it is due, call `tick`. */
  wakeAt(at: Millis | null): void;
  /**
   * Where advertisements go: the multicast group, or every peer; what each one's checksum covers beside it. The same
   * objects until source or peers change; none while there is no address to send from.
   */
  envelopes(): readonly Envelope[];
  send(message: Uint8Array, envelope: Envelope): void;
  /** Does `act` behind the advertisements of all virtual routers that are due, before anything else is heard or due. */
  afterAdverts(act: () => void): void;
  /** Adds the virtual addresses; the error is the machine's answer in words. */
  claim(): Result<void, string>;
  announce(occasion: AnnounceOccasion): void;
  release(): void;
  changed(role: Role, reason: string): void;
  /** Something that an operator, or a script of his, may act on. */
  event(event: RouterEvent, detail: string): void;
  log(level: 'info' | 'warn', text: string): void;
}

/** A take-over; an active router of lower priority was heard; two were active and it is over. */
export type AnnounceOccasion = 'take-over' | 'lower-priority' | 'healed';

/** The interface as the virtual router needs it; `fault` says in words why it cannot take part. */
export type LinkState =
  | { readonly fault: string }
  | { readonly fault: null; readonly primaryAddress: Uint8Array; readonly holdsAddresses: boolean };
