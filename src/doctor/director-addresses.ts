/** On a director: virtual addresses, firewall marks, and the ways to real servers. Pure. */
import { FAR_AWAY, type Facts, holdersOf, linkOf, routeKey } from './facts.ts';
import type { Finding } from './finding.ts';
import type { DirectorIntent } from './intent.ts';
import { greaterOfAll, interfaceKey } from './settings.ts';

/** Names in one message; a configuration may have thousands of real servers. */
const MOST_NAMES = 8;

export function addressFindings(facts: Facts, intent: DirectorIntent): readonly Finding[] {
  return [
    ...routerInterfaces(facts, intent),
    ...absentAddresses(facts, intent),
    ...exposedAddresses(facts, intent),
    ...firewallMarks(facts, intent),
    ...unreachable(facts, intent),
    ...notOnLink(facts, intent),
    ...localServers(facts, intent),
    ...portMismatches(facts),
  ];
}

function routerInterfaces(facts: Facts, { routers }: DirectorIntent): readonly Finding[] {
  return routers.flatMap((router): readonly Finding[] => {
    const link = linkOf(facts, router.interface);
    if (link?.running) return [];
    const name = router.interface;
    const gone = link === undefined;
    return [
      {
        id: gone ? 'router-interface-missing' : 'router-interface-down',
        severity: 'error',
        what: `Virtual router ${router.name} needs interface ${name}, which ${gone ? 'does not exist' : link.up ? 'has no carrier' : 'is down'}`,
        why: 'The virtual router stays in FAULT: this director can never become MASTER',
        fix: gone || link.up ? [] : [{ do: 'link-up', interface: name }],
        safe: false,
      },
    ];
  });
}

function absentAddresses(facts: Facts, { services, routers }: DirectorIntent): readonly Finding[] {
  const moved = new Set(routers.flatMap(({ addresses }) => addresses.map(({ address }) => address)));
  const absent = new Map<string, Set<string>>();
  for (const { virtualServer, address } of services) {
    if (address === null || moved.has(address) || holdersOf(facts, address).length > 0) continue;
    absent.set(virtualServer, (absent.get(virtualServer) ?? new Set()).add(address));
  }
  return [...absent].map(([virtualServer, addresses]) => {
    const [first = ''] = addresses;
    const shown = `${[...addresses].slice(0, MOST_NAMES).join(', ')}${more(addresses.size)}`;
    const command = `add ${first} to virtual_addresses of a virtual router, or: ip address add ${first} dev IF`;
    return {
      id: 'virtual-address-absent',
      severity: 'error',
      what: `${shown} of virtual server ${virtualServer} ${addresses.size === 1 ? 'is' : 'are'} on no interface here, and no virtual router brings ${addresses.size === 1 ? 'it' : 'them'}`,
      why: 'IPVS sees only packets to addresses that are local: all others are routed on and never scheduled',
      fix: [{ do: 'run', command }],
      safe: false,
    };
  });
}

/** The address is on lo or a dummy here while a virtual router moves it: the standby answers for it as well. */
function exposedAddresses(facts: Facts, { routers }: DirectorIntent): readonly Finding[] {
  return routers.flatMap((router) => {
    const link = linkOf(facts, router.interface);
    const answers = link?.arp === true && !isQuiet(greaterOfAll(facts.settings, router.interface, 'arp_ignore'));
    const exposed = router.addresses.filter(({ address }) =>
      holdersOf(facts, address).some((fact) => fact.family === 4 && fact.interface !== router.interface),
    );
    if (!answers || exposed.length === 0) return [];
    const addresses = exposed.map(({ address }) => address).join(', ');
    const finding: Finding = {
      id: 'virtual-address-answered',
      severity: 'error',
      what: `${addresses} of virtual router ${router.name} is also on another interface here, and ${router.interface} answers ARP for it whatever the role`,
      why: 'The standby answers ARP requests too, and takes the traffic of the director that is MASTER',
      fix: [
        { do: 'set', key: interfaceKey(4, router.interface, 'arp_ignore'), value: '1' },
        { do: 'set', key: interfaceKey(4, router.interface, 'arp_announce'), value: '2' },
      ],
      safe: false,
    };
    return [finding];
  });
}

/** 1, 2 and 8 keep quiet about addresses of other interfaces; 4 to 7 are reserved and do nothing (arp_ignore()). */
function isQuiet(arpIgnore: number | null): boolean {
  return arpIgnore === 1 || arpIgnore === 2 || arpIgnore === 8;
}

function firewallMarks(facts: Facts, { services, routers }: DirectorIntent): readonly Finding[] {
  return services.flatMap((service): readonly Finding[] => {
    const { fwmark, family, virtualServer } = service;
    const route = facts.routes.get(routeKey(FAR_AWAY[family], fwmark));
    if (fwmark === 0 || route === undefined || route?.local) return [];
    const own = routers.some(({ addresses }) =>
      addresses.some(({ address }) => address.includes(':') === (family === 6)),
    );
    const ip = family === 6 ? 'ip -6' : 'ip';
    return [
      {
        id: 'marked-packets-not-local',
        severity: own ? 'info' : 'warning',
        what: `Packets with mark ${fwmark} (virtual server ${virtualServer}) are local here only if their destination is an address of this director`,
        why: 'IPVS schedules marked packets only when they are delivered locally. Fine if they go to virtual addresses of this director; for any other destination they need policy routing',
        fix: [
          { do: 'run', command: `${ip} rule add fwmark ${fwmark} table 100` },
          { do: 'run', command: `${ip} route add local default dev lo table 100` },
        ],
        safe: false,
      },
    ];
  });
}

interface Way {
  readonly virtualServer: string;
  readonly address: string;
  readonly forwarding: string;
}

/** Every real server of the configuration once for each method, with its route. */
function waysOf({ services }: DirectorIntent): readonly Way[] {
  const ways = new Map<string, Way>();
  for (const { virtualServer, realServers } of services) {
    for (const { address, forwarding } of realServers) {
      ways.set(`${virtualServer} ${address} ${forwarding}`, { virtualServer, address, forwarding });
    }
  }
  return [...ways.values()];
}

function unreachable(facts: Facts, intent: DirectorIntent): readonly Finding[] {
  const lost = waysOf(intent).filter(({ address }) => facts.routes.get(routeKey(address)) === null);
  if (lost.length === 0) return [];
  return [
    {
      id: 'real-server-without-route',
      severity: 'error',
      what: `No route leads to ${listed(lost)}`,
      why: 'Neither probes nor packets can get there',
      fix: [],
      safe: false,
    },
  ];
}

function notOnLink(facts: Facts, intent: DirectorIntent): readonly Finding[] {
  const routed = waysOf(intent).filter(({ address, forwarding }) => {
    const route = facts.routes.get(routeKey(address));
    return forwarding === 'direct' && route !== null && route !== undefined && !route.local && route.gateway !== null;
  });
  if (routed.length === 0) return [];
  return [
    {
      id: 'direct-server-behind-router',
      severity: 'error',
      what: `Direct routing to a real server behind a router: ${listed(routed)}`,
      why: 'Direct routing changes only the MAC address: the router gets a packet to the virtual address and sends it back or drops it. Use forwarding tunnel, or put director and real server on one link',
      fix: [],
      safe: false,
    },
  ];
}

function localServers(facts: Facts, intent: DirectorIntent): readonly Finding[] {
  const local = waysOf(intent).filter(({ address }) => facts.routes.get(routeKey(address))?.local);
  if (local.length === 0) return [];
  return [
    {
      id: 'real-server-is-director',
      severity: 'info',
      what: `${listed(local)} is this director itself`,
      why: 'Its packets are delivered here whatever the forwarding method; its connections end when this director fails',
      fix: [],
      safe: false,
    },
  ];
}

function portMismatches({ ipvs }: Facts): readonly Finding[] {
  const wrong = ipvs?.portMismatches ?? [];
  if (wrong.length === 0) return [];
  const shown = wrong.slice(0, MOST_NAMES).map(({ service, destination }) => `${service} -> ${destination}`);
  return [
    {
      id: 'ports-differ',
      severity: 'error',
      what: `The kernel's table has direct or tunnel real servers with another port than their virtual server: ${shown.join(', ')}${more(wrong.length)}`,
      why: 'Only NAT rewrites ports: the packets arrive at the port of the virtual server, where nobody may listen',
      fix: [],
      safe: false,
    },
  ];
}

function listed(ways: readonly Way[]): string {
  const shown = ways.slice(0, MOST_NAMES).map(({ virtualServer, address }) => `${address} (${virtualServer})`);
  return `${shown.join(', ')}${more(ways.length)}`;
}

function more(count: number): string {
  return count > MOST_NAMES ? ` and ${count - MOST_NAMES} more` : '';
}
