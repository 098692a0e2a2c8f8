/** Peers, source address, TTL and announcements of a virtual router: what must fit together. Pure. */
import { isLinkLocal } from '../net/ip.ts';
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import type { RawVirtualRouter } from './schema.ts';
import type { AnnouncementConfig, VirtualRouterConfig } from './types.ts';

/** What a packet that crossed no router has, and what multicast always needs. */
const ON_LINK_TTL = 255;

/** RFC 9568 section 5.2.4: the virtual addresses are its own. */
const OWNER = 255;

type WireConfig = Pick<VirtualRouterConfig, 'peers' | 'sourceAddress' | 'ttl' | 'announcements' | 'conflictProbe'>;

export function resolveWire(router: RawVirtualRouter, family: 4 | 6, path: Path, report: Report): WireConfig {
  checkPeers(router, family, path, report);
  checkSource(router, family, path, report);
  if (router.ttl !== undefined && router.peers.length === 0)
    report([...path, 'ttl'], 'only goes with `peers`: multicast has a TTL of 255 and takes no other');
  return {
    peers: router.peers.map((peer) => peer.text),
    sourceAddress: router.source_address?.text ?? null,
    ttl: { send: router.ttl?.send ?? ON_LINK_TTL, least: router.ttl?.least ?? ON_LINK_TTL },
    announcements: resolveAnnouncements(router, path, report),
    conflictProbe: router.conflict_probe,
  };
}

function checkPeers(router: RawVirtualRouter, family: 4 | 6, path: Path, report: Report): void {
  const virtual = new Set(router.virtual_addresses.map(({ address }) => address.text));
  for (const [index, peer] of router.peers.entries()) {
    const at = [...path, 'peers', index];
    if (peer.family !== family) report(at, `must be IPv${family} as the virtual addresses; found ${quote(peer.text)}`);
    if (router.peers.findIndex((other) => other.text === peer.text) < index) report(at, `${peer.text} is given twice`);
    if (virtual.has(peer.text))
      report(at, `must be another director's own address; ${peer.text} is a virtual address of this virtual router`);
    if (peer.text === router.source_address?.text)
      report(at, `must be another director's address; ${peer.text} is this one's \`source_address\``);
  }
}

function checkSource(router: RawVirtualRouter, family: 4 | 6, path: Path, report: Report): void {
  const source = router.source_address;
  if (source === undefined) return;
  const at = [...path, 'source_address'];
  if (source.family !== family) {
    report(at, `must be IPv${family} as the virtual addresses; found ${quote(source.text)}`);
    return;
  }
  const virtual = [...router.virtual_addresses, ...router.extra_addresses];
  if (router.priority !== OWNER && virtual.some(({ address }) => address.text === source.text))
    report(at, `must be this director's own address; ${source.text} is a virtual address, there only while MASTER`);
  if (family === 6 && router.peers.length === 0 && !isLinkLocal(source.bytes))
    report(at, `must be link-local (fe80::/10) for multicast (RFC 9568); found ${quote(source.text)}`);
}

function resolveAnnouncements(router: RawVirtualRouter, path: Path, report: Report): AnnouncementConfig {
  const raw = router.announcements;
  for (const [index, name] of raw.interfaces.entries()) {
    const at = [...path, 'announcements', 'interfaces', index];
    if (name === router.interface) report(at, `${name} is the virtual router's own interface: announced there anyway`);
    else if (raw.interfaces.indexOf(name) < index) report(at, `${name} is given twice`);
  }
  return {
    count: raw.count,
    repeatDelayMs: raw.repeat_delay,
    refreshMs: raw.refresh,
    refreshCount: raw.refresh_count,
    lowerPriorityCount: raw.lower_priority_count,
    lowerPriorityDelayMs: raw.lower_priority_delay,
    spacingMs: raw.spacing,
    arp: raw.arp,
    interfaces: raw.interfaces,
  };
}
