/**
 * The virtual MAC of RFC 9568 beside keepalived's `use_vmac`: neighbours keep one link-layer address for the virtual
 * addresses, whoever has them.
 */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Keepalived, keepalivedText } from '../support/keepalived.ts';
import { Lab } from '../support/lab.ts';
import { Pcap } from '../support/pcap.ts';
import {
  complaintsOf,
  configText,
  hasAddress,
  killDirector,
  neighborOf,
  routerOf,
  SLACK_MS,
  vrrpPidOf,
  Wire,
  waitForRole,
  watchFor,
} from './referee.ts';

const VIP = '10.0.0.100';
const VIP6 = 'fd00::100';
const MAC = '00:00:5e:00:01:33';
const MAC6 = '00:00:5e:00:02:33';

const keepalivedConfig = (priority: number) =>
  keepalivedText(
    { priority, more: 'use_vmac vrrp.51', addresses: [`${VIP}/32`] },
    { name: 'V6', priority, more: 'use_vmac vrrp6.51', addresses: ['fe80::5:51/64', `${VIP6}/128`] },
  );

const more = 'virtual_mac: true';
const lvsdConfig = (priority: number) =>
  configText(
    { priority, addresses: [`${VIP}/32`], more },
    { name: 'web6', priority, addresses: ['fe80::5:51/64', `${VIP6}/128`], more },
  );

async function waitForHolder(lab: Lab, holder: string, other: string): Promise<void> {
  for (const vip of [VIP, VIP6]) {
    await waitFor(async () => (await hasAddress(lab, holder, vip)) && !(await hasAddress(lab, other, vip)), {
      timeoutMs: SLACK_MS,
      what: `${holder} alone to hold ${vip}`,
    });
  }
}

async function linkOf(lab: Lab, node: string, name: string): Promise<string> {
  return (await lab.node(node).exec('ip', ['-o', '-d', 'link', 'show', name], { check: false })).stdout;
}

for (const [ours, theirs] of [
  [150, 100],
  [100, 150],
] as const) {
  describe(`virtual MAC: lvsd with priority ${ours} beside keepalived with ${theirs}`, function () {
    this.timeout(60_000);
    const weLead = ours > theirs;
    let lab: Lab;
    let wire: Wire;
    let pcap: Pcap;
    let lvsd: Daemon;
    let keepalived: Keepalived;

    before(async () => {
      lab = await Lab.create({ realServers: 0, family: 'both' });
      wire = await Wire.start(lab);
      pcap = await Pcap.start(lab);
      // lvsd sets these itself. Without them keepalived's machine asks for clients with its own MAC and the virtual address,
      // and its IPv6 interface answers for the IPv4 address.
      await lab.node('d2').sysctl({ 'net.ipv4.conf.eth0.arp_announce': 2, 'net.ipv4.conf.default.arp_ignore': 1 });
      lvsd = Daemon.start(lab, 'd1', { config: lvsdConfig(ours) });
      await waitFor(() => hasAddress(lab, 'd1', VIP6), { timeoutMs: 3 * SLACK_MS, what: 'd1 to hold the addresses' });
      // First alone, so that each has to give way to, or take over from, one that is active with the same address.
      await waitForRole(lvsd, 'MASTER');
      await waitForRole(lvsd, 'MASTER', 'web6');
      keepalived = Keepalived.start(lab, 'd2', keepalivedConfig(theirs));
    });
    after(() => lab?.destroy());

    /** The client reaches the addresses, and knows them by the virtual MAC alone. */
    const reachedByMac = async (): Promise<void> => {
      for (const [vip, mac] of [
        [VIP, MAC],
        [VIP6, MAC6],
      ] as const) {
        assert.equal(await lab.reaches('c1', vip), true, `${vip} does not answer`);
        assert.equal(await neighborOf(lab, vip), mac);
      }
    };

    it('the higher priority holds the addresses, the other none', async () => {
      await waitForHolder(lab, weLead ? 'd1' : 'd2', weLead ? 'd2' : 'd1');
      for (const name of ['web', 'web6']) await waitForRole(lvsd, weLead ? 'MASTER' : 'BACKUP', name);
      await watchFor(3);
      const since = Date.now();
      await watchFor(6);
      assert.deepEqual([...new Set(wire.adverts(since).map(({ priority }) => priority))], [Math.max(ours, theirs)]);
      await reachedByMac();
    });

    it('our interface is a macvlan, up only while MASTER', async () => {
      for (const [name, mac] of [
        ['vrrp4.51', MAC],
        ['vrrp6.51', MAC6],
      ] as const) {
        const link = await linkOf(lab, 'd1', name);
        assert.match(link, new RegExp(`link/ether ${mac} .*macvlan mode bridge`));
        assert.equal(/<[^>]*\bUP\b/.test(link), weLead, link);
      }
    });

    it('the other takes over with the same MAC, which neighbours never have to learn anew', async () => {
      if (weLead) await killDirector(lvsd);
      else await keepalived.stop();
      const [successor, dead] = weLead ? (['d2', 'd1'] as const) : (['d1', 'd2'] as const);
      for (const vip of [VIP, VIP6]) {
        await waitFor(() => hasAddress(lab, successor, vip), {
          timeoutMs: SLACK_MS,
          what: `${successor} to hold ${vip}`,
        });
      }
      // What a killed director leaves behind answers as well, until it is started again.
      if (weLead) await lab.cutCable(dead);
      await reachedByMac();
    });

    it('and back', async () => {
      if (weLead) {
        await lab.restoreCable('d1');
        lvsd.restart();
      } else {
        keepalived = Keepalived.start(lab, 'd2', keepalivedConfig(theirs));
      }
      await waitForHolder(lab, weLead ? 'd1' : 'd2', weLead ? 'd2' : 'd1');
      await waitForRole(lvsd, weLead ? 'MASTER' : 'BACKUP');
      await reachedByMac();
    });

    it('advertisements have it as their source, announcements say it', async () => {
      const frames = await lab
        .node('c1')
        .exec(
          'timeout',
          [
            ...['-s', 'INT', '1', 'tcpdump', '-Z', 'root', '-lnne', '-i', 'eth0', '-Q', 'in'],
            'proto 112 or ip6 proto 112',
          ],
          { check: false },
        );
      const sources = new Set([...frames.stdout.matchAll(/^\S+ (\S+) > /gm)].map(([, mac]) => mac));
      assert.deepEqual([...sources].sort(), [MAC, MAC6]);
      const told = wire.announcements(VIP).length + wire.announcements(VIP6).length;
      assert.ok(told > 0);
    });

    it('nobody complains', async () => {
      for (const name of ['web', 'web6']) {
        const { adverts } = await routerOf(lvsd, name);
        assert.deepEqual([adverts.refused, adverts.addressListErrors], [{}, 0]);
      }
      assert.deepEqual(
        // Without nftables it complains of that, and goes on.
        complaintsOf(keepalived).filter((line) => !line.includes('mnl_socket')),
        [],
      );
    });

    it('tshark has nothing against any packet', () => pcap.assertGood('10.0.0.11', '10.0.0.12', MAC, MAC6));

    it('a stop leaves neither interface nor setting behind', async () => {
      await lvsd.stop();
      assert.equal(await linkOf(lab, 'd1', 'vrrp4.51'), '');
      assert.equal(await linkOf(lab, 'd1', 'vrrp6.51'), '');
      const { stdout } = await lab.node('d1').exec('cat', ['/proc/sys/net/ipv4/conf/eth0/arp_ignore']);
      assert.equal(stdout.trim(), '0');
    });
  });
}

describe('virtual MAC on both sides: after a split', function () {
  this.timeout(60_000);
  let lab: Lab;
  let d1: Daemon;
  let d2: Daemon;

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 150, addresses: [`${VIP}/32`], more }) });
    d2 = Daemon.start(lab, 'd2', { config: configText({ priority: 100, addresses: [`${VIP}/32`], more }) });
    await waitFor(() => hasAddress(lab, 'd1', VIP), { timeoutMs: 3 * SLACK_MS, what: 'd1 to hold the address' });
    await waitForRole(d1, 'MASTER');
    await waitForRole(d2, 'BACKUP');
  });
  after(() => lab?.destroy());

  it('two that are active with the same MAC hear each other, and the lower one gives way', async () => {
    await lab.isolate('d1');
    await waitForRole(d2, 'MASTER');
    await lab.restoreCable('d1');
    await waitForRole(d2, 'BACKUP');
    const { role, transitionsToMaster } = await routerOf(d1);
    assert.deepEqual([role, transitionsToMaster], ['MASTER', 1]);
    await waitFor(() => lab.reaches('c1', VIP), { timeoutMs: SLACK_MS, what: 'the client to reach the address' });
  });

  it('the interface is made again when somebody deletes it, without leaving MASTER', async () => {
    await lab.node('d1').ip(['link del vrrp4.51']);
    await waitFor(() => hasAddress(lab, 'd1', VIP), { timeoutMs: SLACK_MS, what: 'the address to be back' });
    const { role, transitionsToMaster, virtualAddresses, virtualMac } = await routerOf(d1);
    assert.deepEqual([role, transitionsToMaster], ['MASTER', 1]);
    assert.deepEqual(virtualAddresses, [{ address: `${VIP}/32`, interface: 'vrrp4.51', held: true }]);
    assert.deepEqual(virtualMac, { interface: 'vrrp4.51', mac: MAC });
    assert.equal(await lab.reaches('c1', VIP), true);
  });

  it('a reload brings an IPv6 address onto the interface, and takes it away', async () => {
    const text = configText({ priority: 150, addresses: [`${VIP}/32`], more });
    d1.writeConfig(text.replace(more, `${more}, extra_addresses: ["fd00::7/128"]`));
    await d1.reload();
    assert.equal(await hasAddress(lab, 'd1', 'fd00::7'), true);
    d1.writeConfig(text);
    await d1.reload();
    assert.equal(await hasAddress(lab, 'd1', 'fd00::7'), false);
    assert.equal((await routerOf(d1)).transitionsToMaster, 1);
  });

  it('a VRRP process that was killed finds it and goes on', async () => {
    process.kill(await vrrpPidOf(d1), 'SIGKILL');
    await d1.waitForStatus(({ daemon }) => daemon.vrrpProcess.restarts === 1, SLACK_MS, 'a restart');
    await waitForRole(d1, 'MASTER');
    assert.equal(await hasAddress(lab, 'd1', VIP), true);
    await waitForRole(d2, 'BACKUP');
  });

  it('an interface of the name that is none of ours is left alone, and told', async () => {
    await d2.stop();
    await lab.node('d2').ip(['link add vrrp4.51 type veth peer name other']);
    d2.restart();
    const { fault } = await waitForRole(d2, 'FAULT');
    assert.match(fault ?? '', /the interface vrrp4\.51 for the virtual MAC is there already and none of ours/);
    await lab.node('d2').ip(['link del vrrp4.51']);
    await waitForRole(d2, 'BACKUP');
  });
});
