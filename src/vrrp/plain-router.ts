/** A virtual router with nothing special about it, for those who need one where no configuration is read. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';

/** One second, preempting, by multicast; what is left out has no default. */
export const PLAIN_ROUTER: Omit<VirtualRouterConfig, 'name' | 'interface' | 'vrid' | 'virtualAddresses'> = {
  version: 3,
  family: 4,
  priority: 100,
  advertisementIntervalMs: 1000,
  preempt: true,
  preemptDelayMs: 0,
  group: null,
  tracks: [],
  extraAddresses: [],
  virtualRoutes: [],
  virtualRules: [],
  promoteSecondaries: false,
  virtualMac: null,
  accept: true,
  transport: { kind: 'ip' },
  checksum: 'auto',
  password: null,
  peers: [],
  sourceAddress: null,
  ttl: { send: 255, least: 255 },
  announcements: {
    count: 5,
    repeatDelayMs: 5000,
    refreshMs: 0,
    refreshCount: 1,
    lowerPriorityCount: 5,
    lowerPriorityDelayMs: 5000,
    spacingMs: 0,
    arp: 'request',
    interfaces: [],
  },
  conflictProbe: false,
  notify: null,
};
