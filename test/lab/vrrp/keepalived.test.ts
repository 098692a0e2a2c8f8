/** A pair of lvsd and keepalived, in both roles, IPv4 and IPv6: each must obey the other, and neither complain. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { Keepalived, keepalivedText } from '../support/keepalived.ts';
import { Lab } from '../support/lab.ts';
import { Pcap } from '../support/pcap.ts';
import {
  complaintsOf,
  configText,
  killDirector,
  killKeepalived,
  routerOf,
  Wire,
  waitForHolder,
  waitForRole,
  watchFor,
} from './referee.ts';

const VIP = '10.0.0.100';
const VIP6 = 'fd00::100';
const keepalivedConfig = (priority: number) =>
  keepalivedText(
    { priority, addresses: [`${VIP}/32`] },
    { name: 'V6', priority, addresses: ['fe80::5:51/64', `${VIP6}/128`] },
  );

const lvsdConfig = (priority: number) =>
  configText(
    { priority, addresses: [`${VIP}/32`] },
    { name: 'web6', priority, addresses: ['fe80::5:51/64', `${VIP6}/128`] },
  );

for (const [ours, theirs] of [
  [150, 100],
  [100, 150],
] as const) {
  describe(`lvsd with priority ${ours} beside keepalived with ${theirs}`, function () {
    this.timeout(60_000);
    const weLead = ours > theirs;
    let lab: Lab;
    let wire: Wire;
    let pcap: Pcap;
    let lvsd: Daemon;
    let keepalived: Keepalived;
    const logs: Keepalived[] = [];

    const startKeepalived = (): void => {
      keepalived = Keepalived.start(lab, 'd2', keepalivedConfig(theirs));
      logs.push(keepalived);
    };

    before(async () => {
      lab = await Lab.create({ realServers: 0, family: 'both' });
      wire = await Wire.start(lab);
      pcap = await Pcap.start(lab);
      lvsd = Daemon.start(lab, 'd1', { config: lvsdConfig(ours) });
      startKeepalived();
    });
    after(() => lab?.destroy());

    const settled = async (holder: 'lvsd' | 'keepalived'): Promise<void> => {
      const [at, other] = holder === 'lvsd' ? ['d1', 'd2'] : (['d2', 'd1'] as const);
      for (const vip of [VIP, VIP6]) await waitForHolder(lab, at, other, vip);
    };
    const leader = weLead ? 'lvsd' : 'keepalived';
    const follower = weLead ? 'keepalived' : 'lvsd';

    it('the higher priority holds the addresses, and only it advertises', async () => {
      await settled(leader);
      for (const name of ['web', 'web6']) await waitForRole(lvsd, weLead ? 'MASTER' : 'BACKUP', name);
      const since = Date.now();
      await watchFor(6);
      const seen = wire.adverts(since);
      assert.deepEqual([...new Set(seen.map(({ priority }) => priority))], [Math.max(ours, theirs)]);
      assert.equal(new Set(seen.map(({ source }) => source)).size, 2, 'one address of each family');
    });

    it('each hears the other without a fault', async () => {
      for (const name of ['web', 'web6']) {
        const { adverts, peer } = await routerOf(lvsd, name);
        assert.deepEqual([adverts.refused, adverts.addressListErrors], [{}, 0]);
        if (!weLead) assert.deepEqual([peer?.priority, peer?.checksum], [theirs, 'pseudo']);
      }
    });

    it('after kill -9 of the leader the other takes over, and gives way when it is back', async () => {
      const since = Date.now();
      const isSuccessor = ({ priority }: { priority: number }) => priority === Math.min(ours, theirs);
      if (weLead) await killDirector(lvsd);
      else await killKeepalived(lab, 'd2', keepalived);
      await wire.waitForAdvert((advert) => isSuccessor(advert) && advert.source.includes('.'), since, 'IPv4 take-over');
      await wire.waitForAdvert((advert) => isSuccessor(advert) && advert.source.includes(':'), since, 'IPv6 take-over');
      if (weLead) lvsd.restart();
      else startKeepalived();
      await settled(leader);
    });

    it('a stop of the leader is heard as priority 0: the other takes over within its skew', async () => {
      const since = Date.now();
      await (weLead ? lvsd.stop() : keepalived.stop());
      await settled(follower);
      const seen = wire.adverts(since).filter(({ source }) => source.includes('.'));
      const zero = seen.find(({ priority }) => priority === 0);
      const taken = seen.find(({ priority }) => priority === Math.min(ours, theirs));
      assert.ok(zero !== undefined && taken !== undefined && zero.at < taken.at);
      assert.ok(taken.at - zero.at < 500, `${taken.at - zero.at} ms, without priority 0 it is 600 and more`);
    });

    it('it fails back', async () => {
      if (weLead) lvsd.restart();
      else startKeepalived();
      await settled(leader);
      for (const name of ['web', 'web6']) await waitForRole(lvsd, weLead ? 'MASTER' : 'BACKUP', name);
    });

    it('a stop of the follower moves nothing', async () => {
      const since = Date.now();
      await (weLead ? keepalived.stop() : lvsd.stop());
      await watchFor(4);
      await settled(leader);
      assert.deepEqual([...new Set(wire.adverts(since).map(({ priority }) => priority))], [Math.max(ours, theirs)]);
    });

    it("keepalived's log has no complaint about our packets", () => assert.deepEqual(complaintsOf(...logs), []));

    it('tshark has nothing against any packet', () =>
      pcap.assertGood('10.0.0.11', '10.0.0.12', 'fe80::ff:fe00:10b', 'fe80::ff:fe00:10c'));
  });
}
