/**
 * Full NAT through a failover, set by hand: with connection sync and a source address that moves with the virtual address, a
 * connection goes on. The other director has no entry of conntrack, but the rules give the same address, and nf_nat keeps
 * the client's port where it is free.
 */
import assert from 'node:assert/strict';
import { type NatMember, natTable, replaceScript } from '../../../src/nft/ruleset.ts';
import { real, tcp } from '../../unit/ipvs/builders.ts';
import { waitFor } from '../support/exec.ts';
import { Lab, requireIpvs } from '../support/lab.ts';
import { PeerConnection, startPeerServer } from '../support/peer.ts';

const SOURCES = ['10.1.0.200', '10.1.0.201'];
const MEMBERS: readonly NatMember[] = [
  { service: tcp('10.0.0.100', 80), destination: real('10.1.0.21', 7000), source: SOURCES },
];
const TABLE = '-A -t 10.0.0.100:80 -s rr\n-a -t 10.0.0.100:80 -r 10.1.0.21:7000 -m\n';
const FLOATING = ['10.0.0.100/32 dev eth0', ...SOURCES.map((address) => `${address}/32 dev eth1`)];
const SYNC_TIMEOUT_MS = 20_000;

describe('full NAT, failover', function () {
  this.timeout(240_000);
  let lab: Lab;

  before(async () => {
    requireIpvs();
    lab = await Lab.create({ directors: 2, realServers: 1, method: 'nat' });
    for (const name of ['d1', 'd2']) {
      const director = lab.node(name);
      await director.sysctl({ 'net.ipv4.vs.conntrack': 1 });
      await director.exec('ipvsadm', ['-R'], { input: TABLE });
      await director.exec('nft', ['-f', '-'], { input: replaceScript(natTable(MEMBERS)) });
      const role = name === 'd1' ? 'master' : 'backup';
      await director.exec('ipvsadm', ['--start-daemon', role, '--mcast-interface', 'eth1', '--syncid', '7']);
    }
    await lab.node('d1').ip(FLOATING.map((address) => `addr add ${address}`));
    await startPeerServer(lab, 'r1', [7000]);
  });
  after(() => lab?.destroy());

  it('connections go on, with the source address and the port that the real server knows', async () => {
    const to = { host: '10.0.0.100', port: 80 };
    const connections = await Promise.all(Array.from({ length: 4 }, () => PeerConnection.open(lab, 'c1', to)));
    const seen: string[] = [];
    for (const connection of connections) {
      // A connection is announced from its third packet on.
      for (let i = 0; i < 4; i++) seen.push(await connection.ask());
    }
    const synced = async (): Promise<boolean> => {
      const { stdout } = await lab.node('d2').exec('ipvsadm', ['-Lnc']);
      return stdout.split('ESTABLISHED').length > connections.length;
    };
    await waitFor(synced, { timeoutMs: SYNC_TIMEOUT_MS, what: 'the connections on d2', pollMs: 500 });
    await lab.node('d1').ip(FLOATING.map((address) => `addr del ${address}`));
    await lab.node('d2').ip(FLOATING.map((address) => `addr add ${address}`));
    // Here nobody announces addresses.
    for (const name of ['c1', 'r1']) await lab.node(name).sh('ip neigh flush all');
    for (const [i, connection] of connections.entries()) assert.equal(await connection.ask(), seen[i * 4]);
    await Promise.all(connections.map((connection) => connection.close()));
  });
});
