/** The kernel's table, its settings and connection synchronisation: defaults that depend on each other. Pure. */
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import type { RawConfig } from './schema.ts';
import type { ConnectionSyncConfig, IpvsConfig, VirtualServerConfig } from './types.ts';

type RawSettings = RawConfig['ipvs']['settings'];

/** The kernel's own defaults of net.ipv4.vs.sync_threshold. */
const SYNC_THRESHOLD = 3;
const SYNC_PERIOD = 50;
const SETTINGS: Path = ['ipvs', 'settings'];

/** `servers` are all of the file: what they need is set for them. */
export function resolveIpvs(raw: RawConfig, servers: readonly VirtualServerConfig[], report: Report): IpvsConfig {
  const { ipvs } = raw;
  const seconds = (ms: number | undefined): number | null => (ms === undefined ? null : ms / 1000);
  const { tcp, tcp_fin: tcpFin, udp } = ipvs.timeouts;
  checkSettings(ipvs.settings, servers, report);
  return {
    reconcileIntervalMs: ipvs.reconcile_interval,
    keepOnExit: ipvs.keep_on_exit,
    exclusive: ipvs.exclusive,
    timeouts: { tcpS: seconds(tcp), tcpFinS: seconds(tcpFin), udpS: seconds(udp) },
    settings: settingsOf(ipvs.settings, raw.connection_sync !== undefined, servers),
    restoreSettings: ipvs.restore_settings,
  };
}

function settingsOf(
  raw: RawSettings,
  connectionSync: boolean,
  servers: readonly VirtualServerConfig[],
): Readonly<Record<string, string>> {
  const { sync_threshold: threshold, sync_period: period, sync_ports: ports, ...others } = raw;
  // What was opened a moment before a take-over is not synced yet: scheduling it anew beats resetting it.
  const ofSync = connectionSync ? { sloppy_tcp: '1' } : {};
  // Without a refresh period the kernel sends the template of a persistent client with every single packet.
  const persistent = connectionSync && servers.some((server) => server.persistence !== null);
  const ofPersistence = persistent ? { sync_refresh_period: '10', sync_retries: '1' } : {};
  // nftables can only translate what netfilter sees.
  const ofFullNat = servers.some(usesFullNat) ? { conntrack: '1' } : {};
  const said = Object.entries(others).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  const pair = threshold !== undefined || period !== undefined;
  return {
    ...ofSync,
    ...ofPersistence,
    ...ofFullNat,
    ...Object.fromEntries(said),
    ...(ports === undefined ? {} : { sync_ports: String(ports) }),
    ...(pair ? { sync_threshold: `${threshold ?? SYNC_THRESHOLD} ${period ?? SYNC_PERIOD}` } : {}),
  };
}

/** What the kernel refuses, or what contradicts the virtual servers. */
function checkSettings(raw: RawSettings, servers: readonly VirtualServerConfig[], report: Report): void {
  const { sync_threshold: threshold = SYNC_THRESHOLD, sync_period: period = SYNC_PERIOD, sync_ports: ports = 1 } = raw;
  if (period !== 0 && threshold >= period) {
    const key = raw.sync_threshold === undefined ? 'sync_period' : 'sync_threshold';
    const found = `found ${threshold} of ${period}`;
    report([...SETTINGS, key], `sync_threshold must be below sync_period, unless that is 0; ${found}`);
  }
  if ((ports & (ports - 1)) !== 0) {
    report([...SETTINGS, 'sync_ports'], `must be 1, 2, 4, 8, 16, 32 or 64; found ${ports}`);
  }
  const fullNat = servers.find(usesFullNat);
  if (raw.conntrack === '0' && fullNat !== undefined) {
    report([...SETTINGS, 'conntrack'], `must be true or left out: ${quote(fullNat.name)} has \`forwarding: fullnat\``);
  }
}

function usesFullNat({ realServers, sorryServers }: VirtualServerConfig): boolean {
  return [...sorryServers, ...realServers].some(({ forwarding }) => forwarding === 'fullnat');
}

export function resolveConnectionSync({ connection_sync: sync }: RawConfig): ConnectionSyncConfig | null {
  if (sync === undefined) return null;
  return {
    follow: sync.follow,
    interface: sync.interface,
    syncId: sync.sync_id,
    group: sync.group?.text ?? null,
    port: sync.port ?? null,
    ttl: sync.ttl ?? null,
    maxLength: sync.max_length ?? null,
  };
}
