/** `accept: false`: the MASTER answers for the address on the link and takes no packet for it (RFC 9568 section 6.4.3). */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { configText, hasNftables, neighborOf, routerOf, SLACK_MS, waitForHolder, waitForRole } from './referee.ts';

const VIP = '10.0.0.100';
const VIP6 = 'fd00::100';
const more = 'accept: false, extra_addresses: [10.0.0.102/32]';
const config = (priority: number, accept = more) =>
  configText(
    { priority, addresses: [`${VIP}/32`], more: accept },
    { name: 'web6', priority, addresses: ['fe80::5:51/64', `${VIP6}/128`], more: accept.replace(/, extra.*/, '') },
    { name: 'open', vrid: 52, priority, addresses: ['10.0.0.101/32'] },
  );

describe('accept: false', function () {
  this.timeout(60_000);
  let lab: Lab;
  let d1: Daemon;
  let d2: Daemon;

  before(async function () {
    lab = await Lab.create({ realServers: 0, family: 'both' });
    if (!(await hasNftables(lab, 'd1'))) this.skip();
    d1 = Daemon.start(lab, 'd1', { config: config(150) });
    d2 = Daemon.start(lab, 'd2', { config: config(100) });
    await waitForHolder(lab, 'd1', 'd2', VIP);
    await waitForHolder(lab, 'd1', 'd2', VIP6);
  });
  after(() => lab?.destroy());

  const tableOf = async (node: string): Promise<string> =>
    (await lab.node(node).exec('nft', ['list', 'table', 'inet', 'lvsd_vrrp'], { check: false })).stdout;

  it('neighbours find the addresses, but nobody reaches them', async () => {
    for (const vip of [VIP, VIP6, '10.0.0.102']) {
      assert.equal(await lab.reaches('c1', vip), false, vip);
      assert.equal(await neighborOf(lab, vip), '02:00:00:00:01:0b');
    }
  });

  it('other addresses, its own and those of other virtual routers, are reached', async () => {
    for (const address of ['10.0.0.11', 'fd00::11', '10.0.0.101']) {
      assert.equal(await lab.reaches('c1', address), true, address);
    }
  });

  it('the director itself reaches them', async () => {
    assert.equal(await lab.reaches('d1', VIP), true);
  });

  it('advertisements are heard, and the other one takes over with the same rules', async () => {
    const { adverts } = await routerOf(d2);
    assert.ok(adverts.received > 0);
    await d1.stop();
    await waitForHolder(lab, 'd2', 'd1', VIP);
    await waitForHolder(lab, 'd2', 'd1', VIP6);
    for (const vip of [VIP, VIP6]) assert.equal(await lab.reaches('c1', vip), false, vip);
    assert.equal(await tableOf('d1'), '', 'a stop leaves no rules');
    d1.restart();
    await waitForHolder(lab, 'd1', 'd2', VIP);
  });

  it('rules that somebody deletes are made again', async () => {
    await lab.node('d1').exec('nft', ['delete', 'table', 'inet', 'lvsd_vrrp']);
    await waitFor(async () => (await tableOf('d1')).includes(VIP), { timeoutMs: SLACK_MS, what: 'the rules' });
    await d1.waitForLine(/The nftables table inet lvsd_vrrp was changed from outside: made again/, SLACK_MS);
    assert.equal(await lab.reaches('c1', VIP), false);
  });

  it('a reload to accept: true opens them', async () => {
    d1.writeConfig(config(150, 'accept: true'));
    await d1.reload();
    for (const vip of [VIP, VIP6]) assert.equal(await lab.reaches('c1', vip), true, vip);
    assert.equal(await tableOf('d1'), '');
    assert.equal((await waitForRole(d1, 'MASTER')).accept, true);
  });
});
