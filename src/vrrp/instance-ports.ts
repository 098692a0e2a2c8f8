/** What a virtual router and the machine it runs on say to each other. Pure types. */
import type { Result } from '../util/result.ts';
import type { Role } from './messages.ts';
import type { Envelope } from './packet.ts';
import type { Millis } from './timers.ts';

/** What one virtual router needs from the machine. */
export interface InstancePorts {
  now(): Millis;
  /** Arms the one timer; null disarms it. When it is due, call `tick`. */
  wakeAt(at: Millis | null): void;
  /** What the checksum of an advertisement covers beside it; null while there is no address to send from. */
  envelope(): Envelope | null;
  send(message: Uint8Array): void;
  /** Adds the virtual addresses; the error is the machine's answer in words. */
  claim(): Result<void, string>;
  announce(): void;
  release(): void;
  changed(role: Role, reason: string): void;
  log(level: 'info' | 'warn', text: string): void;
}

/** The interface as the virtual router needs it; `fault` says in words why it cannot take part. */
export type LinkState =
  | { readonly fault: string }
  | { readonly fault: null; readonly primaryAddress: Uint8Array; readonly holdsAddresses: boolean };
