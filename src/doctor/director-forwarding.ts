/** On a director: does the kernel forward, and do packets come in that it must schedule? Pure. */
import { parseAddress } from '../net/ip.ts';
import { FAR_AWAY, type Facts, holdersOf, linkOf, routeKey } from './facts.ts';
import type { Finding } from './finding.ts';
import type { DirectorIntent, ServiceIntent } from './intent.ts';
import { globalSetting, greaterOfAll, interfaceKey, interfaceSetting, sendsRedirects, sysctlName } from './settings.ts';
import { isInPrefix } from './subnet.ts';

const FORWARDING = { 4: 'net/ipv4/ip_forward', 6: 'net/ipv6/conf/all/forwarding' } as const;

/** Checks of forwarding, reverse path filter and redirects. Without a configuration: IPv4 forwarding only. */
export function forwardingFindings(facts: Facts, intent: DirectorIntent | null): readonly Finding[] {
  return [
    ...forwards(facts, intent, 4),
    ...forwards(facts, intent, 6),
    ...(intent === null
      ? []
      : [...strictFilter(facts, intent), ...redirects(facts, intent), ...oneSubnet(facts, intent)]),
  ];
}

function forwards(facts: Facts, intent: DirectorIntent | null, family: 4 | 6): readonly Finding[] {
  const key = FORWARDING[family];
  const value = globalSetting(facts.settings, key);
  const services = intent?.services.filter((service) => service.family === family) ?? [];
  const isNeeded = intent === null ? family === 4 : services.length > 0;
  if (!isNeeded || value === null) return [];
  if (value !== 0) return family === 6 ? routerAdvertisements(facts) : [];
  const translated = services.filter(({ realServers }) =>
    realServers.some(({ forwarding }) => forwarding === 'nat' || forwarding === 'fullnat'),
  );
  return [
    {
      id: 'forwarding-off',
      severity: translated.length > 0 ? 'error' : 'warning',
      what: `This director does not forward IPv${family} packets (${sysctlName(key)} is 0)`,
      why:
        translated.length > 0
          ? `The answers of real servers with forwarding nat or fullnat (${namesOf(translated)}) are dropped here: clients wait in vain`
          : 'Replies of NAT real servers and ICMP errors about tunnels are dropped; direct routing alone works without',
      fix: [{ do: 'set', key, value: '1' }],
      safe: false,
    },
  ];
}

/** With forwarding on, IPv6 ignores router advertisements unless accept_ra is 2: the default route runs out. */
function routerAdvertisements(facts: Facts): readonly Finding[] {
  const route = facts.routes.get(routeKey(FAR_AWAY[6]));
  if (!route?.fromRouterAdvertisement || route.interface === null) return [];
  if (interfaceSetting(facts.settings, 6, route.interface, 'accept_ra') === 2) return [];
  return [
    {
      id: 'router-advertisements-ignored',
      severity: 'warning',
      what: `The IPv6 default route came by router advertisement on ${route.interface}, where accept_ra is not 2`,
      why: 'A machine that forwards IPv6 ignores router advertisements unless accept_ra is 2: the default route goes when its lifetime is over',
      fix: [{ do: 'set', key: interfaceKey(6, route.interface, 'accept_ra'), value: '2' }],
      safe: false,
    },
  ];
}

/** Interfaces that the configuration names or that lead to real servers. */
function usedInterfaces(facts: Facts, intent: DirectorIntent): readonly string[] {
  const names = [
    ...intent.routers.map((router) => router.interface),
    ...intent.services.flatMap(({ realServers }) => realServers.map(({ address }) => wayTo(facts, address))),
  ];
  return [...new Set(names)].flatMap((name) => (linkOf(facts, name ?? null)?.loopback === false && name ? [name] : []));
}

function wayTo(facts: Facts, address: string): string | undefined {
  const route = facts.routes.get(routeKey(address));
  return route?.local ? undefined : (route?.interface ?? undefined);
}

function strictFilter(facts: Facts, intent: DirectorIntent): readonly Finding[] {
  if (!intent.services.some(({ family }) => family === 4)) return [];
  // With one way in and out the way back is the same.
  const ways = facts.links.filter(({ name, up, loopback }) => up && !loopback && hasIpv4(facts, name));
  if (ways.length < 2) return [];
  const strict = usedInterfaces(facts, intent).filter((name) => greaterOfAll(facts.settings, name, 'rp_filter') === 1);
  if (strict.length === 0) return [];
  return [
    {
      id: 'rp-filter-strict',
      severity: 'warning',
      what: `The reverse path filter is strict on ${strict.join(', ')} (rp_filter 1, the greater of "all" and the interface)`,
      why: 'A packet is dropped without a word when the way back to its sender leaves by another interface: clients that come in one way and are answered another, and real servers with two networks. 2 (loose) still drops senders that no route leads to',
      fix: strict.map((name) => ({ do: 'set', key: interfaceKey(4, name, 'rp_filter'), value: '2' })),
      safe: false,
    },
  ];
}

function hasIpv4({ addresses }: Facts, name: string): boolean {
  return addresses.some((fact) => fact.family === 4 && fact.interface === name);
}

/** Interfaces where the clients of a service come in: those of its virtual address. */
function clientSide(facts: Facts, intent: DirectorIntent, { address }: ServiceIntent): readonly string[] {
  if (address === null) return [];
  const routers = intent.routers.filter((router) => router.addresses.some((item) => item.address === address));
  return [...routers.map((router) => router.interface), ...holdersOf(facts, address).map((item) => item.interface)];
}

function redirects(facts: Facts, intent: DirectorIntent): readonly Finding[] {
  const oneArmed = intent.services
    .filter(({ family }) => family === 4)
    .flatMap((service) => {
      const clients = clientSide(facts, intent, service);
      const ways = service.realServers.filter(({ forwarding }) => forwarding === 'nat');
      return ways.map(({ address }) => wayTo(facts, address)).filter((way) => clients.includes(way ?? ''));
    });
  const names = [...new Set(oneArmed)].filter((name) => name !== undefined);
  const redirecting = names.filter((name) => sendsRedirects(facts.settings, name));
  if (redirecting.length === 0) return [];
  return [
    {
      id: 'redirects-sent',
      severity: 'warning',
      what: `Clients and NAT real servers are on the same interface (${redirecting.join(', ')}), and the kernel sends ICMP redirects there`,
      why: 'The director tells real servers to answer their clients directly; a client drops an answer from an address that it never spoke to. It counts when "all" or the interface says 1',
      fix: ['all', ...redirecting].map((name) => ({
        do: 'set',
        key: interfaceKey(4, name, 'send_redirects'),
        value: '0',
      })),
      safe: false,
    },
  ];
}

/** NAT works only if the answer passes the director: not for a client in the real server's own subnet. */
function oneSubnet(facts: Facts, intent: DirectorIntent): readonly Finding[] {
  const found = intent.services.flatMap((service) => {
    const vip = parseAddress(service.address ?? '');
    if (vip === null) return [];
    const servers = service.realServers.filter(({ address, forwarding }) => {
      const server = parseAddress(address);
      if (forwarding !== 'nat' || server === null || server.family !== vip.family) return false;
      const prefixes = facts.addresses.filter(
        (fact) => fact.prefixLength < server.bytes.length * 8 && isInPrefix(server, fact) && isInPrefix(vip, fact),
      );
      return prefixes.length > 0;
    });
    return servers.map(({ address }) => `${service.virtualServer}: ${address}`);
  });
  if (found.length === 0) return [];
  return [
    {
      id: 'nat-in-one-subnet',
      severity: 'warning',
      what: `Virtual address and NAT real server are in one subnet (${[...new Set(found)].join(', ')})`,
      why: 'A client in that subnet is answered by the real server directly, and drops the answer. Clients elsewhere work if the real server routes to them through this director. forwarding fullnat has neither problem',
      fix: [],
      safe: false,
    },
  ];
}

function namesOf(services: readonly ServiceIntent[]): string {
  return [...new Set(services.map(({ virtualServer }) => virtualServer))].join(', ');
}
