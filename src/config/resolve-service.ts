/** How virtual servers treat their real servers: defaults that depend on each other, and what contradicts. Pure. */
import { type Path, quote, type Report } from './problems.ts';
import { unknownName } from './resolve-names.ts';
import type { RawRealServer, RawVirtualServer } from './schema.ts';
import type { RealServerConfig, SorryServerConfig } from './types.ts';
import type { GradedWeightConfig, Required, ServiceHooksConfig, ServiceLevelConfig } from './types-service.ts';

const HOOK_TIMEOUT_MS = 10_000;
/** Of one measured latency; the tenth after it hardly counts any more. */
const LATENCY_SMOOTHING_PERCENT = 20;
const HOOKS = ['quorum_up', 'quorum_down', 'notify_up', 'notify_down'] as const;

/** What of the rest of the file this is judged by. */
export interface ServiceContext {
  /** Names of the virtual routers; null: not all are known. */
  readonly routers: readonly string[] | null;
  /** False: parts of the file are left out, so that sums say nothing. */
  readonly complete: boolean;
  readonly report: Report;
}

/** `realServers` and `sorryServers` are those of this virtual server, resolved. */
export function resolveServiceLevel(
  raw: RawVirtualServer,
  realServers: readonly RealServerConfig[],
  path: Path,
  context: ServiceContext,
): ServiceLevelConfig {
  const { routers, report, complete } = context;
  if (raw.hysteresis > 0 && raw.hysteresis >= raw.quorum) {
    report([...path, 'hysteresis'], `must be below the quorum, ${raw.quorum}; found ${raw.hysteresis}`);
  }
  if (complete) checkEffects(raw, realServers, path, report);
  const suspend = raw.ha_suspend ?? null;
  if (suspend !== null && routers !== null && !routers.includes(suspend)) {
    report([...path, 'ha_suspend'], unknownName('name a virtual router of `vrrp`', suspend, routers));
  }
  const { slow_start: slow, panic } = raw;
  return {
    hysteresis: raw.hysteresis,
    slowStart: slow === undefined ? null : { durationMs: slow.duration, fromPercent: slow.from },
    gradedWeight: resolveGradedWeight(raw, path, report),
    panic: panic === undefined ? null : { thresholdPercent: panic.threshold, withinMs: panic.within },
    haSuspend: suspend,
    hooks: resolveHooks(raw, path, report),
  };
}

/** How many of a real server's checks must pass. `path` is its place; `count` are the checks that it has. */
export function resolveRequired(
  server: Pick<RawVirtualServer, 'check_mode'>,
  real: Pick<RawRealServer, 'check_mode'>,
  count: number,
  path: Path,
  { report, complete }: Pick<ServiceContext, 'report' | 'complete'>,
): Required {
  const mode = real.check_mode ?? server.check_mode ?? 'all';
  if (mode === 'all') return mode;
  const required = mode === 'any' ? 1 : mode;
  // Without checks it is never probed, and nothing is required of it.
  if (complete && count > 0 && required > count) {
    const at = real.check_mode === undefined ? path.slice(0, 2) : path;
    report([...at, 'check_mode'], `must not be above the number of checks, ${count}; found ${required}`);
  }
  return required;
}

/** What would never have an effect. */
function checkEffects(
  raw: RawVirtualServer,
  realServers: readonly RealServerConfig[],
  path: Path,
  report: Report,
): void {
  const weights = realServers.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (const key of ['slow_start', 'graded_weight'] as const) {
    // Weights are whole numbers: there is nothing between 0 and 1.
    const reachesUp = key === 'graded_weight' && (raw.graded_weight?.max ?? 100) > 100;
    if (raw[key] === undefined || reachesUp || total === 0 || weights.some((weight) => weight > 1)) continue;
    report([...path, key], 'has no effect on a weight of 1: give the real servers more, such as `weight: 100`');
  }
}

function resolveGradedWeight(raw: RawVirtualServer, path: Path, report: Report): GradedWeightConfig {
  const graded = raw.graded_weight;
  const latency = graded?.latency;
  if (latency !== undefined && latency.low <= latency.full) {
    report([...path, 'graded_weight', 'latency', 'low'], 'must be above `full`');
  }
  return {
    minPercent: graded?.min ?? 1,
    maxPercent: graded?.max ?? 100,
    smoothingPercent: graded?.smoothing ?? (latency === undefined ? 100 : LATENCY_SMOOTHING_PERCENT),
    latency: latency === undefined ? null : { fullMs: latency.full, lowMs: latency.low },
  };
}

function resolveHooks(raw: RawVirtualServer, path: Path, report: Report): ServiceHooksConfig {
  const ofReal = raw.real_servers.some((real) => real.notify_up !== undefined || real.notify_down !== undefined);
  const any = ofReal || HOOKS.some((key) => raw[key] !== undefined);
  for (const key of ['notify_user', 'notify_timeout'] as const) {
    if (raw[key] !== undefined && !any) report([...path, key], `only goes with one of ${HOOKS.join(', ')}`);
  }
  return {
    quorumUp: raw.quorum_up ?? null,
    quorumDown: raw.quorum_down ?? null,
    notifyUp: raw.notify_up ?? null,
    notifyDown: raw.notify_down ?? null,
    user: raw.notify_user ?? null,
    timeoutMs: raw.notify_timeout ?? HOOK_TIMEOUT_MS,
  };
}

/** The raw sorry servers with their places in the file: of the one key or of the other. */
export function sorryServersOf<Sorry>(
  raw: { readonly sorry_server?: Sorry | undefined; readonly sorry_servers?: readonly Sorry[] | undefined },
  path: Path,
  report: Report,
): readonly { readonly sorry: Sorry; readonly path: Path }[] {
  const { sorry_server: one, sorry_servers: several } = raw;
  if (one !== undefined && several !== undefined) {
    report([...path, 'sorry_servers'], 'does not go with `sorry_server`: put all of them here');
  }
  const alone = one === undefined ? [] : [{ sorry: one, path: [...path, 'sorry_server'] }];
  const listed = (several ?? []).map((sorry, index) => ({ sorry, path: [...path, 'sorry_servers', index] }));
  return [...alone, ...listed];
}

/** `clashes`: they would be the same destination. */
export function checkSorryServers(
  sorryServers: readonly { readonly config: SorryServerConfig; readonly path: Path }[],
  realServers: readonly RealServerConfig[],
  clashes: (a: SorryServerConfig, b: RealServerConfig | SorryServerConfig) => boolean,
  report: Report,
): void {
  for (const [index, { config, path }] of sorryServers.entries()) {
    const at = [...path, 'address'];
    const quoted = quote(config.address);
    if (realServers.some((real) => clashes(config, real))) report(at, `${quoted} is also one of the real servers`);
    const twin = sorryServers.findIndex((other) => clashes(config, other.config));
    if (twin < index) report(at, `${quoted} is already sorry_servers[${twin}]`);
  }
}
