/**
 * What the main process and the VRRP process say to each other: small JSON values over the fork channel, each with the
 * sequence number of its direction. Pure types.
 */
import type { VirtualRouterConfig, VrrpProcessConfig } from '../config/types.ts';
import type { Refusal } from './receive.ts';

/** Operators' words for a virtual router's state. LEAVING still holds the addresses. */
export type Role = 'MASTER' | 'BACKUP' | 'FAULT' | 'LEAVING' | 'STOPPED';

export type ToRouter =
  /** The complete wanted set; sent first, and again on every reload. */
  | {
      readonly type: 'configure';
      readonly process: VrrpProcessConfig;
      readonly routers: readonly VirtualRouterConfig[];
      /** By name: addresses of an owner (priority 255) that were there before lvsd, never to be taken away. */
      readonly kept: Readonly<Record<string, readonly string[]>>;
    }
  | { readonly type: 'report'; readonly id: number }
  /** Hand everything over, then answer `stopped` and exit. */
  | { readonly type: 'stop' };

export type FromRouter =
  | { readonly type: 'configured'; readonly problems: readonly string[] }
  | { readonly type: 'transition'; readonly router: string; readonly role: Role; readonly reason: string }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly text: string }
  | { readonly type: 'report'; readonly id: number; readonly report: VrrpReport }
  | { readonly type: 'stopped' }
  | { readonly type: 'heartbeat' };

/** One message as it travels. */
export interface Envelope<T> {
  readonly seq: number;
  readonly message: T;
}

export interface VrrpReport {
  readonly scheduling: string;
  readonly memoryLocked: boolean;
  readonly routers: readonly RouterReport[];
  /** Refused packets that belong to no virtual router, by interface ("eth0 ipv4"). */
  readonly refused: Readonly<Record<string, Partial<Record<Refusal, number>>>>;
}

export interface RouterReport {
  readonly name: string;
  readonly interface: string;
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  readonly vrid: number;
  readonly role: Role;
  /** Unix time in milliseconds of the last change of role. */
  readonly sinceMs: number;
  readonly reason: string;
  /** Why a router in FAULT cannot take part; null otherwise. */
  readonly fault: string | null;
  readonly priority: number;
  readonly effectivePriority: number;
  readonly advertisementIntervalMs: number;
  readonly preempt: boolean;
  readonly primaryAddress: string | null;
  readonly virtualAddresses: readonly { readonly address: string; readonly held: boolean }[];
  readonly peer: PeerReport | null;
  readonly adverts: AdvertCounters;
  readonly transitionsToMaster: number;
  /** How late the virtual router acted behind its own deadlines. */
  readonly lateness: { readonly lastMs: number; readonly maxMs: number };
}

export interface PeerReport {
  readonly address: string;
  readonly priority: number;
  readonly advertisementIntervalMs: number;
  readonly heardMsAgo: number;
  /** Null: VRRPv2, which has one form only. */
  readonly checksum: 'rfc9568' | 'pseudo' | null;
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
