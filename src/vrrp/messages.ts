/**
 * What the main process and the VRRP process say to each other: small JSON values over the fork channel, each with the
 * sequence number of its direction. Pure types.
 */
import type { BfdReport } from '../bfd/report.ts';
import type { VirtualRouterConfig, VrrpProcessConfig } from '../config/types.ts';
import type { BfdSessionConfig } from '../config/types-bfd.ts';
import type { BelongingsReport } from './belongings-report.ts';
import type { ChecksumForm, Version } from './packet.ts';
import type { Refusal } from './receive.ts';
import type { Millis } from './timers.ts';
import type { TrackKey, TrackReport, TrackState } from './tracking.ts';

/** Operators' words for a virtual router's state. LEAVING still holds the addresses. */
export type Role = 'MASTER' | 'BACKUP' | 'FAULT' | 'LEAVING' | 'STOPPED';

/**
 * What happens to a virtual router besides its transitions. `two-actives`: another router is active too; `healed`: not any
 * more, and this one still is; `address-conflict`: another machine answers for a virtual address; `repaired`: what somebody
 * deleted was put back.
 */
export type RouterEvent = 'two-actives' | 'healed' | 'address-conflict' | 'repaired';

export type ToRouter =
  /** The complete wanted set; sent first, and again on every reload. */
  | {
      readonly type: 'configure';
      readonly process: VrrpProcessConfig;
      readonly routers: readonly VirtualRouterConfig[];
      readonly bfd: readonly BfdSessionConfig[];
      /** By name: addresses of an owner (priority 255) that were there before lvsd, never to be taken away. */
      readonly kept: Readonly<Record<string, readonly string[]>>;
      /** End of the startup delay on the monotonic clock, which both processes share. */
      readonly holdUntil: Millis;
    }
  /** Tracked objects: those that changed, or all of them before the first `configure`. */
  | { readonly type: 'tracked'; readonly states: Readonly<Record<TrackKey, TrackState>> }
  | { readonly type: 'report'; readonly id: number }
  /** Hand everything over, then answer `stopped` and exit. */
  | { readonly type: 'stop' };

export type FromRouter =
  | { readonly type: 'configured'; readonly problems: readonly string[] }
  | {
      readonly type: 'transition';
      readonly router: string;
      readonly role: Role;
      readonly reason: string;
      /** The effective one. */
      readonly priority: number;
    }
  /** Tracked objects that the VRRP process itself looks at, when they change. */
  | { readonly type: 'tracked'; readonly states: Readonly<Record<TrackKey, TrackState>> }
  | { readonly type: 'event'; readonly router: string; readonly event: RouterEvent; readonly detail: string }
  /** Of a sync group: MASTER when all members are, FAULT when one is, else BACKUP. */
  | { readonly type: 'group-transition'; readonly group: string; readonly role: Role; readonly reason: string }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly text: string }
  | { readonly type: 'report'; readonly id: number; readonly report: VrrpReport }
  | { readonly type: 'stopped' }
  | { readonly type: 'heartbeat' };

/** What the main process does nothing about but tell. */
export type VrrpNews = Extract<FromRouter, { readonly type: 'event' | 'tracked' | 'group-transition' }>;

/** One message as it travels. */
export interface Envelope<T> {
  readonly seq: number;
  readonly message: T;
}

export interface VrrpReport {
  readonly scheduling: string;
  readonly memoryLocked: boolean;
  readonly routers: readonly RouterReport[];
  readonly bfd: readonly BfdReport[];
  /** Refused packets that belong to no virtual router, by interface ("eth0 ipv4"). */
  readonly refused: Readonly<Record<string, Partial<Record<Refusal, number>>>>;
}

export interface RouterReport extends BelongingsReport {
  readonly name: string;
  readonly interface: string;
  readonly version: Version;
  readonly family: 4 | 6;
  readonly vrid: number;
  readonly role: Role;
  /** Unix time in milliseconds of the last change of role. */
  readonly sinceMs: number;
  readonly reason: string;
  /** Why a router in FAULT cannot take part; null otherwise. */
  readonly fault: string | null;
  readonly priority: number;
  /** With the weights of what is tracked. */
  readonly effectivePriority: number;
  readonly tracks: readonly TrackReport[];
  /** Sync group; null: none. */
  readonly group: string | null;
  /** In words; null: it is MASTER. */
  readonly whyNotMaster: string | null;
  readonly advertisementIntervalMs: number;
  readonly preempt: boolean;
  /** 0: none. */
  readonly preemptDelayMs: number;
  readonly primaryAddress: string | null;
  readonly peer: PeerReport | null;
  readonly adverts: AdvertCounters;
  readonly otherActives: OtherActivesReport;
  /** With `conflict_probe`: other machines that answered for a virtual address since the last take-over. */
  readonly conflicts: readonly ConflictReport[];
  readonly transitionsToMaster: number;
  /** How late the virtual router acted behind its own deadlines. */
  readonly lateness: { readonly lastMs: number; readonly maxMs: number };
}

export interface OtherActivesReport {
  /** How often another router was active beside this one. */
  readonly seen: number;
  /** The one that is now; null: none. `mac` null: not known yet. */
  readonly current: {
    readonly address: string;
    readonly mac: string | null;
    readonly priority: number;
    readonly forMs: number;
  } | null;
}

export interface ConflictReport {
  readonly address: string;
  readonly mac: string;
  /** Unix time in milliseconds when it was last noticed. */
  readonly atMs: number;
  readonly count: number;
}

export interface PeerReport {
  readonly address: string;
  readonly priority: number;
  readonly advertisementIntervalMs: number;
  readonly heardMsAgo: number;
  /** Null: VRRPv2, which has one form only. */
  readonly checksum: ChecksumForm | null;
}

export interface AdvertCounters {
  readonly sent: number;
  readonly received: number;
  readonly priorityZeroSent: number;
  readonly priorityZeroReceived: number;
  /** Accepted ones, and in version 2 refused ones. */
  readonly addressListErrors: number;
  readonly refused: Partial<Record<Refusal, number>>;
}
