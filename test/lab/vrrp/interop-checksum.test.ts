/** The IPv4 checksum of version 3 without pseudo-header (RFC 9568): between two of ours, and beside FRR 8.4, which wants it. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { Pcap } from '../support/pcap.ts';
import { makePeer, type Peer, type PeerRouter } from './interop-peers.ts';
import { configText, killDirector, routerOf, SLACK_MS, Wire, waitForHolder, waitForRole, watchFor } from './referee.ts';

const VIP = '10.0.0.100';
/** Both start at once, in User-Mode Linux on one slow CPU. */
const START_MS = 30_000;
const more = 'checksum: rfc9568';

describe('two of ours with the checksum of RFC 9568', function () {
  this.timeout(60_000);
  let lab: Lab;
  let pcap: Pcap;
  let d1: Daemon;
  let d2: Daemon;

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    pcap = await Pcap.start(lab, { rfc9568: true });
    d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 150, more }) });
    d2 = Daemon.start(lab, 'd2', { config: configText({ priority: 100, more }) });
  });
  after(() => lab?.destroy());

  it('the one takes over from the other and gives back', async () => {
    await waitForHolder(lab, 'd1', 'd2', VIP, START_MS);
    await waitForRole(d2, 'BACKUP');
    assert.equal((await routerOf(d2)).peer?.checksum, 'rfc9568');
    await killDirector(d1);
    await waitForRole(d2, 'MASTER');
    d1.restart();
    await waitForHolder(lab, 'd1', 'd2', VIP);
  });

  it('tshark has nothing against any packet, when it is told', () => pcap.assertGood('10.0.0.11', '10.0.0.12'));
});

describe('the checksum of RFC 9568 beside FRR 8.4', function () {
  this.timeout(60_000);
  const router: PeerRouter = { vrid: 51, version: 3, priority: 100, intervalMs: 200, addresses: [`${VIP}/24`] };
  let lab: Lab;
  let wire: Wire;
  let lvsd: Daemon;
  let peer: Peer;

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    wire = await Wire.start(lab);
    lvsd = Daemon.start(lab, 'd1', { config: configText({ priority: 50, more }) });
    peer = makePeer('FRR', lab, 'd2', [router]);
    await peer.start();
  });
  after(() => lab?.destroy());

  it('we understand its form, and say that it is another one', async () => {
    await lvsd.waitForLine(/ info .*10\.0\.0\.12 sends the pseudo form of the checksum/, SLACK_MS);
    const { role, peer: heard, adverts } = await waitForRole(lvsd, 'BACKUP');
    assert.deepEqual([role, heard?.priority, heard?.checksum, adverts.refused], ['BACKUP', 100, 'pseudo', {}]);
  });

  it('it does not understand ours: both are active', async () => {
    lvsd.writeConfig(configText({ priority: 150, more }));
    await lvsd.reload();
    await waitForRole(lvsd, 'MASTER');
    const since = Date.now();
    await watchFor(5);
    assert.deepEqual([...new Set(wire.adverts(since).map(({ source }) => source))].sort(), ['10.0.0.11', '10.0.0.12']);
    assert.ok(peer.complaints().some((line) => line.includes('Bad VRRP checksum')));
  });

  it('with the pseudo-header it gives way', async () => {
    lvsd.writeConfig(configText({ priority: 150 }));
    await lvsd.reload();
    await waitFor(async () => !(await peer.holds(router)), { timeoutMs: SLACK_MS, what: 'FRR to give way' });
    assert.equal((await waitForRole(lvsd, 'MASTER')).transitionsToMaster, 1);
  });
});
