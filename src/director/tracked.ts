/** What of the configuration the virtual routers track, and what their virtual servers' state is to them. Pure. */
import type { Config } from '../config/types.ts';
import type { TrackedProcessConfig, TrackedScriptConfig } from '../config/types-tracked.ts';
import type { TrackKind } from '../config/types-tracking.ts';
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
  const [scripts, processes] = [namesOf(virtualRouters, 'script'), namesOf(virtualRouters, 'process')];
  return {
    scripts: trackedScripts.filter(({ name }) => scripts.has(name)),
    processes: trackedProcesses.filter(({ name }) => processes.has(name)),
    files: [...namesOf(virtualRouters, 'file')],
  };
}

/** The states of all virtual servers that are tracked, by track key. */
export function trackedServers(world: Pick<World, 'config' | 'verdict'>): Readonly<Record<TrackKey, TrackState>> {
  const names = namesOf(world.config.virtualRouters, 'virtual_server');
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

function namesOf(routers: Config['virtualRouters'], kind: TrackKind): ReadonlySet<string> {
  const tracks = routers.flatMap((router) => router.tracks).filter((track) => track.kind === kind);
  return new Set(tracks.map(({ name }) => name));
}
