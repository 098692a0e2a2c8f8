/** A planned stop of the active director under a stream of short connections: nobody notices. */
import { summarise } from '../support/client-report.ts';
import { Daemon } from '../support/daemon.ts';
import { waitForWeights } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';
import { Traffic } from '../support/traffic.ts';

const SLACK_MS = 20_000;
const SCHED = process.env['LVSD_SCHED'] ?? 'rr';
const SLOPPY = Number(process.env['LVSD_SLOPPY'] ?? '0');
const EVERY = Number(process.env['LVSD_EVERY'] ?? '10');
const ROUNDS = Number(process.env['LVSD_ROUNDS'] ?? '5');

const config = (priority: number): string => `
vrrp:
  - name: front
    interface: eth0
    virtual_router_id: 51
    priority: ${priority}
    advertisement_interval: 1s
    virtual_addresses: [10.0.0.100/24]
connection_sync: { follow: front, interface: eth1, sync_id: 51 }
defaults: { scheduler: ${SCHED}, check: { interval: 500ms, timeout: 2s } }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: 7000
    ${SCHED === 'rr' ? '' : `scheduler_flags: [${SCHED}-port]`}
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
`;

describe('planned stop', function () {
  this.timeout(200_000);
  let lab: Lab;
  before(async () => {
    lab = await Lab.create({});
    await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r2')]);
    for (const d of ['d1', 'd2']) await lab.node(d).sysctl({ 'net.ipv4.vs.sloppy_tcp': SLOPPY });
  });
  after(() => lab?.destroy());
  it(`measure ${SCHED} sloppy ${SLOPPY} every ${EVERY}`, async () => {
    const daemons = {
      d1: Daemon.start(lab, 'd1', { config: config(150) }),
      d2: Daemon.start(lab, 'd2', { config: config(100) }),
    };
    const weights = { 'TCP 10.0.0.100:7000': { '10.0.0.21:7000': 1, '10.0.0.22:7000': 1 } };
    await Promise.all([
      waitForWeights(lab.node('d1'), weights, SLACK_MS),
      waitForWeights(lab.node('d2'), weights, SLACK_MS),
    ]);
    const active: 'd1' | 'd2' = 'd1';
    await daemons.d1.waitForLine(/MASTER/, SLACK_MS);
    for (let i = 0; i < ROUNDS; i++) {
      const other = active === 'd1' ? 'd2' : 'd1';
      const traffic = await Traffic.start(lab, { host: '10.0.0.100', port: 7000, everyMs: EVERY, deadlineMs: 2000 });
      await new Promise((r) => setTimeout(r, 1500));
      const stoppedAt = Date.now();
      const master = daemons[other].child.waitForLine(/MASTER/, SLACK_MS, { fresh: true });
      await daemons[active].stop();
      const m = await master;
      await new Promise((r) => setTimeout(r, 1000));
      const report = await traffic.stop();
      const s = summarise(report);
      const ends = report.attempts
        .filter((a) => a.server !== null)
        .map((a) => a.at + a.durationMs)
        .sort((a, b) => a - b);
      let gap = 0;
      for (const [k, e] of ends.entries()) gap = Math.max(gap, e - (ends[k - 1] ?? e));
      const slow = Math.max(...report.attempts.map((a) => a.durationMs));
      console.log(
        JSON.stringify({
          active,
          ...s,
          gap: Math.round(gap),
          slow,
          masterAfter: m.at - stoppedAt,
          errors: report.attempts.filter((a) => a.error).map((a) => [a.error, a.at - stoppedAt, a.durationMs]),
        }),
      );
      if (active === 'd1') {
        // Back, with preemption: a switch as well, but not the one measured.
        daemons.d1.restart();
        await daemons.d1.waitForLine(/MASTER/, SLACK_MS);
      }
      await waitForWeights(lab.node('d1'), weights, SLACK_MS);
      await waitForWeights(lab.node('d2'), weights, SLACK_MS);
      await new Promise((r) => setTimeout(r, 500));
    }
  });
});
