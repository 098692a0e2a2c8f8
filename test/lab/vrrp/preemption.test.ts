/** Who takes over from a living MASTER, and when: preempt delay, preempt: false, startup delay; keepalived is the other one. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Keepalived, keepalivedText } from '../support/keepalived.ts';
import { Lab } from '../support/lab.ts';
import { Pcap } from '../support/pcap.ts';
import {
  configText,
  killKeepalived,
  routerOf,
  SLACK_MS,
  vrrpPidOf,
  Wire,
  waitForHolder,
  waitForRole,
  watchFor,
} from './referee.ts';

const VIP = '10.0.0.100';
const D1 = '10.0.0.11';
const D2 = '10.0.0.12';

describe('preemption', function () {
  this.timeout(60_000);
  let lab: Lab;
  let wire: Wire;
  let pcap: Pcap;
  let lvsd: Daemon | null = null;
  let keepalived: Keepalived;

  beforeEach(async () => {
    lab = await Lab.create({ realServers: 0 });
    wire = await Wire.start(lab);
    pcap = await Pcap.start(lab);
  });
  afterEach(async () => {
    try {
      await pcap.assertGood(D1);
    } finally {
      await lab?.destroy();
    }
  });

  /** keepalived is MASTER with 100 before lvsd starts with 150. */
  const beside = async (more: string): Promise<Daemon> => {
    keepalived = Keepalived.start(lab, 'd2', keepalivedText({ priority: 100 }));
    await waitForHolder(lab, 'd2', 'd1', VIP);
    lvsd = Daemon.start(lab, 'd1', { config: configText({ priority: 150, more }) });
    await waitForRole(lvsd, 'BACKUP');
    return lvsd;
  };

  it('with a delay a living MASTER is left alone for so long', async () => {
    const since = Date.now();
    const daemon = await beside('preempt: { delay: 3s }');
    const why = /^preempt delay: [0-9.]+ s left, 10\.0\.0\.12 is there/;
    await waitFor(async () => why.test((await routerOf(daemon)).whyNotMaster ?? ''), {
      timeoutMs: SLACK_MS,
      pollMs: 50,
      what: 'd1 to hear d2 and say why it waits',
    });
    const first = await wire.waitForAdvert(({ source }) => source === D1, since, 'd1 to take over');
    const heard = wire.adverts(since, D2).find(({ at }) => at > since);
    assert.ok(heard !== undefined && first.at - heard.at >= 2900, `${first.at - (heard?.at ?? 0)} ms`);
    await waitForHolder(lab, 'd1', 'd2', VIP);
    assert.equal((await routerOf(daemon)).reason, 'preempt-delay');
  });

  for (const [how, leave] of [
    ['stops', () => keepalived.stop()],
    ['dies', () => killKeepalived(lab, 'd2', keepalived)],
  ] as const) {
    it(`a MASTER that ${how} while the delay runs is succeeded at once`, async () => {
      const daemon = await beside('preempt: { delay: 10m }');
      await watchFor(8);
      assert.deepEqual(wire.adverts(0, D1), []);
      await leave();
      await waitForRole(daemon, 'MASTER');
      assert.equal((await routerOf(daemon)).reason, 'active-down');
    });
  }

  it('with preempt: false a living MASTER stays, a dead one is succeeded', async () => {
    const daemon = await beside('preempt: false');
    await watchFor(10);
    assert.deepEqual(wire.adverts(0, D1), []);
    const { whyNotMaster } = await routerOf(daemon);
    assert.equal(whyNotMaster, 'preempt: false, and 10.0.0.12 is there with priority 100');
    await killKeepalived(lab, 'd2', keepalived);
    await waitForRole(daemon, 'MASTER');
  });

  it("keepalived's nopreempt beside us: nobody needs an initial state", async () => {
    lvsd = Daemon.start(lab, 'd1', { config: configText({ priority: 100 }) });
    await waitForRole(lvsd, 'MASTER');
    keepalived = Keepalived.start(lab, 'd2', keepalivedText({ priority: 150, more: 'nopreempt' }));
    const since = Date.now();
    await watchFor(15);
    assert.deepEqual(wire.adverts(since, D2), []);
    assert.equal((await routerOf(lvsd)).role, 'MASTER');
  });

  it("keepalived's preempt_delay beside us: we stay until it is over, then give way", async () => {
    lvsd = Daemon.start(lab, 'd1', { config: configText({ priority: 100 }) });
    await waitForRole(lvsd, 'MASTER');
    keepalived = Keepalived.start(lab, 'd2', keepalivedText({ priority: 150, more: 'preempt_delay 2' }));
    const { at } = await keepalived.waitForLine(/Entering BACKUP STATE/, SLACK_MS);
    const first = await wire.waitForAdvert(({ source }) => source === D2, 0, 'keepalived to take over');
    assert.ok(first.at - at >= 1900, `${first.at - at} ms`);
    await waitForHolder(lab, 'd2', 'd1', VIP);
    const { role, reason } = await routerOf(lvsd);
    assert.deepEqual([role, reason], ['BACKUP', 'higher-priority']);
  });

  it('after the start nobody becomes MASTER before the startup delay is over, even alone', async () => {
    const since = Date.now();
    const config = `vrrp_process: { startup_delay: 4s }\n${configText({ priority: 150 })}`;
    lvsd = Daemon.start(lab, 'd1', { config });
    const { whyNotMaster } = await waitForRole(lvsd, 'BACKUP');
    assert.match(whyNotMaster ?? '', /^startup delay: [0-9.]+ s left$/);
    const first = await wire.waitForAdvert(({ source }) => source === D1, since, 'd1 to take over');
    assert.ok(first.at - since >= 4000, `${first.at - since} ms`);
  });

  it('a link that is up again counts after its up_delay: FAULT until then', async () => {
    const daemon = await beside('preempt: false, track: [{ interface: eth0, up_delay: 3s }]');
    await keepalived.stop();
    await waitForRole(daemon, 'MASTER');
    await lab.cutCable('d1');
    await waitForRole(daemon, 'FAULT');
    const since = Date.now();
    await lab.restoreCable('d1');
    const first = await wire.waitForAdvert(({ source }) => source === D1, since, 'd1 to come back');
    assert.ok(first.at - since >= 3000, `${first.at - since} ms`);
    const told = daemon.lines.some(({ text }) => text.includes('it is up again, but up_delay is not over'));
    assert.ok(told, 'the log says what it waits for');
  });

  it('a restart of the VRRP process alone is no start', async () => {
    const config = `vrrp_process: { startup_delay: 5s }\n${configText({ priority: 150 })}`;
    lvsd = Daemon.start(lab, 'd1', { config });
    await waitForRole(lvsd, 'MASTER');
    keepalived = Keepalived.start(lab, 'd2', keepalivedText({ priority: 100 }));
    await watchFor(5);
    const since = Date.now();
    process.kill(await vrrpPidOf(lvsd), 'SIGKILL');
    const next = await wire.waitForAdvert(({ source, at }) => source === D1 && at > since + 100, since, 'd1 to go on');
    assert.ok(next.at - since < 5000, `${next.at - since} ms, as if the startup delay counted`);
    await waitForHolder(lab, 'd1', 'd2', VIP);
  });
});
