/**
 * BFD with keepalived and between two of ours: a backup that tracks the session takes over in seconds although the
 * advertisement interval is four of them, and no MASTER ever stops because of it.
 */
import assert from 'node:assert/strict';
import type { BfdReport } from '../../../src/bfd/report.ts';
import { Capture } from '../support/capture.ts';
import { Daemon } from '../support/daemon.ts';
import { Keepalived } from '../support/keepalived.ts';
import { Lab } from '../support/lab.ts';
import { Pcap } from '../support/pcap.ts';
import { complaintsOf, configText, hasNftables, killDirector, Wire, waitForRole, watchFor } from './referee.ts';

const D1 = '10.0.0.11';
const D2 = '10.0.0.12';
const D1_LINK_LOCAL = 'fe80::ff:fe00:10b';
const D2_LINK_LOCAL = 'fe80::ff:fe00:10c';
/** Without BFD a take-over needs three of these, 12 s and more; with it 0.9 s of silence and the skew of priority 200. */
const INTERVAL_MS = 4000;
const WITHOUT_BFD_MS = 3 * INTERVAL_MS;
/** At the start everybody waits for three intervals and a skew. */
const START_MS = 30_000;
const UP_MS = 10_000;

interface Session {
  readonly name: string;
  readonly neighbor: string;
}

function config(priority: number, sessions: readonly Session[], track: string): string {
  const router = { priority, intervalMs: INTERVAL_MS, more: `preempt: false, track: [${track}]` };
  const items = sessions.map(
    ({ name, neighbor }) =>
      `  - { name: ${name}, neighbor: "${neighbor}", interface: eth0, min_tx: 200ms, min_rx: 200ms, multiplier: 3 }\n`,
  );
  return `${configText(router)}bfd:\n${items.join('')}`;
}

async function sessionsOf(daemon: Daemon): Promise<readonly BfdReport[]> {
  return (await daemon.status()).bfdSessions;
}

async function waitForSessions(daemon: Daemon, state: BfdReport['state']): Promise<readonly BfdReport[]> {
  const all = ({ bfdSessions }: { bfdSessions: readonly BfdReport[] }) =>
    bfdSessions.length > 0 && bfdSessions.every((session) => session.state === state);
  return (await daemon.waitForStatus(all, UP_MS, `all BFD sessions ${state}`)).bfdSessions;
}

describe('BFD with keepalived', function () {
  this.timeout(90_000);
  let lab: Lab;
  let wire: Wire;
  let pcap: Pcap;
  let seen: Capture;
  let headers: Capture;
  let lvsd: Daemon;
  let keepalived: Keepalived;

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    wire = await Wire.start(lab);
    pcap = await Pcap.start(lab, { node: 'd1' });
    seen = await Capture.start(lab, 'd2', { filter: 'udp port 3784' });
    headers = await Capture.start(lab, 'd2', { filter: 'udp port 3784', args: ['-v'] });
    keepalived = Keepalived.start(
      lab,
      'd2',
      `
global_defs {
  router_id peer
  vrrp_version 3
}
bfd_instance lvsd {
  neighbor_ip ${D1}
  source_ip ${D2}
  min_rx 200
  min_tx 200
  multiplier 3
}
vrrp_instance V4 {
  state MASTER
  interface eth0
  virtual_router_id 51
  priority 250
  advert_int ${INTERVAL_MS / 1000}
  track_bfd {
    lvsd weight 1
  }
  virtual_ipaddress {
    10.0.0.100/24 dev eth0
  }
}
`,
    );
    await wire.waitForAdvert(({ source }) => source === D2, 0, 'keepalived to advertise').catch(() => {});
    lvsd = Daemon.start(lab, 'd1', { config: config(200, [{ name: 'peer', neighbor: D2 }], '{ bfd: peer }') });
  });
  after(() => lab?.destroy());

  it('the session comes UP, at the speed of both, with nothing refused', async () => {
    const [session] = await waitForSessions(lvsd, 'UP');
    assert.deepEqual([session?.sourceAddress, session?.refused], [D1, {}]);
    const settled = ({ bfdSessions: [now] }: { bfdSessions: readonly BfdReport[] }) =>
      now?.remote?.state === 'UP' && now.detectionTimeMs === 600 && now.transmitIntervalMs === 200;
    await lvsd.waitForStatus(settled, UP_MS, 'to detect within 600 ms');
  });

  it('it stays so, and the wire shows TTL 255 and one source port of the dynamic range', async () => {
    await waitForRole(lvsd, 'BACKUP');
    await wire.waitForAdvert(({ source }) => source === D2, 0, 'keepalived to advertise');
    await watchFor(1, 3000);
    const [session] = await sessionsOf(lvsd);
    assert.deepEqual([session?.state, session?.flaps, session?.refused], ['UP', 0, {}]);
    const ours = seen.packets.filter(({ text }) => text.startsWith(`IP ${D1}.`));
    assert.ok(ours.length > 10, `${ours.length} packets`);
    const ports = new Set(
      ours.map(({ text }) => /^IP [\d.]+\.(\d+) > 10\.0\.0\.12\.3784: BFDv1, Control,/.exec(text)?.[1]),
    );
    assert.equal(ports.size, 1);
    assert.ok([...ports].every((port) => Number(port) >= 49_152));
    const ttls = new Set(headers.packets.map(({ text }) => /, ttl (\d+),/.exec(text)?.[1]));
    assert.deepEqual([...ttls], ['255']);
    assert.deepEqual(
      complaintsOf(keepalived).filter((line) => /BFD/.test(line)),
      [],
    );
  });

  it('the cable is cut silently: DOWN, and the backup takes over long before three intervals are over', async () => {
    const since = Date.now();
    await lab.isolate('d2');
    const first = await wire.waitForAdvert(({ source }) => source === D1, since, 'lvsd to take over');
    assert.equal(first.priority, 200);
    assert.ok(first.at - since < WITHOUT_BFD_MS - 4000, `${first.at - since} ms`);
    const [session] = await sessionsOf(lvsd);
    assert.deepEqual([session?.state, session?.reason, session?.flaps], ['DOWN', 'control detection time expired', 1]);
    assert.equal((await waitForRole(lvsd, 'MASTER')).reason, 'active-down');
  });

  it('the cable is back: the session too, and the higher priority wins', async () => {
    await lab.restoreCable('d2');
    await waitForSessions(lvsd, 'UP');
    await waitForRole(lvsd, 'BACKUP');
  });

  it('tshark has nothing against any packet', () => pcap.assertGood(D1, D2));
});

describe('BFD between two directors', function () {
  this.timeout(120_000);
  let lab: Lab;
  let wire: Wire;
  let pcap: Pcap;
  let d1: Daemon;
  let d2: Daemon;
  const track = '{ bfd: peer }, { bfd: peer6, weight: -10 }';

  before(async () => {
    lab = await Lab.create({ realServers: 0, family: 'both' });
    wire = await Wire.start(lab);
    pcap = await Pcap.start(lab, { node: 'd1' });
    const toD2 = [
      { name: 'peer', neighbor: D2 },
      { name: 'peer6', neighbor: D2_LINK_LOCAL },
    ];
    const toD1 = [
      { name: 'peer', neighbor: D1 },
      { name: 'peer6', neighbor: D1_LINK_LOCAL },
    ];
    d1 = Daemon.start(lab, 'd1', { config: config(250, toD2, track) });
    d2 = Daemon.start(lab, 'd2', { config: config(200, toD1, track) });
    await d1.waitForStatus(({ virtualRouters: [web] }) => web?.role === 'MASTER', START_MS, 'MASTER');
    await waitForRole(d2, 'BACKUP');
  });
  after(() => lab?.destroy());

  it('IPv4 and link-local IPv6 sessions come UP', async () => {
    for (const daemon of [d1, d2]) {
      const sessions = await waitForSessions(daemon, 'UP');
      assert.deepEqual(
        sessions.map(({ refused, flaps }) => [refused, flaps]),
        [
          [{}, 0],
          [{}, 0],
        ],
      );
    }
    const [, peer6] = await sessionsOf(d1);
    assert.equal(peer6?.sourceAddress, D1_LINK_LOCAL);
  });

  it('kill -9 of the backup: the MASTER goes on, but for the weight', async () => {
    await killDirector(d2);
    await waitForSessions(d1, 'DOWN');
    const web = await waitForRole(d1, 'MASTER');
    assert.deepEqual([web.priority, web.effectivePriority, web.fault], [250, 240, null]);
    await watchFor(2, INTERVAL_MS);
    assert.equal((await waitForRole(d1, 'MASTER')).transitionsToMaster, 1);
    d2.restart();
    for (const daemon of [d1, d2]) await waitForSessions(daemon, 'UP');
    assert.equal((await waitForRole(d1, 'MASTER')).effectivePriority, 250);
  });

  it('kill -9 of the MASTER: the backup takes over long before three intervals are over', async () => {
    await waitForRole(d2, 'BACKUP');
    // It must have heard whom it waits for.
    const heard = wire.adverts(0, D1).length;
    await wire.waitForAdvert(() => wire.adverts(0, D1).length > heard, 0, 'one more advertisement');
    const since = Date.now();
    await killDirector(d1);
    const first = await wire.waitForAdvert(({ source }) => source === D2, since, 'd2 to take over');
    assert.ok(first.at - since < WITHOUT_BFD_MS - 4000, `${first.at - since} ms`);
    const [session] = await waitForSessions(d2, 'DOWN');
    assert.deepEqual([session?.reason, session?.flaps], ['control detection time expired', 1]);
  });

  it('a director that stops in order is not taken for a dead one', async () => {
    d1.restart();
    for (const daemon of [d1, d2]) await waitForSessions(daemon, 'UP');
    await waitForRole(d1, 'BACKUP');
    await d1.stop();
    const [session] = await waitForSessions(d2, 'DOWN');
    assert.match(session?.reason ?? '', /^the neighbour took it down on purpose$/);
    await waitForRole(d2, 'MASTER');
  });

  it('a reload with other intervals keeps the session UP, and moves both sides', async () => {
    d1.restart();
    for (const daemon of [d1, d2]) await waitForSessions(daemon, 'UP');
    const [before] = await sessionsOf(d2);
    d1.writeConfig(
      config(250, [{ name: 'peer', neighbor: D2 }], '{ bfd: peer }').replace('min_tx: 200ms', 'min_tx: 500ms'),
    );
    await d1.reload();
    const moved = ({ bfdSessions: [now] }: { bfdSessions: readonly BfdReport[] }) => now?.detectionTimeMs === 1500;
    const { bfdSessions } = await d2.waitForStatus(moved, UP_MS, 'to detect within 1500 ms');
    const [peer] = bfdSessions;
    assert.deepEqual([peer?.state, peer?.flaps], ['UP', before?.flaps]);
    await d2.waitForStatus(({ bfdSessions: [, dropped] }) => dropped?.state === 'DOWN', UP_MS, 'peer6 to be DOWN');
  });

  it('tshark has nothing against any packet', () => pcap.assertGood(D1, D2));
});

describe('BFD that alone is broken', function () {
  this.timeout(60_000);
  const FAST_MS = 300;
  let lab: Lab;
  before(async () => {
    lab = await Lab.create({ realServers: 0 });
  });
  after(() => lab?.destroy());

  it('a firewall that drops it makes no backup take over from a MASTER that is heard', async function () {
    const node = lab.node('d2');
    const drop =
      'add table inet t; add chain inet t in { type filter hook input priority 0; }; add rule inet t in udp dport 3784 drop';
    if (!(await hasNftables(lab, 'd2'))) this.skip();
    const fast = (priority: number, neighbor: string): string =>
      config(priority, [{ name: 'peer', neighbor }], '{ bfd: peer }').replaceAll(`${INTERVAL_MS}ms`, `${FAST_MS}ms`);
    const d1 = Daemon.start(lab, 'd1', { config: fast(250, D2) });
    await waitForRole(d1, 'MASTER');
    const d2 = Daemon.start(lab, 'd2', { config: fast(200, D1) });
    for (const daemon of [d1, d2]) await waitForSessions(daemon, 'UP');
    await waitForRole(d2, 'BACKUP');
    await node.exec('nft', [drop]);
    const [session] = await waitForSessions(d2, 'DOWN');
    assert.equal(session?.reason, 'control detection time expired');
    await d2.waitForLine(
      /web: bfd peer lost 10\.0\.0\.11, but its advertisements still come: nothing is done about it/,
      UP_MS,
    );
    await watchFor(5, FAST_MS);
    assert.equal((await waitForRole(d2, 'BACKUP')).transitionsToMaster, 0);
  });
});
