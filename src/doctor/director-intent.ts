/** What a configuration asks of the machine. Pure. */
import type { Config, RealServerConfig, ServiceIdConfig, VirtualRouterConfig } from '../config/types.ts';
import {
  type DirectorIntent,
  type RealServerIntent,
  type RouterIntent,
  type ServiceIntent,
  tunnelOverhead,
} from './intent.ts';

/** The part of a configuration that the checks of a director need. */
export function directorIntent(config: Config): DirectorIntent {
  const services = config.virtualServers.flatMap((server): readonly ServiceIntent[] => {
    const realServers = [...server.realServers, ...server.sorryServers];
    const shared = {
      virtualServer: server.name,
      scheduler: server.scheduler,
      persistent: server.persistence !== null,
      realServers: realServers.map(realServerIntent),
    };
    return server.ids.map((id) => ({ ...shared, ...identity(id) }));
  });
  const checks = config.virtualServers.flatMap(({ realServers }) => realServers.flatMap((server) => server.checks));
  const { connectionSync: sync } = config;
  return {
    routers: config.virtualRouters.flatMap(routerIntents),
    services: withoutTwins(services),
    sync,
    ipvsSettings: config.ipvs.settings,
    verifiesCertificates: checks.some((check) => 'tls' in check && check.tls?.verify === true),
  };
}

/** One for each interface that its addresses are on. A virtual MAC is lvsd's own affair: its interface is the one below. */
function routerIntents(router: VirtualRouterConfig): readonly RouterIntent[] {
  const { name, vrid } = router;
  const places = new Map<string, RouterIntent['addresses'][number][]>([[router.interface, []]]);
  for (const { address, prefixLength, interface: named } of [...router.virtualAddresses, ...router.extraAddresses]) {
    const place = named ?? router.interface;
    places.set(place, [...(places.get(place) ?? []), { address, prefixLength }]);
  }
  return [...places].map(([on, addresses]) => ({ name, interface: on, vrid, addresses }));
}

function identity(id: ServiceIdConfig): Pick<ServiceIntent, 'family' | 'address' | 'fwmark'> {
  return id.kind === 'fwmark'
    ? { family: id.family, address: null, fwmark: id.fwmark }
    : { family: id.family, address: id.address, fwmark: 0 };
}

/** A group of one address and many ports is one thing to check. */
function withoutTwins(services: readonly ServiceIntent[]): readonly ServiceIntent[] {
  return [
    ...new Map(
      services.map((item) => [`${item.virtualServer} ${item.family} ${item.address} ${item.fwmark}`, item]),
    ).values(),
  ];
}

function realServerIntent({
  address,
  forwarding,
  tunnel,
}: Pick<RealServerConfig, 'address' | 'forwarding' | 'tunnel'>): RealServerIntent {
  const family = address.includes(':') ? 6 : 4;
  const overheadBytes = tunnel === null ? 0 : tunnelOverhead(tunnel.type, family, tunnel.checksum !== 'none');
  return { address, forwarding, overheadBytes };
}
