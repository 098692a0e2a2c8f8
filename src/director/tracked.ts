/** What of the configuration the virtual routers track, and what their virtual servers' state is to them. Pure. */
import type { Config } from '../config/types.ts';
import type { TrackedProcessConfig, TrackedScriptConfig } from '../config/types-tracked.ts';
import { type TrackKey, type TrackState, trackKeyOf } from '../vrrp/tracking.ts';
import type { World } from './world.ts';

/** The objects that the main process watches; what nobody tracks is not among them. */
export interface TrackedObjects {
  readonly scripts: readonly TrackedScriptConfig[];
  readonly processes: readonly TrackedProcessConfig[];
  /** Paths. */
  readonly files: readonly string[];
}

export function trackedObjects({ virtualRouters, trackedScripts, trackedProcesses }: TrackingConfig): TrackedObjects {
  const named = namesOf(virtualRouters);
  return {
    scripts: trackedScripts.filter(({ name }) => named('script').has(name)),
    processes: trackedProcesses.filter(({ name }) => named('process').has(name)),
    files: [...named('file')],
  };
}

/** The states of all virtual servers that are tracked, by track key. */
export function trackedServers(world: Pick<World, 'config' | 'verdict'>): Readonly<Record<TrackKey, TrackState>> {
  const names = namesOf(world.config.virtualRouters)('virtual_server');
  const states: Record<TrackKey, TrackState> = {};
  for (const { name, quorum, realServers } of world.config.virtualServers) {
    if (!names.has(name)) continue;
    const weighed = realServers.map((real, index) => ({ ...real, verdict: world.verdict(name, index).verdict }));
    const sum = (verdicts: readonly string[]): number =>
      weighed.reduce((total, real) => total + (verdicts.includes(real.verdict) ? real.weight : 0), 0);
    // What was never probed is not lost: the first probes after a start decide.
    const isLost = sum(['up', 'unknown']) < quorum;
    states[trackKeyOf({ kind: 'virtual_server', name })] = isLost
      ? { kind: 'down', reason: `usable weight ${sum(['up'])}, quorum ${quorum}` }
      : { kind: 'up' };
  }
  return states;
}

type TrackingConfig = Pick<Config, 'virtualRouters' | 'trackedScripts' | 'trackedProcesses'>;

function namesOf(routers: Config['virtualRouters']): (kind: string) => ReadonlySet<string> {
  const all = routers.flatMap(({ tracks }) => tracks);
  return (kind) => new Set(all.filter((track) => track.kind === kind).map(({ name }) => name));
}
