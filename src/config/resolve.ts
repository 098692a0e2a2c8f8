/** The file's values to the configuration, and what is wrong between them. Pure. */
import { resolvePresets } from './checks/presets.ts';
import { type Finding, type Path, quote, type Report } from './problems.ts';
import { checkAccepting } from './resolve-addresses.ts';
import { resolveBfdSessions } from './resolve-bfd.ts';
import { resolveConnectionSync, resolveIpvs } from './resolve-ipvs.ts';
import { unknownName } from './resolve-names.ts';
import { resolveNotifications } from './resolve-notify.ts';
import { resolveSelfCheck } from './resolve-self-check.ts';
import { resolveTrackedProcesses, resolveTrackedScripts } from './resolve-tracked.ts';
import { resolveGroups, type TrackableNames } from './resolve-tracking.ts';
import { resolveVirtualServers } from './resolve-virtual-servers.ts';
import { resolveVirtualRouters } from './resolve-vrrp.ts';
import type { RawConfig, RawVirtualServer } from './schema.ts';
import type { Config } from './types.ts';

export interface Resolved {
  /** Only to be used if there are no findings. */
  readonly config: Config;
  readonly findings: readonly Finding[];
}

/** `complete`: nothing was left out of `raw`, so that what is missing in it is missing in the file. */
export function resolve(raw: RawConfig, complete: boolean): Resolved {
  const findings: Finding[] = [];
  const report: Report = (path: Path, message: string) => findings.push({ path, at: 'value', message });
  const routers = raw.vrrp ?? [];
  const servers = raw.virtual_servers ?? [];
  if (complete) {
    checkPurpose(raw, report);
    checkFollow(raw, report);
  }
  const trackable = complete ? trackableNames(raw) : null;
  const names = complete ? routers.map(({ name }) => name) : null;
  const presets = resolvePresets(raw.check_presets ?? [], ['check_presets'], report);
  const checkDefaults = { rhythm: raw.defaults.check, presets };
  const virtualServers = resolveVirtualServers(servers, raw, { routers: names, complete, checkDefaults, report });
  checkAccepting(routers, virtualServers, report);
  const groups = resolveGroups(raw.vrrp_groups ?? [], names, trackable, report);
  const config: Config = {
    name: raw.name,
    vrrpProcess: {
      realtimePriority: raw.vrrp_process.realtime_priority,
      lockMemory: raw.vrrp_process.lock_memory,
      startupDelayMs: raw.vrrp_process.startup_delay,
    },
    virtualRouters: resolveVirtualRouters(routers, groups, trackable, report),
    syncGroups: groups.map((group) => group.config),
    trackedScripts: resolveTrackedScripts(raw.tracked_scripts ?? [], report),
    trackedProcesses: resolveTrackedProcesses(raw.tracked_processes ?? [], report),
    bfdSessions: resolveBfdSessions(raw.bfd ?? [], !complete || routers.length > 0, report),
    notifications: resolveNotifications(raw.notifications, report),
    connectionSync: resolveConnectionSync(raw),
    ipvs: resolveIpvs(raw, virtualServers, report),
    drainTimeoutMs: raw.defaults.drain_timeout,
    selfCheck: raw.self_check === undefined ? null : resolveSelfCheck(raw.self_check, checkDefaults, report),
    probeWorkers: raw.probe_workers,
    virtualServers,
  };
  checkSuspended(servers, config, report);
  return { config, findings };
}

/** A router that a lost virtual server stops must not stop the checks that would find it again. */
function checkSuspended(raw: readonly RawVirtualServer[], { virtualRouters }: Config, report: Report): void {
  for (const [index, { name, ha_suspend: suspend }] of raw.entries()) {
    const router = virtualRouters.find((one) => one.name === suspend);
    if (router?.tracks.some((track) => track.kind === 'virtual_server' && track.name === name)) {
      report(
        ['virtual_servers', index, 'ha_suspend'],
        `${quote(router.name)} tracks this virtual server, so its checks must not rest: name another virtual router, or leave it out`,
      );
    }
  }
}

/** What can be tracked by name. */
function trackableNames(raw: RawConfig): TrackableNames {
  return {
    script: (raw.tracked_scripts ?? []).map(({ name }) => name),
    process: (raw.tracked_processes ?? []).map(({ name }) => name),
    virtual_server: (raw.virtual_servers ?? []).map(({ name }) => name),
    bfd: (raw.bfd ?? []).map(({ name }) => name),
  };
}

/** A file cut short must not read as "delete everything". */
function checkPurpose(raw: RawConfig, report: Report): void {
  if (raw.vrrp !== undefined || raw.virtual_servers !== undefined) return;
  report([], 'the file gives neither `vrrp` nor `virtual_servers` (if none are wanted: `virtual_servers: []`)');
}

function checkFollow(raw: RawConfig, report: Report): void {
  const follow = raw.connection_sync?.follow;
  const names = (raw.vrrp ?? []).map((router) => router.name);
  if (follow === undefined || names.includes(follow)) return;
  report(['connection_sync', 'follow'], unknownName('name a virtual router of `vrrp`', follow, names));
}
