/**
 * Who of a virtual server's real and sorry servers gets connections: quorum with hysteresis, tiers, sorry servers. Pure.
 */
import type { VirtualServerConfig } from '../config/types.ts';

/** The state of a virtual server as its real servers' verdicts make it. */
export interface Standing {
  /** The usable weight reaches the quorum. */
  readonly up: boolean;
  readonly usableWeight: number;
  /** The sorry servers take the connections. */
  readonly sorry: boolean;
}

/** What the table has of a destination. */
export interface Share {
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

/** A real server as its checks leave it. */
export interface Candidate {
  /** It has not failed. */
  readonly up: boolean;
  /** What it gets if it serves; 0: no new connections though it is up. */
  readonly share: Share;
}

/** What of the past has a say: by tier, whether it reached the quorum together with those before it. */
export type Reached = ReadonlyMap<number, boolean>;

export interface Serving {
  readonly standing: Standing;
  /** The last tier that serves. */
  readonly tier: number;
  readonly reached: Reached;
  /** By place in the list of real servers; null: not in the table. */
  readonly real: readonly (Share | null)[];
  /** By place in the list of sorry servers: their weights; 0: not in the table. */
  readonly sorry: readonly number[];
}

/** Of a virtual server that is looked at for the first time: what is there is given the benefit of the hysteresis. */
export const NOTHING_REACHED_YET: Reached = new Map();

/** Before it was looked at. */
export const NOTHING_SERVED: Serving = {
  standing: { up: false, usableWeight: 0, sorry: false },
  tier: 0,
  reached: NOTHING_REACHED_YET,
  real: [],
  sorry: [],
};

/** `candidates` are its real servers, in their order; `sorryUp` tells of each sorry server whether it may be used. */
export function servingOf(
  server: VirtualServerConfig,
  candidates: readonly Candidate[],
  sorryUp: readonly boolean[],
  before: Reached,
): Serving {
  const { tier, up, reached, usableWeight } = tiersOf(server, candidates, before);
  const sorryWeights = server.sorryServers.map(({ weight }, i) => (!up && sorryUp[i] === true ? weight : 0));
  const sorry = sorryWeights.some((weight) => weight > 0);
  const real = candidates.map(({ up: isUp, share }, i): Share | null => {
    if (isUp && !sorry) return (server.realServers[i]?.tier ?? 0) <= tier ? share : { ...share, weight: 0 };
    return (server.realServers[i]?.onFailure ?? server.onFailure) === 'remove' ? null : { ...share, weight: 0 };
  });
  return { standing: { up, usableWeight, sorry }, tier, reached, real, sorry: sorryWeights };
}

interface Tiers {
  readonly tier: number;
  readonly up: boolean;
  readonly reached: Reached;
  readonly usableWeight: number;
}

/** The first tier that reaches the quorum together with those before it, or the last one. */
function tiersOf(server: VirtualServerConfig, candidates: readonly Candidate[], before: Reached): Tiers {
  const weights = new Map<number, number>();
  for (const [i, { tier, weight }] of server.realServers.entries()) {
    const candidate = candidates[i];
    const usable = candidate?.up === true && candidate.share.weight > 0 ? weight : 0;
    weights.set(tier, (weights.get(tier) ?? 0) + usable);
  }
  const reached = new Map<number, boolean>();
  let usableWeight = 0;
  let first: number | null = null;
  let last = 0;
  for (const tier of [...weights.keys()].sort((a, b) => a - b)) {
    usableWeight += weights.get(tier) ?? 0;
    reached.set(tier, reachesQuorum(server, usableWeight, before.get(tier) ?? true));
    if (first === null && reached.get(tier) === true) first = tier;
    last = tier;
  }
  return { tier: first ?? last, up: first !== null, reached, usableWeight };
}

/** keepalived's rule: up at quorum + hysteresis, lost below quorum - hysteresis, and with nothing left in any case. */
function reachesQuorum({ quorum, hysteresis }: VirtualServerConfig, usableWeight: number, before: boolean): boolean {
  if (usableWeight === 0) return false;
  return usableWeight >= (before ? quorum - hysteresis : quorum + hysteresis);
}

/** Whether the table is the same under both. */
export function isSameTable(a: Serving, b: Serving): boolean {
  return (
    a.real.length === b.real.length &&
    a.sorry.length === b.sorry.length &&
    a.real.every((share, i) => isSameShare(share, b.real[i] ?? null)) &&
    a.sorry.every((weight, i) => weight === b.sorry[i])
  );
}

function isSameShare(a: Share | null, b: Share | null): boolean {
  if (a === null || b === null) return a === b;
  return a.weight === b.weight && a.upperThreshold === b.upperThreshold && a.lowerThreshold === b.lowerThreshold;
}
