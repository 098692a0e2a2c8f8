/** Settings and timeouts on a real kernel: applied, repaired, put back. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { Lab } from '../support/lab.ts';
import type { Namespace } from '../support/namespace.ts';

const SLACK_MS = 15_000;

const config = (ipvs: string): string => `
name: d1
ipvs: { reconcile_interval: 1s${ipvs} }
virtual_servers: [{ name: web, address: 10.0.0.100, port: 7000, checks: [], real_servers: [{ address: 10.0.0.21 }] }]
`;
const FULL = config(
  ', restore_settings: true, timeouts: { tcp: 10m, udp: 1m }, settings: { expire_nodest_conn: true, drop_entry: auto, schedule_icmp: true }',
);

describe('settings of IPVS', function () {
  this.timeout(60_000);
  let lab: Lab;
  let director: Namespace;
  let daemon: Daemon;

  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 1, client: false });
    director = lab.node('d1');
    daemon = Daemon.start(lab, 'd1', { config: FULL });
    await daemon.waitForLine(/ runs d1/, SLACK_MS);
  });
  after(() => lab?.destroy());

  async function setting(name: string): Promise<string> {
    return (await director.exec('cat', [`/proc/sys/net/ipv4/vs/${name}`])).stdout.trim();
  }

  async function settings(): Promise<unknown> {
    const { stdout } = await director.exec('ipvsadm', ['-L', '--timeout']);
    const names = ['expire_nodest_conn', 'drop_entry', 'schedule_icmp'];
    return [stdout.trim(), ...(await Promise.all(names.map(setting)))];
  }

  const APPLIED = ['Timeout (tcp tcpfin udp): 600 120 60', '1', '1', '1'];
  const BEFORE = ['Timeout (tcp tcpfin udp): 900 120 300', '0', '0', '0'];

  it('are there when it runs', async () => {
    assert.deepEqual(await settings(), APPLIED);
  });

  it('are repaired, and what was found is told', async () => {
    const told = daemon.child.waitForLine(
      /changed from outside: net\.ipv4\.vs\.schedule_icmp was 0, wants 1: set/,
      SLACK_MS,
      {
        fresh: true,
      },
    );
    await director.sysctl({ 'net.ipv4.vs.schedule_icmp': 0 });
    await told;
    const toldTimeout = daemon.child.waitForLine(/timeout tcp was 77, wants 600: set/, SLACK_MS, { fresh: true });
    await director.exec('ipvsadm', ['--set', '77', '0', '0']);
    await toldTimeout;
    assert.deepEqual(await settings(), APPLIED);
  });

  it('survive a crash, and the way back does too', async () => {
    await daemon.kill();
    assert.deepEqual(await settings(), APPLIED);
    daemon.restart();
    await daemon.waitForLine(/ runs d1/, SLACK_MS);
    await daemon.stop();
    assert.deepEqual(await settings(), BEFORE);
  });
});
