/** What was known of virtual servers and their servers before a reload, found again by service and address. Pure. */
import type { TargetConfig, VirtualServerConfig } from '../config/types.ts';
import { serviceKey } from '../ipvs/key.ts';
import { serviceIdOf } from './desired.ts';
import type { Place } from './place.ts';
import type { ServedServer } from './served-server.ts';

/** What a virtual server of another configuration was. */
export interface Predecessor {
  /** Null: there was none with one of its services. */
  readonly server: ServedServer | null;
  /** Null: it was none of its real servers. */
  real(target: Target): Place | null;
  sorry(target: Target): Place | null;
}

type Target = Pick<TargetConfig, 'address' | 'port'>;

/** By address: a few ports at most. */
type Known = ReadonlyMap<string, readonly { readonly port: number | null; readonly place: Place }[]>;

/** Finds the predecessor of each virtual server of another configuration. */
export function predecessorsIn(servers: Iterable<ServedServer>): (config: VirtualServerConfig) => Predecessor {
  const byService = new Map<string, ServedServer>();
  for (const server of servers) {
    for (const id of server.config.ids) byService.set(serviceKey(serviceIdOf(id)), server);
  }
  return (config) => {
    // The services of a group share what is known: asked once for each virtual server, not for each real server.
    const found = [...new Set(config.ids.flatMap((id) => byService.get(serviceKey(serviceIdOf(id))) ?? []))];
    const real = found.map((server) => knownOf(server.config.realServers, server.real));
    const sorry = found.map((server) => knownOf(server.config.sorryServers, server.sorry));
    return {
      server: found[0] ?? null,
      real: (target) => placeIn(real, target),
      sorry: (target) => placeIn(sorry, target),
    };
  };
}

function knownOf(targets: readonly Target[], places: readonly Place[]): Known {
  const known = new Map<string, { readonly port: number | null; readonly place: Place }[]>();
  for (const [i, { address, port }] of targets.entries()) {
    const place = places[i];
    if (place === undefined) continue;
    const there = known.get(address);
    if (there === undefined) known.set(address, [{ port, place }]);
    else there.push({ port, place });
  }
  return known;
}

function placeIn(all: readonly Known[], { address, port }: Target): Place | null {
  for (const known of all) {
    const there = known.get(address) ?? [];
    // A virtual server that gets or loses a port changes what a port that is not given means.
    const found = there.find((one) => one.port === port) ?? there.find((one) => one.port === null || port === null);
    if (found !== undefined) return found.place;
  }
  return null;
}
