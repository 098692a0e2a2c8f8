/** What was known of the real servers before a reload, found again by service and address. Pure. */
import type { Config, RealServerConfig, VirtualServerConfig } from '../config/types.ts';
import type { Verdict } from '../health/verdict.ts';
import { serviceKey } from '../ipvs/key.ts';
import { serviceIdOf } from './desired.ts';

/** The verdict on a real server of another configuration, or null: it was none of that service. */
export type Standings = (server: VirtualServerConfig, real: RealServerConfig) => Verdict | null;

/** By address: a few ports at most. */
type Known = ReadonlyMap<string, readonly { readonly port: number | null; readonly verdict: Verdict }[]>;

/** `verdictOf` answers now, for the real server at a place of a virtual server of that name. */
export function standingsBefore(
  config: Config,
  verdictOf: (virtualServer: string, index: number) => Verdict,
): Standings {
  const byService = new Map<string, Known>();
  for (const server of config.virtualServers) {
    const known = new Map<string, { readonly port: number | null; readonly verdict: Verdict }[]>();
    for (const [i, { address, port }] of server.realServers.entries()) {
      const there = known.get(address) ?? [];
      there.push({ port, verdict: verdictOf(server.name, i) });
      known.set(address, there);
    }
    for (const id of server.ids) byService.set(serviceKey(serviceIdOf(id)), known);
  }
  // The services of a group share what is known: asked once for each virtual server, not for each real server.
  const asked = new WeakMap<VirtualServerConfig, ReadonlySet<Known>>();
  const knownOf = (server: VirtualServerConfig): ReadonlySet<Known> => {
    const found = new Set(server.ids.flatMap((id) => byService.get(serviceKey(serviceIdOf(id))) ?? []));
    asked.set(server, found);
    return found;
  };
  return (server, { address, port }) => {
    for (const known of asked.get(server) ?? knownOf(server)) {
      const there = known.get(address) ?? [];
      // A virtual server that gets or loses a port changes what a port that is not given means.
      const found = there.find((one) => one.port === port) ?? there.find((one) => one.port === null || port === null);
      if (found !== undefined) return found.verdict;
    }
    return null;
  };
}
