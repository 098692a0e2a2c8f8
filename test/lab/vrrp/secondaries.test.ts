/** Addresses of the interface's own subnet: the kernel deletes the younger ones together with the oldest. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { configText, holds, routerOf, SLACK_MS, vrrpPidOf, waitForRole } from './referee.ts';

const PRIMARY = '10.0.0.11';
/** The first of a subnet of their own, and one that the kernel makes secondary to it. */
const FIRST = '10.5.0.1';
const SECOND = '10.5.0.2';

async function promotes(lab: Lab): Promise<string> {
  const { stdout } = await lab.node('d1').exec('cat', ['/proc/sys/net/ipv4/conf/eth0/promote_secondaries']);
  return stdout.trim();
}

for (const promote of [false, true]) {
  describe(`promote_secondaries: ${promote}`, function () {
    this.timeout(30_000);
    let lab: Lab;
    let d1: Daemon;

    before(async () => {
      lab = await Lab.create({ realServers: 0, directors: 1 });
      await lab.node('d1').sysctl({ 'net.ipv4.conf.all.promote_secondaries': 0 });
      const more = `promote_secondaries: ${promote}`;
      d1 = Daemon.start(lab, 'd1', {
        config: configText({ priority: 150, addresses: [`${FIRST}/24`, `${SECOND}/24`, '10.0.0.100/24'], more }),
      });
      await waitForRole(d1, 'MASTER');
    });
    after(() => lab?.destroy());

    it(`the setting is ${promote ? 'made' : 'left alone'}`, async () => {
      assert.equal(await promotes(lab), promote ? '1' : '0');
    });

    it('the oldest address is deleted: all of ours are there again', async () => {
      const lines = d1.lines.length;
      await lab.node('d1').ip([`addr del ${FIRST}/24 dev eth0`]);
      for (const address of [FIRST, SECOND]) {
        await waitFor(() => holds(lab, 'd1', address), { timeoutMs: SLACK_MS, what: `${address} to be back` });
      }
      const { role, transitionsToMaster } = await routerOf(d1);
      assert.deepEqual([role, transitionsToMaster], ['MASTER', 1]);
      const told = d1.lines.slice(lines).flatMap(({ text }) => /web: put back (.*), which/.exec(text)?.[1] ?? []);
      // With the setting only the one that was deleted was lost.
      assert.equal(told.join(' ').includes(SECOND), !promote, told.join('\n'));
    });

    it("the machine's own address is deleted: ours do not fall with it for long", async () => {
      await lab.node('d1').ip([`addr add 10.0.0.12/25 dev eth0`]); // of no subnet that falls: something to send from
      await lab.node('d1').ip([`addr del ${PRIMARY}/24 dev eth0`]);
      await waitFor(() => holds(lab, 'd1', '10.0.0.100'), { timeoutMs: SLACK_MS, what: 'the address to be back' });
    });

    it('a stop puts the setting back, though the process that made it is gone', async () => {
      process.kill(await vrrpPidOf(d1), 'SIGKILL');
      await d1.waitForStatus(({ daemon }) => daemon.vrrpProcess.restarts === 1, SLACK_MS, 'a restart');
      await waitForRole(d1, 'MASTER');
      assert.equal(await promotes(lab), promote ? '1' : '0');
      await d1.stop();
      assert.equal(await promotes(lab), '0');
      assert.equal(await holds(lab, 'd1', FIRST), false);
      assert.equal(await holds(lab, 'd1', SECOND), false);
    });
  });
}
