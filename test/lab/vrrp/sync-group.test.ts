/** An IPv4 and an IPv6 virtual router in a sync group, beside the same group in keepalived: they move together or not at all. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { Keepalived, keepalivedText } from '../support/keepalived.ts';
import { Lab } from '../support/lab.ts';
import { Pcap } from '../support/pcap.ts';
import { configText, routerOf, SLACK_MS, Wire, waitForHolder, waitForRole, watchFor } from './referee.ts';

const VIP = '10.0.0.100';
const VIP6 = 'fd00::100';

const keepalivedConfig = (priority: number) =>
  `${keepalivedText(
    { priority },
    { name: 'V6', priority, addresses: ['fe80::5:51/64', `${VIP6}/64`] },
  )}vrrp_sync_group pair {\n  group {\n    V4\n    V6\n  }\n}\n`;

const lvsdConfig = (priority: number) =>
  `${configText(
    { priority, addresses: [`${VIP}/24`] },
    { name: 'web6', priority, addresses: ['fe80::5:51/64', `${VIP6}/64`] },
  )}vrrp_groups: [{ name: pair, members: [web, web6] }]\n`;

for (const [ours, theirs] of [
  [150, 100],
  [100, 150],
] as const) {
  describe(`a sync group of lvsd with priority ${ours} beside keepalived's with ${theirs}`, function () {
    this.timeout(60_000);
    let lab: Lab;
    let wire: Wire;
    let pcap: Pcap;
    let lvsd: Daemon;
    let keepalived: Keepalived;
    const leader = ours > theirs ? 'd1' : 'd2';
    const follower = ours > theirs ? 'd2' : 'd1';

    before(async () => {
      lab = await Lab.create({ realServers: 0, family: 'both' });
      wire = await Wire.start(lab);
      pcap = await Pcap.start(lab);
      lvsd = Daemon.start(lab, 'd1', { config: lvsdConfig(ours) });
      keepalived = Keepalived.start(lab, 'd2', keepalivedConfig(theirs));
    });
    after(() => lab?.destroy());

    const settled = async (holder: string, other: string): Promise<void> => {
      for (const vip of [VIP, VIP6]) await waitForHolder(lab, holder, other, vip);
    };
    /** IPv6 alone fails: IPv4 has nothing to complain about. */
    const failIPv6 = (node: string): Promise<unknown> =>
      lab.node(node).sysctl({ 'net.ipv6.conf.eth0.disable_ipv6': 1 });
    const healIPv6 = (node: string): Promise<unknown> =>
      lab.node(node).sysctl({ 'net.ipv6.conf.eth0.disable_ipv6': 0 });
    /** Only the one router of each family has ever been Active since then. */
    const senders = (since: number): readonly string[] => [
      ...new Set(
        wire
          .adverts(since)
          .filter(({ priority }) => priority > 0)
          .map(({ priority }) => `${priority}`),
      ),
    ];

    it('the higher priority holds both addresses', async () => {
      await settled(leader, follower);
      for (const name of ['web', 'web6']) await waitForRole(lvsd, leader === 'd1' ? 'MASTER' : 'BACKUP', name);
      if (leader === 'd1') await lvsd.waitForLine(/sync group pair: MASTER/, SLACK_MS);
      const since = Date.now();
      await watchFor(5);
      assert.deepEqual(senders(since), ['150']);
    });

    it('a fault of IPv6 on the leader moves both', async () => {
      const since = Date.now();
      await failIPv6(leader);
      await settled(follower, leader);
      const zero = wire.adverts(since).find(({ priority, source }) => priority === 0 && source.includes('.'));
      assert.ok(zero !== undefined, 'IPv4 says priority 0, although it has no fault');
      if (leader !== 'd1') return;
      const { fault, whyNotMaster } = await waitForRole(lvsd, 'FAULT', 'web');
      assert.deepEqual([fault, whyNotMaster], Array(2).fill('sync group pair: web6 is in FAULT'));
      assert.notEqual((await routerOf(lvsd, 'web6')).fault, fault);
    });

    it('and back when it is over', async () => {
      await healIPv6(leader);
      await settled(leader, follower);
    });

    it('a fault of IPv6 on the follower moves nothing, and keeps its IPv4 from taking over', async () => {
      await failIPv6(follower);
      if (follower === 'd1') await waitForRole(lvsd, 'FAULT', 'web');
      const since = Date.now();
      await watchFor(8);
      await settled(leader, follower);
      assert.deepEqual(senders(since), ['150']);
      await healIPv6(follower);
      if (follower === 'd1') await waitForRole(lvsd, 'BACKUP', 'web');
    });

    it('a stop of the leader hands over both', async () => {
      await watchFor(5); // the follower is ready again
      await (leader === 'd1' ? lvsd.stop() : keepalived.stop());
      await settled(follower, leader);
      for (const name of ['web', 'web6']) if (follower === 'd1') await waitForRole(lvsd, 'MASTER', name);
    });

    it('tshark has nothing against any packet', () => pcap.assertGood('10.0.0.11', '10.0.0.12'));
  });
}

describe('a reload of a sync group', function () {
  this.timeout(60_000);
  let lab: Lab;
  let wire: Wire;
  let lvsd: Daemon;
  const config = (members: string, more = ''): string =>
    `${configText({ priority: 150 }, { name: 'mail', vrid: 52, priority: 150, addresses: ['10.0.0.101/24'] })}vrrp_groups: [{ name: pair, members: [${members}]${more} }]\n`;
  const zeros = (since: number): number => wire.adverts(since).filter(({ priority }) => priority === 0).length;

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    wire = await Wire.start(lab);
    lvsd = Daemon.start(lab, 'd1', {
      config: `${configText({ priority: 150 })}vrrp_groups: [{ name: pair, members: [web] }]\n`,
    });
    await waitForRole(lvsd, 'MASTER');
  });
  after(() => lab?.destroy());

  it('that adds a member leaves the others MASTER; it joins them', async () => {
    const since = Date.now();
    lvsd.writeConfig(config('web, mail'));
    await lvsd.reload();
    await waitForRole(lvsd, 'MASTER', 'mail');
    assert.equal((await routerOf(lvsd)).transitionsToMaster, 1);
    assert.equal(zeros(since), 0);
  });

  it('that tracks something that is down puts all into FAULT, and the next one frees them', async () => {
    lvsd.writeConfig(config('web, mail', ', track: [{ interface: nowhere }]'));
    await lvsd.reload();
    for (const name of ['web', 'mail']) {
      const { fault } = await waitForRole(lvsd, 'FAULT', name);
      assert.equal(fault, 'interface nowhere is down: there is no such interface');
    }
    lvsd.writeConfig(config('web, mail'));
    await lvsd.reload();
    for (const name of ['web', 'mail']) await waitForRole(lvsd, 'MASTER', name);
  });

  it('that takes a member out of the group moves nobody', async () => {
    const since = Date.now();
    lvsd.writeConfig(config('web'));
    await lvsd.reload();
    await watchFor(5);
    assert.equal(zeros(since), 0);
    for (const name of ['web', 'mail']) assert.equal((await routerOf(lvsd, name)).role, 'MASTER');
  });
});
