/** The lab with IPVS set by hand (ipvsadm): is this kernel able to forward, for each method? */
import assert from 'node:assert/strict';
import { summarise } from '../support/client-report.ts';
import { Lab, requireIpvs } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';
import type { LabOptions } from '../support/topology.ts';
import { Traffic } from '../support/traffic.ts';

interface Row extends LabOptions {
  readonly name: string;
  readonly vip: string;
  /** `ip` commands for the active director d1. */
  readonly addresses: readonly string[];
  /** Option of ipvsadm that names the method, and the real servers' addresses. */
  readonly forward: string;
  readonly servers: readonly string[];
}

const rows: readonly Row[] = [
  {
    name: 'direct routing, IPv4',
    method: 'direct',
    vip: '10.0.0.100',
    addresses: ['addr add 10.0.0.100/32 dev eth0'],
    forward: '-g',
    servers: ['10.0.0.21:7000', '10.0.0.22:7000'],
  },
  {
    name: 'direct routing, IPv6',
    method: 'direct',
    family: 6,
    vip: 'fd00::100',
    addresses: ['addr add fd00::100/128 dev eth0 nodad'],
    forward: '-g',
    servers: ['[fd00::21]:7000', '[fd00::22]:7000'],
  },
  {
    name: 'NAT, IPv4',
    method: 'nat',
    vip: '10.0.0.100',
    addresses: ['addr add 10.0.0.100/32 dev eth0', 'addr add 10.1.0.1/24 dev eth1'],
    forward: '-m',
    servers: ['10.1.0.21:7000', '10.1.0.22:7000'],
  },
  {
    name: 'NAT, IPv6',
    method: 'nat',
    family: 6,
    vip: 'fd00::100',
    addresses: ['addr add fd00::100/128 dev eth0 nodad', 'addr add fd01::1/64 dev eth1 nodad'],
    forward: '-m',
    servers: ['[fd01::21]:7000', '[fd01::22]:7000'],
  },
  {
    name: 'tunnel, IPv4',
    method: 'tunnel',
    vip: '10.0.0.100',
    addresses: ['addr add 10.0.0.100/32 dev eth0'],
    forward: '-i',
    servers: ['10.0.0.21:7000', '10.0.0.22:7000'],
  },
];

describe('the lab with IPVS', function () {
  this.timeout(60_000);
  let lab: Lab | undefined;

  before(requireIpvs);
  afterEach(() => lab?.destroy());

  for (const row of rows) {
    it(`forwards connections: ${row.name}`, async () => {
      lab = await Lab.create(row);
      const director = lab.node('d1');
      await director.ip(row.addresses);
      const service = ['-t', row.vip.includes(':') ? `[${row.vip}]:7000` : `${row.vip}:7000`];
      await director.exec('ipvsadm', ['-A', ...service, '-s', 'rr']);
      for (const server of row.servers) await director.exec('ipvsadm', ['-a', ...service, '-r', server, row.forward]);
      await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r2')]);

      const traffic = await Traffic.start(lab, { host: row.vip, port: 7000, connections: 2, deadlineMs: 2000 });
      await new Promise((resolve) => setTimeout(resolve, 800));
      const summary = summarise(await traffic.stop());

      assert.equal(summary.failures, 0);
      assert.equal(summary.survivors, 2);
      const { r1 = 0, r2 = 0 } = summary.perServer;
      assert.ok(r1 >= 1 && r2 >= 1 && Math.abs(r1 - r2) <= 1, `round robin gave r1 ${r1}, r2 ${r2}`);
    });
  }
});
