/** What of the configuration the virtual routers track, and what their virtual servers' state is to them. Pure. */
import type { Config, VirtualServerConfig } from '../config/types.ts';
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

/** What is asked of the world. */
export type TrackedWorld = Pick<World, 'config' | 'verdict' | 'standing' | 'isSuspended'>;

/**
 * The states of all virtual servers that are tracked, by track key. One whose checks rest (`ha_suspend`) counts as up: nothing
 * is known of it, and a router that waited for it to come back would wait for ever.
 */
export function trackedServers(world: TrackedWorld): Readonly<Record<TrackKey, TrackState>> {
  const names = namesOf(world.config.virtualRouters, 'virtual_server');
  const states: Record<TrackKey, TrackState> = {};
  for (const server of world.config.virtualServers) {
    const { name, quorum } = server;
    if (!names.has(name)) continue;
    const { up, usableWeight } = world.standing(server);
    states[trackKeyOf({ kind: 'virtual_server', name })] =
      up || world.isSuspended(name) || isOpen(world, server)
        ? { kind: 'up' }
        : { kind: 'down', reason: `usable weight ${usableWeight}, quorum ${quorum}` };
  }
  return states;
}

/** What was never probed is not lost: the first probes after a start decide. */
function isOpen(world: TrackedWorld, server: VirtualServerConfig): boolean {
  const { name, realServers, quorum, hysteresis } = server;
  const unknown = realServers.reduce(
    (sum, { weight }, index) => (world.verdict(name, index).verdict === 'unknown' ? sum + weight : sum),
    0,
  );
  return unknown > 0 && world.standing(server).usableWeight + unknown >= quorum + hysteresis;
}

type TrackingConfig = Pick<Config, 'virtualRouters' | 'trackedScripts' | 'trackedProcesses'>;

function namesOf(routers: Config['virtualRouters'], kind: TrackKind): ReadonlySet<string> {
  const tracks = routers.flatMap((router) => router.tracks).filter((track) => track.kind === kind);
  return new Set(tracks.map(({ name }) => name));
}
