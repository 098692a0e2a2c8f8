/** A virtual server that is several services, in the snapshot and in the table for people. */
import assert from 'node:assert/strict';
import type { ServiceIdConfig } from '../../../src/config/types.ts';
import { renderStatus } from '../../../src/status/render.ts';
import { servicesText } from '../../../src/status/services-text.ts';
import type { DrainReport, RealServerReport } from '../../../src/status/types.ts';
import { NOW_MS, snapshot as sample } from '../../support/snapshot.ts';
import { build, destination, service, worldWith } from '../../support/snapshot-input.ts';

const tcp = (address: string, port: number): ServiceIdConfig => ({
  kind: 'address',
  family: address.includes(':') ? 6 : 4,
  protocol: 'tcp',
  address,
  port,
});
const marks = (family: 4 | 6, ...numbers: readonly number[]): ServiceIdConfig[] =>
  numbers.map((fwmark) => ({ kind: 'fwmark', family, fwmark }));

describe('status/services-text', () => {
  const rows: readonly (readonly [text: string, ids: readonly ServiceIdConfig[]])[] = [
    ['tcp 192.0.2.1:80', [tcp('192.0.2.1', 80)]],
    ['tcp [2001:db8::1]:0', [tcp('2001:db8::1', 0)]],
    ['fwmark 7 ipv6', marks(6, 7)],
    ['fwmark 1-3,7', marks(4, 1, 2, 3, 7)],
    ['fwmark 7,9 ipv6', marks(6, 7, 9)],
    [
      'tcp 192.0.2.1,192.0.2.8-192.0.2.9:80,8000-8001',
      ['192.0.2.1', '192.0.2.8', '192.0.2.9'].flatMap((at) => [80, 8000, 8001].map((port) => tcp(at, port))),
    ],
    [
      'tcp [2001:db8::1-2001:db8::2],[2001:db8::9]:443',
      ['2001:db8::1', '2001:db8::2', '2001:db8::9'].map((at) => tcp(at, 443)),
    ],
  ];
  for (const [text, ids] of rows) {
    it(text, () => assert.equal(servicesText(ids), text));
  }
});

describe('status/snapshot: a group', () => {
  const ids = [tcp('192.0.2.100', 80), tcp('192.0.2.100', 443)];
  const world = worldWith({ port: null, checks: [] }, { ids });
  const on443 = { ...destination('10.0.0.11', 3, 7), id: { family: 4, address: '10.0.0.11', port: 443 } as const };

  it('sums what the kernel has of all services, and shows its lowest weight', () => {
    const asked: string[] = [];
    const [group] = build(world, {
      table: [service(80, [destination('10.0.0.11', 5, 2)]), service(443, [on443])],
      isOver: (...key) => asked.push(key.join(' ')) === 2,
    }).virtualServers;
    assert.equal(group?.service, 'tcp 192.0.2.100:80,443');
    assert.deepEqual(group.services, [
      { service: 'tcp 192.0.2.100:80', inKernel: true },
      { service: 'tcp 192.0.2.100:443', inKernel: true },
    ]);
    assert.equal(group.inKernel, true);
    const [real] = group.realServers;
    assert.equal(real?.address, '10.0.0.11');
    assert.deepEqual(real.connections, { active: 9, inactive: 60, persistent: 10 });
    assert.deepEqual(real.weight, { configured: 100, wanted: 100, kernel: 3 });
    assert.equal(real.thresholds.over, true, 'in one of them');
    assert.deepEqual(asked, ['tcp 192.0.2.100:80 10.0.0.11:80', 'tcp 192.0.2.100:443 10.0.0.11:443']);
  });

  it('a service that is missing', () => {
    const [group] = build(world, { table: [service(443, [on443])] }).virtualServers;
    assert.deepEqual(
      group?.services.map(({ inKernel }) => inKernel),
      [false, true],
    );
    assert.equal(group?.inKernel, false);
    assert.equal(group?.realServers[0]?.connections?.active, 7);
  });

  it('no table: nothing is claimed', () => {
    const [group] = build(world, { table: null }).virtualServers;
    assert.deepEqual(
      group?.services.map(({ inKernel }) => inKernel),
      [null, null],
    );
    assert.deepEqual([group?.inKernel, group?.realServers[0]?.connections], [null, null]);
  });
});

describe('status/render: groups, tunnels, draining', () => {
  const [web] = sample.virtualServers;
  const text = (services: readonly { readonly service: string; readonly inKernel: boolean }[]): string => {
    assert.ok(web);
    const inKernel = services.every((one) => one.inKernel);
    const virtualServers = [{ ...web, service: 'tcp 192.0.2.1-192.0.2.2:80', services, inKernel }];
    return renderStatus({ ...sample, virtualServers }, { nowMs: NOW_MS, colour: false });
  };

  it('says how many services are missing, and one of them', () => {
    const one = { service: 'tcp 192.0.2.1:80', inKernel: true };
    const two = { service: 'tcp 192.0.2.2:80', inKernel: false };
    assert.match(
      text([one, { ...two, inKernel: true }]),
      /^web: tcp 192\.0\.2\.1-192\.0\.2\.2:80 wlc, UP, .*quorum 1$/m,
    );
    assert.match(text([one, two]), /, 1 OF 2 SERVICES NOT IN THE KERNEL'S TABLE, such as tcp 192\.0\.2\.2:80$/m);
    assert.match(text([{ ...one, inKernel: false }, two]), /, 2 OF 2 SERVICES NOT IN THE KERNEL'S TABLE$/m);
  });

  it('names tunnels that are not IPIP', () => {
    const shown = (tunnel: RealServerReport['tunnel']): string | undefined => {
      assert.ok(web?.realServers[0]);
      const real: RealServerReport = { ...web.realServers[0], forwarding: 'tunnel', tunnel };
      const lines = renderStatus(
        { ...sample, virtualServers: [{ ...web, sorryServers: [], realServers: [real] }] },
        { nowMs: NOW_MS, colour: false },
      );
      return /10\.0\.0\.11:80 +(\w+) /.exec(lines)?.[1];
    };
    assert.equal(shown({ type: 'ipip', port: 0, checksum: 'none' }), 'tunnel');
    assert.equal(shown({ type: 'gue', port: 6080, checksum: 'none' }), 'gue');
    assert.equal(shown({ type: 'gre', port: 0, checksum: 'full' }), 'gre');
  });

  it('lists what drains, and counts what would be too much', () => {
    const drain = (i: number): DrainReport => ({
      service: 'tcp 192.0.2.1:80',
      destination: `10.0.0.${i}:80`,
      sinceMs: NOW_MS - 12_000,
      untilMs: NOW_MS + 48_000,
      connections: i === 1 ? null : i,
    });
    assert.ok(sample.ipvs);
    const ipvs = { ...sample.ipvs, draining: Array.from({ length: 12 }, (_, i) => drain(i + 1)) };
    const lines = renderStatus({ ...sample, ipvs }, { nowMs: NOW_MS, colour: false })
      .trimEnd()
      .split('\n')
      .slice(-11);
    assert.deepEqual(
      [lines[0], lines[1], lines[10]],
      [
        '  draining 10.0.0.1:80 of tcp 192.0.2.1:80 for 12s, at most 48s more',
        '  draining 10.0.0.2:80 of tcp 192.0.2.1:80 for 12s, at most 48s more, 2 connections left',
        '  and 2 more are draining',
      ],
    );
    const { draining } = build(worldWith({}), {
      keeper: ipvs,
      draining: [
        {
          service: { kind: 'fwmark', family: 6, fwmark: 7 },
          destination: { family: 6, address: '2001:db8::1', port: 0 },
          sinceMs: 1000,
          timeoutMs: 500,
          connections: 3,
        },
      ],
    }).ipvs ?? { draining: null };
    assert.deepEqual(draining, [
      { service: 'fwmark 7 ipv6', destination: '[2001:db8::1]:0', sinceMs: 1000, untilMs: 1500, connections: 3 },
    ]);
  });
});
