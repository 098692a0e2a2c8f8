/** Listings of the table: against what ipvsadm 1.31 printed, and the corners that no recording has. */
import assert from 'node:assert/strict';
import type { ServiceId } from '../../../src/ipvs/types.ts';
import { addressesIn, type ListedService, largeNumber, renderTable } from '../../../src/ipvsadm/list.ts';
import { renderDaemons, renderTimeouts } from '../../../src/ipvsadm/render-other.ts';
import type { Columns, ListTable, Names } from '../../../src/ipvsadm/types.ts';
import { daemonOf, fwmark, IDLE, real, tcp, vip } from '../ipvs/builders.ts';
import { after, during, listedDestination, listedService, recorded, recordedNames } from './recorded-table.ts';

const INFO = { version: '1.2.1', connectionTableSize: 4096 };

function request(given: Partial<ListTable> = {}): ListTable {
  const defaults = {
    service: null,
    columns: 'default',
    numeric: true,
    exact: false,
    sorted: true,
    json: false,
  } as const;
  return { kind: 'list', ...defaults, ...given };
}

/** The lines below the titles. */
function lines(table: readonly ListedService[], given: Partial<ListTable> = {}, names: Names | null = null): string[] {
  return renderTable(request(given), INFO, table, names).split('\n').slice(3, -1);
}

describe('a listing is what ipvsadm printed', () => {
  const columns = (name: Columns): Partial<ListTable> => ({ columns: name });
  const only = (service: ServiceId): Partial<ListTable> => ({ service });
  for (const [args, table, given] of [
    ['-L', during, { numeric: false }],
    ['-Ln', during, {}],
    ['-L -n --nosort', during, { sorted: false }],
    ['-Ln --stats', during, columns('stats')],
    ['-Ln --stats --exact', during, { ...columns('stats'), exact: true }],
    ['-Ln --rate', during, columns('rate')],
    ['-Ln --rate --exact', during, { ...columns('rate'), exact: true }],
    ['-Ln --thresholds', during, columns('thresholds')],
    ['-Ln --persistent-conn', after, columns('persistent-conn')],
    ['-Ln --tun-info', after, columns('tun-info')],
    ['-Ln -t 10.0.0.1:80', [after[2]], only(tcp('10.0.0.1', 80))],
    ['-Ln -t 10.0.0.1:80 --stats', [after[2]], { ...only(tcp('10.0.0.1', 80)), ...columns('stats') }],
    ['-Ln -f 100', [after[9]], only(fwmark(100))],
    ['-Ln -f 101 -6', [after[10]], only(fwmark(101, 6))],
  ] as const) {
    it(args, () => {
      const services = [...table].flatMap((service) => service ?? []);
      assert.equal(renderTable(request(given), INFO, services, recordedNames), recorded.get(args));
    });
  }

  it('without services: the titles alone', () => {
    assert.deepEqual(renderTable(request(columns('persistent-conn')), INFO, [], null).split('\n'), [
      'IP Virtual Server version 1.2.1 (size=4096)',
      'Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn ',
      '  -> RemoteAddress:Port',
      '',
    ]);
  });
});

describe('numbers of a listing', () => {
  for (const [value, short, exact] of [
    [0, '        0', '        0'],
    [99_999_999, ' 99999999', ' 99999999'],
    [100_000_000, '  100000K', ' 100000000'],
    [999_999_999, '  999999K', ' 999999999'],
    [1_000_000_000, '    1000M', ' 1000000000'],
    [99_999_999_999, '   99999M', ' 99999999999'],
    [100_000_000_000, '     100G', ' 100000000000'],
    [99_999_999_999_999, '   99999G', ' 99999999999999'],
    [100_000_000_000_000, '     100T', ' 100000000000000'],
    [18_446_744_073_709_551_615n, ' 18446744T', ' 18446744073709551615'],
  ] as const) {
    it(`${value}`, () => {
      assert.equal(largeNumber(value, false), short.slice(-9));
      assert.equal(largeNumber(value, true), exact);
    });
  }

  it('the first three rates of a destination are never abbreviated', () => {
    const large = 200_000_000;
    const rates = { connectionsPerS: large, inPacketsPerS: large, outPacketsPerS: large };
    const statistics = { ...IDLE, ...rates, inBytesPerS: large, outBytesPerS: large };
    const table = [
      listedService(
        tcp('10.0.0.1', 80),
        {},
        [listedDestination(real('10.0.0.2', 80), {}, [0, 0, 0], statistics)],
        statistics,
      ),
    ];
    assert.deepEqual(lines(table, { columns: 'rate' }), [
      'TCP  10.0.0.1:80                   200000K  200000K  200000K  200000K  200000K',
      '  -> 10.0.0.2:80                  200000000 200000000 200000000  200000K  200000K',
    ]);
  });
});

describe('names in a listing', () => {
  const LONG = 'a-very-long-name-of-a-server-in-a-data-centre-far-away.rack-17.example.org';
  const HOSTS: Readonly<Record<string, string>> = {
    '10.0.0.1': 'vip.example.org',
    '2001:db8::1': 'vip6',
    '10.0.0.2': LONG,
    '2001:db8::2': LONG,
  };
  const names: Names = {
    host: (address) => HOSTS[address] ?? null,
    service: (port, protocol) => (port === 80 && protocol === 6 ? 'http' : null),
  };
  const table = [
    listedService(tcp('10.0.0.1', 80), { scheduler: 'rr' }, [
      listedDestination(real('10.0.0.2', 80)),
      listedDestination(real('2001:db8::2', 80), { forwardMethod: 2 }),
    ]),
    listedService(tcp('2001:db8::1', 80), { scheduler: 'rr' }, [
      listedDestination(real('10.0.0.2', 80), { forwardMethod: 2 }),
    ]),
    listedService(fwmark(0xffffffff), { scheduler: 'rr' }, [listedDestination(real('10.0.0.1', 80))]),
  ];

  it('are cut in the column of IPv4, at 59 characters else; ports of a mark stay figures', () => {
    assert.deepEqual(lines(table, { numeric: false, sorted: false }, names), [
      'TCP  vip.example.org:http rr',
      '  -> a-very-long-name-of-a-server Route   1      0          0         ',
      '  -> [a-very-long-name-of-a-server-in-a-data-centre-far-away.rac Tunnel  1      0          0         ',
      'TCP  [vip6]:http rr',
      '  -> a-very-long-name-of-a-server Tunnel  1      0          0         ',
      'FWM  -1 rr',
      '  -> vip.example.org:80           Route   1      0          0         ',
    ]);
  });

  it('are needed for the addresses of services and destinations', () => {
    assert.deepEqual([...addressesIn(table)].sort(), ['10.0.0.1', '10.0.0.2', '2001:db8::1', '2001:db8::2']);
  });
});

describe('a listing of the unusual', () => {
  const settings = (id: ServiceId, given: Parameters<typeof listedService>[1]): string =>
    lines([listedService(id, given)]).join('\n');
  const WEB = tcp('10.0.0.1', 80);
  for (const [what, line, expected] of [
    ['another protocol', settings(vip(50, '10.0.0.1', 80), { scheduler: 'rr' }), '?    10.0.0.1:80 rr'],
    ['sh with its third flag alone', settings(WEB, { scheduler: 'sh', flags: 0x20 }), 'TCP  10.0.0.1:80 sh ()'],
    ['all flags of rr', settings(WEB, { scheduler: 'rr', flags: 0x38 }), 'TCP  10.0.0.1:80 rr (flag-1,flag-2,flag-3)'],
    [
      'an engine without persistence',
      settings(WEB, { scheduler: 'rr', persistenceEngine: 'sip' }),
      'TCP  10.0.0.1:80 rr',
    ],
    [
      'no mask at all',
      settings(WEB, { scheduler: 'rr', flags: 1, timeoutS: 9, prefixLength: 0 }),
      'TCP  10.0.0.1:80 rr persistent 9 mask 0.0.0.0',
    ],
    [
      'a mask of 20 bits',
      settings(WEB, { scheduler: 'rr', flags: 5, timeoutS: 9, prefixLength: 20 }),
      'TCP  10.0.0.1:80 rr persistent 9 mask 255.255.240.0 ops',
    ],
    ['an IPv4-compatible address', settings(tcp('::1:1', 80), { scheduler: 'rr' }), 'TCP  [::0.1.0.1]:80 rr'],
    ['the loopback address', settings(tcp('::1', 80), { scheduler: 'rr' }), 'TCP  [::1]:80 rr'],
    [
      'a weight beyond its column',
      lines([
        listedService(WEB, {}, [listedDestination(real('10.0.0.2', 80), { weight: 0x7fffffff, forwardMethod: 5 })]),
      ])[1],
      '  -> 10.0.0.2:80                  (null)  2147483647 0          0         ',
    ],
  ] as const) {
    it(what, () => assert.equal(line, expected));
  }
});

describe('timeouts and daemons', () => {
  it('are printed as ipvsadm prints them', () => {
    assert.equal(renderTimeouts({ tcpS: 900, tcpFinS: 120, udpS: 300 }), 'Timeout (tcp tcpfin udp): 900 120 300\n');
    const backup = {
      role: 'backup',
      interface: 'eth0',
      syncId: 6,
      maxLength: 1400,
      group: 'ff02::81',
      port: 9000,
      ttl: 3,
    } as const;
    assert.equal(
      renderDaemons([daemonOf({ interface: 'eth0' }), backup]),
      'master sync daemon (mcast=eth0, syncid=7)\n' +
        'backup sync daemon (mcast=eth0, syncid=6, maxlen=1400, group=ff02::81, port=9000, ttl=3)\n',
    );
    assert.equal(renderDaemons([]), '');
  });
});
