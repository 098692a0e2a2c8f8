/** The table as JSON: everything that the kernel reports, whatever columns are asked for. */
import assert from 'node:assert/strict';
import { daemonsJson, jsonCount, tableJson, timeoutsJson } from '../../../src/ipvsadm/list-json.ts';
import type { ListTable } from '../../../src/ipvsadm/types.ts';
import { daemonOf, fwmark, IDLE, real, tcp } from '../ipvs/builders.ts';
import { after, during, listedDestination, listedService } from './recorded-table.ts';

const INFO = { version: '1.2.1', connectionTableSize: 4096 };
const flags = { service: null, columns: 'default', numeric: false, exact: false, sorted: true, json: true } as const;
const REQUEST: ListTable = { kind: 'list', ...flags };

describe('the table as JSON', () => {
  it('has settings, counters and statistics', () => {
    const statistics = { ...IDLE, connections: 11, inBytes: 2 ** 60 };
    const gue = {
      forwardMethod: 2,
      weight: 0,
      tunnelType: 1,
      tunnelPort: 6080,
      tunnelFlags: 1,
      upperThreshold: 9,
      lowerThreshold: 5,
    };
    const table = [
      listedService(
        tcp('10.0.0.1', 443),
        { scheduler: 'sh', flags: 0x11, timeoutS: 360, prefixLength: 24 },
        [listedDestination(real('2001:db8::17', 443), gue, [1, 2, 3], statistics)],
        statistics,
      ),
    ];
    const counts = { ...IDLE, connections: 11, inBytes: '1152921504606846976' };
    assert.deepEqual(JSON.parse(tableJson(REQUEST, INFO, table)), {
      format: 1,
      version: '1.2.1',
      connectionTableSize: 4096,
      services: [
        {
          protocol: 'tcp',
          family: 'ipv4',
          address: '10.0.0.1',
          port: 443,
          scheduler: 'sh',
          schedulerFlags: ['sh-port'],
          onePacket: false,
          persistence: { timeoutS: 360, prefixLength: 24, engine: null },
          flags: 0x11,
          statistics: counts,
          destinations: [
            {
              address: '2001:db8::17',
              port: 443,
              forwarding: 'tunnel',
              tunnel: { type: 'gue', port: 6080, checksum: 'checksum' },
              weight: 0,
              upperThreshold: 9,
              lowerThreshold: 5,
              activeConnections: 1,
              inactiveConnections: 2,
              persistentConnections: 3,
              statistics: counts,
            },
          ],
        },
      ],
    });
  });

  it('names a mark and a mask with holes', () => {
    const holed = { scheduler: 'rr', flags: 5, timeoutS: 9, prefixLength: 8, holedMask: 0xff00ff00 };
    const [service] = JSON.parse(tableJson(REQUEST, INFO, [listedService(fwmark(0xffffffff), holed)])).services;
    assert.deepEqual([service.fwmark, service.family, service.onePacket], [4294967295, 'ipv4', true]);
    assert.deepEqual(service.persistence, { timeoutS: 9, prefixLength: 8, mask: '255.0.255.0', engine: null });
  });

  it('is in the order of the listing', () => {
    const ports = (request: ListTable): number[] =>
      JSON.parse(tableJson(request, INFO, after)).services.map(({ port }: { readonly port?: number }) => port ?? -1);
    assert.deepEqual(ports(REQUEST), [65535, 0, 80, 443, 8000, 53, 5060, 3868, 81, -1, -1]);
    assert.deepEqual(ports({ ...REQUEST, sorted: false }), [53, 0, 80, 8000, 443, 3868, 65535, 81, 5060, -1, -1]);
  });

  it('is ended by a line end, and ipip tells neither port nor checksum', () => {
    const json = tableJson(REQUEST, INFO, during);
    assert.ok(json.endsWith('}\n'));
    const tunnels = JSON.parse(json).services[3].destinations.map(({ tunnel }: { readonly tunnel: unknown }) => tunnel);
    assert.deepEqual(tunnels.slice(0, 4), [
      null,
      { type: 'ipip', port: null, checksum: null },
      { type: 'gue', port: 6080, checksum: 'checksum' },
      { type: 'gre', port: null, checksum: 'none' },
    ]);
  });
});

it('a count is a number while numbers are exact', () => {
  assert.equal(jsonCount(2 ** 53 - 1), 9007199254740991);
  assert.equal(jsonCount(2 ** 53), '9007199254740992');
  assert.equal(jsonCount(18446744073709551615n), '18446744073709551615');
});

it('timeouts and daemons as JSON', () => {
  const timeouts = { tcpS: 900, tcpFinS: 120, udpS: 300 };
  assert.deepEqual(JSON.parse(timeoutsJson(timeouts)), { format: 1, timeouts });
  assert.deepEqual(JSON.parse(daemonsJson([daemonOf({})])), { format: 1, daemons: [daemonOf({})] });
});
