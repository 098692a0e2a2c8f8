/** What a MASTER gives away: said at once when it fails beside its link, and never claimed again afterwards. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { configText, INTERVAL_MS, SLACK_MS, Wire, waitForRole, watchFor } from './referee.ts';

const VIP = '10.0.0.100';
const OTHER_VIP = '10.0.0.101';
const QUIET = 'announcements: { count: 1, repeat_delay: 0s }';

describe('what a MASTER gives away', function () {
  this.timeout(60_000);
  let lab: Lab;
  let wire: Wire;

  beforeEach(async () => {
    lab = await Lab.create({ realServers: 0 });
    wire = await Wire.start(lab);
  });
  afterEach(() => lab?.destroy());

  const routers: readonly (readonly [name: string, more: string, addresses: string])[] = [
    ['alone', '', `"${VIP}/24", { address: 10.1.0.100/24, interface: eth1 }`],
    [
      'in a sync group',
      'vrrp_groups: [{ name: pair, members: [web] }]',
      `"${VIP}/24", { address: 10.1.0.100/24, interface: eth1 }`,
    ],
  ];
  for (const [name, more, addresses] of routers) {
    it(`says priority 0 when another interface than the one it speaks on goes down, ${name}`, async () => {
      const text = configText({ priority: 150 }).replace(`"${VIP}/24"`, addresses) + more;
      const d1 = Daemon.start(lab, 'd1', { config: text });
      await waitForRole(d1, 'MASTER');
      const since = Date.now();
      await lab.node('d1').ip(['link set eth1 down']);
      await waitForRole(d1, 'FAULT');
      await watchFor(2);
      const last = wire.adverts(since, '10.0.0.11').at(-1);
      assert.equal(last?.priority, 0);
    });
  }

  it('does not claim an address that a reload took out, even against its new owner', async () => {
    const more = `conflict_probe: true, ${QUIET}`;
    const both = [`${VIP}/24`, `${OTHER_VIP}/24`];
    const d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 150, addresses: both, more }) });
    await waitForRole(d1, 'MASTER');
    d1.writeConfig(configText({ priority: 150, addresses: [`${VIP}/24`], more }));
    await d1.reload();
    await lab.node('c1').sysctl({ 'net.ipv4.conf.eth0.arp_notify': 1 });
    await lab.node('c1').ip([`addr add ${OTHER_VIP}/24 dev eth0`, 'link set eth0 down', 'link set eth0 up']);
    await watchFor(10);
    const { virtualRouters } = await d1.status();
    assert.deepEqual(virtualRouters[0]?.conflicts, []);
    assert.ok(!d1.lines.some(({ text }) => text.includes(`has ${OTHER_VIP}`)));
  });

  it('goes on announcing as another router of the same name after a reload', async () => {
    const more = 'announcements: { count: 1, repeat_delay: 0s, refresh: 1s }';
    const d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 254, more }) });
    await waitForRole(d1, 'MASTER');
    d1.writeConfig(configText({ priority: 254, vrid: 52, more }));
    await d1.reload();
    await watchFor(3000 / INTERVAL_MS);
    await waitForRole(d1, 'MASTER');
    const since = Date.now();
    await waitFor(() => wire.announcements(VIP, since).length >= 2, { timeoutMs: SLACK_MS, what: 'a refresh' });
  });
});
