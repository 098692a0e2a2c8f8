/**
 * Real servers of direct routing and tunnels, probed at the virtual address: the way that clients' packets take. A virtual
 * server of one firewall mark for each real server leads the marked probe there.
 */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitForWeights } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';

const VIP = '10.0.0.100';
const PORT = 7000;
const WEB = `TCP ${VIP}:${PORT}`;
const SLACK_MS = 15_000;

const config = (forwarding: string): string => `
name: d1
defaults: { forwarding: ${forwarding}, check: { interval: 300ms, timeout: 300ms, rise: 1, fall: 2 } }
virtual_servers:
  - name: web
    address: ${VIP}
    port: ${PORT}
    real_servers:
      - { address: 10.0.0.21, checks: [{ type: tcp, address: ${VIP}, mark: 21, source_address: 10.0.0.11, expect: hello r1 }] }
      - { address: 10.0.0.22, checks: [{ type: tcp, address: ${VIP}, mark: 22, source_address: 10.0.0.11, expect: hello r2 }] }
  - { name: way-to-r1, fwmark: 21, checks: [], initial: up, real_servers: [{ address: 10.0.0.21 }] }
  - { name: way-to-r2, fwmark: 22, checks: [], initial: up, real_servers: [{ address: 10.0.0.22 }] }
`;

for (const [method, device] of [
  ['direct', 'lo'],
  ['tunnel', 'tunl0'],
] as const) {
  describe(`probes with a mark, at the virtual address, forwarding: ${method}`, function () {
    this.timeout(90_000);
    let lab: Lab;

    before(async () => {
      lab = await Lab.create({ directors: 1, realServers: 2, client: false, method });
      await Promise.all(['r1', 'r2'].map((node) => RealServer.start(lab, node, { ports: { tcp: PORT } })));
      Daemon.start(lab, 'd1', { config: config(method) });
    });
    after(() => lab?.destroy());

    const weights = (r1: number, r2: number): Promise<void> =>
      waitForWeights(lab.node('d1'), { [WEB]: { [`10.0.0.21:${PORT}`]: r1, [`10.0.0.22:${PORT}`]: r2 } }, SLACK_MS);

    it('each probe reaches its own real server while this director does not hold the address', async () => {
      await weights(1, 1);
    });

    it('a real server that has lost the address leaves, though it answers at its own', async () => {
      await lab.node('r2').ip([`addr del ${VIP}/32 dev ${device}`]);
      await weights(1, 0);
      assert.ok(await lab.reaches('d1', '10.0.0.22'));
      await lab.node('r2').ip([`addr add ${VIP}/32 dev ${device}`]);
      await weights(1, 1);
    });

    it('the same where this director holds the address: answers from it must be accepted (accept_local)', async () => {
      await lab.node('d1').ip([`addr add ${VIP}/32 dev eth0`]);
      await weights(0, 0);
      await lab.node('d1').sysctl({ 'net.ipv4.conf.eth0.accept_local': 1 });
      await weights(1, 1);
      await lab.node('r1').ip([`addr del ${VIP}/32 dev ${device}`]);
      await weights(0, 1);
    });
  });
}
