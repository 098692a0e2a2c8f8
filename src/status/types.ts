/**
 * What `GET /status` answers and `lvsd status --json` prints: plain JSON values, documented for scripts in docs/status.md.
 * Times are Unix milliseconds (`...AtMs`, `sinceMs`); lengths of time are milliseconds (`latencyMs`). Pure types.
 */
import type { BfdReport } from '../bfd/report.ts';
import type { TunnelConfig } from '../config/types.ts';
import type { CheckConfig } from '../config/types-checks.ts';
import type { ProbeFailure } from '../health/types.ts';
import type { DestinationCounters, Forwarding, SyncDaemon } from '../ipvs/types.ts';
import type { RouterReport, VrrpReport } from '../vrrp/messages.ts';

/** Raised when a field is removed or changes its meaning; new fields leave it as it is. */
export const SNAPSHOT_FORMAT = 1;

export interface Snapshot {
  readonly format: typeof SNAPSHOT_FORMAT;
  readonly takenAtMs: number;
  readonly daemon: DaemonReport;
  /** Empty when the VRRP process does not answer. */
  readonly virtualRouters: readonly RouterReport[];
  /** False: virtual routers are configured and their process did not answer in time. */
  readonly vrrpAnswering: boolean;
  /** Refused packets that belong to no virtual router, by interface ("eth0 ipv4") and reason. */
  readonly vrrpRefused: VrrpReport['refused'];
  /** Empty when the VRRP process does not answer. */
  readonly bfdSessions: readonly BfdReport[];
  /** What the main process watches for the virtual routers; interfaces and BFD sessions are with each router. */
  readonly tracked: readonly TrackedReport[];
  readonly notifications: NotificationsReport;
  /** Null: not configured. */
  readonly connectionSync: ConnectionSyncReport | null;
  readonly virtualServers: readonly VirtualServerReport[];
  /** Of something that is always there (`self_check`); null: not configured. */
  readonly selfCheck: CheckReport | null;
  /** Null: the configuration needs nothing from IPVS. */
  readonly ipvs: IpvsReport | null;
}

export interface TrackedReport {
  /** "script chk", "file /run/prio", "process proxy", "virtual_server web". */
  readonly object: string;
  /** Null: a file, which has a value instead. */
  readonly state: 'UP' | 'DOWN' | null;
  readonly value: number | null;
  /** Why it is DOWN; null when it is not. */
  readonly reason: string | null;
  /** What was last found, in words: "ok in 12 ms, 40 runs", "2 processes"; empty: nothing to add. */
  readonly detail: string;
}

export interface DaemonReport {
  /** The director's name in the configuration. */
  readonly name: string;
  readonly version: string;
  readonly pid: number;
  /** The inode of its network namespace, whose table it looks after; null: not known. */
  readonly networkNamespace: number | null;
  readonly startedAtMs: number;
  readonly configFile: string;
  readonly configLoadedAtMs: number;
  /** Null: never asked to reload. */
  readonly lastReload: ReloadReport | null;
  readonly vrrpProcess: VrrpProcessReport;
}

export interface ReloadReport {
  readonly atMs: number;
  /** False: refused, the configuration before it stays in force. */
  readonly ok: boolean;
  /** One line each: why it was refused, or what the kernel or the VRRP process refused of a reload that went through. */
  readonly problems: readonly string[];
}

export interface VrrpProcessReport {
  /** Null: it does not run. */
  readonly pid: number | null;
  readonly restarts: number;
  /** The kernel's policy as it is, not as configured ("SCHED_RR 10"); null: not known. */
  readonly scheduling: string | null;
  readonly memoryLocked: boolean | null;
}

/** Since the start. */
export interface NotificationsReport {
  /** Changes that notify programs were not run for: a newer one came first. */
  readonly skipped: number;
  /** Notify programs that could not be run, failed or were killed. */
  readonly failed: number;
  /** Null: none is configured, or it cannot be written to. */
  readonly fifo: FifoReport | null;
  /** The one for virtual and real servers alone. */
  readonly lvsFifo: FifoReport | null;
}

export interface FifoReport {
  readonly path: string;
  /** Lines that nobody read in time. */
  readonly dropped: number;
}

export interface ConnectionSyncReport {
  /** The virtual router whose role decides. */
  readonly follow: string;
  readonly wanted: 'master' | 'backup' | 'none';
  /** The kernel's sync daemons. */
  readonly running: readonly SyncDaemon[];
}

/** UP: the usable weight reaches the quorum, with its hysteresis. */
export type VirtualServerState = 'UP' | 'DOWN';
/** UNKNOWN: not yet decided, for not every check has an answer. */
export type RealServerState = 'UP' | 'DOWN' | 'UNKNOWN';

export interface VirtualServerReport {
  readonly name: string;
  /** "tcp 192.0.2.1:80", "fwmark 7"; all of a group in short: "tcp 192.0.2.1-192.0.2.9:80,443". */
  readonly service: string;
  /** Each service on its own. */
  readonly services: readonly ServiceReport[];
  readonly scheduler: string;
  readonly state: VirtualServerState;
  /** Configured weights of the real servers that are UP and not drained, kept, or not probed because of `suspendedBy`. */
  readonly usableWeight: number;
  readonly quorum: number;
  readonly hysteresis: number;
  /** The highest tier that serves; null: all real servers are of one, or sorry servers serve. */
  readonly tier: number | null;
  /** So many real servers failed at once that they are kept; null: no such thing. */
  readonly panic: PanicReport | null;
  /** The virtual router that is not MASTER, for which the checks rest (`ha_suspend`); null: they do not. */
  readonly suspendedBy: string | null;
  readonly sorryServers: readonly SorryServerReport[];
  /** Whether the kernel's table has the service, of a group all of them; null: the table could not be read. */
  readonly inKernel: boolean | null;
  readonly realServers: readonly RealServerReport[];
}

export interface ServiceReport {
  /** "tcp 192.0.2.1:80", "fwmark 7 ipv6". */
  readonly service: string;
  /** Null: the table could not be read. */
  readonly inKernel: boolean | null;
}

export interface PanicReport {
  readonly sinceMs: number;
  /** Real servers that are DOWN and kept. */
  readonly failed: number;
  /** Real servers that were UP when it began. */
  readonly of: number;
  /**
   * `asked`: the self check is being probed; `self-check`: it fails too, until it passes; `recovery`: there is none, until
   * enough real servers are UP again.
   */
  readonly waitsFor: 'asked' | 'self-check' | 'probes' | 'recovery';
}

export interface SorryServerReport {
  /** "10.0.0.90:80"; without a port: that of each service. */
  readonly address: string;
  readonly forwarding: Forwarding;
  readonly tunnel: TunnelConfig | null;
  /** It takes connections, because the virtual server is DOWN. */
  readonly active: boolean;
  /** Without checks always UP. */
  readonly state: RealServerState;
  readonly reason: string | null;
  readonly sinceMs: number | null;
  readonly weight: WeightReport;
  readonly connections: ConnectionsReport | null;
  readonly checks: readonly CheckReport[];
}

export interface WeightReport {
  readonly configured: number;
  /** After state, tier, grade and slow start: what the kernel is given. */
  readonly wanted: number;
  /** Of a group the lowest; null: not in the kernel's table, or the table could not be read. */
  readonly kernel: number | null;
}

export interface RealServerReport {
  /** "10.0.0.11:80"; without a port: that of each service. */
  readonly address: string;
  readonly forwarding: Forwarding;
  readonly tunnel: TunnelConfig | null;
  readonly state: RealServerState;
  /** Why it is not UP ("refused: connect ECONNREFUSED"); null when it is. */
  readonly reason: string | null;
  /** Since when it has this state; null: it has no checks. */
  readonly sinceMs: number | null;
  readonly tier: number;
  /** DOWN, and in the table with its weight because of a panic. */
  readonly kept: boolean;
  readonly weight: WeightReport;
  readonly grade: GradeReport;
  /** Null: it does not warm up. */
  readonly slowStart: SlowStartReport | null;
  readonly thresholds: ThresholdsReport;
  /** Of a group the sum; null: not in the kernel's table, or the table could not be read. */
  readonly connections: ConnectionsReport | null;
  /** How many of `checks` must be UP. */
  readonly required: 'all' | number;
  readonly checks: readonly CheckReport[];
}

/** What its checks say of its weight, together. */
export interface GradeReport {
  /** Of the configured weight, smoothed; null: none of them says anything. */
  readonly advisedPercent: number | null;
  /** It wants no new connections. */
  readonly drain: boolean;
  /** Instead of the upper threshold; null: none of them says anything. */
  readonly maxConnections: number | null;
  /** Smoothed; null: it has no say (`graded_weight.latency`). */
  readonly latencyMs: number | null;
}

export interface SlowStartReport {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Of its weight, now. */
  readonly percent: number;
}

export interface ThresholdsReport {
  /** 0: no limit. */
  readonly upper: number;
  /** 0: three quarters of the upper one. */
  readonly lower: number;
  /** The kernel gives it no new connections, in one service of a group at least, until it falls below the lower one. */
  readonly over: boolean;
}

export interface ConnectionsReport {
  readonly active: DestinationCounters['activeConnections'];
  readonly inactive: DestinationCounters['inactiveConnections'];
  readonly persistent: DestinationCounters['persistentConnections'];
}

export interface CheckReport {
  readonly type: CheckConfig['type'];
  /** "10.0.0.11:80/healthz", "10.0.0.53:53 www.example.com", a command, a path, a name. */
  readonly target: string;
  readonly state: RealServerState;
  /** Null: not probed yet. */
  readonly lastResult: 'ok' | ProbeFailure | null;
  /** The particulars of a failure. */
  readonly detail: string | null;
  readonly latencyMs: number | null;
  /** When that result came. */
  readonly atMs: number | null;
  /** The last failure that counted: why it is DOWN, or may be soon; null: it is UP and passed last time. */
  readonly failure: string | null;
  /** Until then it stays DOWN because it came and went (`flap_damping`); null: it is not held. */
  readonly heldUntilMs: number | null;
  /** It passes, but something needs attention; null: nothing. */
  readonly warning: string | null;
}

export interface IpvsReport extends IpvsCounters {
  /** False: the kernel's table could not be read just now. */
  readonly available: boolean;
  /** Services that are not ours are removed (`ipvs.exclusive`). */
  readonly exclusive: boolean;
  readonly draining: readonly DrainReport[];
}

/** A destination that is no longer wanted and keeps its connections for a while. */
export interface DrainReport {
  /** "tcp 192.0.2.1:80". */
  readonly service: string;
  /** "10.0.0.11:80". */
  readonly destination: string;
  readonly sinceMs: number;
  /** When it is deleted with the connections that it still has. */
  readonly untilMs: number;
  /** Active, inactive and persistent ones at the last look; null: not looked at yet. */
  readonly connections: number | null;
}

/** What the keeper of the kernel's table has counted since the start. */
export interface IpvsCounters {
  readonly lastReconcileAtMs: number | null;
  readonly reconciles: number;
  /** Commands that put right what somebody else had changed. */
  readonly repairs: number;
  readonly refusedCommands: number;
  /** Of the last reconciliation, or since; null: all is well. */
  readonly lastProblem: string | null;
}
