/** Destinations that cannot work because of their port. Pure. */
import type { DestinationId, DestinationSettings, ServiceId } from '../ipvs/types.ts';
import type { IpvsFact } from './facts.ts';

/** IP_VS_CONN_F_FWD_MASK values that leave the port alone: tunnel and direct route. */
const KEEPS_PORT: readonly number[] = [2, 3];
/** More say nothing more. */
const MOST = 100;

interface Entry {
  readonly id: ServiceId;
  readonly destinations: readonly {
    readonly id: DestinationId;
    readonly settings: Pick<DestinationSettings, 'forwardMethod'>;
  }[];
}

/** Direct and tunnel destinations with another port than their service; not of services by mark or for every port. */
export function portMismatches(table: readonly Entry[]): IpvsFact['portMismatches'] {
  const found = table.flatMap(({ id, destinations }) => {
    if (id.kind !== 'address' || id.port === 0) return [];
    const wrong = destinations.filter(
      (item) => item.id.port !== id.port && KEEPS_PORT.includes(item.settings.forwardMethod),
    );
    const service = `${id.address} port ${id.port}`;
    return wrong.map((item) => ({ service, destination: `${item.id.address} port ${item.id.port}` }));
  });
  return found.slice(0, MOST);
}
