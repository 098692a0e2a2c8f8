/** One daemon for each network namespace, and what a reload changes while virtual routers work. */
import assert from 'node:assert/strict';
import { Daemon, LVSD } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import {
  AddressWatch,
  configText,
  holds,
  INTERVAL_MS,
  longestGap,
  routerOf,
  SLACK_MS,
  snapshotOf,
  Wire,
  waitForHolder,
  waitForRole,
  watchFor,
} from './referee.ts';

const VIP = '10.0.0.100';
const D1 = '10.0.0.11';

describe('a second daemon', function () {
  this.timeout(30_000);
  let lab: Lab;
  let d1: Daemon;

  before(async () => {
    lab = await Lab.create({ realServers: 0, client: false });
    d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 150 }) });
    await waitForRole(d1, 'MASTER');
  });
  after(() => lab?.destroy());

  const runAt = (node: string, socket: string) =>
    lab.node(node).exec(process.execPath, [LVSD, 'run', '-c', d1.configFile, '--socket', socket], { check: false });

  it('is refused in the same network namespace, with the pid of the first', async () => {
    const { code, stderr } = await runAt('d1', lab.file('other.sock'));
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`another lvsd \\(pid ${d1.child.pid}\\) runs in this network namespace`));
  });

  it('is refused at the same socket in another namespace', async () => {
    const { code, stderr } = await runAt('d2', d1.socket);
    assert.equal(code, 1);
    assert.match(stderr, /another daemon answers at .*d1\.sock/);
  });

  it('does not disturb the first', async () => {
    assert.equal((await routerOf(d1)).role, 'MASTER');
    assert.equal(await holds(lab, 'd1', VIP), true);
  });
});

describe('reload', function () {
  this.timeout(60_000);
  let lab: Lab;
  let wire: Wire;
  let watch: AddressWatch;
  let d1: Daemon;
  let d2: Daemon;

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    wire = await Wire.start(lab);
    watch = await AddressWatch.start(lab, 'd1');
    d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 150 }) });
    d2 = Daemon.start(lab, 'd2', { config: configText({ priority: 100 }) });
    await waitForHolder(lab, 'd1', 'd2', VIP);
    await waitForRole(d1, 'MASTER');
    await waitForRole(d2, 'BACKUP');
    await watchFor(3); // so that what the tests look back on is quiet
  });
  after(() => lab?.destroy());

  /** Nothing but d1's advertisements, without a gap, and its address untouched. */
  const assertUndisturbed = (since: number): void => {
    const seen = wire.adverts(since - 2 * INTERVAL_MS).filter(({ vrid }) => vrid === 51);
    assert.deepEqual([...new Set(seen.map(({ source }) => source))], [D1]);
    assert.ok(seen.every(({ priority }) => priority > 0));
    assert.ok(longestGap(seen) < 2 * INTERVAL_MS, `a gap of ${longestGap(seen)} ms`);
    assert.deepEqual(watch.events(VIP, since), []);
  };

  it('`lvsd reload` changes a priority without leaving the state', async () => {
    const since = Date.now();
    d1.writeConfig(configText({ priority: 200 }));
    const { stdout } = await d1.reload();
    assert.equal(stdout, 'reloaded\n');
    await wire.waitForAdvert(({ priority }) => priority === 200, since, 'the new priority');
    await watchFor(4);
    assertUndisturbed(since);
    assert.equal((await routerOf(d1)).transitionsToMaster, 1);
  });

  it('SIGHUP does the same', async () => {
    const since = Date.now();
    d1.writeConfig(configText({ priority: 180 }));
    d1.signal('SIGHUP');
    await wire.waitForAdvert(({ priority }) => priority === 180, since, 'the new priority');
    await watchFor(4);
    assertUndisturbed(since);
  });

  it('an invalid file changes nothing: exit code 1, and what is wrong with line and column', async () => {
    const since = Date.now();
    d1.writeConfig(configText({ priority: 180 }).replace('priority: 180', 'priority: 300'));
    const { code, stderr } = await d1.lvsd(['reload'], { check: false });
    assert.equal(code, 1);
    assert.match(stderr, /d1\.yaml:2:\d+: vrrp\[0\]\.priority: .*300/);
    assert.match(stderr, /nothing was changed/);
    await watchFor(4);
    assertUndisturbed(since);
    const { lastReload } = (await snapshotOf(d1)).daemon;
    assert.equal(lastReload?.ok, false);
    assert.match(lastReload?.problems[0] ?? '', /priority/);
    assert.equal((await routerOf(d1)).priority, 180);
  });

  it('adds a virtual router beside the working one, and takes it away', async () => {
    const since = Date.now();
    d1.writeConfig(
      configText({ priority: 150 }, { name: 'more', vrid: 52, priority: 120, addresses: ['10.0.0.110/24'] }),
    );
    await d1.reload();
    await waitForRole(d1, 'MASTER', 'more');
    assert.equal(await holds(lab, 'd1', '10.0.0.110'), true);
    d1.writeConfig(configText({ priority: 150 }));
    await d1.reload();
    const zero = await wire.waitForAdvert(
      ({ vrid, priority }) => vrid === 52 && priority === 0,
      since,
      'its priority 0',
    );
    await waitFor(async () => !(await holds(lab, 'd1', '10.0.0.110')), {
      timeoutMs: SLACK_MS,
      what: 'its address to go',
    });
    assert.deepEqual(
      (await snapshotOf(d1)).virtualRouters.map(({ name }) => name),
      ['web'],
    );
    await watchFor(3);
    assert.deepEqual(
      wire.adverts(zero.at + 1).filter(({ vrid }) => vrid === 52),
      [],
    );
    assertUndisturbed(since);
  });

  it('adds an address to a MASTER, announced and advertised, and removes it', async () => {
    const since = Date.now();
    d1.writeConfig(configText({ priority: 150, addresses: [`${VIP}/24`, '10.0.0.101/24'] }));
    await d1.reload();
    await waitFor(() => holds(lab, 'd1', '10.0.0.101'), { timeoutMs: SLACK_MS, what: 'the new address' });
    await waitFor(() => wire.announcements('10.0.0.101', since).length > 0, {
      timeoutMs: SLACK_MS,
      what: 'a gratuitous ARP of the new address',
    });
    await waitFor(() => wire.packets(since).some(({ text }) => /10\.0\.0\.11 > .*VRRPv3.* length 16/.test(text)), {
      timeoutMs: SLACK_MS,
      what: 'an advertisement of both addresses',
    });
    d1.writeConfig(configText({ priority: 150 }));
    await d1.reload();
    await waitFor(async () => !(await holds(lab, 'd1', '10.0.0.101')), { timeoutMs: SLACK_MS, what: 'it to go' });
    assertUndisturbed(since);
  });

  it('takes away the last virtual router: priority 0, then the address', async () => {
    const since = Date.now();
    d1.writeConfig('vrrp: []\n');
    await d1.reload();
    await wire.waitForAdvert(({ source, priority }) => source === D1 && priority === 0, since, 'priority 0');
    await waitForHolder(lab, 'd2', 'd1', VIP);
    await waitForRole(d2, 'MASTER');
  });
});
