/**
 * Equal priorities (RFC 9568 section 6.4.2 and 6.4.3): who is there first stays, and of two that are active after a split the
 * one with the higher address wins; lvsd at both ends, beside keepalived and FRR.
 */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { Pcap } from '../support/pcap.ts';
import { type Kind, makePeer, type Peer, vipOf } from './interop-peers.ts';
import { configText, hasAddress, Wire, waitForRole, watchFor } from './referee.ts';

const PRIORITY = 100;
const TAKE_OVER_MS = 20_000;
const OWN = { d1: ['10.0.0.11', 'fe80::ff:fe00:10b'], d2: ['10.0.0.12', 'fe80::ff:fe00:10c'] } as const;

interface Router {
  readonly name: string;
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly intervalMs: number;
  readonly addresses: readonly string[];
}

const V3: readonly Router[] = [
  { name: 'web', vrid: 51, version: 3, intervalMs: 200, addresses: ['10.0.0.100/24'] },
  { name: 'web6', vrid: 51, version: 3, intervalMs: 200, addresses: ['fe80::5:51/64', 'fd00::100/64'] },
];
const V2: Router = { name: 'old', vrid: 52, version: 2, intervalMs: 1000, addresses: ['10.0.0.101/24'] };

const CASES: readonly (readonly [kind: Kind, own: 'd1' | 'd2', routers: readonly Router[]])[] = [
  ['keepalived', 'd1', [...V3, V2]],
  ['keepalived', 'd2', V3],
  ['FRR', 'd1', V3],
  ['FRR', 'd2', V3],
];

for (const [kind, own, routers] of CASES) {
  describe(`equal priorities: lvsd with the ${own === 'd1' ? 'lower' : 'higher'} addresses beside ${kind}`, function () {
    this.timeout(60_000);
    const intervalMs = Math.max(...routers.map((router) => router.intervalMs));
    const other = own === 'd1' ? 'd2' : 'd1';
    let lab: Lab;
    let wire: Wire;
    let pcap: Pcap;
    let lvsd: Daemon;
    let peer: Peer;

    before(async () => {
      lab = await Lab.create({ realServers: 0, family: 'both' });
      wire = await Wire.start(lab);
      pcap = await Pcap.start(lab);
      const ours = routers.map((router) => ({ ...router, priority: PRIORITY, more: `version: ${router.version}` }));
      lvsd = Daemon.start(lab, own, { config: configText(...ours) });
      const linkLocal = other === 'd2' ? 'fe80::1:ff:fe00:10c' : 'fe80::fe:fe00:10b';
      const theirs = routers.map((router) => ({ ...router, linkLocal, priority: PRIORITY }));
      peer = makePeer(kind, lab, other, theirs);
    });
    after(() => lab?.destroy());

    const peerHolds = async (expected: boolean): Promise<void> => {
      for (const router of routers) {
        const holds = async (): Promise<boolean> => (await peer.holds({ ...router, priority: PRIORITY })) === expected;
        const what = `${kind} ${expected ? 'to hold' : 'to give up'} ${vipOf(router)}`;
        await waitFor(holds, { timeoutMs: TAKE_OVER_MS, what });
      }
    };
    const roles = async (role: 'MASTER' | 'BACKUP'): Promise<void> => {
      for (const { name } of routers) await waitForRole(lvsd, role, name);
    };
    /** Only the one advertises, and only it has the addresses; by default for longer than a backup waits (RFC 9568 section 6.1). */
    const aloneIs = async (who: 'lvsd' | 'peer', intervals = 4): Promise<void> => {
      const since = Date.now();
      await watchFor(intervals, intervalMs);
      const ours: readonly string[] = OWN[own];
      const seen = new Set(wire.adverts(since).map(({ source }) => (ours.includes(source) ? 'lvsd' : 'peer')));
      assert.deepEqual([...seen], [who]);
      for (const router of routers) {
        assert.equal(await hasAddress(lab, own, vipOf(router)), who === 'lvsd');
        assert.equal(await peer.holds({ ...router, priority: PRIORITY }), who === 'peer');
      }
    };

    it('lvsd is there first, and stays', async () => {
      await roles('MASTER');
      await peer.start();
      await aloneIs('lvsd');
    });

    it(`it hands over, and leaves ${kind} alone when it is back`, async () => {
      await lvsd.stop();
      await peerHolds(true);
      lvsd.restart();
      await roles('BACKUP');
      await aloneIs('peer');
    });

    it('after a split both are active; then the higher address wins', async () => {
      await lab.isolate('d1');
      await roles('MASTER');
      await peerHolds(true);
      await lab.restoreCable('d1');
      await (own === 'd2' ? peerHolds(false) : roles('BACKUP'));
      await aloneIs(own === 'd2' ? 'lvsd' : 'peer', 2);
    });

    it(`neither ${kind} nor tshark has a complaint`, async () => {
      assert.deepEqual(peer.complaints(), []);
      await pcap.assertGood('10.0.0.11', '10.0.0.12');
    });
  });
}
