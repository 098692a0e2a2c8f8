/** Connection limits of real servers: the kernel enforces them, a reload changes them, status shows them. */
import assert from 'node:assert/strict';
import type { Snapshot } from '../../../src/status/types.ts';
import { Connection } from '../support/connection.ts';
import { Daemon } from '../support/daemon.ts';
import { listTable, waitForWeights, weightsOf } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';

/** The scheduler fo sends everything to the highest weight that is not overloaded. */
const config = (upper: number) => `
name: d1
defaults: { scheduler: fo, check: { interval: 300ms, timeout: 1s } }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: 7000
    real_servers:
      - { address: 10.0.0.21, weight: 10, upper_threshold: ${upper} }
      - { address: 10.0.0.22, weight: 1 }
`;
const WEB = 'TCP 10.0.0.100:7000';
const WEIGHTS = { [WEB]: { '10.0.0.21:7000': 10, '10.0.0.22:7000': 1 } };
const SLACK_MS = 15_000;

describe('connection thresholds', function () {
  this.timeout(90_000);
  let lab: Lab;
  let daemon: Daemon;

  before(async () => {
    lab = await Lab.create({ directors: 1 });
    await lab.node('d1').ip(['addr add 10.0.0.100/32 dev eth0']);
    await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r2')]);
    daemon = Daemon.start(lab, 'd1', { config: config(2) });
    await daemon.waitForLine(/ runs d1/, SLACK_MS);
    await waitForWeights(lab.node('d1'), WEIGHTS, SLACK_MS);
  });
  after(() => lab?.destroy());

  const open = async (): Promise<string> => (await Connection.open(lab, '10.0.0.100', 7000)).server;

  /** Upper threshold, lower threshold, active connections of r1. */
  async function listed(): Promise<string | undefined> {
    const { stdout } = await lab.node('d1').exec('ipvsadm', ['-Ln', '--thresholds']);
    return /10\.0\.0\.21:7000 +(\d+ +\d+ +\d+)/.exec(stdout)?.[1]?.replace(/ +/g, ' ');
  }

  async function isOver(): Promise<boolean | undefined> {
    const { stdout } = await daemon.lvsd(['status', '--json']);
    const snapshot: Snapshot = JSON.parse(stdout);
    return snapshot.virtualServers[0]?.realServers[0]?.thresholds.over;
  }

  it('with an upper threshold of 2 the third connection goes elsewhere', async () => {
    assert.equal(await isOver(), false);
    assert.deepEqual([await open(), await open(), await open()], ['r1', 'r1', 'r2']);
    assert.equal(await listed(), '2 0 2');
    assert.equal(await isOver(), true);
  });

  it('a higher one by reload takes effect at once and changes no weight', async () => {
    const before = weightsOf(await listTable(lab.node('d1')));
    daemon.writeConfig(config(3));
    await daemon.reload();
    assert.equal(await listed(), '3 0 2');
    assert.deepEqual(weightsOf(await listTable(lab.node('d1'))), before);
    assert.equal(await isOver(), false);
    assert.deepEqual([await open(), await open()], ['r1', 'r2']);
    assert.equal(await isOver(), true);
  });

  it('none by reload lifts the limit', async () => {
    daemon.writeConfig(config(0));
    await daemon.reload();
    assert.equal(await listed(), '0 0 3');
    assert.deepEqual([await open(), await open()], ['r1', 'r1']);
    assert.equal(await isOver(), false);
  });
});
