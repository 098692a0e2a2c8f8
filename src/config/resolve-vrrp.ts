/** Virtual routers: what RFC 9568 and RFC 3768 ask of them, and what must be unique among them. Pure. */
import { isLinkLocal } from '../net/ip.ts';
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import type { RawVirtualRouter } from './schema.ts';
import type { TransportConfig, VirtualRouterConfig } from './types.ts';

const DEFAULT_UDP_PORT = 8112;
/** IPvX Addr Count has 8 bits (RFC 9568 section 5.2.5). */
const MAX_IPV4_ADDRESSES = 255;
/** An advertisement must fit one Ethernet frame: (1500 - 40 IPv6 - 8 UDP - 8 VRRP) / 16. */
const MAX_IPV6_ADDRESSES = 90;
/** 12 bits of centiseconds (RFC 9568 section 5.2.7). */
const MAX_INTERVAL_V3_MS = 40_950;

export function resolveVirtualRouters(
  raw: readonly RawVirtualRouter[],
  report: Report,
): readonly VirtualRouterConfig[] {
  const names = new Map<string, number>();
  const ids = new Map<string, string>();
  const addresses = new Map<string, string>();
  return raw.map((router, index) => {
    const path = ['vrrp', index];
    const family = router.virtual_addresses[0]?.address.family ?? 4;
    const twin = names.get(router.name);
    if (twin !== undefined) report([...path, 'name'], `${quote(router.name)} is already the name of vrrp[${twin}]`);
    else names.set(router.name, index);
    checkVersion(router, family, path, report);
    checkId(router, family, ids, path, report);
    checkAddresses(router, family, addresses, path, report);
    return {
      name: router.name,
      interface: router.interface,
      version: router.version === 2 ? 2 : 3,
      family,
      vrid: router.virtual_router_id,
      priority: router.priority,
      advertisementIntervalMs: router.advertisement_interval,
      preempt: router.preempt,
      virtualAddresses: router.virtual_addresses.map(({ address, prefixLength }) => ({
        address: address.text,
        prefixLength,
      })),
      transport: resolveTransport(router, family, path, report),
      checksum: router.checksum,
      password: router.password ?? null,
      announcements: { count: router.announcements.count, repeatDelayMs: router.announcements.repeat_delay },
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

function checkAddresses(
  router: RawVirtualRouter,
  family: 4 | 6,
  holders: Map<string, string>,
  path: Path,
  report: Report,
): void {
  const list = [...path, 'virtual_addresses'];
  const limit = family === 4 ? MAX_IPV4_ADDRESSES : MAX_IPV6_ADDRESSES;
  if (router.virtual_addresses.length > limit) {
    const found = router.virtual_addresses.length;
    report(list, `must hold at most ${limit} IPv${family} addresses, what one advertisement takes; found ${found}`);
  }
  for (const [index, { address }] of router.virtual_addresses.entries()) {
    const at = [...list, index];
    if (address.family !== family) {
      report(
        at,
        `must be IPv${family} as the first address; a virtual router has one family; found ${quote(address.text)}`,
      );
      continue;
    }
    const linkLocal = isLinkLocal(address.bytes);
    if (family === 6 && index === 0 && !linkLocal) {
      report(at, `must be link-local (fe80::/10) as the first IPv6 address (RFC 9568); found ${quote(address.text)}`);
    }
    // A link-local address means something else on each interface.
    const key = linkLocal ? `${address.text} ${router.interface}` : address.text;
    const holder = holders.get(key);
    if (holder === undefined) holders.set(key, router.name);
    else report(at, `${address.text} is already an address of ${quote(holder)}`);
  }
}

function resolveTransport(router: RawVirtualRouter, family: 4 | 6, path: Path, report: Report): TransportConfig {
  if (router.transport === 'ip') {
    for (const key of ['udp_port', 'udp_peers'] as const) {
      if (router[key] !== undefined) report([...path, key], 'only goes with `transport: udp`');
    }
    return { kind: 'ip' };
  }
  const peers = router.udp_peers ?? [];
  for (const [index, peer] of peers.entries()) {
    const at = [...path, 'udp_peers', index];
    if (peer.family !== family) report(at, `must be IPv${family} as the virtual addresses; found ${quote(peer.text)}`);
    if (peers.findIndex((other) => other.text === peer.text) < index) report(at, `${peer.text} is given twice`);
  }
  return { kind: 'udp', port: router.udp_port ?? DEFAULT_UDP_PORT, peers: peers.map((peer) => peer.text) };
}
