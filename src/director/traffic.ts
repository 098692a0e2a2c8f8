/** Which real servers the kernel already sends connections to: they are adopted, not started from nothing. Pure. */
import type { ServiceIdConfig, TargetConfig, VirtualServerConfig } from '../config/types.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { Service } from '../ipvs/types.ts';
import { destinationIdOf, serviceIdOf } from './desired.ts';

type Ids = Pick<VirtualServerConfig, 'ids'>;

/** Tells whether a real server is in the table with a weight, in any of its services. */
export function trafficIn(
  table: readonly Service[],
): (server: Ids, real: Pick<TargetConfig, 'address' | 'port'>) => boolean {
  const serving = new Map(table.map((service) => [serviceKey(service.id), servingIn(service)]));
  // A group of thousands is looked up once, not for each of its real servers.
  const known = new WeakMap<Ids, readonly Serving[]>();
  const servicesOf = (server: Ids): readonly Serving[] => {
    const found = server.ids.flatMap((id): Serving[] => {
      const destinations = serving.get(serviceKey(serviceIdOf(id)));
      return destinations === undefined || destinations.size === 0 ? [] : [{ id, destinations }];
    });
    known.set(server, found);
    return found;
  };
  return (server, real) =>
    (known.get(server) ?? servicesOf(server)).some(({ id, destinations }) =>
      destinations.has(destinationKey(destinationIdOf(real, id))),
    );
}

interface Serving {
  readonly id: ServiceIdConfig;
  /** Keys of those with a weight. */
  readonly destinations: ReadonlySet<string>;
}

function servingIn({ destinations }: Service): ReadonlySet<string> {
  return new Set(destinations.filter(({ settings }) => settings.weight > 0).map(({ id }) => destinationKey(id)));
}
