/** Virtual routers: what RFC 9568 and RFC 3768 ask of them, and what must be unique among them. Pure. */
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import { Holders, resolveBelongings } from './resolve-addresses.ts';
import { checkNames } from './resolve-names.ts';
import { resolveNotify } from './resolve-notify.ts';
import { type ResolvedGroup, resolveTracks, type TrackableNames, tracksOfMember } from './resolve-tracking.ts';
import { resolveWire } from './resolve-wire.ts';
import type { RawVirtualRouter } from './schema.ts';
import type { TransportConfig, VirtualRouterConfig } from './types.ts';

const DEFAULT_UDP_PORT = 8112;
/** 12 bits of centiseconds (RFC 9568 section 5.2.7). */
const MAX_INTERVAL_V3_MS = 40_950;

export function resolveVirtualRouters(
  raw: readonly RawVirtualRouter[],
  groups: readonly ResolvedGroup[],
  trackable: TrackableNames,
  report: Report,
): readonly VirtualRouterConfig[] {
  checkNames('vrrp', raw, report);
  const ids = new Map<string, string>();
  const holders = new Holders();
  return raw.map((router, index) => {
    const path = ['vrrp', index];
    const family = router.virtual_addresses[0]?.address.family ?? 4;
    const group = groups.find(({ config }) => config.members.includes(router.name)) ?? null;
    const at = [...path, 'track'];
    const tracks = tracksOfMember(resolveTracks(router.track, at, trackable, report), group, at, report);
    checkVersion(router, family, path, report);
    checkId(router, family, ids, path, report);
    return {
      name: router.name,
      interface: router.interface,
      version: router.version === 2 ? 2 : 3,
      family,
      vrid: router.virtual_router_id,
      priority: router.priority,
      advertisementIntervalMs: router.advertisement_interval,
      preempt: router.preempt !== false,
      preemptDelayMs: typeof router.preempt === 'object' ? router.preempt.delay : 0,
      group: group?.config.name ?? null,
      tracks,
      ...resolveBelongings(router, family, holders, path, report),
      transport: resolveTransport(router, path, report),
      checksum: router.checksum,
      password: router.password ?? null,
      ...resolveWire(router, family, path, report),
      notify: resolveNotify(router.notify),
    };
  });
}

/** What goes with one version of VRRP only. */
function checkVersion(router: RawVirtualRouter, family: 4 | 6, path: Path, report: Report): void {
  const { version, advertisement_interval: intervalMs } = router;
  const at = [...path, 'advertisement_interval'];
  if (version === 3) {
    if (intervalMs > MAX_INTERVAL_V3_MS) report(at, `must be at most 40.95s; found ${intervalMs / 1000}s`);
    if (router.password !== undefined)
      report([...path, 'password'], 'only goes with `version: 2`: VRRPv3 has no authentication');
    return;
  }
  if (family === 6) report([...path, 'version'], 'must be 3 for IPv6 addresses: VRRPv2 has IPv4 only; found 2');
  if (intervalMs % 1000 !== 0)
    report(at, `must be whole seconds from 1s to 255s with \`version: 2\`; found ${intervalMs / 1000}s`);
  if (router.checksum !== 'auto')
    report([...path, 'checksum'], 'only goes with `version: 3`: VRRPv2 has one form of the checksum');
}

function checkId(router: RawVirtualRouter, family: 4 | 6, ids: Map<string, string>, path: Path, report: Report): void {
  const id = `${router.interface} ${router.virtual_router_id} ${family}`;
  const holder = ids.get(id);
  if (holder === undefined) {
    ids.set(id, router.name);
    return;
  }
  const where = `IPv${family} on ${router.interface}`;
  report(
    [...path, 'virtual_router_id'],
    `${router.virtual_router_id} is already used for ${where} by ${quote(holder)}`,
  );
}

function resolveTransport(router: RawVirtualRouter, path: Path, report: Report): TransportConfig {
  if (router.transport === 'udp') return { kind: 'udp', port: router.udp_port ?? DEFAULT_UDP_PORT };
  if (router.udp_port !== undefined) report([...path, 'udp_port'], 'only goes with `transport: udp`');
  return { kind: 'ip' };
}
