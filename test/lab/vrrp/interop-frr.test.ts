/** lvsd beside FRR's vrrpd, in both roles: versions 2 and 3, IPv4 and IPv6 at once; tshark is the referee. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { Pcap } from '../support/pcap.ts';
import { makePeer, type Peer, vipOf } from './interop-peers.ts';
import { configText, hasAddress, killDirector, routerOf, Wire, waitForRole, watchFor } from './referee.ts';

const ROUTERS = [
  { name: 'web', vrid: 51, version: 3, intervalMs: 200, addresses: ['10.0.0.100/24'] },
  { name: 'web6', vrid: 51, version: 3, intervalMs: 200, addresses: ['fe80::5:51/64', 'fd00::100/64'] },
  { name: 'old', vrid: 52, version: 2, intervalMs: 1000, addresses: ['10.0.0.101/24'] },
] as const;
const SECOND_MS = 1000;
/** Version 2 waits three seconds and a Skew_Time; and the machine is busy with something else. */
const TAKE_OVER_MS = 20_000;

for (const [ours, theirs, virtualMac, linkLocal] of [
  [150, 100, true, { linkLocal: 'fe80::1:ff:fe00:10c' }],
  // FRR without a link-local address of its own: it sends from the virtual one.
  [100, 150, false, {}],
] as const) {
  describe(`lvsd with priority ${ours} beside FRR with ${theirs}`, function () {
    this.timeout(60_000);
    const weLead = ours > theirs;
    const leader = weLead ? 'lvsd' : 'FRR';
    const follower = weLead ? 'FRR' : 'lvsd';
    let lab: Lab;
    let wire: Wire;
    let pcap: Pcap;
    let lvsd: Daemon;
    let peer: Peer;

    before(async () => {
      lab = await Lab.create({ realServers: 0, family: 'both' });
      wire = await Wire.start(lab);
      pcap = await Pcap.start(lab);
      const more = (version: number): string => `version: ${version}, virtual_mac: ${virtualMac}`;
      const routers = ROUTERS.map((router) => ({ ...router, priority: ours, more: more(router.version) }));
      lvsd = Daemon.start(lab, 'd1', { config: configText(...routers) });
      peer = makePeer(
        'FRR',
        lab,
        'd2',
        ROUTERS.map((router) => ({ ...router, ...linkLocal, priority: theirs })),
      );
      await peer.start();
    });
    after(() => lab?.destroy());

    /** The one has all addresses, the other none. */
    const settled = async (holder: 'lvsd' | 'FRR'): Promise<void> => {
      for (const router of ROUTERS) {
        const holds = async (): Promise<boolean> =>
          (await hasAddress(lab, 'd1', vipOf(router))) === (holder === 'lvsd') &&
          (await peer.holds({ ...router, priority: theirs })) === (holder === 'FRR');
        await waitFor(holds, { timeoutMs: TAKE_OVER_MS, what: `${holder} alone to hold ${vipOf(router)}` });
        await waitForRole(lvsd, holder === 'lvsd' ? 'MASTER' : 'BACKUP', router.name);
      }
    };

    it('the higher priority holds the addresses, and only it advertises', async () => {
      await settled(leader);
      const since = Date.now();
      await watchFor(2.1, SECOND_MS);
      const seen = wire.adverts(since);
      assert.deepEqual([...new Set(seen.map(({ vrid, priority }) => `${vrid} ${priority}`))].sort(), [
        `51 ${Math.max(ours, theirs)}`,
        `52 ${Math.max(ours, theirs)}`,
      ]);
      assert.equal(new Set(seen.map(({ source }) => source)).size, 2, 'one address of each family');
      assert.equal(await lab.reaches('c1', '10.0.0.100'), true);
      assert.equal(await lab.reaches('c1', 'fd00::100'), true);
    });

    it('lvsd hears it without a fault', async () => {
      for (const { name } of ROUTERS) {
        const { adverts, peer: heard } = await routerOf(lvsd, name);
        assert.deepEqual([adverts.refused, adverts.addressListErrors], [{}, 0]);
        if (!weLead) assert.equal(heard?.priority, theirs);
      }
    });

    it('after kill -9 of the leader the other takes over', async () => {
      if (!weLead) {
        await peer.kill();
        await settled(follower);
        return;
      }
      await killDirector(lvsd);
      for (const router of ROUTERS) {
        const holds = () => peer.holds({ ...router, priority: theirs });
        await waitFor(holds, { timeoutMs: TAKE_OVER_MS, what: `FRR to hold ${vipOf(router)}` });
      }
    });

    it('and gives way when it is back', async () => {
      if (weLead) lvsd.restart();
      else await peer.start();
      await settled(leader);
    });

    it('a stop of the leader is heard as priority 0: the other takes over within its skew', async () => {
      const since = Date.now();
      await (weLead ? lvsd.stop() : peer.stop());
      for (const [vrid, dot, withoutMs] of [
        [51, true, 600],
        [51, false, 600],
        [52, true, 3000],
      ] as const) {
        const isOne = (advert: { vrid: number; source: string }): boolean =>
          advert.vrid === vrid && advert.source.includes('.') === dot;
        const lower = Math.min(ours, theirs);
        const taken = await wire.waitForAdvert(
          (advert) => isOne(advert) && advert.priority === lower,
          since,
          `${follower} to advertise ${vrid}`,
        );
        const zero = wire.adverts(since).find((advert) => isOne(advert) && advert.priority === 0);
        assert.ok(zero !== undefined && zero.at < taken.at, `priority 0 of ${vrid}`);
        assert.ok(taken.at - zero.at < withoutMs, `${taken.at - zero.at} ms, without priority 0 ${withoutMs} and more`);
      }
    });

    it('FRR has no complaint', () => assert.deepEqual(peer.complaints(), []));

    it('tshark has nothing against any packet', () => pcap.assertGood('10.0.0.11', '10.0.0.12'));
  });
}
