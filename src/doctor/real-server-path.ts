/** On a real server: packets from the director get in, and the service hears them. Pure. */
import { arpInterfaces, FAR_AWAY, type Facts, holdersOf, type LinkFact, mtuOf, routeKey } from './facts.ts';
import type { Finding } from './finding.ts';
import { type RealServerRole, tunnelDevice, tunnelOverhead } from './intent.ts';
import { greaterOfAll, interfaceKey } from './settings.ts';

/** Kinds of devices that take packets out of a tunnel, by the family of the packets inside. */
const TUNNEL_KINDS: Readonly<Record<4 | 6, readonly string[]>> = {
  4: ['ipip', 'gre', 'ip6tnl', 'ip6gre'],
  6: ['ip6tnl', 'sit', 'gre', 'ip6gre'],
};
/** IP and TCP header: what the segment size is smaller by. */
const TCP_HEADERS: Readonly<Record<4 | 6, number>> = { 4: 40, 6: 60 };
const LOOSE = '2';

/** Checks of the tunnel device of a real server. */
export function tunnelFindings(facts: Facts, role: RealServerRole): readonly Finding[] {
  const { device, module } = tunnelDevice(role.tunnel, role.family);
  const devices = facts.links.filter(({ kind }) => TUNNEL_KINDS[role.family].includes(kind ?? ''));
  const up = devices.filter((link) => link.up);
  const own = devices.find(({ name }) => name === device);
  return [
    ...(up.length > 0 ? [] : deviceMissing(facts, { device, module, own })),
    ...gueFindings(facts, role),
    ...strictTunnels(facts, role, devices),
    ...segmentSize(facts, role),
  ];
}

function deviceMissing(
  facts: Facts,
  { device, module, own }: { readonly device: string; readonly module: string; readonly own: LinkFact | undefined },
): readonly Finding[] {
  const why =
    'Packets from the director arrive inside another packet: without a device that takes them out, this server answers with an ICMP error and clients are refused';
  if (own !== undefined) {
    const what = `Tunnel device ${device} is down`;
    return [
      { id: 'tunnel-down', severity: 'error', what, why, fix: [{ do: 'link-up', interface: device }], safe: true },
    ];
  }
  const missing = facts.modules.get(module) === 'missing';
  const what = missing
    ? `This kernel (${facts.kernel}) has no module ${module}, which makes ${device}`
    : `There is no tunnel device (${device}, module ${module})`;
  return [
    {
      id: missing ? 'tunnel-module-missing' : 'tunnel-missing',
      severity: 'error',
      what,
      why,
      fix: missing ? [] : [{ do: 'load-module', module }],
      safe: !missing,
    },
  ];
}

/** GUE packets are UDP: the module fou must listen at the port, and hands IPIP on to tunl0. */
function gueFindings(facts: Facts, { tunnel, tunnelPort, family }: RealServerRole): readonly Finding[] {
  if (tunnel !== 'gue') return [];
  if (facts.listeners.some(({ protocol, port }) => protocol === 'udp' && port === tunnelPort)) return [];
  return [
    {
      id: 'gue-port-closed',
      severity: 'error',
      what: `Nothing receives GUE packets at UDP port ${tunnelPort}`,
      why: 'This server answers the director with an ICMP error, and clients are refused',
      fix: [
        { do: 'run', command: 'modprobe fou' },
        { do: 'run', command: `ip fou add port ${tunnelPort} gue${family === 6 ? ' -6' : ''}` },
      ],
      safe: false,
    },
  ];
}

function strictTunnels(facts: Facts, role: RealServerRole, devices: readonly LinkFact[]): readonly Finding[] {
  if (role.family === 6) return [];
  const strict = devices.filter(({ name }) => greaterOfAll(facts.settings, name, 'rp_filter') === 1);
  if (strict.length === 0) return [];
  const names = strict.map(({ name }) => name);
  return [
    {
      id: 'tunnel-rp-filter-strict',
      severity: 'error',
      what: `The reverse path filter is strict on ${names.join(', ')} (rp_filter 1, the greater of "all" and the interface)`,
      why: 'Clients come out of the tunnel, but are answered by another interface: every packet is dropped without a word',
      fix: names.map((name) => ({ do: 'set', key: interfaceKey(4, name, 'rp_filter'), value: LOOSE })),
      safe: true,
    },
  ];
}

/** A client sends segments as large as the server announced: with the tunnel's header they no longer fit. */
function segmentSize(facts: Facts, role: RealServerRole): readonly Finding[] {
  const route = facts.routes.get(routeKey(FAR_AWAY[role.family]));
  const mtu = mtuOf(facts, route);
  if (route === undefined || route === null || route.local || mtu === null) return [];
  const headers = TCP_HEADERS[role.family];
  const fits = mtu - headers - tunnelOverhead(role.tunnel, role.family, false);
  if ((route.advertisedMssBytes ?? mtu - headers) <= fits) return [];
  const via = route.gateway === null ? '' : ` via ${route.gateway}`;
  const ip = role.family === 6 ? 'ip -6' : 'ip';
  return [
    {
      id: 'segment-size-too-large',
      severity: 'warning',
      what: `This server announces TCP segments of ${route.advertisedMssBytes ?? mtu - headers} bytes; through the tunnel only ${fits} fit`,
      why: 'Full segments of clients need an ICMP error of the director to shrink: where a firewall drops that, small requests work and uploads stall. Keep the other attributes of the route (ip route show default)',
      fix: [{ do: 'run', command: `${ip} route change default${via} dev ${route.interface ?? 'IF'} advmss ${fits}` }],
      safe: false,
    },
  ];
}

/** A packet that the director forwarded comes from the client, by the interface of the director. */
export function asymmetryFindings(facts: Facts, role: RealServerRole): readonly Finding[] {
  if (role.family === 6) return [];
  const route = facts.routes.get(routeKey(FAR_AWAY[4]));
  const strict = arpInterfaces(facts).filter(
    ({ name }) => route?.interface !== name && greaterOfAll(facts.settings, name, 'rp_filter') === 1,
  );
  const isOnWay = strict.filter(({ name }) =>
    facts.addresses.some((fact) => fact.interface === name && fact.family === 4),
  );
  if (isOnWay.length === 0) return [];
  const names = isOnWay.map(({ name }) => name);
  return [
    {
      id: 'rp-filter-strict',
      severity: 'warning',
      what: `The reverse path filter is strict on ${names.join(', ')}, but clients far away are answered by ${route?.interface ?? 'no interface: there is no default route'}`,
      why: 'If the director sends by such an interface, all packets of these clients are dropped without a word',
      fix: names.map((name) => ({ do: 'set', key: interfaceKey(4, name, 'rp_filter'), value: LOOSE })),
      safe: false,
    },
  ];
}

/** NAT and full NAT: the packets carry the server's own address, so the virtual one must not be local. */
export function translatedFindings(facts: Facts, { vip, family, forwarding }: RealServerRole): readonly Finding[] {
  const findings: Finding[] = holdersOf(facts, vip).map((fact) => ({
    id: 'virtual-address-not-needed',
    severity: 'error',
    what: `${vip} is on ${fact.interface}, but with forwarding ${forwarding} a real server must not have it`,
    why: 'Answers, and connections from here to the virtual address, stay on this machine; on a LAN interface it also takes the traffic of the director',
    fix: [{ do: 'run', command: `ip address del ${vip}/${fact.prefixLength} dev ${fact.interface}` }],
    safe: false,
  }));
  if (forwarding === 'fullnat') return findings;
  const route = facts.routes.get(routeKey(FAR_AWAY[family]));
  if (route === null || route === undefined || (!route.local && route.gateway === null)) {
    findings.push({
      id: 'no-way-back',
      severity: 'error',
      what: `This server has no IPv${family} default route by a gateway`,
      why: 'With NAT the answers must go back through the director: its inside address (a virtual one, for a pair) must be the gateway',
      fix: [{ do: 'run', command: `ip${family === 6 ? ' -6' : ''} route add default via DIRECTOR` }],
      safe: false,
    });
  } else {
    findings.push({
      id: 'way-back',
      severity: 'info',
      what: `Answers to clients far away leave by ${route.gateway} on ${route.interface}`,
      why: 'With NAT that must be the director (its inside virtual address, for a pair): a client drops an answer that was not translated back',
      fix: [],
      safe: false,
    });
  }
  return findings;
}

/** Somebody must listen at the virtual address. A hint only: which ports are balanced is known to the director. */
export function listenerFindings(facts: Facts, { vip, family }: RealServerRole): readonly Finding[] {
  const any = family === 4 ? ['0.0.0.0', '::'] : ['::'];
  const heard = facts.listeners.filter(({ address }) => any.includes(address) || address === vip);
  if (heard.some(({ protocol }) => protocol === 'tcp') || heard.length > 0) {
    const hears = (listener: { protocol: string; port: number }) =>
      heard.some(({ protocol, port }) => protocol === listener.protocol && port === listener.port);
    const deaf = facts.listeners.filter(
      (item) => item.address.includes(':') === (family === 6) && !isLoopbackText(item.address) && !hears(item),
    );
    const shown = [
      ...new Set(deaf.map(({ protocol, port, address }) => `${protocol} ${port} (only ${address})`)),
    ].slice(0, 8);
    if (shown.length === 0) return [];
    return [
      {
        id: 'listens-elsewhere',
        severity: 'info',
        what: `Not listening at ${vip}: ${shown.join(', ')}`,
        why: 'With direct routing and tunnels packets carry the virtual address: a service that is balanced must listen there or at any address',
        fix: [],
        safe: false,
      },
    ];
  }
  return [
    {
      id: 'nobody-listens',
      severity: 'warning',
      what: `No program listens at ${vip} or at any address`,
      why: 'With direct routing and tunnels packets carry the virtual address: every connection is refused',
      fix: [],
      safe: false,
    },
  ];
}

function isLoopbackText(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
