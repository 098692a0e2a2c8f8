/** What a check, a real server and a virtual server are when nothing special is asked of them. */
import type { CheckCommon } from '../../src/config/types-checks.ts';
import type { RealServerLevelConfig, ServiceLevelConfig } from '../../src/config/types-service.ts';

/** Every 2 s, 1 s long, twice to rise and three times to fall. */
export const PLAIN_CHECK: Omit<CheckCommon, 'address' | 'port'> = {
  intervalMs: 2000,
  fastIntervalMs: 2000,
  timeoutMs: 1000,
  rise: 2,
  fall: 3,
  flapDamping: null,
  logFailures: false,
  sourceAddress: null,
  interface: null,
  mark: 0,
  watch: false,
};

export const PLAIN_REAL_SERVER: Omit<RealServerLevelConfig, 'checks'> = {
  required: 'all',
  tier: 0,
  onFailure: null,
  notifyUp: null,
  notifyDown: null,
};

export const PLAIN_SERVICE_LEVEL: ServiceLevelConfig = {
  hysteresis: 0,
  slowStart: null,
  gradedWeight: { minPercent: 1, maxPercent: 100, smoothingPercent: 100, latency: null },
  panic: null,
  haSuspend: null,
  hooks: { quorumUp: null, quorumDown: null, notifyUp: null, notifyDown: null, user: null, timeoutMs: 10_000 },
};
