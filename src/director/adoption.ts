/** From a configuration and what was known before it to the checks and servers that the world goes on with. */
import type { Config, RealServerConfig, SorryServerConfig, VirtualServerConfig } from '../config/types.ts';
import type { GradedWeightConfig } from '../config/types-service.ts';
import type { Verdict } from '../health/verdict.ts';
import { serviceKey } from '../ipvs/key.ts';
import { CheckBoard } from './check-board.ts';
import { serviceIdOf } from './desired.ts';
import type { Telling } from './observation.ts';
import { combinedOf, type Place, placeOf } from './place.ts';
import { ServedServer } from './served-server.ts';
import { predecessorsIn } from './standings.ts';

/** Everything that the world holds of a configuration. */
export interface Adopted {
  readonly board: CheckBoard;
  /** By name. */
  readonly servers: ReadonlyMap<string, ServedServer>;
  /** By `serviceKey`. */
  readonly services: ReadonlyMap<string, ServedServer>;
}

export const NOTHING_ADOPTED: Adopted = { board: new CheckBoard(null), servers: new Map(), services: new Map() };

/** Tells whether the kernel's table has a real or sorry server with a weight already: such are taken as up. */
export type CarriesTraffic = (server: VirtualServerConfig, target: RealServerConfig | SorryServerConfig) => boolean;

export interface Circumstances {
  readonly carriesTraffic: CarriesTraffic;
  /** Whether a virtual router is MASTER. */
  readonly isActive: (router: string) => boolean;
  readonly nowMs: number;
  /** Hears what becomes of servers that were there before. */
  readonly telling: Telling;
}

/**
 * A check that did not change keeps its health; a changed one starts as its server's verdict, a new server as the kernel's
 * table and `initial` say. `before` stays as it is.
 */
export function adopt(config: Config, before: Adopted, circumstances: Circumstances): Adopted {
  const { carriesTraffic, isActive, nowMs, telling } = circumstances;
  const board = new CheckBoard(before.board);
  const predecessorOf = predecessorsIn(before.servers.values());
  const servers = new Map<string, ServedServer>();
  const services = new Map<string, ServedServer>();
  for (const [index, server] of config.virtualServers.entries()) {
    const predecessor = predecessorOf(server);
    const sameGrading = isSame(predecessor.server?.config.gradedWeight, server.gradedWeight);
    const enter = (target: RealServerConfig | SorryServerConfig, place: Place | null): Place => {
      const first = (): Verdict => {
        if (place !== null) return combinedOf(place).verdict;
        return carriesTraffic(server, target) || server.initial === 'up' ? 'up' : 'unknown';
      };
      const verdict = target.checks.length === 0 ? 'up' : first();
      const checks = target.checks.map((check) => board.enter(check, verdict, nowMs));
      return placeOf({ config: target, checks, grading: server.gradedWeight, before: place, sameGrading });
    };
    const served = new ServedServer({
      config: server,
      index,
      real: server.realServers.map((real) => enter(real, predecessor.real(real))),
      sorry: server.sorryServers.map((sorry) => enter(sorry, predecessor.sorry(sorry))),
      hasSelfCheck: config.selfCheck !== null,
      suspended: server.haSuspend !== null && !isActive(server.haSuspend),
      before: predecessor.server,
    });
    linkChecks(served, board);
    servers.set(server.name, served);
    for (const id of server.ids) services.set(serviceKey(serviceIdOf(id)), served);
  }
  board.settle();
  for (const served of servers.values()) served.begin(nowMs, telling);
  return { board, servers, services };
}

function isSame(a: GradedWeightConfig | undefined, b: GradedWeightConfig): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Tells the checks whom they decide on. */
function linkChecks(served: ServedServer, board: CheckBoard): void {
  for (const place of [...served.real, ...served.sorry]) {
    for (const [slot, { key }] of place.checks.entries()) {
      const users = board.get(key)?.users;
      const uses = users?.get(served);
      if (uses === undefined) users?.set(served, [{ place, slot }]);
      else uses.push({ place, slot });
    }
  }
}
