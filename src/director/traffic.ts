/** Which real servers the kernel already sends connections to: they are adopted, not started from nothing. Pure. */
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { Service } from '../ipvs/types.ts';

/** Answers for `serviceKey` and `destinationKey`: in the table with a weight. */
export function trafficIn(table: readonly Service[]): (service: string, destination: string) => boolean {
  const serving = new Set(
    table.flatMap((service) =>
      service.destinations
        .filter(({ settings }) => settings.weight > 0)
        .map(({ id }) => `${serviceKey(service.id)} ${destinationKey(id)}`),
    ),
  );
  return (service, destination) => serving.has(`${service} ${destination}`);
}
