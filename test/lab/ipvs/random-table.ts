/** Random IPVS tables and connections: all that the kernel takes, likely and unlikely. */
import type { IpvsCommand } from '../../../src/ipvs/command.ts';
import type { DestinationId, DestinationSettings, ServiceId, ServiceSettings } from '../../../src/ipvs/types.ts';
import type { Random } from '../../sim/random.ts';

const LONG = 'a-very-long-name-of-a-server-in-a-data-centre-far-away.rack-17.example.org';
const V4 = [
  '10.0.0.1',
  '10.0.0.12',
  '192.168.250.250',
  '127.0.0.1',
  '128.0.0.1',
  '1.1.1.1',
  '223.255.255.254',
  '203.0.113.7',
];
const V6 = [
  '2001:db8::1',
  '2001:db8:1:2:3:4:5:6',
  'fd00::ffff:7',
  '::ffff:192.0.2.1',
  'fe80::1',
  '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
];
const PORTS = [0, 1, 22, 25, 53, 80, 443, 3868, 5060, 8080, 65535];
const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh', 'twos'];
const STATES = ['ESTABLISHED', 'TIME_WAIT', 'SYN_RECV', 'NONE', 'ASSURED', 'FIN_WAIT', 'UDP', 'COOKIE_ECHOED'];

/** Names of some of the addresses above, for /etc/hosts: short, long, and longer than ipvsadm takes. */
export const HOSTS = `127.0.0.1 localhost
10.0.0.12 web.example.org web
192.168.250.250 one-more-server-with-a-name.example.org
203.0.113.7 ${LONG}
2001:db8::1 vip6.example.org
fd00::ffff:7 ${LONG}
2001:db8:1:2:3:4:5:6 a-name-longer-than-the-column.example.org
`;

/** Commands that build a table from an empty one; the kernel may refuse some of them. */
export function randomTable(random: Random): readonly IpvsCommand[] {
  const commands: IpvsCommand[] = [];
  for (let left = random.between(0, 12); left > 0; left--) {
    const service = serviceId(random);
    commands.push({ command: 'new-service', service, settings: serviceSettings(random, service) });
    for (let more = random.between(0, 8); more > 0; more--) {
      const id = destinationId(random, service.family);
      commands.push({ command: 'new-dest', service, destination: { id, settings: destinationSettings(random) } });
    }
  }
  return commands;
}

function serviceId(random: Random): ServiceId {
  const family = random.chance(0.7) ? 4 : 6;
  if (random.chance(0.2))
    return { kind: 'fwmark', family, fwmark: random.pick([1, 7, 100, 65536, 0x7fffffff, 0xffffffff]) };
  const protocol = random.pick([6, 6, 6, 17, 17, 132]);
  return { kind: 'address', protocol, ...endpoint(random, family) };
}

function endpoint(random: Random, family: 4 | 6): DestinationId {
  const address = random.pick(family === 4 ? [...V4, octets(random)] : V6);
  return { family, address, port: random.chance(0.8) ? random.pick(PORTS) : random.between(1, 65535) };
}

function octets(random: Random): string {
  return `${random.between(1, 223)}.${random.between(0, 255)}.${random.between(0, 255)}.${random.between(1, 254)}`;
}

function serviceSettings(random: Random, { family }: ServiceId): ServiceSettings {
  // Persistent, one packet, and the scheduler's three.
  const flags =
    (random.chance(0.4) ? 0x1 : 0) |
    (random.chance(0.2) ? 0x4 : 0) |
    (random.chance(0.3) ? random.between(0, 7) << 3 : 0);
  return {
    scheduler: random.pick(SCHEDULERS),
    flags,
    timeoutS: random.pick([1, 360, 2678400]),
    ...granularity(random, family),
    persistenceEngine: null,
  };
}

/** Mostly prefixes, sometimes an IPv4 mask with holes. */
function granularity(random: Random, family: 4 | 6): Pick<ServiceSettings, 'prefixLength' | 'holedMask'> {
  if (family === 6) return { prefixLength: random.chance(0.5) ? 128 : random.between(1, 128) };
  if (random.chance(0.1)) return { prefixLength: 8, holedMask: 0xff00ff00 };
  return { prefixLength: random.chance(0.5) ? 32 : random.between(0, 32) };
}

function destinationId(random: Random, family: 4 | 6): DestinationId {
  const other = family === 4 ? 6 : 4;
  return endpoint(random, random.chance(0.2) ? other : family);
}

function destinationSettings(random: Random): DestinationSettings {
  const upperThreshold = random.pick([0, 0, 100, 0xffffffff]);
  return {
    forwardMethod: random.chance(0.9) ? random.pick([0, 2, 3]) : random.between(0, 7),
    weight: random.pick([0, 1, 1, 100, 65535, 0x7fffffff]),
    upperThreshold,
    lowerThreshold: random.pick([0, 50]),
    tunnelType: random.between(0, 2),
    tunnelPort: random.pick([0, 6080, 65535]),
    tunnelFlags: random.between(0, 2), // ipvsadm crashes on others
  };
}

/** As /proc/net/ip_vs_conn shows them, with `count` connections. */
export function randomConnections(random: Random, count: number): string {
  const lines = ['Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData'];
  for (let left = count; left > 0; left--) lines.push(connection(random));
  return `${lines.join('\n')}\n`;
}

function connection(random: Random): string {
  const family = random.chance(0.7) ? 4 : 6;
  const ends = [0, 1, 2].map(() => `${hexAddress(random, family)} ${hex(endpoint(random, family).port, 4)}`);
  const protocol = random.pick(['TCP', 'TCP', 'UDP', 'SCTP', 'IP', 'ICMPv6']);
  const engine = random.chance(0.1) ? ` sip ${random.pick(['2533d89b@10.0.0.2', '1-7893@[2001:db8::2]', ''])}` : '';
  const expires = random.pick([0, 9, 59, 60, 897, 86_400, 2_678_400]);
  return `${protocol.padEnd(3)} ${ends.join(' ')} ${random.pick(STATES).padEnd(11)} ${String(expires).padStart(7)}${engine}`;
}

function hexAddress(random: Random, family: 4 | 6): string {
  const { address } = endpoint(random, family);
  if (family === 4)
    return address
      .split('.')
      .map((octet) => hex(Number(octet), 2))
      .join('');
  const groups = Array.from({ length: 8 }, () => hex(random.pick([0, 0, 1, 0xffff]), 4).toLowerCase());
  return random.chance(0.5) ? groups.join(':') : '2001:0db8:0000:0000:0000:0000:0000:0001';
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
