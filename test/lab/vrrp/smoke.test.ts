/** The lab itself, without IPVS: are the machines there, do they reach each other, does a cut cable cut? */
import assert from 'node:assert/strict';
import { Capture } from '../support/capture.ts';
import { summarise } from '../support/client-report.ts';
import { run, waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';
import { ip4, ip6 } from '../support/topology.ts';
import { Traffic } from '../support/traffic.ts';

describe('the lab', function () {
  this.timeout(60_000);
  let lab: Lab;

  before(async () => {
    lab = await Lab.create({ family: 'both' });
  });
  after(() => lab?.destroy());

  it('connects every machine with every other at the front, IPv4 and IPv6', async () => {
    const reached: string[] = [];
    const pairs = lab.machines.flatMap((from) =>
      lab.machines.filter((to) => to.host > from.host).map((to) => ({ from, to })),
    );
    for (const { from, to } of pairs) {
      if (await lab.reaches(from.name, ip4(to.host))) reached.push(`${from.name}-${to.name} 4`);
      if (await lab.reaches(from.name, ip6(to.host))) reached.push(`${from.name}-${to.name} 6`);
    }
    assert.deepEqual(
      reached,
      ['d1-d2', 'd1-r1', 'd1-r2', 'd1-c1', 'd2-r1', 'd2-r2', 'd2-c1', 'r1-r2', 'r1-c1', 'r2-c1'].flatMap((pair) => [
        `${pair} 4`,
        `${pair} 6`,
      ]),
    );
  });

  it('has the MAC addresses that it documents', async () => {
    await lab.reaches('c1', '10.0.0.11');
    const { stdout } = await lab.node('c1').exec('ip', ['neigh', 'show', '10.0.0.11']);
    assert.match(stdout, /lladdr 02:00:00:00:01:0b /);
  });

  it('connects the directors at the back', async () => {
    assert.equal(await lab.reaches('d1', '10.1.0.12'), true);
  });

  it('cuts a cable so that the machine loses its carrier, and plugs it in again', async () => {
    await lab.cutCable('d1');
    assert.match((await lab.node('d1').exec('ip', ['link', 'show', 'eth0'])).stdout, /NO-CARRIER/);
    assert.equal(await lab.reaches('c1', '10.0.0.11'), false);
    await lab.restoreCable('d1');
    await waitFor(() => lab.reaches('c1', '10.0.0.11'), { timeoutMs: 5000, what: 'd1 to be back' });
  });

  it('isolates a machine so that its carrier stays', async () => {
    await lab.isolate('d2');
    assert.doesNotMatch((await lab.node('d2').exec('ip', ['link', 'show', 'eth0'])).stdout, /NO-CARRIER/);
    assert.equal(await lab.reaches('c1', '10.0.0.12'), false);
    await lab.restoreCable('d2');
    await waitFor(() => lab.reaches('c1', '10.0.0.12'), { timeoutMs: 5000, what: 'd2 to be back' });
  });

  it('hides the VIP of the real servers from ARP (direct routing)', async () => {
    assert.match((await lab.node('r1').exec('ip', ['addr', 'show', 'lo'])).stdout, /10\.0\.0\.100\/32/);
    const { code } = await lab
      .node('c1')
      .exec('arping', ['-c', '1', '-w', '1', '-I', 'eth0', '10.0.0.100'], { check: false });
    assert.notEqual(code, 0);
  });

  it('starts servers that answer over TCP and HTTP, with a health that can be switched', async () => {
    const server = await RealServer.start(lab, 'r1');
    const health = async () => {
      const args = ['-s', '-m', '3', '-o', '/dev/null', '-w', '%{http_code}', 'http://10.0.0.21/healthz'];
      return (await lab.node('d1').exec('curl', args)).stdout;
    };
    assert.equal(await health(), '200');
    server.setHealth(503);
    assert.equal(await health(), '503');
    server.setHealth(undefined);
    assert.equal(await health(), '200');

    const traffic = await Traffic.start(lab, { host: '10.0.0.21', port: 7000, connections: 2 });
    await new Promise((resolve) => setTimeout(resolve, 600));
    const summary = summarise(await traffic.stop());
    assert.deepEqual(Object.keys(summary.perServer), ['r1']);
    assert.equal(summary.failures, 0);
    assert.equal(summary.survivors, 2);
    await server.stop();
  });

  it('captures packets with their times', async () => {
    const capture = await Capture.start(lab, 'd1', { filter: 'tcp' });
    const before = Date.now();
    await lab.reaches('c1', '10.0.0.11');
    const { at } = await capture.waitForPacket(/10\.0\.0\.51\.\d+ > 10\.0\.0\.11\.9: Flags \[S\]/, 5000);
    assert.ok(at >= before - 50 && at <= Date.now() + 50, `captured at ${at}, sent after ${before}`);
    await capture.stop();
  });

  it('leaves nothing behind', async () => {
    const server = await RealServer.start(lab, 'r2');
    // A grandchild that survives its parent, as the children of keepalived do.
    const parent = lab.spawn('d1', 'sh', ['-c', 'setsid sleep 4711 & wait'], {
      name: 'parent',
      logFile: lab.file('log'),
    });
    await waitFor(() => lab.node('d1').pids().length === 2, { timeoutMs: 5000, what: 'parent and grandchild' });
    await parent.kill();
    assert.equal(lab.node('d1').pids().length, 1);
    await lab.destroy();
    assert.equal(server.child.isRunning, false);
    assert.equal((await run('pgrep', ['-f', 'sleep 4711'], { check: false })).stdout, '');
    assert.equal((await run('ip', ['netns', 'list'])).stdout, '');
  });
});
