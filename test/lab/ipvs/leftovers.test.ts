/** What is ours in the kernel is taken down when nobody wants it any more; what bears the same name elsewhere is not. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Daemon, LVSD } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { listTable, syncDaemons, waitForWeights, weightsOf } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import type { Namespace } from '../support/namespace.ts';

const WEB = 'TCP 10.0.0.100:7000';
const MASTER = 'master eth1 51';
const SLACK_MS = 20_000;

const VRRP_ONLY = `
name: d1
ipvs: { reconcile_interval: 1s }
vrrp:
  - name: front
    interface: eth0
    virtual_router_id: 51
    advertisement_interval: 100ms
    virtual_addresses: [10.0.0.100/24]
`;
const SERVICES = `${VRRP_ONLY}
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: 7000
    scheduler: rr
    checks: []
    real_servers: [{ address: 10.0.0.21, weight: 4 }]
`;
const WITH_SYNC = `${SERVICES}
connection_sync: { follow: front, interface: eth1, sync_id: 51 }
`;

describe('leftovers', function () {
  this.timeout(90_000);
  let lab: Lab;
  let director: Namespace;
  let daemon: Daemon;

  before(async () => {
    lab = await Lab.create({ directors: 2, realServers: 1 });
    director = lab.node('d1');
    daemon = Daemon.start(lab, 'd1', { config: WITH_SYNC });
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 4 } }, SLACK_MS);
    await waitForDaemons([MASTER]);
  });
  after(() => lab?.destroy());

  async function waitForDaemons(expected: readonly string[]): Promise<void> {
    const what = `sync daemons: ${expected.join() || 'none'}`;
    await waitFor(async () => (await syncDaemons(director)).join() === expected.join(), { timeoutMs: SLACK_MS, what });
  }

  /** What of the kernel is remembered to be ours; what settings were before stays remembered besides. */
  function remembered(): unknown {
    const { keys, syncDaemons } = JSON.parse(readFileSync(`${daemon.socket}.services`, 'utf8'));
    return { keys, syncDaemons };
  }

  it('a reload without connection_sync stops the sync daemon; with it again starts it', async () => {
    daemon.writeConfig(SERVICES);
    assert.equal((await daemon.reload()).stdout, 'reloaded\n');
    assert.deepEqual(await syncDaemons(director), []);
    daemon.writeConfig(WITH_SYNC);
    await daemon.reload();
    assert.deepEqual(await syncDaemons(director), [MASTER]);
  });

  it('a reload tells what the kernel refused of it', async () => {
    daemon.writeConfig(WITH_SYNC.replace('eth1', 'eth9'));
    const { code, stderr } = await daemon.lvsd(['reload'], { check: false });
    const refused = 'Cannot start the master sync daemon on eth9: ENODEV (no interface eth9)';
    assert.deepEqual([code, stderr], [0, `reloaded, but:\n${refused}\n`]);
    assert.equal((await daemon.status()).ipvs?.lastProblem, refused);
    daemon.writeConfig(WITH_SYNC);
    assert.equal((await daemon.reload()).stdout, 'reloaded\n');
    assert.equal((await daemon.status()).ipvs?.lastProblem, null);
  });

  it('a service of the same name in another network namespace is not ours, though the file is beside the socket', async () => {
    await daemon.crash();
    assert.ok(existsSync(`${daemon.socket}.services`));
    const other = lab.node('d2');
    await other.exec('ipvsadm', ['-A', '-t', '10.0.0.100:7000', '-s', 'rr']);
    await other.exec('ipvsadm', ['-A', '-t', '192.0.2.9:80', '-s', 'rr']);
    const file = lab.file('stranger.yaml');
    writeFileSync(file, SERVICES.replace('port: 7000', 'port: 7001'));
    const args = [LVSD, 'run', '-c', file, '--socket', `${lab.file('d1')}.sock`];
    // A copy of the memory: d1 needs its own for what comes next.
    await director.sh(`cp ${daemon.socket}.services ${lab.file('kept')}`);
    const stranger = lab.spawn('d2', process.execPath, args, { name: 'lvsd on d2 with the socket of d1' });
    await stranger.waitForLine(/ runs d1/, SLACK_MS);
    await waitForWeights(other, { 'TCP 10.0.0.100:7001': { '10.0.0.21:7001': 4 } }, SLACK_MS);
    assert.deepEqual(weightsOf(await listTable(other))[WEB], {});
    await stranger.stop(10_000);
    assert.deepEqual(weightsOf(await listTable(other)), { [WEB]: {}, 'TCP 192.0.2.9:80': {} });
    await director.sh(`cp ${lab.file('kept')} ${daemon.socket}.services`);
  });

  it('services and the sync daemon that left the configuration in a crash go, even the last ones', async () => {
    assert.deepEqual(Object.keys(weightsOf(await listTable(director))), [WEB]);
    await waitForDaemons([MASTER]);
    daemon.writeConfig(VRRP_ONLY);
    daemon.restart();
    await daemon.waitForLine(/front: MASTER/, SLACK_MS);
    assert.deepEqual(await listTable(director), []);
    assert.deepEqual(await syncDaemons(director), []);
    assert.deepEqual(remembered(), { keys: [], syncDaemons: false });
  });

  it('a stop takes down services and the sync daemon, and with them the memory of them', async () => {
    daemon.writeConfig(WITH_SYNC);
    await daemon.reload();
    await waitForDaemons([MASTER]);
    assert.ok(existsSync(`${daemon.socket}.services`));
    await daemon.stop();
    assert.deepEqual(await listTable(director), []);
    assert.deepEqual(await syncDaemons(director), []);
    assert.deepEqual(remembered(), { keys: [], syncDaemons: false });
  });
});
