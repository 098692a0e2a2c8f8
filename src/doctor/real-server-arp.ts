/** On a real server: the virtual address is local, and nobody hears of it by ARP. Pure. */
import { parseAddress } from '../net/ip.ts';
import { type AddressFact, arpInterfaces, type Facts, holdersOf, linkOf } from './facts.ts';
import type { Action, Finding } from './finding.ts';
import { type RealServerRole, tunnelDevice } from './intent.ts';
import { greaterOfAll, interfaceKey, interfaceSetting } from './settings.ts';
import { isInPrefix } from './subnet.ts';

const ARP_ANNOUNCE_BEST = 2;
const SCOPE_HOST = 254;
const SCOPE_LINK = 253;

/** Checks of the virtual address of a real server with forwarding direct or tunnel. */
export function virtualAddressFindings(facts: Facts, role: RealServerRole): readonly Finding[] {
  return [
    ...answers(facts, role),
    ...announces(facts, role),
    ...proxies(facts, role),
    ...absent(facts, role),
    ...placement(facts, role),
  ];
}

/** Interfaces where somebody may ask for the virtual address. A tunnel's servers matter only in the address's subnet. */
function askedAt(facts: Facts, { vip, forwarding }: RealServerRole): readonly string[] {
  const names = arpInterfaces(facts).map(({ name }) => name);
  const address = parseAddress(vip);
  if (forwarding === 'direct' || address === null) return names;
  return names.filter((name) =>
    facts.addresses.some(
      (fact) => fact.interface === name && fact.address !== vip && fact.prefixLength > 0 && isInPrefix(address, fact),
    ),
  );
}

/**
 * Whether an ARP request for an address of another interface stays without answer (arp_ignore() in net/ipv4/arp.c): 1, 2 and 8
 * ignore it, 3 only for addresses of scope host, 4 to 7 are reserved and ignore nothing.
 */
function isIgnored(arpIgnore: number, holders: readonly AddressFact[]): boolean {
  if (arpIgnore === 3) return holders.length > 0 && holders.every(({ scope }) => scope === SCOPE_HOST);
  return arpIgnore === 1 || arpIgnore === 2 || arpIgnore === 8;
}

function answers(facts: Facts, role: RealServerRole): readonly Finding[] {
  if (role.family === 6) return [];
  const answering = askedAt(facts, role).flatMap((name) => {
    const value = greaterOfAll(facts.settings, name, 'arp_ignore') ?? 0;
    return isIgnored(value, holdersOf(facts, role.vip)) ? [] : [{ name, value }];
  });
  if (answering.length === 0) return [];
  const here = holdersOf(facts, role.vip).length > 0;
  return [
    {
      id: 'arp-answered',
      severity: 'error',
      what: `${here ? 'This server answers' : 'With the address this server would answer'} ARP requests for ${role.vip} on ${answering.map(({ name, value }) => `${name} (arp_ignore ${value})`).join(', ')}`,
      why: 'The client or router that asks takes whoever answers: traffic comes here past the director. What counts is the greater of "all" and the interface that receives the request; a setting of lo has no effect',
      fix: answering.flatMap(({ name, value }) => setting(facts, name, 'arp_ignore', value > 1 ? null : '1')),
      safe: answering.every(({ value }) => value <= 1),
    },
  ];
}

function announces(facts: Facts, role: RealServerRole): readonly Finding[] {
  if (role.family === 6) return [];
  const announcing = askedAt(facts, role).filter(
    (name) => (greaterOfAll(facts.settings, name, 'arp_announce') ?? 0) < ARP_ANNOUNCE_BEST,
  );
  if (announcing.length === 0) return [];
  return [
    {
      id: 'arp-announced',
      severity: 'error',
      what: `This server's own ARP requests may carry ${role.vip} as sender on ${announcing.join(', ')} (arp_announce below 2)`,
      why: "Whoever gets such a request notes this server's MAC address for the virtual address: the client's next connections bypass the director",
      fix: announcing.flatMap((name) => setting(facts, name, 'arp_announce', String(ARP_ANNOUNCE_BEST))),
      safe: true,
    },
  ];
}

/** A command for a person where "all" is what forbids (value null): it counts for every interface. */
function setting(
  facts: Facts,
  name: string,
  what: 'arp_ignore' | 'arp_announce',
  value: string | null,
): readonly Action[] {
  if (value !== null) return [{ do: 'set', key: interfaceKey(4, name, what), value }];
  const where = (interfaceSetting(facts.settings, 4, 'all', what) ?? 0) > 1 ? 'all' : name;
  return [{ do: 'set', key: interfaceKey(4, where, what), value: '1' }];
}

/** IPv6 answers neighbour solicitations only for the addresses of the interface itself, unless it is told to proxy. */
function proxies(facts: Facts, role: RealServerRole): readonly Finding[] {
  if (role.family === 4) return [];
  const proxying = askedAt(facts, role).filter((name) => interfaceSetting(facts.settings, 6, name, 'proxy_ndp') === 1);
  if (proxying.length === 0) return [];
  return [
    {
      id: 'neighbours-proxied',
      severity: 'warning',
      what: `${proxying.join(', ')} may answer neighbour solicitations for others (proxy_ndp 1)`,
      why: `If ${role.vip} is among them (ip -6 neigh show proxy), traffic comes here past the director`,
      fix: proxying.map((name) => ({ do: 'set', key: interfaceKey(6, name, 'proxy_ndp'), value: '0' })),
      safe: false,
    },
  ];
}

/** Interfaces that may hold the virtual address: nobody asks there. */
function isHidden(facts: Facts, name: string): boolean {
  return !arpInterfaces(facts).some((link) => link.name === name) && linkOf(facts, name)?.arp === false;
}

/** Where the address belongs: on lo, or on the device that takes the packets out of the tunnel, once that exists. */
function homeOf(facts: Facts, { forwarding, tunnel, family }: RealServerRole): string | null {
  if (forwarding === 'direct') return 'lo';
  const { device } = tunnelDevice(tunnel, family);
  return linkOf(facts, device) === undefined ? null : device;
}

function absent(facts: Facts, role: RealServerRole): readonly Finding[] {
  const holders = holdersOf(facts, role.vip).filter((fact) => isHidden(facts, fact.interface));
  const down = holders.filter((fact) => linkOf(facts, fact.interface)?.up === false);
  if (holders.length > down.length) return [];
  const [holder] = down;
  if (holder !== undefined) {
    return [
      {
        id: 'virtual-address-down',
        severity: 'error',
        what: `${role.vip} is on ${holder.interface}, which is down`,
        why: 'The address is not local until its interface is up: packets from the director are dropped or sent on',
        fix: [{ do: 'link-up', interface: holder.interface }],
        safe: true,
      },
    ];
  }
  // On the LAN interface it does receive packets; that finding moves it.
  if (holdersOf(facts, role.vip).length > 0) return [];
  const home = homeOf(facts, role);
  const prefixLength = role.family === 4 ? 32 : 128;
  return [
    {
      id: 'virtual-address-absent',
      severity: 'error',
      what: `${role.vip} is not an address of this server`,
      why: 'Packets from the director carry the virtual address: this server drops them or sends them on, and clients wait in vain',
      fix: home === null ? [] : [addressAction('add-address', { address: role.vip, interface: home, prefixLength })],
      safe: home !== null,
    },
  ];
}

/** On an interface with neighbours, or with a prefix that makes a whole subnet local. */
function placement(facts: Facts, role: RealServerRole): readonly Finding[] {
  const single = role.family === 4 ? 32 : 128;
  const home = homeOf(facts, role);
  return holdersOf(facts, role.vip).flatMap((fact): readonly Finding[] => {
    const exposed = linkOf(facts, fact.interface)?.arp === true;
    const wide = fact.prefixLength !== single;
    // A wide prefix matters on lo, where all of the subnet becomes this machine.
    if (!exposed && !(wide && linkOf(facts, fact.interface)?.loopback)) return [];
    if (exposed && facts.ipvs?.virtualAddresses.includes(role.vip)) return [isDirector(fact)];
    const replaced = holdersOf(facts, role.vip).some(
      (item) => item.prefixLength === single && isHidden(facts, item.interface),
    );
    const add = addressAction('add-address', { address: role.vip, interface: home ?? 'lo', prefixLength: single });
    const taken = takenAlong(facts, fact);
    // Deleting the only address of a subnet takes its routes along, or all of the interface: for a person to decide.
    const harmless = fact.permanent && (!exposed || ((!wide || fact.secondary) && hasAnother(facts, fact)));
    const warning =
      taken.length === 0 ? '' : `. Deleting it deletes ${taken.join(', ')} too, unless promote_secondaries is 1`;
    return [
      {
        id: exposed ? 'virtual-address-exposed' : 'virtual-address-too-wide',
        severity: 'error',
        what: `${role.vip}/${fact.prefixLength} is on ${fact.interface}${exposed ? ', where neighbours can ask for it' : ''}${warning}`,
        why: exposed
          ? 'Server and director both answer for the address: traffic comes here past the director. It belongs on lo or a tunnel device'
          : `All of the subnet counts as this machine's own: neighbours in it, the director among them, cannot be reached`,
        fix: [...(replaced ? [] : [add]), addressAction('delete-address', fact)],
        safe: harmless && taken.length === 0,
      },
    ];
  });
}

/** IPv4: what the kernel deletes with the first address of a subnet, the others of that subnet (__inet_del_ifa). */
function takenAlong(facts: Facts, fact: AddressFact): readonly string[] {
  if (fact.family === 6 || fact.secondary) return [];
  return facts.addresses.flatMap((other) => {
    const { family, secondary, address: text, prefixLength } = other;
    const address = parseAddress(text);
    const isFollower =
      family === 4 && secondary && other.interface === fact.interface && prefixLength === fact.prefixLength;
    return isFollower && address !== null && isInPrefix(address, fact) ? [`${text}/${prefixLength}`] : [];
  });
}

/** Whether the machine keeps an address on that interface: it may be its own that was named as the virtual one. */
function hasAnother(facts: Facts, fact: AddressFact): boolean {
  return facts.addresses.some(
    ({ interface: name, address, scope }) => name === fact.interface && address !== fact.address && scope === 0,
  );
}

/** IPVS schedules the address here: taking it away would end the service. */
function isDirector({ address, interface: name }: AddressFact): Finding {
  return {
    id: 'real-server-is-director',
    severity: 'info',
    what: `${address} is on ${name}, and IPVS schedules it here: this machine is the director now`,
    why: 'The address is where it belongs. A director that is real server too needs nothing else; its connections end when it fails',
    fix: [],
    safe: false,
  };
}

function addressAction(
  action: 'add-address' | 'delete-address',
  fact: Pick<AddressFact, 'address' | 'interface' | 'prefixLength'> & Partial<AddressFact>,
): Action {
  const scope = fact.scope === SCOPE_HOST ? 'host' : fact.scope === SCOPE_LINK ? 'link' : null;
  const label = fact.label === undefined || fact.label === fact.interface ? null : fact.label;
  return {
    do: action,
    interface: fact.interface,
    address: fact.address,
    prefixLength: fact.prefixLength,
    scope,
    label,
    deprecated: fact.deprecated ?? true,
  };
}
