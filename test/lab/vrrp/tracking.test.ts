/** Tracked objects in a pair with keepalived: what goes wrong beside the router moves the addresses, and back. */
import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Child } from '../support/child.ts';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Keepalived, keepalivedText } from '../support/keepalived.ts';
import { Lab } from '../support/lab.ts';
import { configText, routerOf, SLACK_MS, vrrpPidOf, Wire, waitForHolder, waitForRole } from './referee.ts';

const VIP = '10.0.0.100';
const D1 = '10.0.0.11';
const OURS = 150;
const THEIRS = 120;

describe('tracked objects of lvsd beside keepalived', function () {
  this.timeout(60_000);
  let lab: Lab;
  let wire: Wire;
  let lvsd: Daemon;
  let program: Child;

  const config = (more = ''): string =>
    configText({
      priority: OURS,
      more: `track: [${[
        '{ script: chk, weight: -50 }',
        `{ file: "${lab.file('prio')}" }`,
        '{ process: program }',
        '{ interface: eth1, weight: -40 }',
        more,
      ].join(', ')}]`,
    }) +
    `tracked_scripts:
  - { name: chk, command: [test, "!", -e, "${lab.file('broken')}"], interval: 100ms, timeout: 5s, fall: 2, rise: 2 }
  - { name: other, command: "sh -c 'sleep 300'", timeout: 1h }
tracked_processes:
  - { name: program, process: tracked-one }
`;
  const startProgram = (): void => {
    program = lab.spawn('d1', lab.file('tracked-one'), ['600'], { name: 'tracked-one' });
  };

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    copyFileSync('/bin/sleep', lab.file('tracked-one'));
    startProgram();
    wire = await Wire.start(lab);
    lvsd = Daemon.start(lab, 'd1', { config: config() });
    Keepalived.start(lab, 'd2', keepalivedText({ priority: THEIRS }));
    await waitForHolder(lab, 'd1', 'd2', VIP);
  });
  after(() => lab?.destroy());

  /** The addresses are here, and the advertisements on the wire say so with this priority. */
  const weHold = async (priority = OURS): Promise<void> => {
    const since = Date.now();
    await waitForHolder(lab, 'd1', 'd2', VIP);
    const isOurs = (advert: { source: string; priority: number }) =>
      advert.source === D1 && advert.priority === priority;
    await wire.waitForAdvert(isOurs, since, `d1 with priority ${priority}`);
  };
  const theyHold = (): Promise<void> => waitForHolder(lab, 'd2', 'd1', VIP);
  /** Whether the sleep of the script "other" runs. */
  const otherRuns = async (): Promise<boolean> =>
    (await lab.node('d1').sh('grep -lsx "sleep" /proc/[0-9]*/comm || true')).stdout !== '';

  it('a script that fails lowers the priority: the peer takes over, and gives way when it succeeds', async () => {
    await weHold();
    writeFileSync(lab.file('broken'), '');
    await theyHold();
    const { role, effectivePriority } = await routerOf(lvsd);
    assert.deepEqual([role, effectivePriority], ['BACKUP', OURS - 50]);
    await lvsd.waitForLine(/tracked script chk: down \(exit code 1\)/, SLACK_MS);
    const { stdout } = await lvsd.lvsd(['status']);
    assert.match(stdout, /^script chk +DOWN +exit code 1 in \d+ ms, \d+ runs/m);
    assert.match(stdout, /^process program +UP +1 process$/m);
    rmSync(lab.file('broken'));
    await weHold();
  });

  it('the number in a file is added to the priority', async () => {
    writeFileSync(lab.file('prio'), '7\n');
    await weHold(OURS + 7);
    writeFileSync(lab.file('prio'), '-31\n');
    await theyHold();
    rmSync(lab.file('prio'));
    await weHold();
  });

  it('a process that is killed puts the router into FAULT; it comes back with the process', async () => {
    await program.kill();
    await theyHold();
    const { fault } = await waitForRole(lvsd, 'FAULT');
    assert.match(fault ?? '', /process program is down: no process tracked-one/);
    startProgram();
    await weHold();
  });

  it('an interface without a carrier lowers the priority', async () => {
    await lab.cutCable('d1', 'back');
    await theyHold();
    await lab.restoreCable('d1', 'back');
    await weHold();
  });

  it('a reload adds a script, and the reload after it kills what runs of it', async () => {
    lvsd.writeConfig(config('{ script: other }'));
    await lvsd.reload();
    await waitFor(otherRuns, { timeoutMs: SLACK_MS, what: 'the script to run' });
    lvsd.writeConfig(config());
    await lvsd.reload();
    await waitFor(async () => !(await otherRuns()), { timeoutMs: SLACK_MS, what: 'the script to be killed' });
    await weHold();
  });

  it('a restart of the VRRP process begins with what is known', async () => {
    writeFileSync(lab.file('broken'), '');
    await theyHold();
    const pid = await vrrpPidOf(lvsd);
    const since = Date.now();
    process.kill(pid, 'SIGKILL');
    await waitFor(async () => (await vrrpPidOf(lvsd)) !== pid, { timeoutMs: SLACK_MS, what: 'another VRRP process' });
    const { effectivePriority } = await waitForRole(lvsd, 'BACKUP');
    assert.equal(effectivePriority, OURS - 50);
    assert.deepEqual(wire.adverts(since, D1), [], 'no moment with the full priority');
    rmSync(lab.file('broken'));
    await weHold();
  });

  it('a stop in the middle of a script leaves nothing behind', async () => {
    lvsd.writeConfig(config('{ script: other, weight: 1 }'));
    await lvsd.reload();
    await weHold(OURS + 1);
    await waitFor(otherRuns, { timeoutMs: SLACK_MS, what: 'the script to run' });
    await lvsd.stop();
    await theyHold();
    assert.equal(await otherRuns(), false);
  });
});
