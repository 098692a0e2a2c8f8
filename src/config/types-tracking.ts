/** Tracked objects and sync groups, as the rest of lvsd reads them: see types.ts. Pure types. */
import type { NotifyConfig } from './types-notify.ts';

export type TrackKind = 'interface' | 'script' | 'file' | 'process' | 'virtual_server' | 'bfd';

/** An object whose state moves the priority of a virtual router, or puts it into FAULT. */
export interface TrackConfig {
  readonly kind: TrackKind;
  /** Of the object; for a file its path. */
  readonly name: string;
  /**
   * -253..253, never 0; above 0: added to the priority while up, below 0: added (so subtracted) while down; files: times the
   * number in the file. Null: down is a FAULT of the virtual router; for bfd only a hint that the peer may be gone.
   */
  readonly weight: number | null;
  /** Interfaces only, else 0: how long it must have been up before it counts as up. */
  readonly upDelayMs: number;
  readonly downDelayMs: number;
}

/** Virtual routers that are always in the same state. What a group tracks is in the `tracks` of its members. */
export interface SyncGroupConfig {
  readonly name: string;
  /** Names of virtual routers, at least one; each is in one group at most. */
  readonly members: readonly string[];
  /** Null: nobody is told. */
  readonly notify: NotifyConfig | null;
}
