/** Taken out by reload: no new connections, but those that are there go on until they end or drain_timeout is over. */
import assert from 'node:assert/strict';
import { askTcp, Connection } from '../support/connection.ts';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { listTable, waitForWeights, weightsOf } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import type { Namespace } from '../support/namespace.ts';
import { RealServer } from '../support/real-server.ts';

const WEB = 'TCP 10.0.0.100:7000';
const SLACK_MS = 15_000;
const BOTH = '{ address: 10.0.0.21 }, { address: 10.0.0.22, weight: 2 }';
const ONLY_R1 = '{ address: 10.0.0.21 }';

const virtualServer = (realServers: string): string => `
  - { name: web, address: 10.0.0.100, port: 7000, real_servers: [${realServers}] }`;
const config = (virtualServers: string, drainTimeout = '5m'): string => `
name: d1
ipvs: { reconcile_interval: 1s, timeouts: { tcp_fin: 1s } }
defaults: { scheduler: rr, drain_timeout: ${drainTimeout}, check: { interval: 300ms, timeout: 1s, rise: 2, fall: 2 } }
virtual_servers: ${virtualServers}
`;

describe('draining', function () {
  this.timeout(90_000);
  let lab: Lab;
  let director: Namespace;
  let daemon: Daemon;
  let connection: Connection;

  before(async () => {
    lab = await Lab.create({ directors: 1 });
    director = lab.node('d1');
    await director.ip(['addr add 10.0.0.100/32 dev eth0']);
    await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r2')]);
    daemon = Daemon.start(lab, 'd1', { config: config(virtualServer(BOTH)) });
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 1, '10.0.0.22:7000': 2 } }, SLACK_MS);
  });
  after(() => lab?.destroy());

  async function reload(text: string): Promise<ReturnType<typeof weightsOf>> {
    daemon.writeConfig(text);
    const done = daemon.child.waitForLine(/Reloaded /, SLACK_MS, { fresh: true });
    daemon.signal('SIGHUP');
    await done;
    return weightsOf(await listTable(director));
  }

  /** A connection that r2 has. */
  async function openToR2(): Promise<Connection> {
    for (let i = 0; i < 4; i++) {
      const opened = await Connection.open(lab, '10.0.0.100', 7000);
      if (opened.server === 'r2') return opened;
      await opened.close();
    }
    throw new Error('r2 got no connection');
  }

  it('a connection goes on, new ones go elsewhere, and status tells', async () => {
    connection = await openToR2();
    const table = await reload(config(virtualServer(ONLY_R1)));
    assert.deepEqual(table, { [WEB]: { '10.0.0.21:7000': 1, '10.0.0.22:7000': 0 } });
    await daemon.waitForLine(/tcp 10\.0\.0\.100:7000: 10\.0\.0\.22:7000 drains: weight 0/, SLACK_MS);
    assert.equal(await connection.echo('still there'), 'still there');
    for (let i = 0; i < 3; i++) assert.equal(await askTcp(lab, '10.0.0.100', 7000), 'r1');
    const { ipvs } = await daemon.waitForStatus(
      ({ ipvs: kernel }) => kernel?.draining[0]?.connections === 1,
      SLACK_MS,
      'one connection that is waited for',
    );
    assert.equal(ipvs?.draining[0]?.destination, '10.0.0.22:7000');
    assert.equal(ipvs?.repairs, 0);
  });

  it('comes back while it drains: its weight comes with its first good check, the connection goes on', async () => {
    const table = await reload(config(virtualServer(BOTH)));
    assert.deepEqual(Object.keys(table[WEB] ?? {}), ['10.0.0.21:7000', '10.0.0.22:7000']);
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 1, '10.0.0.22:7000': 2 } }, SLACK_MS);
    await daemon.waitForLine(/10\.0\.0\.22:7000 is wanted again/, SLACK_MS);
    assert.equal(await connection.echo('still here'), 'still here');
    await connection.close();
  });

  it('is deleted soon after its last connection has ended', async () => {
    connection = await openToR2();
    await reload(config(virtualServer(ONLY_R1)));
    assert.equal(await connection.echo('one'), 'one');
    await connection.close();
    // The director with direct routing sees the closing of one side only: then the timeout for tcp_fin counts.
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 1 } }, SLACK_MS);
    await daemon.waitForLine(/10\.0\.0\.22:7000 has drained after \d+ s: deleted/, SLACK_MS);
  });

  it('is cut after drain_timeout, and not before', async () => {
    await reload(config(virtualServer(BOTH), '6s'));
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 1, '10.0.0.22:7000': 2 } }, SLACK_MS);
    connection = await openToR2();
    const startMs = Date.now();
    await reload(config(virtualServer(ONLY_R1), '6s'));
    assert.equal(await connection.echo('within the time'), 'within the time');
    const cut = /10\.0\.0\.22:7000 is deleted after \d+ s of draining \(drain_timeout\), with 1 connection left/;
    await daemon.waitForLine(cut, SLACK_MS);
    assert.ok(Date.now() - startMs >= 5500, `cut after ${Date.now() - startMs} ms`);
    assert.deepEqual(weightsOf(await listTable(director)), { [WEB]: { '10.0.0.21:7000': 1 } });
    const answer = await connection.echo('too late').catch(String);
    assert.notEqual(answer, 'too late');
    await connection.close();
  });

  it('a virtual server drains likewise and refuses new connections', async () => {
    connection = await Connection.open(lab, '10.0.0.100', 7000);
    assert.deepEqual(await reload(config('[]')), { [WEB]: { '10.0.0.21:7000': 0 } });
    assert.equal(await connection.echo('still there'), 'still there');
    const connect = ['-k', '1', '3', 'bash', '-c', 'exec 3<>/dev/tcp/10.0.0.100/7000'];
    assert.match((await lab.node('c1').exec('timeout', connect, { check: false })).stderr, /refused/);
    await connection.close();
    const gone = async (): Promise<boolean> => (await listTable(director)).length === 0;
    await waitFor(gone, { timeoutMs: SLACK_MS, what: 'the virtual server to be gone' });
  });

  it('after a crash during a drain it is found again and drains on', async () => {
    await reload(config(virtualServer(BOTH)));
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 1, '10.0.0.22:7000': 2 } }, SLACK_MS);
    connection = await openToR2();
    assert.deepEqual((await reload(config('[]')))[WEB], { '10.0.0.22:7000': 0 });
    await daemon.kill();
    daemon.restart();
    await daemon.waitForLine(/10\.0\.0\.22:7000 drains/, SLACK_MS);
    assert.equal(await connection.echo('through the crash'), 'through the crash');
    await connection.close();
    const gone = async (): Promise<boolean> => (await listTable(director)).length === 0;
    await waitFor(gone, { timeoutMs: SLACK_MS, what: 'the virtual server to be gone' });
  });

  it('a healthy server whose place the sorry server takes keeps its connections, with on_failure: remove too', async () => {
    const sorry = 'quorum: 2, on_failure: remove, sorry_server: { address: 10.0.0.22 }';
    const web = (more: string, reals: string): string => `
  - { name: web, address: 10.0.0.100, port: 7000, ${more}, real_servers: [${reals}] }`;
    await reload(config(web('quorum: 1', ONLY_R1)));
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 1 } }, SLACK_MS);
    connection = await Connection.open(lab, '10.0.0.100', 7000);
    assert.equal(connection.server, 'r1');
    await reload(config(web(sorry, ONLY_R1)));
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 0, '10.0.0.22:7000': 1 } }, SLACK_MS);
    assert.equal(await connection.echo('not failed'), 'not failed');
    assert.equal(await askTcp(lab, '10.0.0.100', 7000), 'r2');
    await connection.close();
  });
});
