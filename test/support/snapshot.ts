/** A snapshot with every part filled in, as the tests of status show, send and document it. */
import type { BfdReport } from '../../src/bfd/report.ts';
import type {
  CheckReport,
  RealServerReport,
  Snapshot,
  SorryServerReport,
  VirtualServerReport,
} from '../../src/status/types.ts';
import type { RouterReport } from '../../src/vrrp/messages.ts';

/** 2026-01-02T03:04:05Z. */
export const NOW_MS = 1_767_323_045_000;

export const router: RouterReport = {
  name: 'web',
  interface: 'eth0',
  version: 3,
  family: 4,
  vrid: 51,
  role: 'MASTER',
  sinceMs: NOW_MS - 192_000,
  reason: 'active-down',
  fault: null,
  priority: 150,
  effectivePriority: 150,
  tracks: [
    { key: 'interface eth1', state: { kind: 'up' }, weight: -30, adds: 0 },
    { key: 'file /run/lvsd-weight', state: { kind: 'value', value: 0 }, weight: 1, adds: 0 },
  ],
  group: null,
  whyNotMaster: null,
  advertisementIntervalMs: 1000,
  preempt: true,
  preemptDelayMs: 0,
  primaryAddress: '192.0.2.2',
  virtualAddresses: [{ address: '192.0.2.100/24', interface: 'eth0', held: true }],
  extraAddresses: [],
  virtualRoutes: [],
  virtualRules: [],
  virtualMac: null,
  accept: true,
  peer: {
    address: '192.0.2.3',
    priority: 100,
    advertisementIntervalMs: 1000,
    heardMsAgo: 192_400,
    checksum: 'pseudo',
  },
  adverts: {
    sent: 192,
    received: 3,
    priorityZeroSent: 0,
    priorityZeroReceived: 1,
    addressListErrors: 0,
    refused: {},
  },
  otherActives: { seen: 0, current: null },
  conflicts: [],
  transitionsToMaster: 1,
  lateness: { lastMs: 0.21, maxMs: 12.4 },
};

/** What a router reports beside another active one, and beside a machine that has its address. */
export const strangers: Pick<RouterReport, 'otherActives' | 'conflicts'> = {
  otherActives: {
    seen: 1,
    current: { address: '192.0.2.3', mac: '02:00:00:00:01:0c', priority: 100, forMs: 2400 },
  },
  conflicts: [{ address: '192.0.2.100', mac: '02:00:00:00:01:63', atMs: NOW_MS - 60_000, count: 2 }],
};

export const bfdSession: BfdReport = {
  name: 'other-director',
  interface: 'eth0',
  neighbor: '192.0.2.3',
  sourceAddress: '192.0.2.2',
  state: 'UP',
  sinceMs: NOW_MS - 192_000,
  reason: null,
  remote: { state: 'UP', diagnostic: 'no diagnostic' },
  transmitIntervalMs: 300,
  detectionTimeMs: 900,
  flaps: 1,
  sent: 731,
  received: 729,
  refused: {},
};

/** Of a check that passes and has nothing else to say. */
export const calmCheck: Pick<CheckReport, 'failure' | 'heldUntilMs' | 'warning'> = {
  failure: null,
  heldUntilMs: null,
  warning: null,
};

/** Of a real server that has the weight it is configured with, as far as its state allows. */
export const calmServer: Pick<RealServerReport, 'tier' | 'kept' | 'grade' | 'slowStart' | 'required'> = {
  tier: 0,
  kept: false,
  grade: { advisedPercent: null, drain: false, maxConnections: null, latencyMs: null },
  slowStart: null,
  required: 'all',
};

export const calmService: Pick<VirtualServerReport, 'hysteresis' | 'tier' | 'panic' | 'suspendedBy'> = {
  hysteresis: 0,
  tier: null,
  panic: null,
  suspendedBy: null,
};

/** What virtual and real servers report in trouble and after it. */
export const troubles = {
  panic: { sinceMs: NOW_MS - 5000, failed: 3, of: 4, waitsFor: 'asked' },
  slowStart: { sinceMs: NOW_MS - 10_000, untilMs: NOW_MS + 20_000, percent: 40 },
} as const satisfies Pick<VirtualServerReport, 'panic'> & Pick<RealServerReport, 'slowStart'>;

const sorryServer: SorryServerReport = {
  address: '10.0.0.90:80',
  forwarding: 'direct',
  tunnel: null,
  active: false,
  state: 'UP',
  reason: null,
  sinceMs: null,
  weight: { configured: 1, wanted: 0, kernel: null },
  connections: null,
  checks: [],
};

export const snapshot: Snapshot = {
  format: 1,
  takenAtMs: NOW_MS,
  daemon: {
    name: 'lb1',
    version: '0.1.0',
    pid: 1234,
    networkNamespace: null,
    startedAtMs: NOW_MS - 11_520_000,
    configFile: '/etc/lvsd/lvsd.yaml',
    configLoadedAtMs: NOW_MS - 725_000,
    lastReload: { atMs: NOW_MS - 725_000, ok: true, problems: [] },
    vrrpProcess: { pid: 1235, restarts: 0, scheduling: 'SCHED_RR 10', memoryLocked: true },
  },
  virtualRouters: [router],
  vrrpAnswering: true,
  vrrpRefused: {},
  bfdSessions: [bfdSession],
  tracked: [],
  notifications: { skipped: 0, failed: 0, fifo: { path: '/run/lvsd/notify.fifo', dropped: 0 }, lvsFifo: null },
  connectionSync: {
    follow: 'web',
    wanted: 'master',
    running: [
      { role: 'master', interface: 'eth1', syncId: 51, maxLength: 1460, group: '224.0.0.81', port: 8848, ttl: 1 },
    ],
  },
  virtualServers: [
    {
      name: 'web',
      service: 'tcp 192.0.2.100:80',
      services: [{ service: 'tcp 192.0.2.100:80', inKernel: true }],
      scheduler: 'wlc',
      state: 'UP',
      usableWeight: 100,
      quorum: 1,
      ...calmService,
      sorryServers: [sorryServer],
      inKernel: true,
      realServers: [
        {
          address: '10.0.0.11:80',
          forwarding: 'direct',
          tunnel: null,
          state: 'UP',
          reason: null,
          sinceMs: NOW_MS - 192_000,
          ...calmServer,
          weight: { configured: 100, wanted: 100, kernel: 100 },
          thresholds: { upper: 2000, lower: 1500, over: false },
          connections: { active: 12, inactive: 130, persistent: 0 },
          checks: [
            {
              type: 'http',
              target: '10.0.0.11:80/healthz',
              state: 'UP',
              lastResult: 'ok',
              detail: null,
              latencyMs: 1.24,
              atMs: NOW_MS - 1300,
              ...calmCheck,
            },
          ],
        },
        {
          address: '10.0.0.12:80',
          forwarding: 'direct',
          tunnel: null,
          state: 'DOWN',
          reason: 'refused: connect ECONNREFUSED 10.0.0.12:80',
          sinceMs: NOW_MS - 5000,
          ...calmServer,
          weight: { configured: 100, wanted: 0, kernel: 0 },
          thresholds: { upper: 0, lower: 0, over: false },
          connections: { active: 2, inactive: 7, persistent: 0 },
          checks: [
            {
              type: 'http',
              target: '10.0.0.12:80/healthz',
              state: 'DOWN',
              lastResult: 'refused',
              detail: 'connect ECONNREFUSED 10.0.0.12:80',
              latencyMs: 0.31,
              atMs: NOW_MS - 400,
              ...calmCheck,
              failure: 'refused: connect ECONNREFUSED 10.0.0.12:80',
            },
          ],
        },
      ],
    },
  ],
  selfCheck: {
    type: 'icmp',
    target: '192.0.2.254',
    state: 'UP',
    lastResult: 'ok',
    detail: null,
    latencyMs: 0.4,
    atMs: NOW_MS - 1000,
    ...calmCheck,
  },
  ipvs: {
    available: true,
    exclusive: false,
    draining: [],
    lastReconcileAtMs: NOW_MS - 5000,
    reconciles: 12,
    repairs: 1,
    refusedCommands: 0,
    lastProblem: null,
  },
};
