/** The table of the recorded listings (test/vectors/ipvsadm-list.txt), and the listings themselves. */
import { readFileSync } from 'node:fs';
import type { DestinationReply } from '../../../src/ipvs/decode.ts';
import type { Statistics } from '../../../src/ipvs/statistics.ts';
import type {
  DestinationCounters,
  DestinationId,
  DestinationSettings,
  ServiceId,
  ServiceSettings,
} from '../../../src/ipvs/types.ts';
import type { ListedService } from '../../../src/ipvsadm/list.ts';
import type { Names } from '../../../src/ipvsadm/types.ts';
import { destination, fwmark, IDLE, real, sctp, settingsOf, tcp, udp } from '../ipvs/builders.ts';

/** What ipvsadm printed, by its arguments: `-Ln --stats`. */
export const recorded: ReadonlyMap<string, string> = new Map(
  readFileSync('test/vectors/ipvsadm-list.txt', 'utf8')
    .split(/^\$ ipvsadm /m)
    .slice(1)
    .map((block) => {
      const end = block.indexOf('\n');
      return [block.slice(0, end), block.slice(end + 1)];
    }),
);

/** The names that were found when the listing without -n was recorded: of services only. */
const SERVICES: Readonly<Record<string, string>> = {
  '80/6': 'http',
  '8080/6': 'http-alt',
  '443/6': 'https',
  '53/17': 'domain',
  '5060/17': 'sip',
};
export const recordedNames: Names = {
  host: () => null,
  service: (port, protocol) => SERVICES[`${port}/${protocol}`] ?? null,
};

const NAT = { forwardMethod: 0 };
const TUNNEL = { forwardMethod: 2 };
const PERSISTENT = 0x1;
const ONE_PACKET = 0x4;

/** Active, inactive and persistent connections. */
type Counts = readonly [active: number, inactive: number, persistent: number];

export function listedDestination(
  id: DestinationId,
  given: Partial<DestinationSettings> = {},
  [activeConnections, inactiveConnections, persistentConnections]: Counts = [0, 0, 0],
  statistics: Statistics = IDLE,
): DestinationReply {
  const counters: DestinationCounters = { activeConnections, inactiveConnections, persistentConnections };
  return { ...destination(id, given), counters, statistics };
}

export function listedService(
  id: ServiceId,
  given: Partial<ServiceSettings>,
  destinations: readonly DestinationReply[] = [],
  statistics: Statistics = IDLE,
): ListedService {
  return { id, settings: settingsOf(id, given), statistics, destinations };
}

/** Connections, packets and bytes in and out; then the same for a second, as rates. */
function traffic(counts: readonly number[], rates: readonly number[]): Statistics {
  const [connections = 0, inPackets = 0, outPackets = 0, inBytes = 0, outBytes = 0] = counts;
  const [connectionsPerS = 0, inPacketsPerS = 0, outPacketsPerS = 0, inBytesPerS = 0, outBytesPerS = 0] = rates;
  return {
    ...{ connections, inPackets, outPackets, inBytes, outBytes },
    ...{ connectionsPerS, inPacketsPerS, outPacketsPerS, inBytesPerS, outBytesPerS },
  };
}

/** What changed between the recordings. */
interface Moment {
  readonly first: Counts;
  readonly second: Counts;
  readonly statistics: { readonly service: Statistics; readonly first: Statistics; readonly second: Statistics };
}

const WEB_RATES = { service: [1, 3, 3, 173, 170], first: [0, 1, 1, 81, 80], second: [0, 2, 1, 92, 90] };
const DURING: Moment = {
  first: [2, 3, 0],
  second: [3, 3, 0],
  statistics: {
    service: traffic([11, 45, 40, 2458, 2421], WEB_RATES.service),
    first: traffic([5, 21, 19, 1147, 1143], WEB_RATES.first),
    second: traffic([6, 24, 21, 1311, 1278], WEB_RATES.second),
  },
};
const AFTER: Moment = {
  first: [0, 5, 0],
  second: [0, 6, 0],
  statistics: {
    service: traffic([11, 55, 45, 2978, 2681], []),
    first: traffic([5, 25, 21, 1355, 1247], []),
    second: traffic([6, 30, 24, 1623, 1434], []),
  },
};

function tableAt({ first, second, statistics }: Moment): readonly ListedService[] {
  const dns = traffic([3, 3, 0, 90, 0], [0, 0, 0, 6, 0]);
  const ipv6 = traffic([2, 10, 10, 746, 788], [0, 1, 1, 52, 55]);
  const tunnel = (last: number, given: Partial<DestinationSettings>): DestinationReply =>
    listedDestination(real(`10.0.0.${last}`, 443), { ...TUNNEL, ...given });
  return [
    listedService(
      udp('10.0.0.1', 53),
      { scheduler: 'wrr', flags: ONE_PACKET },
      [listedDestination(real('192.168.1.11', 53), NAT, [0, 0, 0], dns)],
      dns,
    ),
    listedService(tcp('10.0.0.1', 0), { scheduler: 'rr', flags: PERSISTENT, timeoutS: 10 }),
    listedService(
      tcp('10.0.0.1', 80),
      { scheduler: 'rr' },
      [
        listedDestination(real('192.168.1.12', 8080), { ...NAT, weight: 3 }, second, statistics.second),
        listedDestination(real('192.168.1.11', 8080), NAT, first, statistics.first),
      ],
      statistics.service,
    ),
    listedService(tcp('10.0.0.1', 8000), { scheduler: 'rr', flags: 0x28 }),
    listedService(tcp('10.0.0.1', 443), { scheduler: 'lc', flags: PERSISTENT, timeoutS: 360 }, [
      listedDestination(real('2001:db8::17', 443), TUNNEL),
      tunnel(17, { tunnelType: 2, tunnelFlags: 1 }),
      tunnel(16, { tunnelType: 1, tunnelPort: 6081, tunnelFlags: 2 }),
      tunnel(15, { tunnelType: 1, tunnelPort: 6081 }),
      tunnel(14, { tunnelType: 2 }),
      tunnel(13, { tunnelType: 1, tunnelPort: 6080, tunnelFlags: 1 }),
      tunnel(12, { weight: 0 }),
      listedDestination(real('10.0.0.11', 443), { weight: 10 }),
    ]),
    listedService(sctp('10.0.0.1', 3868), { scheduler: 'fo' }),
    listedService(tcp('192.168.250.250', 65535), { scheduler: 'ovf' }, [
      listedDestination(real('192.168.100.100', 65535), { ...NAT, weight: 65535 }),
    ]),
    listedService(
      tcp('2001:db8::1', 81),
      { scheduler: 'wlc', flags: PERSISTENT, timeoutS: 120, prefixLength: 64 },
      [
        listedDestination(real('2001:db8:1::12', 81), NAT, [0, 2, 1], ipv6),
        listedDestination(real('2001:db8:1::11', 81), NAT),
      ],
      ipv6,
    ),
    listedService(
      udp('10.0.0.1', 5060),
      { scheduler: 'rr', flags: PERSISTENT, timeoutS: 60, persistenceEngine: 'sip' },
      [listedDestination(real('192.168.1.11', 5060), NAT)],
    ),
    listedService(fwmark(100), { scheduler: 'sh', flags: PERSISTENT | 0x18, timeoutS: 300, prefixLength: 24 }, [
      listedDestination(real('10.0.0.11', 0), { weight: 5, upperThreshold: 100, lowerThreshold: 50 }),
    ]),
    listedService(fwmark(101, 6), { scheduler: 'mh', flags: 0x10 }, [listedDestination(real('2001:db8::11', 0))]),
  ];
}

/** In the kernel's order, while connections are open and when they are closed. */
export const during = tableAt(DURING);
export const after = tableAt(AFTER);
