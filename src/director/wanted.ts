/** What the director wants of the kernel's IPVS, asked anew for every act. Pure. */
import type { Config, IpvsConfig } from '../config/types.ts';
import { serviceKey } from '../ipvs/key.ts';
import { NO_TIMEOUTS } from '../ipvs/settings.ts';
import type { Service, SyncDaemon } from '../ipvs/types.ts';
import type { Role } from '../vrrp/messages.ts';
import { type DrainPolicy, drainTimeouts } from './draining.ts';
import { desiredDaemons } from './sync-role.ts';
import type { World } from './world.ts';

export interface Wanted extends DrainPolicy {
  /** All services, or those of the named virtual servers. */
  services(names?: ReadonlySet<string>): readonly Service[];
  /** Null: connection sync is not ours. */
  daemons(): readonly SyncDaemon[] | null;
  ipvs(): WantedIpvs;
}

export type WantedIpvs = Pick<IpvsConfig, 'exclusive' | 'timeouts' | 'settings' | 'restoreSettings'>;

/** Of a configuration that needs nothing from IPVS: only what an earlier one left is taken down. */
const NOTHING: WantedIpvs = {
  exclusive: false,
  timeouts: NO_TIMEOUTS,
  settings: {},
  restoreSettings: false,
};

export function needsIpvs(config: Config): boolean {
  return config.virtualServers.length > 0 || config.connectionSync !== null;
}

/**
 * What `world` wants. `before`: the `drain_timeout`s of the configuration before this one, which hold for the virtual
 * servers that it does not have any more.
 */
export function wantedOf(
  world: World,
  {
    roleOf,
    before,
  }: { readonly roleOf: (router: string) => Role | null; readonly before: ReadonlyMap<string, number> },
): Wanted {
  const timeouts = drainTimeouts(world.config);
  return {
    services: (names) => world.desired(names),
    daemons() {
      const { connectionSync } = world.config;
      return connectionSync === null ? null : desiredDaemons(connectionSync, roleOf(connectionSync.follow));
    },
    ipvs: () =>
      needsIpvs(world.config) ? world.config.ipvs : { ...NOTHING, restoreSettings: world.config.ipvs.restoreSettings },
    hasFailed: (service, destination) => world.hasFailed(service, destination),
    defaultDrainTimeoutMs: () => world.config.drainTimeoutMs,
    drainTimeoutMs: (service) => {
      const key = serviceKey(service);
      return timeouts.get(key) ?? before.get(key) ?? null;
    },
  };
}
