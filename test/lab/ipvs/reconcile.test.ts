/** What a stranger does to the kernel's table is put right; what is his own is left alone. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { listTable, syncDaemons, waitForWeights } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import type { Namespace } from '../support/namespace.ts';
import { RealServer } from '../support/real-server.ts';

const CONFIG = `
name: d1
ipvs: { reconcile_interval: 1s }
vrrp:
  - name: front
    interface: eth0
    virtual_router_id: 51
    advertisement_interval: 100ms
    virtual_addresses: [10.0.0.100/24]
connection_sync: { follow: front, interface: eth1, sync_id: 51 }
defaults: { scheduler: wlc, check: { interval: 300ms, timeout: 1s } }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: 7000
    real_servers: [{ address: 10.0.0.21, weight: 3 }, { address: 10.0.0.22 }]
  - name: mark
    fwmark: 7
    checks: []
    real_servers: [{ address: 10.0.0.21 }]
`;
const WEIGHTS = { 'TCP 10.0.0.100:7000': { '10.0.0.21:7000': 3, '10.0.0.22:7000': 1 }, 'FWM 7': { '10.0.0.21:0': 1 } };
/** One period, and time for ipvsadm itself in User-Mode Linux. */
const PERIOD_MS = 5000;

describe('reconciliation', function () {
  this.timeout(90_000);
  let lab: Lab;
  let director: Namespace;
  let daemon: Daemon;

  before(async () => {
    lab = await Lab.create({ directors: 1 });
    director = lab.node('d1');
    await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r2')]);
    daemon = Daemon.start(lab, 'd1', { config: CONFIG });
    await daemon.waitForLine(/ runs d1/, 20_000);
    await waitForWeights(director, WEIGHTS, 20_000);
    // The first reconciliation of a configuration repairs nothing, it makes: wait for the next one.
    await waitFor(async () => (await syncDaemons(director)).length === 1, { timeoutMs: 10_000, what: 'a sync daemon' });
  });
  after(() => lab?.destroy());

  /** As the stranger, and then waits for the log to tell of a repair. */
  async function damage(args: readonly string[], repair: RegExp): Promise<void> {
    const told = daemon.child.waitForLine(repair, PERIOD_MS, { fresh: true });
    await director.exec('ipvsadm', args);
    await told;
    await waitForWeights(director, WEIGHTS, PERIOD_MS);
  }

  it('brings back a table that was cleared', async () => {
    await damage(['-C'], /changed from outside: tcp 10\.0\.0\.100:7000 was missing: added/);
  });

  it('brings back one destination', async () => {
    const deleted = ['-d', '-t', '10.0.0.100:7000', '-r', '10.0.0.22:7000'];
    await damage(deleted, /changed from outside: tcp 10\.0\.0\.100:7000: 10\.0\.0\.22:7000 was missing: added/);
  });

  it('takes out a destination that does not belong there', async () => {
    const added = ['-a', '-t', '10.0.0.100:7000', '-r', '10.0.0.99:7000', '-g'];
    await damage(added, /changed from outside: tcp 10\.0\.0\.100:7000: 10\.0\.0\.99:7000 does not belong there/);
  });

  it('sets a changed weight right', async () => {
    const changed = ['-e', '-t', '10.0.0.100:7000', '-r', '10.0.0.21:7000', '-g', '-w', '0'];
    await damage(changed, /changed from outside: tcp 10\.0\.0\.100:7000: 10\.0\.0\.21:7000 had weight 0, wants 3: set/);
  });

  it('sets a changed scheduler right', async () => {
    await damage(
      ['-E', '-t', '10.0.0.100:7000', '-s', 'rr'],
      /changed from outside: tcp \S+ had scheduler rr, wants wlc: set/,
    );
    const web = (await listTable(director)).find(({ name }) => name === 'TCP 10.0.0.100:7000');
    assert.equal(web?.settings, 'wlc');
  });

  it('leaves a service of somebody else alone', async () => {
    await director.exec('ipvsadm', ['-A', '-t', '192.0.2.9:80', '-s', 'sh']);
    await director.exec('ipvsadm', ['-a', '-t', '192.0.2.9:80', '-r', '10.0.0.99:80', '-m', '-w', '9']);
    // A repair after it: at least one reconciliation has seen the foreign service.
    await damage(['-D', '-f', '7'], /changed from outside: fwmark 7 was missing: added/);
    const foreign = (await listTable(director)).find(({ name }) => name === 'TCP 192.0.2.9:80');
    assert.deepEqual(foreign, {
      name: 'TCP 192.0.2.9:80',
      settings: 'sh',
      destinations: [{ address: '10.0.0.99:80', forward: 'Masq', weight: 9, active: 0, inactive: 0 }],
    });
  });

  it('starts a stopped connection-sync daemon again', async () => {
    assert.deepEqual(await syncDaemons(director), ['master eth1 51']);
    await director.exec('ipvsadm', ['--stop-daemon', 'master'], { check: false });
    await waitFor(async () => (await syncDaemons(director)).join() === 'master eth1 51', {
      timeoutMs: PERIOD_MS,
      what: 'the sync daemon to be back',
    });
  });
});
