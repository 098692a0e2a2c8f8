/** Which real servers the kernel already sends connections to: they are adopted, not started from nothing. Pure. */
import type { RealServerConfig, VirtualServerConfig } from '../config/types.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { Service } from '../ipvs/types.ts';
import { serviceIdOf } from './desired.ts';
import { destinationName } from './world.ts';

/** Tells whether a real server is in the table with a weight. */
export function trafficIn(
  table: readonly Service[],
): (server: Pick<VirtualServerConfig, 'id'>, real: Pick<RealServerConfig, 'address' | 'port'>) => boolean {
  const serving = new Set(
    table.flatMap((service) =>
      service.destinations
        .filter(({ settings }) => settings.weight > 0)
        .map(({ id }) => `${serviceKey(service.id)} ${destinationKey(id)}`),
    ),
  );
  return (server, real) => serving.has(`${serviceKey(serviceIdOf(server.id))} ${destinationName(real)}`);
}
