/** Reload: what changed in the file changes in the table, and nothing else. */
import assert from 'node:assert/strict';
import { askTcp, Connection } from '../support/connection.ts';
import { Daemon } from '../support/daemon.ts';
import { listTable, waitForWeights, weightsOf } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import type { Namespace } from '../support/namespace.ts';
import { RealServer } from '../support/real-server.ts';

const WEB = 'TCP 10.0.0.100:7000';
const ADDED = 'TCP 10.0.0.100:7001';
const SLACK_MS = 15_000;
const UP_DOWN = { '10.0.0.21:7000': 1, '10.0.0.22:7000': 0 };

const config = (realServers: string, more = ''): string => `
name: d1
ipvs: { reconcile_interval: 1s }
defaults: { scheduler: rr, drain_timeout: 0s, check: { interval: 300ms, timeout: 1s, rise: 2, fall: 2 } }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: 7000
    real_servers: [${realServers}]
${more}`;
const FIRST = config('{ address: 10.0.0.21 }, { address: 10.0.0.22 }');
const WITH_ADDED = config(
  '{ address: 10.0.0.21 }, { address: 10.0.0.22 }',
  '  - { name: added, address: 10.0.0.100, port: 7001, checks: [], real_servers: [{ address: 10.0.0.21, weight: 2 }] }',
);

describe('reload', function () {
  this.timeout(90_000);
  let lab: Lab;
  let director: Namespace;
  let daemon: Daemon;

  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 3 });
    director = lab.node('d1');
    await director.ip(['addr add 10.0.0.100/32 dev eth0']);
    // r2 is down from the start.
    await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r3')]);
    daemon = Daemon.start(lab, 'd1', { config: FIRST });
    await daemon.waitForLine(/ runs d1/, SLACK_MS);
    await waitForWeights(director, { [WEB]: UP_DOWN }, SLACK_MS);
    await daemon.waitForLine(/10\.0\.0\.22:7000 unknown -> down/, SLACK_MS);
  });
  after(() => lab?.destroy());

  /** Weights right after the reload answered, before any probe could change them. */
  async function reloaded(text: string): Promise<ReturnType<typeof weightsOf>> {
    daemon.writeConfig(text);
    const done = daemon.child.waitForLine(/Reloaded /, SLACK_MS, { fresh: true });
    daemon.signal('SIGHUP');
    await done;
    return weightsOf(await listTable(director));
  }

  it('adds and removes a virtual server; verdicts stay as they were', async () => {
    assert.deepEqual(await reloaded(WITH_ADDED), { [WEB]: UP_DOWN, [ADDED]: { '10.0.0.21:7001': 2 } });
    assert.deepEqual(await reloaded(FIRST), { [WEB]: UP_DOWN });
  });

  it('changes a weight, of a server that is down only for its return', async () => {
    const weights = await reloaded(config('{ address: 10.0.0.21, weight: 7 }, { address: 10.0.0.22, weight: 8 }'));
    assert.deepEqual(weights, { [WEB]: { '10.0.0.21:7000': 7, '10.0.0.22:7000': 0 } });
    const r2 = await RealServer.start(lab, 'r2');
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 7, '10.0.0.22:7000': 8 } }, SLACK_MS);
    await r2.stop();
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 7, '10.0.0.22:7000': 0 } }, SLACK_MS);
  });

  it('adds a real server, which waits for its first success, and removes one', async () => {
    const weights = await reloaded(config('{ address: 10.0.0.21 }, { address: 10.0.0.23, weight: 3 }'));
    assert.deepEqual(Object.keys(weights[WEB] ?? {}).sort(), ['10.0.0.21:7000', '10.0.0.23:7000']);
    assert.equal(weights[WEB]?.['10.0.0.21:7000'], 1);
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 1, '10.0.0.23:7000': 3 } }, SLACK_MS);
    assert.deepEqual(await reloaded(FIRST), { [WEB]: UP_DOWN });
  });

  it('a changed check starts from the verdict that its server had', async () => {
    const text = config('{ address: 10.0.0.21 }, { address: 10.0.0.22 }').replace('timeout: 1s', 'timeout: 900ms');
    assert.deepEqual(await reloaded(text), { [WEB]: UP_DOWN });
    assert.deepEqual(await reloaded(FIRST), { [WEB]: UP_DOWN });
  });

  it('adopts a real server that carries traffic in the kernel already', async () => {
    await director.exec('ipvsadm', ['-A', '-t', '10.0.0.100:7001', '-s', 'rr']);
    await director.exec('ipvsadm', ['-a', '-t', '10.0.0.100:7001', '-r', '10.0.0.21:7001', '-g', '-w', '2']);
    // A check that was not made before and will not pass: only the table speaks for the server.
    const checked = WITH_ADDED.replace('checks: []', 'checks: [{ type: tcp, port: 7001, interval: 5s }]');
    assert.deepEqual(await reloaded(checked), { [WEB]: UP_DOWN, [ADDED]: { '10.0.0.21:7001': 2 } });
    assert.deepEqual(await reloaded(FIRST), { [WEB]: UP_DOWN });
  });

  it('of an invalid file changes nothing and says why', async () => {
    const before = await listTable(director);
    daemon.writeConfig(WITH_ADDED.replace('weight: 2', 'weight: -2').replace('scheduler: rr', 'scheduler: lc'));
    const { code, stdout, stderr } = await daemon.lvsd(['reload'], { check: false });
    assert.equal(code, 1);
    assert.match(stdout + stderr, /weight/);
    assert.deepEqual(await listTable(director), before);
    await new Promise((resolve) => setTimeout(resolve, 1500)); // not with the next reconciliation either
    assert.deepEqual(await listTable(director), before);
  });

  it('keeps established connections', async () => {
    daemon.writeConfig(FIRST);
    const connection = await Connection.open(lab, '10.0.0.100', 7000);
    assert.equal(connection.server, 'r1');
    await reloaded(WITH_ADDED.replace('address: 10.0.0.21 }', 'address: 10.0.0.21, weight: 5 }'));
    assert.equal(await connection.echo('still there'), 'still there');
    assert.equal(await askTcp(lab, '10.0.0.100', 7000), 'r1');
    await reloaded(FIRST);
    assert.equal(await connection.echo('and now'), 'and now');
    const web = (await listTable(director)).find(({ name }) => name === WEB);
    assert.equal(web?.destinations.find(({ address }) => address === '10.0.0.21:7000')?.active, 1);
    await connection.close();
  });
});
