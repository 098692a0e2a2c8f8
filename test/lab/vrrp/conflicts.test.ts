/** Somebody else has the address: a second active router, a machine that hangs with it, a host that was given it by mistake. */
import assert from 'node:assert/strict';
import type { RouterReport } from '../../../src/vrrp/messages.ts';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { Namespace } from '../support/namespace.ts';
import { portOf } from '../support/topology.ts';
import { configText, holds, neighborOf, SLACK_MS, Wire, waitForHolder, waitForRole, watchFor } from './referee.ts';

const VIP = '10.0.0.100';
const MAC = { d1: '02:00:00:00:01:0b', d2: '02:00:00:00:01:0c' } as const;

function waitForReport(
  daemon: Daemon,
  what: string,
  matches: (router: RouterReport) => boolean,
): Promise<RouterReport> {
  return waitFor(
    async () => {
      const router = (await daemon.status()).virtualRouters.find(({ name }) => name === 'web');
      return router !== undefined && matches(router) ? router : undefined;
    },
    { timeoutMs: SLACK_MS, pollMs: 50, what },
  );
}

describe('two active routers', function () {
  this.timeout(60_000);
  let lab: Lab;
  let wire: Wire;
  let d1: Daemon;
  let d2: Daemon;
  /** A switch that stops to pass multicast to one port: its IGMP snooping went wrong. */
  const passMulticast = (node: string, isOn: boolean): Promise<unknown> =>
    new Namespace('sw').ip([`link set ${portOf(node, 'front')} type bridge_slave mcast_flood ${isOn ? 'on' : 'off'}`]);

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    wire = await Wire.start(lab);
    const more = 'announcements: { count: 1, repeat_delay: 0s, lower_priority_count: 2, lower_priority_delay: 0s }';
    d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 150, more }) });
    await waitForRole(d1, 'MASTER');
    d2 = Daemon.start(lab, 'd2', { config: configText({ priority: 100, more }) });
    await waitForRole(d2, 'BACKUP');
    assert.ok(await lab.reaches('c1', VIP));
    assert.equal(await neighborOf(lab, VIP), MAC.d1);
  });
  after(() => lab?.destroy());

  it('one that does not hear the other: seen, counted, and known by its MAC address', async () => {
    await passMulticast('d2', false);
    await waitForRole(d2, 'MASTER');
    const known = await waitForReport(d1, 'd1 to know the other', (router) => router.otherActives.current?.mac != null);
    const { seen, current } = known.otherActives;
    assert.deepEqual(
      { seen, ...current, forMs: 0 },
      {
        seen: 1,
        address: '10.0.0.12',
        mac: MAC.d2,
        priority: 100,
        forMs: 0,
      },
    );
    await d1.waitForLine(/web: 10\.0\.0\.12 is active too, with priority 100; ours is 150/, SLACK_MS);
    await d1.waitForLine(new RegExp(`web: 10\\.0\\.0\\.12 has MAC address ${MAC.d2}`), SLACK_MS);
    // The one that should be, stays, and says so to everybody whenever the other one speaks.
    assert.equal((await waitForRole(d1, 'MASTER')).reason, 'active-down');
    const since = Date.now();
    await waitFor(() => wire.announcements(VIP, since).length >= 4, { timeoutMs: SLACK_MS, what: 'announcements' });
  });

  it('when the other one hears again it gives way, and neighbours are put right', async () => {
    await passMulticast('d2', true);
    await waitForHolder(lab, 'd1', 'd2', VIP);
    const since = Date.now();
    await d1.waitForLine(/web: 10\.0\.0\.12 is not active any more, after \d+ s beside this router/, SLACK_MS);
    assert.equal(
      (await waitForReport(d1, 'the end', (router) => router.otherActives.current === null)).otherActives.seen,
      1,
    );
    await waitFor(() => wire.announcements(VIP, since).length >= 1, { timeoutMs: SLACK_MS, what: 'an announcement' });
    assert.equal(await neighborOf(lab, VIP), MAC.d1);
    assert.deepEqual((await waitForRole(d2, 'BACKUP')).reason, 'higher-priority');
  });

  it('each in its own half: both serve theirs, and the better one wins all when it heals', async () => {
    await lab.isolate('d1');
    await waitForRole(d2, 'MASTER');
    await waitFor(async () => (await neighborOf(lab, VIP)) === MAC.d2, { timeoutMs: SLACK_MS, what: 'c1 to know d2' });
    await lab.restoreCable('d1');
    await waitForHolder(lab, 'd1', 'd2', VIP);
    await waitFor(async () => (await neighborOf(lab, VIP)) === MAC.d1, { timeoutMs: SLACK_MS, what: 'c1 to know d1' });
    await waitForReport(d1, 'd1 to have seen it', (router) => router.otherActives.seen === 2);
    await waitForReport(d1, 'the end', (router) => router.otherActives.current === null);
  });
});

describe('conflict_probe', function () {
  this.timeout(60_000);
  let lab: Lab;
  const PROBE = 'conflict_probe: true, announcements: { count: 1, repeat_delay: 0s }';

  beforeEach(async () => {
    lab = await Lab.create({ realServers: 0, family: 'both' });
  });
  afterEach(() => lab?.destroy());

  for (const [vip, addresses] of [
    [VIP, [`${VIP}/24`]],
    ['fd00::100', ['fe80::5:51/64', 'fd00::100/64']],
  ] as const) {
    it(`tells of a machine that hangs and still has ${vip}, and takes over all the same`, async () => {
      await lab.node('d2').ip([`addr add ${vip}/${vip.includes(':') ? '64 dev eth0 nodad' : '24 dev eth0'}`]);
      const d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 100, addresses, more: PROBE }) });
      const { conflicts } = await waitForReport(d1, 'a conflict', (router) => router.conflicts.length > 0);
      assert.deepEqual(
        conflicts.map(({ address, mac }) => [address, mac]),
        [[vip, MAC.d2]],
      );
      await waitForRole(d1, 'MASTER');
      assert.ok(await holds(lab, 'd1', vip));
      await d1.waitForLine(
        new RegExp(`web: the machine with MAC address ${MAC.d2} says that it has ${vip} on eth0`),
        SLACK_MS,
      );
    });
  }

  it('tells of a host that comes later, and of one with our own address', async () => {
    const d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 100, more: PROBE }) });
    await waitForRole(d1, 'MASTER');
    await waitForReport(d1, 'no conflict', (router) => router.conflicts.length === 0);
    // A host announces its address when it gets it.
    await lab.node('c1').sysctl({ 'net.ipv4.conf.eth0.arp_notify': 1 });
    await lab.node('c1').ip([`addr add ${VIP}/24 dev eth0`, 'addr add 10.0.0.11/24 dev eth0']);
    await lab.node('c1').ip(['link set eth0 down', 'link set eth0 up']);
    const seen = await waitForReport(d1, 'two conflicts', (router) => router.conflicts.length === 2);
    assert.deepEqual(seen.conflicts.map(({ address }) => address).sort(), [VIP, '10.0.0.11']);
  });

  it('announces all addresses once more, not once for each that somebody else has', async () => {
    const wire = await Wire.start(lab);
    const addresses = Array.from({ length: 20 }, (_, i) => `10.0.0.${i + 100}/24`);
    await lab.node('d2').ip(addresses.map((address) => `addr add ${address} dev eth0`));
    const d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 100, addresses, more: PROBE }) });
    await waitForReport(d1, 'all conflicts', (router) => router.conflicts.length === addresses.length);
    await watchFor(5);
    assert.equal(wire.announcements('10.0.0.119').length, 2);
  });

  it('says nothing of a peer that gives way', async () => {
    const d2 = Daemon.start(lab, 'd2', { config: configText({ priority: 100, more: PROBE }) });
    await waitForRole(d2, 'MASTER');
    const d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 150, more: PROBE }) });
    await waitForHolder(lab, 'd1', 'd2', VIP);
    await waitForRole(d1, 'MASTER');
    d1.signal('SIGTERM');
    await d1.child.exited;
    await waitForRole(d2, 'MASTER');
    d1.restart();
    await waitForHolder(lab, 'd1', 'd2', VIP);
    await watchFor(12); // until after the second question
    for (const daemon of [d1, d2]) {
      assert.deepEqual((await waitForReport(daemon, 'a report', () => true)).conflicts, []);
      assert.ok(!daemon.lines.some(({ text }) => /says that it has|active too/.test(text)), daemon.node);
    }
  });
});
