/** The services of a virtual server in one short line. Pure. */
import { addressText, numberText } from '../config/ranges.ts';
import type { ServiceIdConfig } from '../config/types.ts';
import { serviceIdOf } from '../director/desired.ts';
import { serviceKey } from '../ipvs/key.ts';

/** `tcp 192.0.2.1:80`; of a group `tcp 192.0.2.1,192.0.2.8-192.0.2.9:80,8000-8010`, `fwmark 1-3,7 ipv6`. */
export function servicesText(ids: readonly ServiceIdConfig[]): string {
  const [first, ...others] = ids;
  if (first === undefined) return '';
  if (others.length === 0) return serviceKey(serviceIdOf(first));
  if (first.kind === 'fwmark') {
    const marks = numberText(ids.flatMap((id) => (id.kind === 'fwmark' ? id.fwmark : [])));
    return `fwmark ${marks.join(',')}${first.family === 6 ? ' ipv6' : ''}`;
  }
  // Every address has every port: a group is a product.
  const placed = ids.filter((id) => id.kind === 'address');
  const addresses = addressText([...new Set(placed.map(({ address }) => address))]);
  const ports = numberText([...new Set(placed.map(({ port }) => port))]);
  const shown = addresses.map((range) => (first.family === 6 ? `[${range}]` : range));
  return `${first.protocol} ${shown.join(',')}:${ports.join(',')}`;
}
