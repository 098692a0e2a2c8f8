/** Two directors: who is MASTER, how the address moves, and in which order it shows on the wire. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import {
  AddressWatch,
  configText,
  holds,
  killDirector,
  routerOf,
  SLACK_MS,
  vrrpPidOf,
  Wire,
  waitForHolder,
  waitForRole,
  watchFor,
} from './referee.ts';

const VIP = '10.0.0.100';
const VIP6 = 'fd00::100';
const D1 = '10.0.0.11';
const D2 = '10.0.0.12';
/** One burst of announcements only, so that it can be counted. */
const ONCE = 'announcements: { repeat_delay: 0s }';

const config = (priority: number, more = '') =>
  configText(
    { priority, more: more === '' ? ONCE : `${ONCE}, ${more}` },
    { name: 'web6', priority, addresses: ['fe80::5:51/64', `${VIP6}/64`], more: ONCE },
  );

describe('election and failover', function () {
  this.timeout(60_000);
  let lab: Lab;
  let wire: Wire;
  let d1: Daemon;
  let d2: Daemon;

  before(async () => {
    lab = await Lab.create({ realServers: 0, family: 'both' });
    wire = await Wire.start(lab);
    d1 = Daemon.start(lab, 'd1', { config: config(150) });
    d2 = Daemon.start(lab, 'd2', { config: config(100) });
  });
  after(() => lab?.destroy());

  const settled = async (holder: string, other: string): Promise<void> => {
    for (const vip of [VIP, VIP6, 'fe80::5:51']) await waitForHolder(lab, holder, other, vip);
  };

  it('the higher priority becomes MASTER and holds the addresses, the other does not', async () => {
    await settled('d1', 'd2');
    await waitForRole(d1, 'MASTER');
    await waitForRole(d2, 'BACKUP');
    await waitForRole(d1, 'MASTER', 'web6');
    await waitForRole(d2, 'BACKUP', 'web6');
    const since = Date.now();
    await watchFor(5);
    assert.ok(wire.adverts(since, D1).length >= 3);
    assert.deepEqual(wire.adverts(since, D2), []);
  });

  it('IPv6 advertisements come from the own link-local address, not from the virtual one', async () => {
    const { stdout } = await lab.node('d1').exec('ip', ['-o', '-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'link']);
    const own = [...stdout.matchAll(/inet6 ([0-9a-f:]+)\//g)]
      .map((match) => match[1])
      .filter((a) => a !== 'fe80::5:51');
    const since = Date.now();
    const seen = await wire.waitForAdvert(({ source }) => source.includes(':'), since, 'an IPv6 advertisement');
    assert.deepEqual([seen.source, seen.priority], [own[0], 150]);
  });

  it('after kill -9 of the active director the backup takes over: advertisement first, then five gratuitous ARP', async () => {
    const since = Date.now();
    await killDirector(d1);
    const first = await wire.waitForAdvert(({ source }) => source === D2, since, 'd2 to advertise');
    assert.equal(first.priority, 100);
    const first6 = await wire.waitForAdvert(
      (advert) => advert.priority === 100 && advert.source.includes(':'),
      since,
      'd2, IPv6',
    );
    await watchFor(3);
    const afterwards = wire.announcements(VIP, since);
    assert.equal(afterwards.length, 5);
    assert.ok(
      afterwards.every(({ at }) => at > first.at),
      'a gratuitous ARP before the advertisement',
    );
    for (const address of [VIP6, 'fe80::5:51']) {
      const told = wire.announcements(address, since);
      assert.equal(told.length, 5, address);
      assert.ok(
        told.every(({ at }) => at > first6.at),
        `an advertisement of ${address} before the VRRP one`,
      );
    }
    for (const vip of [VIP, VIP6]) assert.equal(await holds(lab, 'd2', vip), true);
    assert.equal((await routerOf(d2)).reason, 'active-down');
  });

  it('preempts when it is back', async () => {
    d1.restart();
    await settled('d1', 'd2');
    await waitForRole(d2, 'BACKUP');
    assert.equal((await routerOf(d2)).reason, 'higher-priority');
  });

  it('a cut cable is a FAULT that releases the addresses; clients reach the backup, and the other one again after plug-in', async () => {
    const since = Date.now();
    await lab.cutCable('d1');
    const { fault } = await waitForRole(d1, 'FAULT');
    assert.equal(fault, 'interface eth0 is down or has no carrier');
    await settled('d2', 'd1');
    await wire.waitForAdvert(({ source }) => source === D2, since, 'd2 to advertise');
    for (const vip of [VIP, VIP6]) {
      assert.equal(await lab.reaches('c1', vip), true);
      const { stdout } = await lab.node('c1').exec('ip', ['neigh', 'show', vip]);
      assert.match(stdout, /lladdr 02:00:00:00:01:0c /);
    }
    const back = Date.now();
    await lab.restoreCable('d1');
    await wire.waitForAdvert(({ source }) => source === D1, back, 'd1 to advertise again');
    await settled('d1', 'd2');
  });

  it('SIGTERM: priority 0, and the address goes only after the successor was heard; exit code 0 within 3 s', async () => {
    const watch = await AddressWatch.start(lab, 'd1');
    const child = await vrrpPidOf(d1);
    const since = Date.now();
    d1.signal('SIGTERM');
    const { code } = await d1.child.exited;
    assert.equal(code, 0);
    assert.ok(Date.now() - since < 3000, `it took ${Date.now() - since} ms`);
    assert.throws(() => process.kill(child, 0), /ESRCH/);

    const zero = await wire.waitForAdvert(
      ({ priority, source }) => priority === 0 && source === D1,
      since,
      'priority 0',
    );
    const taken = await wire.waitForAdvert(({ source }) => source === D2, since, 'd2 to advertise');
    assert.ok(zero.at < taken.at);
    await waitFor(() => watch.events(VIP, since).length > 0, { timeoutMs: SLACK_MS, what: 'the address to go' });
    const [gone] = watch.events(VIP, since);
    assert.equal(gone?.deleted, true);
    assert.ok((gone?.at ?? 0) > taken.at, `released at ${gone?.at}, the successor spoke at ${taken.at}`);
    await settled('d2', 'd1');
  });

  it('with preempt: false a higher priority stays BACKUP beside a living MASTER, and takes over from a dead one', async () => {
    d1.writeConfig(config(150, 'preempt: false'));
    const since = Date.now();
    d1.restart();
    await waitForRole(d1, 'MASTER', 'web6'); // the other one preempts
    await watchFor(10);
    assert.equal((await routerOf(d1)).role, 'BACKUP');
    assert.deepEqual(wire.adverts(since, D1), []);
    await waitForHolder(lab, 'd2', 'd1', VIP);
    await killDirector(d2);
    await wire.waitForAdvert(({ source }) => source === D1, since, 'd1 to take over');
    await waitForRole(d1, 'MASTER');
  });
});
