/**
 * The checked configuration: what the rest of lvsd reads. Every default is filled in, every duration is in milliseconds,
 * every address is in canonical text form. `schema.ts` says what the file may hold, `resolve.ts` turns it into this. Pure.
 */
import type { TimeoutChange } from '../ipvs/command.ts';
import type { Forwarding, Scheduler } from '../ipvs/types.ts';
import type { BelongingsConfig } from './types-addresses.ts';
import type { BfdSessionConfig } from './types-bfd.ts';
import type { CheckConfig } from './types-checks.ts';
import type { NotificationsConfig, NotifyConfig } from './types-notify.ts';
import type { RealServerLevelConfig, ServiceLevelConfig } from './types-service.ts';
import type { TrackedProcessConfig, TrackedScriptConfig } from './types-tracked.ts';
import type { SyncGroupConfig, TrackConfig } from './types-tracking.ts';

export interface Config {
  readonly name: string;
  readonly vrrpProcess: VrrpProcessConfig;
  readonly virtualRouters: readonly VirtualRouterConfig[];
  readonly syncGroups: readonly SyncGroupConfig[];
  readonly trackedScripts: readonly TrackedScriptConfig[];
  readonly trackedProcesses: readonly TrackedProcessConfig[];
  readonly bfdSessions: readonly BfdSessionConfig[];
  readonly notifications: NotificationsConfig;
  readonly connectionSync: ConnectionSyncConfig | null;
  readonly ipvs: IpvsConfig;
  /** `defaults.drain_timeout`: for what left the configuration while lvsd was down, whose own nobody knows any more. */
  readonly drainTimeoutMs: number;
  /** Tells a sick prober from sick servers; null: none. */
  readonly selfCheck: CheckConfig | null;
  /** Threads that probe besides the main one; 'auto': by what the checks cost. */
  readonly probeWorkers: 'auto' | number;
  readonly virtualServers: readonly VirtualServerConfig[];
}

export interface VrrpProcessConfig {
  /** SCHED_RR priority of the VRRP process, 1..99; 0 leaves it at normal priority. */
  readonly realtimePriority: number;
  /** Lock the process's code, libraries and C heap in memory (mlock2). */
  readonly lockMemory: boolean;
  /** After the start of lvsd no virtual router becomes MASTER for so long. */
  readonly startupDelayMs: number;
}

export interface VirtualRouterConfig extends BelongingsConfig {
  readonly name: string;
  readonly interface: string;
  /** Of VRRP; 2 with IPv4 only. */
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  /** Virtual router identifier, 1..255. */
  readonly vrid: number;
  /** 1..254, 255 = address owner. */
  readonly priority: number;
  /** Version 3: a multiple of 10 ms, 10..40950; version 2: of 1000 ms, 1000..255000. */
  readonly advertisementIntervalMs: number;
  /** An owner (priority 255) preempts in any case. */
  readonly preempt: boolean;
  /** How long an active router of lower priority is left alone; 0: RFC 9568. */
  readonly preemptDelayMs: number;
  /** Sync group; null: none. */
  readonly group: string | null;
  /** Its own and its group's. */
  readonly tracks: readonly TrackConfig[];
  readonly transport: TransportConfig;
  /** Which checksum VRRPv3 over IPv4 is sent with (RFC 9568 has no pseudo-header, keepalived has one). */
  readonly checksum: 'auto' | 'rfc9568' | 'pseudo';
  /** Version 2 only: 1 to 8 printable ASCII characters, sent in clear; null: none. */
  readonly password: string | null;
  /** Unicast: whom we speak to and listen to; empty: multicast. */
  readonly peers: readonly string[];
  /** What is sent from; null: the interface's first own address. */
  readonly sourceAddress: string | null;
  readonly ttl: TtlConfig;
  readonly announcements: AnnouncementConfig;
  /** Ask at a take-over whether another machine answers for the addresses, and watch for it while MASTER. */
  readonly conflictProbe: boolean;
  /** Null: nobody is told. */
  readonly notify: NotifyConfig | null;
}

export type TransportConfig = { readonly kind: 'ip' } | { readonly kind: 'udp'; readonly port: number };

/** TTL or hop limit with unicast peers; with multicast both are 255. */
export interface TtlConfig {
  readonly send: number;
  /** Smallest that is accepted. */
  readonly least: number;
}

/**
 * Gratuitous ARP and unsolicited NA: `count` rounds at a take-over, the same again after `repeatDelayMs`; `refreshCount`
 * rounds every `refreshMs` while MASTER; when a router of lower priority is heard as active too, `lowerPriorityCount`
 * rounds, the same again after `lowerPriorityDelayMs`. A delay of 0 is never.
 */
export interface AnnouncementConfig {
  readonly count: number;
  readonly repeatDelayMs: number;
  readonly refreshMs: number;
  readonly refreshCount: number;
  /** 0: none. */
  readonly lowerPriorityCount: number;
  readonly lowerPriorityDelayMs: number;
  /** Between two frames on an interface; 0: back to back. */
  readonly spacingMs: number;
  readonly arp: 'request' | 'reply' | 'both';
  /** Besides those that the addresses are on. */
  readonly interfaces: readonly string[];
}

export interface ConnectionSyncConfig {
  /** Name of the virtual router whose role the sync daemon follows. */
  readonly follow: string;
  readonly interface: string;
  /** 0..255. */
  readonly syncId: number;
  readonly group: string | null;
  readonly port: number | null;
  readonly ttl: number | null;
  readonly maxLength: number | null;
}

export interface IpvsConfig {
  readonly reconcileIntervalMs: number;
  /** Leave our services in the kernel when lvsd stops. */
  readonly keepOnExit: boolean;
  /** Services that are not ours are deleted. */
  readonly exclusive: boolean;
  /** Null leaves the kernel's. */
  readonly timeouts: TimeoutChange;
  /**
   * What is written below /proc/sys/net/ipv4/vs, by name, as text. What is not named stays as it is. `sync_threshold` is
   * two numbers, which the kernel separates by a tab when it is read. Of drop_entry, drop_packet and secure_tcp the kernel
   * changes 1 to 2 and back by itself: they are the same setting.
   */
  readonly settings: Readonly<Record<string, string>>;
  /** When lvsd stops, settings and timeouts become what they were before it wrote them. */
  readonly restoreSettings: boolean;
}

export type ServiceIdConfig =
  | {
      readonly kind: 'address';
      readonly family: 4 | 6;
      readonly protocol: 'tcp' | 'udp' | 'sctp';
      readonly address: string;
      readonly port: number;
    }
  | { readonly kind: 'fwmark'; readonly family: 4 | 6; readonly fwmark: number };

export interface VirtualServerConfig extends ServiceLevelConfig {
  readonly name: string;
  /** The services in the kernel, at least one, all different and of one family: they share real servers and checks. */
  readonly ids: readonly ServiceIdConfig[];
  readonly scheduler: Scheduler;
  readonly schedulerFlags: readonly SchedulerFlag[];
  readonly persistence: PersistenceConfig | null;
  readonly onePacket: boolean;
  /** Usable weight needed for the virtual server to count as up. */
  readonly quorum: number;
  /** What a failed real server becomes: weight 0, or removed from the table. */
  readonly onFailure: 'zero' | 'remove';
  /** What a real server counts as before its first check. */
  readonly initial: 'down' | 'up';
  /** How long a real server that left the configuration keeps its connections; 0: it is deleted at once. */
  readonly drainTimeoutMs: number;
  /** fullnat: what real servers see as the client; empty: the address of the outgoing interface. */
  readonly sourceAddresses: readonly string[];
  readonly realServers: readonly RealServerConfig[];
  readonly sorryServers: readonly SorryServerConfig[];
}

export type SchedulerFlag = 'sh-fallback' | 'sh-port' | 'mh-fallback' | 'mh-port' | 'flag-1' | 'flag-2' | 'flag-3';

export interface PersistenceConfig {
  readonly timeoutMs: number;
  /** Clients within one such prefix share a real server; 32 or 128 = each on its own. */
  readonly prefixLength: number;
  readonly engine: 'sip' | null;
}

/** Where connections go. */
export interface TargetConfig {
  readonly address: string;
  /** Null: that of the service, in a virtual server with several ports. */
  readonly port: number | null;
  readonly forwarding: Forwarding;
  /** Null: `forwarding` is not `tunnel`. */
  readonly tunnel: TunnelConfig | null;
}

export interface TunnelConfig {
  readonly type: 'ipip' | 'gue' | 'gre';
  /** UDP port that GUE is sent to; 0 for the others. */
  readonly port: number;
  /** Of the outer packet: none, all of it, or left to the real server (GUE's remote checksum offload). */
  readonly checksum: 'none' | 'full' | 'remote';
}

export interface RealServerConfig extends TargetConfig, RealServerLevelConfig {
  readonly weight: number;
  /** 0 = no limit. */
  readonly upperThreshold: number;
  /** 0 = three quarters of the upper one. */
  readonly lowerThreshold: number;
}

/** Takes the connections, with the others of its kind, while the quorum is not reached. */
export interface SorryServerConfig extends TargetConfig {
  readonly weight: number;
  /** Empty: never probed, always usable. */
  readonly checks: readonly CheckConfig[];
}
