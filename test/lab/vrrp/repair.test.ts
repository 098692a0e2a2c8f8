/** What somebody else does to the interface of the MASTER. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import {
  configText,
  holds,
  INTERVAL_MS,
  longestGap,
  routerOf,
  Wire,
  waitForHolder,
  waitForRole,
  watchFor,
} from './referee.ts';

const VIP = '10.0.0.100';
const D1 = '10.0.0.11';
const D2 = '10.0.0.12';

describe('repair', function () {
  this.timeout(60_000);
  let lab: Lab;
  let wire: Wire;
  let d1: Daemon;
  let d2: Daemon;

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    wire = await Wire.start(lab);
    d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 150, addresses: [`${VIP}/32`] }) });
    d2 = Daemon.start(lab, 'd2', { config: configText({ priority: 100, addresses: [`${VIP}/32`] }) });
    await waitForHolder(lab, 'd1', 'd2', VIP);
    await waitForRole(d1, 'MASTER');
    await waitForRole(d2, 'BACKUP');
    await watchFor(3); // so that what the tests look back on is quiet
  });
  after(() => lab?.destroy());

  it('a virtual address that was deleted by hand is back at once, announced, without a change of state', async () => {
    const before = await routerOf(d1);
    const since = Date.now();
    await lab.node('d1').ip([`addr del ${VIP}/32 dev eth0`]);
    await waitFor(() => holds(lab, 'd1', VIP), { timeoutMs: 1000, pollMs: 20, what: 'the address to be back' });
    await watchFor(5);
    const after = await routerOf(d1);
    assert.deepEqual(
      [after.role, after.sinceMs, after.transitionsToMaster],
      ['MASTER', before.sinceMs, before.transitionsToMaster],
    );
    assert.deepEqual(
      wire.adverts(since).filter(({ priority, source }) => priority === 0 || source !== D1),
      [],
    );
    assert.ok(longestGap(wire.adverts(since - 2 * INTERVAL_MS, D1)) < 2 * INTERVAL_MS, 'an advertisement is missing');
    assert.ok(wire.announcements(VIP, since).length >= 1);
    await d1.waitForLine(/web: put back 10\.0\.0\.100\/32 dev eth0, which was missing/, 1000);
  });

  it('a flood of deletions is repaired too, with a bounded log', async () => {
    const lines = d1.lines.length;
    for (let round = 0; round < 20; round++) {
      await lab.node('d1').exec('ip', ['addr', 'del', `${VIP}/32`, 'dev', 'eth0'], { check: false });
    }
    await waitFor(() => holds(lab, 'd1', VIP), { timeoutMs: 1000, pollMs: 20, what: 'the address to be back' });
    assert.equal((await routerOf(d1)).role, 'MASTER');
    assert.ok(d1.lines.length - lines <= 3, `${d1.lines.length - lines} lines`);
  });

  it('without an address to send from it is in FAULT and says why; with one it is MASTER again', async () => {
    const since = Date.now();
    await lab.node('d1').ip([`addr del ${D1}/24 dev eth0`]);
    const { fault } = await waitForRole(d1, 'FAULT');
    assert.equal(fault, 'interface eth0 has no IPv4 address to send from');
    await wire.waitForAdvert(({ source }) => source === D2, since, 'd2 to advertise');
    await waitForHolder(lab, 'd2', 'd1', VIP);
    const status = await d1.lvsd(['status']);
    assert.match(status.stdout, /has no IPv4 address to send from/);

    await lab.node('d1').ip([`addr add ${D1}/24 dev eth0`]);
    await waitForHolder(lab, 'd1', 'd2', VIP);
    await waitForRole(d1, 'MASTER');
  });

  it('an interface that disappears and comes back under the same name is used again', async () => {
    await lab.node('d1').ip(['link set eth0 down']);
    await waitForRole(d1, 'FAULT');
    await waitForHolder(lab, 'd2', 'd1', VIP);
    await lab.node('d1').ip(['link set eth0 name gone']);
    await waitFor(async () => (await routerOf(d1)).fault === 'interface eth0 does not exist', {
      timeoutMs: 2000,
      what: 'the fault to tell that eth0 does not exist',
    });
    await lab.node('d1').ip(['link set gone name eth0', 'link set eth0 up']);
    await waitForHolder(lab, 'd1', 'd2', VIP);
  });
});
