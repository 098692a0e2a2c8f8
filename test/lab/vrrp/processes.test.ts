/** What happens to the addresses when one of the two processes dies or hangs. */
import assert from 'node:assert/strict';
import { isAlive } from '../../support/wait.ts';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import {
  AddressWatch,
  configText,
  holds,
  SLACK_MS,
  snapshotOf,
  vrrpPidOf,
  Wire,
  waitForHolder,
  waitForRole,
  watchFor,
} from './referee.ts';

const VIP = '10.0.0.100';
const D1 = '10.0.0.11';
const D2 = '10.0.0.12';

function usePair(intervalMs: number) {
  const pair: { lab?: Lab; wire?: Wire; d1?: Daemon; d2?: Daemon } = {};
  before(async () => {
    const lab = await Lab.create({ realServers: 0 });
    pair.lab = lab;
    pair.wire = await Wire.start(lab);
    pair.d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 150, intervalMs }) });
    pair.d2 = Daemon.start(lab, 'd2', { config: configText({ priority: 100, intervalMs }) });
    await waitForHolder(lab, 'd1', 'd2', VIP);
    await waitForRole(pair.d1, 'MASTER');
    await waitForRole(pair.d2, 'BACKUP');
  });
  after(() => pair.lab?.destroy());
  return () => {
    const { lab, wire, d1, d2 } = pair;
    if (lab === undefined || wire === undefined || d1 === undefined || d2 === undefined) assert.fail('no lab');
    return { lab, wire, d1, d2 };
  };
}

describe('a dead or hanging process at 1 s advertisements', function () {
  this.timeout(60_000);
  const pair = usePair(1000);

  it('kill -9 of the VRRP process: the address stays, the process is back, the peer does not move', async () => {
    const { lab, wire, d1 } = pair();
    const watch = await AddressWatch.start(lab, 'd1');
    const pid = await vrrpPidOf(d1);
    const since = Date.now();
    process.kill(pid, 'SIGKILL');
    await d1.waitForLine(/The VRRP process ended \(SIGKILL\): restarting it/, SLACK_MS);
    await waitForRole(d1, 'MASTER');
    assert.notEqual(await vrrpPidOf(d1), pid);
    assert.equal((await snapshotOf(d1)).daemon.vrrpProcess.restarts, 1);
    await watchFor(4, 1000); // longer than the peer waits
    assert.deepEqual(wire.adverts(since, D2), []);
    assert.deepEqual(
      wire.adverts(since).filter(({ priority }) => priority === 0),
      [],
    );
    assert.deepEqual(watch.events(VIP, since), []);
    assert.equal(await holds(lab, 'd1', VIP), true);
  });

  it('kill -9 of the main process: the VRRP process hands over with priority 0, releases and exits', async () => {
    const { lab, wire, d1 } = pair();
    const pid = await vrrpPidOf(d1);
    const since = Date.now();
    await d1.kill();
    const zero = await wire.waitForAdvert(
      ({ source, priority }) => source === D1 && priority === 0,
      since,
      'priority 0',
    );
    const taken = await wire.waitForAdvert(({ source }) => source === D2, since, 'd2 to advertise');
    assert.ok(taken.at >= zero.at && taken.at - zero.at < 2000, `${taken.at - zero.at} ms after priority 0`);
    await waitForHolder(lab, 'd2', 'd1', VIP);
    await waitFor(() => !isAlive(pid), { timeoutMs: SLACK_MS, what: 'the VRRP process to exit' });
  });

  it('it starts again beside what is left, and is MASTER again', async () => {
    const { lab, d1 } = pair();
    d1.restart();
    await waitForHolder(lab, 'd1', 'd2', VIP);
  });
});

describe('a dead or hanging process at 100 ms advertisements', function () {
  this.timeout(60_000);
  const pair = usePair(100);

  it('a VRRP process that hangs is killed and replaced; in the end one director holds the address', async () => {
    const { lab, wire, d1 } = pair();
    const pid = await vrrpPidOf(d1);
    const since = Date.now();
    process.kill(pid, 'SIGSTOP');
    await wire.waitForAdvert(({ source }) => source === D2, since, 'd2 to take over');
    await d1.waitForLine(/The VRRP process was silent for \d+ ms: killing it/, 15_000);
    await waitFor(() => !isAlive(pid), { timeoutMs: SLACK_MS, what: 'the old process to be gone' });
    await waitForHolder(lab, 'd1', 'd2', VIP);
    await waitForRole(d1, 'MASTER');
  });

  it('kill -9 of the VRRP process leaves one holder in the end', async () => {
    const { lab, d1, d2 } = pair();
    process.kill(await vrrpPidOf(d1), 'SIGKILL');
    await waitForRole(d1, 'MASTER');
    await waitForHolder(lab, 'd1', 'd2', VIP);
    await waitForRole(d2, 'BACKUP');
  });
});
