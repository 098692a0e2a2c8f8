/** VRRPv2 beside keepalived, in both roles, with and without a password; tcpdump tells whether the checksums are good. */
import assert from 'node:assert/strict';
import type { Child } from '../support/child.ts';
import { Daemon } from '../support/daemon.ts';
import { authenticationText, Keepalived, keepalivedText } from '../support/keepalived.ts';
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

const PASSWORD = 'secret12';
const INTERVAL_MS = 1000;
/** Three intervals, a Skew_Time, and a machine that is busy with something else. */
const TAKE_OVER_MS = 15_000;

/** One without and one with a password, on the same interface. */
const ROUTERS = [
  { name: 'plain', vrid: 51, vip: '10.0.0.100', password: null },
  { name: 'secret', vrid: 52, vip: '10.0.0.101', password: PASSWORD },
] as const;
const NAMES = ROUTERS.map(({ name }) => name);

const lvsdConfig = (priority: number) =>
  configText(
    ...ROUTERS.map(({ name, vrid, vip, password }) => ({
      name,
      vrid,
      priority,
      intervalMs: INTERVAL_MS,
      addresses: [`${vip}/32`],
      more: password === null ? 'version: 2' : `version: 2, password: ${password}`,
    })),
  );

const keepalivedConfig = (priority: number) =>
  keepalivedText(
    ...ROUTERS.map(({ name, vrid, vip, password }) => ({
      name,
      vrid,
      version: 2 as const,
      priority,
      intervalMs: INTERVAL_MS,
      addresses: [`${vip}/32`],
      more: password === null ? '' : authenticationText(password),
    })),
  );

/** tcpdump -vv: it sums the message and says so when the checksum is bad. */
async function startReferee(lab: Lab): Promise<Child> {
  const args = ['-Z', 'root', '-l', '-tt', '-nn', '-vv', '--immediate-mode', '-i', 'eth0', 'ip proto 112'];
  const child = lab.spawn('c1', 'tcpdump', args, { name: 'tcpdump -vv' });
  await child.waitForLine(/listening on/, 10_000);
  return child;
}

/** Each packet is two lines: the IP header, then the message. */
function packetsOf({ lines }: Child): string[] {
  const text = lines.flatMap((line) => (line.stream === 'stdout' ? [line.text] : [])).join('\n');
  return text.split(/\n(?=\d+\.\d+ IP )/).filter((packet) => packet.includes('VRRPv'));
}

for (const [ours, theirs] of [
  [150, 100],
  [100, 150],
] as const) {
  describe(`VRRPv2: lvsd with priority ${ours} beside keepalived with ${theirs}`, function () {
    this.timeout(60_000);
    const weLead = ours > theirs;
    const lower = Math.min(ours, theirs);
    let lab: Lab;
    let wire: Wire;
    let pcap: Pcap;
    let referee: Child;
    let lvsd: Daemon;
    let keepalived: Keepalived;
    const logs: Keepalived[] = [];

    const startKeepalived = (): void => {
      keepalived = Keepalived.start(lab, 'd2', keepalivedConfig(theirs));
      logs.push(keepalived);
    };
    const settled = async (holder: 'lvsd' | 'keepalived'): Promise<void> => {
      const [at, other] = holder === 'lvsd' ? ['d1', 'd2'] : (['d2', 'd1'] as const);
      for (const { vip } of ROUTERS) await waitForHolder(lab, at, other, vip, TAKE_OVER_MS);
    };
    const takenOver = async (since: number): Promise<void> => {
      for (const { vrid } of ROUTERS) {
        const isSuccessor = (advert: { vrid: number; priority: number }) =>
          advert.vrid === vrid && advert.priority === lower;
        await wire.waitForAdvert(isSuccessor, since, `take-over of ${vrid}`);
      }
    };
    const leader = weLead ? 'lvsd' : 'keepalived';
    const follower = weLead ? 'keepalived' : 'lvsd';

    before(async () => {
      lab = await Lab.create({ realServers: 0 });
      wire = await Wire.start(lab);
      pcap = await Pcap.start(lab);
      referee = await startReferee(lab);
      lvsd = Daemon.start(lab, 'd1', { config: lvsdConfig(ours) });
      startKeepalived();
    });
    after(() => lab?.destroy());

    it('election: the higher priority holds the addresses, and only it advertises', async () => {
      await settled(leader);
      for (const name of NAMES) await waitForRole(lvsd, weLead ? 'MASTER' : 'BACKUP', name);
      const since = Date.now();
      await watchFor(3, INTERVAL_MS);
      const seen = wire.adverts(since);
      assert.deepEqual([...new Set(seen.map(({ priority }) => priority))], [Math.max(ours, theirs)]);
      assert.deepEqual([...new Set(seen.map(({ vrid }) => vrid))].sort(), [51, 52]);
    });

    it('each hears the other without a fault', async () => {
      for (const name of NAMES) {
        const { version, adverts, peer } = await routerOf(lvsd, name);
        assert.equal(version, 2);
        assert.deepEqual([adverts.refused, adverts.addressListErrors], [{}, 0]);
        if (!weLead) assert.deepEqual([peer?.priority, peer?.checksum], [theirs, null]);
      }
    });

    it('failover: after kill -9 of the leader the other takes over, and gives way when it is back', async () => {
      const since = Date.now();
      if (weLead) await killDirector(lvsd);
      else await killKeepalived(lab, 'd2', keepalived);
      await takenOver(since);
      if (weLead) lvsd.restart();
      else startKeepalived();
      await settled(leader);
    });

    it('a stop of the leader is heard as priority 0: the other takes over within its skew', async () => {
      const since = Date.now();
      await (weLead ? lvsd.stop() : keepalived.stop());
      await settled(follower);
      const seen = wire.adverts(since).filter(({ vrid }) => vrid === 52);
      const zero = seen.find(({ priority }) => priority === 0);
      const taken = seen.find(({ priority }) => priority === lower);
      assert.ok(zero !== undefined && taken !== undefined && zero.at < taken.at);
      assert.ok(taken.at - zero.at < 2000, `${taken.at - zero.at} ms, without priority 0 it is 2600 and more`);
    });

    it('failback', async () => {
      if (weLead) lvsd.restart();
      else startKeepalived();
      await settled(leader);
      for (const name of NAMES) await waitForRole(lvsd, weLead ? 'MASTER' : 'BACKUP', name);
    });

    it('tcpdump finds no fault in our packets, and sees them as the others', async () => {
      const packets = packetsOf(referee).filter((packet) => packet.includes('10.0.0.11 > 224.0.0.18'));
      assert.ok(packets.length > 4, `${packets.length} packets`);
      for (const packet of packets) {
        assert.match(packet, /tos 0xc0, ttl 255, id \d+, offset 0, flags \[none\], proto VRRP \(112\), length 40\)/);
        assert.doesNotMatch(packet, /bad|malformed|invalid|trunc/);
      }
      const said = new Set(packets.map((packet) => /VRRPv2, .*$/.exec(packet.trim())?.[0] ?? packet));
      const rest = 'intvl 1s, length 20, addrs: 10.0.0.10';
      const expected = [ours, 0].flatMap((priority) => [
        `VRRPv2, Advertisement, vrid 51, prio ${priority}, authtype none, ${rest}0`,
        `VRRPv2, Advertisement, vrid 52, prio ${priority}, authtype simple, ${rest}1 auth "${PASSWORD}"`,
      ]);
      const own = expected.filter((line) => weLead || line.includes(`prio ${ours}`));
      assert.deepEqual(
        [...said].filter((line) => !expected.includes(line)),
        [],
      );
      for (const line of own) assert.ok(said.has(line), line);
    });

    it("keepalived's log has no complaint about our packets", () => assert.deepEqual(complaintsOf(...logs), []));

    it('tshark has nothing against any packet', () => pcap.assertGood('10.0.0.11', '10.0.0.12'));
  });
}
