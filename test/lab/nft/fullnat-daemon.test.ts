/**
 * `forwarding: fullnat` with the whole daemon: traffic through reload, vandals, crash, restart and stop. The real servers
 * have no route back to the client, so whoever gets an answer got it by full NAT.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { waitForWeights } from '../support/ipvsadm.ts';
import { Lab, requireIpvs } from '../support/lab.ts';
import type { Namespace } from '../support/namespace.ts';
import { askPeer, PeerConnection, startPeerServer } from '../support/peer.ts';

/** In an emulated machine the daemon takes 20 s to start. */
const SLACK_MS = 90_000;
const MASQUERADED = /^r1 10\.1\.0\.11$/;

interface Options {
  /** Of the service at port 80; none: masquerading. */
  readonly sources?: readonly string[];
  readonly forwarding?: 'fullnat' | 'direct';
  readonly keepOnExit?: boolean;
}

function config({ sources = [], forwarding = 'fullnat', keepOnExit = false }: Options): string {
  const full = forwarding === 'fullnat';
  const port = full ? ', port: 7000' : '';
  const check = '{ type: tcp, port: 7000 }';
  return `
name: d1
ipvs: { reconcile_interval: 1s, keep_on_exit: ${keepOnExit} }
defaults: { scheduler: rr, forwarding: ${forwarding}, drain_timeout: 0s, check: { interval: 1s, timeout: 2s, rise: 1, fall: 3 } }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: 80
    ${full && sources.length > 0 ? `source_addresses: [${sources.join()}]` : ''}
    checks: [${check}]
    real_servers: [{ address: 10.1.0.21${port} }]
  - name: web6
    address: fd00::100
    port: 80
    ${full ? 'source_addresses: [fd01::200]' : ''}
    checks: [${check}]
    real_servers: [{ address: 'fd01::21'${port} }]
  - name: udp
    address: 10.0.0.100
    port: 80
    protocol: udp
    checks: []
    real_servers: [{ address: 10.1.0.21${port} }]
`;
}

describe('full NAT', function () {
  this.timeout(240_000);
  let lab: Lab;
  let director: Namespace;
  let daemon: Daemon;

  before(async () => {
    requireIpvs();
    lab = await Lab.create({ directors: 1, realServers: 1, method: 'nat', family: 'both' });
    director = lab.node('d1');
    await director.ip([
      'addr add 10.0.0.100/32 dev eth0',
      'addr add fd00::100/128 dev eth0 nodad',
      'addr add 10.1.0.200/32 dev eth1',
      'addr add fd01::200/128 dev eth1 nodad preferred_lft 0',
    ]);
    await director.exec('nft', ['add', 'table', 'inet', 'strangers']);
    await startPeerServer(lab, 'r1', [7000]);
    daemon = Daemon.start(lab, 'd1', { config: config({}) });
    await daemon.waitForLine(/ runs d1/, SLACK_MS);
    await serving();
  });
  after(() => lab?.destroy());

  const ask = (host = '10.0.0.100', protocol: 'tcp' | 'udp' = 'tcp'): Promise<string> =>
    askPeer(lab, 'c1', { protocol, host, port: 80 });
  const open = (): Promise<PeerConnection> => PeerConnection.open(lab, 'c1', { host: '10.0.0.100', port: 80 });
  const tables = async (): Promise<string[]> =>
    (await director.exec('nft', ['list', 'tables'])).stdout.trim().split('\n').sort();
  const serving = (): Promise<void> =>
    waitForWeights(
      director,
      { 'TCP 10.0.0.100:80': { '10.1.0.21:7000': 1 }, 'TCP [fd00::100]:80': { '[fd01::21]:7000': 1 } },
      SLACK_MS,
    );
  const isGone = async (): Promise<boolean> => (await tables()).join() === 'table inet strangers';

  it('serves TCP and UDP, IPv4 and IPv6, to another port, with the source that is configured', async () => {
    assert.match(await ask(), MASQUERADED);
    assert.match(await ask('10.0.0.100', 'udp'), MASQUERADED);
    assert.equal(await ask('fd00::100'), 'r1 fd01::200');
    const { stdout } = await director.exec('cat', ['/proc/sys/net/ipv4/vs/conntrack']);
    assert.equal(stdout.trim(), '1');
  });

  it('a reload changes the source of new connections and breaks none', async () => {
    const old = await open();
    daemon.writeConfig(config({ sources: ['10.1.0.200'] }));
    assert.equal((await daemon.reload()).stdout, 'reloaded\n');
    assert.equal(await ask(), 'r1 10.1.0.200');
    assert.match(await old.ask(), MASQUERADED);
    assert.equal(await ask('fd00::100'), 'r1 fd01::200');
    await old.close();
  });

  it('what a stranger deletes is there again, connections included', async () => {
    const old = await open();
    await director.exec('nft', ['delete', 'table', 'inet', 'lvsd']);
    await daemon.waitForLine(/nftables table inet lvsd was deleted from outside: made again/, SLACK_MS);
    assert.equal(await ask(), 'r1 10.1.0.200');
    assert.equal(await old.ask(), 'r1 10.1.0.200');
    await old.close();
  });

  it('a crash leaves it, and a restart takes it over: traffic goes on all the time', async () => {
    const old = await open();
    await daemon.crash();
    assert.equal(await ask(), 'r1 10.1.0.200');
    daemon.restart();
    const started = daemon.waitForLine(/ runs d1/, SLACK_MS);
    let running = false;
    void started.then(() => {
      running = true;
    });
    const seen = new Set<string>();
    for (let i = 0; i < 400 && !running; i++) seen.add(await ask());
    await started;
    assert.deepEqual([...seen], ['r1 10.1.0.200']);
    assert.equal(await old.ask(), 'r1 10.1.0.200');
    await old.close();
  });

  it('goes with the last full-NAT server, and comes back with it', async () => {
    daemon.writeConfig(config({ forwarding: 'direct' }));
    assert.equal((await daemon.reload()).stdout, 'reloaded\n');
    assert.ok(await isGone());
    daemon.writeConfig(config({}));
    assert.equal((await daemon.reload()).stdout, 'reloaded\n');
    await serving();
    assert.match(await ask(), MASQUERADED);
  });

  it('goes when lvsd stops', async () => {
    await daemon.stop();
    assert.ok(await isGone());
  });

  it('stays with keep_on_exit, and traffic with it', async () => {
    daemon.writeConfig(config({ keepOnExit: true }));
    daemon.restart();
    await serving();
    await daemon.stop();
    assert.deepEqual(await tables(), ['table inet lvsd', 'table inet strangers']);
    assert.match(await ask(), MASQUERADED);
    assert.equal(await ask('fd00::100'), 'r1 fd01::200');
  });

  it('left behind, it goes with the next start that needs none', async () => {
    daemon.writeConfig(config({ forwarding: 'direct' }));
    daemon.restart();
    await daemon.waitForLine(/Removed the nftables table inet lvsd that an earlier run left/, SLACK_MS);
    await waitFor(isGone, { timeoutMs: SLACK_MS, what: 'the table to go' });
    assert.equal(readFileSync(lab.file('d1.log'), 'utf8').match(/Cannot .*nftables/g), null);
  });
});
