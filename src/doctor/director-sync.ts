/** On a director: connection sync, keepalived beside us, the clock. Pure. */
import { type Facts, linkOf } from './facts.ts';
import type { Finding } from './finding.ts';
import type { DirectorIntent, SyncIntent } from './intent.ts';
import { globalSetting } from './settings.ts';

/** The kernel's own, when the configuration names none (ip_vs_sync.c). */
const DEFAULT_GROUP = '224.0.0.81';
const DEFAULT_PORT = 8848;
/** IPv4 and UDP header: what a sync message may not exceed to travel in one piece. */
const IPV4_UDP_HEADER = 28;
const IPV6_UDP_HEADER = 48;
/** The clock is wrong if it shows a time before this program existed: 1 January 2025. */
const EARLIEST_MS = 1_735_689_600_000;

export function syncFindings(facts: Facts, intent: DirectorIntent): readonly Finding[] {
  const { sync } = intent;
  if (sync === null) return [];
  return [
    ...syncInterface(facts, sync),
    ...daemons(facts, sync),
    ...heard(facts, sync),
    ...syncSettings(facts, intent),
    ...mixedFamilies(intent),
  ];
}

function syncInterface(facts: Facts, sync: SyncIntent): readonly Finding[] {
  const link = linkOf(facts, sync.interface);
  const finding = (id: string, what: string, why: string): Finding => ({
    id,
    severity: 'error',
    what,
    why,
    fix: [],
    safe: false,
  });
  if (link === undefined) {
    const why = 'The kernel refuses to start the sync daemon: established connections break at a take-over';
    return [
      finding('sync-interface-missing', `Connection sync needs interface ${sync.interface}, which does not exist`, why),
    ];
  }
  if (link.loopback) {
    const why = 'Sync messages never leave this machine: established connections break at a take-over';
    return [finding('sync-on-loopback', `Connection sync uses ${sync.interface}, the loopback interface`, why)];
  }
  const findings: Finding[] = [];
  if (!link.running) {
    const why = 'Sync messages go nowhere: established connections break at a take-over';
    findings.push(
      finding('sync-interface-down', `Interface ${sync.interface} of connection sync is down or has no carrier`, why),
    );
  }
  const family = sync.group?.includes(':') ? 6 : 4;
  if (!facts.addresses.some((item) => item.interface === sync.interface && item.family === family)) {
    const why = 'The sync daemon sends from an address of its interface; without one the kernel refuses it';
    findings.push(
      finding(
        'sync-without-address',
        `Interface ${sync.interface} of connection sync has no IPv${family} address`,
        why,
      ),
    );
  }
  const header = family === 4 ? IPV4_UDP_HEADER : IPV6_UDP_HEADER;
  if (sync.maxLength !== null && sync.maxLength + header > link.mtuBytes) {
    const what = `Sync messages of up to ${sync.maxLength} bytes (max_length) do not fit ${sync.interface} (MTU ${link.mtuBytes})`;
    const why =
      'Each large message travels in fragments; one lost fragment loses all its connections. Leave max_length out';
    findings.push({ ...finding('sync-messages-too-long', what, why), severity: 'warning' });
  }
  return findings;
}

/** What runs in the kernel against what the configuration says: a daemon keeps its parameters until it is restarted. */
function daemons(facts: Facts, sync: SyncIntent): readonly Finding[] {
  if (facts.ipvs === null) return [];
  const findings = facts.ipvs.daemons.flatMap((daemon): readonly Finding[] => {
    const pairs: readonly [string, unknown, unknown][] = [
      ['interface', daemon.interface, sync.interface],
      ['sync id', daemon.syncId, sync.syncId],
      ['group', daemon.group ?? DEFAULT_GROUP, sync.group ?? DEFAULT_GROUP],
      ['port', daemon.port || DEFAULT_PORT, sync.port || DEFAULT_PORT],
    ];
    const wrong = pairs.filter(([, runs, wanted]) => runs !== wanted);
    const differing = wrong.map(([name, runs, wanted]) => `${name} ${runs}, configured ${wanted}`);
    return [
      ...(differing.length === 0 ? [] : [daemonDiffers(daemon.role, differing)]),
      ...(daemon.role === 'backup' ? membership(facts, daemon.interface, daemon.group ?? DEFAULT_GROUP) : []),
    ];
  });
  const backupOnly = globalSetting(facts.settings, 'net/ipv4/vs/backup_only') === 1;
  if (!backupOnly || facts.ipvs.daemons.length < 2) return findings;
  return [
    ...findings,
    {
      id: 'sync-backup-only',
      severity: 'error',
      what: 'net.ipv4.vs.backup_only is 1 while both sync daemons run',
      why: 'The kernel does not schedule at all while a backup daemon runs: connections are refused',
      fix: [{ do: 'set', key: 'net/ipv4/vs/backup_only', value: '0' }],
      safe: false,
    },
  ];
}

function daemonDiffers(role: string, differing: readonly string[]): Finding {
  return {
    id: 'sync-daemon-differs',
    severity: 'error',
    what: `The kernel's ${role} sync daemon runs with other parameters: ${differing.join('; ')}`,
    why: 'The other director neither hears nor is heard; nothing is said about it. If lvsd runs, it mends this itself: then this file is not the one that it uses',
    fix: [{ do: 'run', command: 'lvsd reload' }],
    safe: false,
  };
}

function membership(facts: Facts, name: string, group: string): readonly Finding[] {
  if (facts.groups.some((item) => item.interface === name && item.group === group)) return [];
  return [
    {
      id: 'sync-group-left',
      severity: 'error',
      what: `The backup sync daemon runs, but ${name} is not in its multicast group ${group}`,
      why: 'No sync message arrives; it happens when an interface was deleted and made again. The daemon joins again when it is restarted',
      fix: [{ do: 'run', command: `ipvsadm --stop-daemon backup (lvsd starts it again at its next reconciliation)` }],
      safe: false,
    },
  ];
}

/** Sync messages of the other director that were heard (--listen). */
function heard(facts: Facts, sync: SyncIntent): readonly Finding[] {
  return facts.syncMessages.flatMap(({ from, syncId, version }): readonly Finding[] => {
    const findings: Finding[] = [];
    if (syncId !== sync.syncId && sync.syncId !== 0) {
      findings.push({
        id: 'sync-id-differs',
        severity: 'error',
        what: `${from} sends sync messages with sync id ${syncId}, this director is configured for ${sync.syncId}`,
        why: 'The kernel drops messages of another sync id without a word: established connections break at a take-over',
        fix: [],
        safe: false,
      });
    }
    if (version === 0) {
      findings.push({
        id: 'sync-version-old',
        severity: 'warning',
        what: `${from} sends sync messages of version 0`,
        why: 'They carry no IPv6, no firewall marks and no timeouts: persistence is cut to 180 s at a take-over',
        fix: [{ do: 'run', command: `sysctl -w net.ipv4.vs.sync_version=1 (on ${from})` }],
        safe: false,
      });
    }
    return findings;
  });
}

function syncSettings({ settings }: Facts, { services }: DirectorIntent): readonly Finding[] {
  const findings: Finding[] = [];
  if (globalSetting(settings, 'net/ipv4/vs/sync_version') === 0) {
    findings.push({
      id: 'sync-version-old',
      severity: 'warning',
      what: 'This director sends sync messages of version 0 (net.ipv4.vs.sync_version)',
      why: 'They carry no IPv6, no firewall marks and no timeouts: persistence is cut to 180 s at a take-over',
      fix: [{ do: 'set', key: 'net/ipv4/vs/sync_version', value: '1' }],
      safe: false,
    });
  }
  const persistent = services.find((service) => service.persistent);
  if (persistent !== undefined && globalSetting(settings, 'net/ipv4/vs/sync_refresh_period') === 0) {
    findings.push({
      id: 'sync-floods',
      severity: 'info',
      what: `Every packet of a persistent client (${persistent.virtualServer}) sends its persistence again (net.ipv4.vs.sync_refresh_period is 0)`,
      why: 'Sync traffic grows with packets instead of connections, and drowns what matters; 10 s are enough',
      fix: [{ do: 'set', key: 'net/ipv4/vs/sync_refresh_period', value: '10' }],
      safe: false,
    });
  }
  return findings;
}

/** The kernel refuses a destination of the other family while a sync daemon runs, and the reverse (EINVAL). */
function mixedFamilies({ services }: DirectorIntent): readonly Finding[] {
  const mixed = services.find(({ family, realServers }) =>
    realServers.some(({ address }) => address.includes(':') !== (family === 6)),
  );
  if (mixed === undefined) return [];
  return [
    {
      id: 'sync-mixed-families',
      severity: 'error',
      what: `Virtual server ${mixed.virtualServer} has real servers of the other IP family, and connection sync is configured`,
      why: 'Sync messages have room for one family only: the kernel refuses such a real server while a sync daemon runs, and the sync daemon while there is one',
      fix: [],
      safe: false,
    },
  ];
}

/** keepalived in the same network namespace. Also without a configuration. */
export function keepalivedFindings({ keepalived }: Facts, intent: DirectorIntent | null): readonly Finding[] {
  return keepalived.flatMap(({ pid, configFile, routers, hasVirtualServers }): readonly Finding[] => {
    const findings: Finding[] = [];
    for (const router of intent?.routers ?? []) {
      const twin = routers.some((item) => item.vrid === router.vrid && item.interface === router.interface);
      if (!twin) continue;
      findings.push({
        id: 'keepalived-same-router',
        severity: 'error',
        what: `keepalived (process ${pid}, ${configFile}) runs virtual router ${router.vrid} on ${router.interface} beside virtual router ${router.name} of lvsd`,
        why: 'Two programs of one machine move the same addresses: neither hears the other, and both believe to be alone',
        fix: [{ do: 'run', command: 'systemctl disable --now keepalived' }],
        safe: false,
      });
    }
    if (hasVirtualServers) {
      findings.push({
        id: 'keepalived-owns-table',
        severity: intent === null || intent.services.length === 0 ? 'warning' : 'error',
        what: `keepalived (process ${pid}, ${configFile}) has virtual servers of its own`,
        why: "Two programs fill one kernel table: keepalived never reads it, and each undoes what the other does. Move its virtual servers to lvsd's configuration and stop it",
        fix: [{ do: 'run', command: 'systemctl disable --now keepalived' }],
        safe: false,
      });
    }
    return findings;
  });
}

/** VRRP and connection sync count intervals, never the time of day: a wrong clock hurts elsewhere. */
export function clockFindings(facts: Facts, intent: DirectorIntent | null): readonly Finding[] {
  const why =
    'VRRP, probes and connection sync do not mind: they count intervals. The dates of certificates do (https checks that verify), and so does whoever compares the logs of two directors';
  const fix: Finding['fix'] = [{ do: 'run', command: 'timedatectl set-ntp true' }];
  if (facts.nowMs < EARLIEST_MS) {
    const severity = intent?.verifiesCertificates ? 'error' : 'warning';
    return [{ id: 'clock-wrong', severity, what: 'The clock is years behind', why, fix, safe: false }];
  }
  if (facts.clockSynchronised !== false) return [];
  const what = 'Nothing keeps the clock right (no NTP synchronisation)';
  return [{ id: 'clock-unsynchronised', severity: 'info', what, why, fix, safe: false }];
}
