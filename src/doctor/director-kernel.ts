/** On a director: modules and schedulers, connection tracking, tunnels' MTU, the settings of IPVS. Pure. */
import { type Facts, linkOf, mtuOf, routeKey } from './facts.ts';
import type { Finding } from './finding.ts';
import type { DirectorIntent } from './intent.ts';
import { modulesOf } from './intent.ts';
import { globalSetting } from './settings.ts';

/** Share of the connection tracking table in use. */
const CONNTRACK_WARNING = 0.75;
const CONNTRACK_ERROR = 0.95;
/** nf_conntrack holds on to an idle connection for five days by default, IPVS for 15 minutes. */
const CONNTRACK_TIMEOUT_S = 86_400;
/** What the connections of one busy virtual server need; small machines get this few by default. */
const CONNTRACK_SMALL = 65_536;
const ETHERNET_MTU = 1500;

export function kernelFindings(facts: Facts, intent: DirectorIntent | null): readonly Finding[] {
  return [
    ...modules(facts, intent),
    ...conntrackFull(facts),
    ...(intent === null
      ? []
      : [...conntrackForNat(facts, intent), ...persistence(facts, intent), ...tunnels(facts, intent)]),
  ];
}

function modules(facts: Facts, intent: DirectorIntent | null): readonly Finding[] {
  const core = facts.modules.get('ip_vs');
  if (core === 'missing') {
    return [
      {
        id: 'ipvs-missing',
        severity: 'error',
        what: `This kernel (${facts.kernel}) has no module ip_vs`,
        why: 'Without it nothing is balanced. Distributions put it in the full kernel package (linux-modules-extra, kernel-modules), not in the one for small virtual machines',
        fix: [],
        safe: false,
      },
    ];
  }
  const wanted = [...new Set(intent?.services.map(({ scheduler }) => scheduler))];
  const missing = wanted.filter((name) => modulesOf(name).some((module) => facts.modules.get(module) === 'missing'));
  return missing.map((scheduler) => {
    const users = intent?.services.filter((service) => service.scheduler === scheduler) ?? [];
    return {
      id: 'scheduler-missing',
      severity: 'error',
      what: `This kernel (${facts.kernel}) has no scheduler ${scheduler} (module ip_vs_${scheduler})`,
      why: `The kernel refuses virtual server ${users[0]?.virtualServer ?? ''}. Choose another scheduler, or a kernel that has it`,
      fix: [],
      safe: false,
    };
  });
}

function conntrackFull({ settings }: Facts): readonly Finding[] {
  const count = globalSetting(settings, 'net/netfilter/nf_conntrack_count');
  const most = globalSetting(settings, 'net/netfilter/nf_conntrack_max');
  if (count === null || most === null || most <= 0 || count < most * CONNTRACK_WARNING) return [];
  return [
    {
      id: 'conntrack-full',
      severity: count < most * CONNTRACK_ERROR ? 'warning' : 'error',
      what: `Connection tracking holds ${count} of at most ${most} connections`,
      why: 'When it is full, packets of new connections are dropped ("nf_conntrack: table full" in the kernel\'s log)',
      fix: [{ do: 'set', key: 'net/netfilter/nf_conntrack_max', value: String(most * 4) }],
      safe: false,
    },
  ];
}

/** Full NAT, and whoever sets net.ipv4.vs.conntrack, has an entry in both tables for every connection. */
function conntrackForNat({ settings }: Facts, intent: DirectorIntent): readonly Finding[] {
  const translates = intent.services.some((service) =>
    service.realServers.some((server) => server.forwarding === 'fullnat'),
  );
  if (!translates && globalSetting(settings, 'net/ipv4/vs/conntrack') !== 1) return [];
  const findings: Finding[] = [];
  const most = globalSetting(settings, 'net/netfilter/nf_conntrack_max');
  if (most !== null && most < CONNTRACK_SMALL) {
    findings.push({
      id: 'conntrack-small',
      severity: 'warning',
      what: `Connection tracking holds at most ${most} connections`,
      why: 'Every balanced connection needs an entry (full NAT, net.ipv4.vs.conntrack): more are dropped. An entry takes about 320 bytes',
      fix: [{ do: 'set', key: 'net/netfilter/nf_conntrack_max', value: '262144' }],
      safe: false,
    });
  }
  const timeoutS = globalSetting(settings, 'net/netfilter/nf_conntrack_tcp_timeout_established');
  if (timeoutS !== null && timeoutS > CONNTRACK_TIMEOUT_S) {
    findings.push({
      id: 'conntrack-timeout',
      severity: 'info',
      what: `Connection tracking keeps an idle TCP connection for ${timeoutS} s`,
      why: 'IPVS forgets it after its own timeout (900 s by default): the entries left behind fill the table',
      fix: [{ do: 'set', key: 'net/netfilter/nf_conntrack_tcp_timeout_established', value: '86400' }],
      safe: false,
    });
  }
  if (intent.sync !== null && globalSetting(settings, 'net/netfilter/nf_conntrack_tcp_loose') === 0) {
    findings.push({
      id: 'conntrack-strict',
      severity: 'warning',
      what: 'Connection tracking does not pick up connections in the middle (nf_conntrack_tcp_loose is 0)',
      why: 'After a take-over the synced connections have no entry here: their packets count as invalid and break',
      fix: [{ do: 'set', key: 'net/netfilter/nf_conntrack_tcp_loose', value: '1' }],
      safe: false,
    });
  }
  return findings;
}

function persistence({ settings }: Facts, { services }: DirectorIntent): readonly Finding[] {
  const persistent = services.find((service) => service.persistent);
  if (persistent === undefined || globalSetting(settings, 'net/ipv4/vs/expire_quiescent_template') !== 0) return [];
  return [
    {
      id: 'persistence-outlives-server',
      severity: 'info',
      what: `Clients of ${persistent.virtualServer} stick to a real server of weight 0 (net.ipv4.vs.expire_quiescent_template is 0)`,
      why: 'A failed real server has weight 0: its persistent clients keep coming to it until their persistence times out',
      fix: [{ do: 'set', key: 'net/ipv4/vs/expire_quiescent_template', value: '1' }],
      safe: false,
    },
  ];
}

/** What a client of full size sends does not fit into the tunnel: the most common reason for "small pages work". */
function tunnels(facts: Facts, intent: DirectorIntent): readonly Finding[] {
  const clientMtu = Math.max(
    ETHERNET_MTU,
    ...intent.routers.map((router) => linkOf(facts, router.interface)?.mtuBytes ?? 0),
  );
  const narrow = new Map<string, { readonly names: Set<string>; readonly inner: number; readonly overhead: number }>();
  for (const { virtualServer, realServers } of intent.services) {
    for (const { address, overheadBytes } of realServers) {
      const route = facts.routes.get(routeKey(address));
      const outer = overheadBytes === 0 || route?.local ? null : mtuOf(facts, route);
      if (outer === null || outer - overheadBytes >= clientMtu) continue;
      const key = `${outer} ${overheadBytes}`;
      const found = narrow.get(key) ?? { names: new Set(), inner: outer - overheadBytes, overhead: overheadBytes };
      found.names.add(virtualServer);
      narrow.set(key, found);
    }
  }
  const relays = globalSetting(facts.settings, 'net/ipv4/vs/pmtu_disc') !== 0;
  return [...narrow.values()].map(({ names, inner, overhead }) => ({
    id: 'tunnel-mtu',
    severity: relays ? 'info' : 'warning',
    what: `The tunnels of ${[...names].join(', ')} carry packets of at most ${inner} bytes, clients send up to ${clientMtu}`,
    why: relays
      ? `Each packet gets ${overhead} bytes more. The director tells clients by ICMP (fragmentation needed, from the virtual address): large uploads stall where a firewall drops that. Real servers avoid it by announcing a smaller segment size (lvsd doctor --real-server there says how)`
      : `Each packet gets ${overhead} bytes more, and net.ipv4.vs.pmtu_disc is 0: large packets travel in fragments, which firewalls drop and real servers must put together`,
    fix: relays ? [] : [{ do: 'set', key: 'net/ipv4/vs/pmtu_disc', value: '1' }],
    safe: false,
  }));
}
