/** Scripts and agents decide what the kernel's table holds; reports outlive a crash; and no script outlives lvsd. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isAlive } from '../../support/wait.ts';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { waitForWeights } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';

/** Interval x fall + timeout is about a second; User-Mode Linux on a busy host needs more. */
const SLACK_MS = 20_000;

const SCRIPTED = 'TCP 10.0.0.100:80';
const ASKED = 'TCP 10.0.0.100:81';
const REPORTED = 'TCP 10.0.0.100:82';

const config = (lab: Lab): string => `
name: d1
defaults: { scheduler: wrr, weight: 100, drain_timeout: 0s, check: { interval: 1s, timeout: 3s, rise: 1, fall: 1 } }
virtual_servers:
  - name: scripted
    address: 10.0.0.100
    port: 80
    checks: [{ type: script, dynamic_weight: true, command: '/bin/sh ${lab.file('check.sh')} {address}:{port}' }]
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
  - name: asked
    address: 10.0.0.100
    port: 81
    checks: [{ type: agent, port: 9707 }]
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
  - name: reported
    address: 10.0.0.100
    port: 82
    checks: [{ type: passive, name: gate }]
    real_servers: [{ address: 10.0.0.21 }]
`;

/** Exits with what is in the file of its server; without one it notes itself, heeds no SIGTERM and hangs. */
const script = (lab: Lab): string => `
test "$1" = "$LVSD_ADDRESS:$LVSD_PORT" || exit 1
if [ -e ${lab.file('code')}-$LVSD_ADDRESS ]; then echo "told to fail"; exit $(cat ${lab.file('code')}-$LVSD_ADDRESS); fi
trap '' TERM
echo $$ > ${lab.file('hanging')}.new && mv ${lab.file('hanging')}.new ${lab.file('hanging')}
while :; do sleep 0.2; done
`;

/** Answers with what is in its file. */
const AGENT = `
require('node:net').createServer((socket) => socket.on('error', () => {}).end(require('node:fs').readFileSync(process.argv[1])))
  .listen(9707, () => console.log('ready'));
`;

describe('checks that ask somebody else, and the IPVS table', function () {
  this.timeout(120_000);
  let lab: Lab;
  let daemon: Daemon;

  const weights = (of: Readonly<Record<string, Readonly<Record<string, number>>>>): Promise<unknown> =>
    waitForWeights(lab.node('d1'), of, SLACK_MS);
  const exitWith = (server: string, code: number): void =>
    writeFileSync(lab.file(`code-10.0.0.2${server}`), String(code));
  const say = (server: string, words: string): void => writeFileSync(lab.file(`agent-${server}`), words);
  const hanging = (): number =>
    existsSync(lab.file('hanging')) ? Number(readFileSync(lab.file('hanging'), 'utf8')) : 0;

  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 2, client: false });
    writeFileSync(lab.file('check.sh'), script(lab));
    for (const server of ['1', '2']) {
      exitWith(server, 0);
      say(server, 'up\n');
      const args = ['-e', AGENT, lab.file(`agent-${server}`)];
      const agent = lab.spawn(`r${server}`, process.execPath, args, { name: `agent on r${server}` });
      await agent.waitForLine(/ready/, SLACK_MS);
    }
    daemon = Daemon.start(lab, 'd1', { config: config(lab) });
    await daemon.waitForLine(/runs d1/, SLACK_MS);
  });
  after(() => lab?.destroy());

  it('begin with all of the weight', async () => {
    await weights({
      [SCRIPTED]: { '10.0.0.21:80': 100, '10.0.0.22:80': 100 },
      [ASKED]: { '10.0.0.21:81': 100, '10.0.0.22:81': 100 },
      [REPORTED]: { '10.0.0.21:82': 100 },
    });
  });

  it('scripts: exit codes set weights and take servers out', async () => {
    exitWith('1', 52);
    exitWith('2', 1);
    await weights({ [SCRIPTED]: { '10.0.0.21:80': 50, '10.0.0.22:80': 0 } });
    await daemon.waitForLine(/10\.0\.0\.22:80 up -> down: script \(exit code 1: told to fail/, SLACK_MS);
    exitWith('1', 0);
    exitWith('2', 2);
    await weights({ [SCRIPTED]: { '10.0.0.21:80': 100, '10.0.0.22:80': 0 } });
    exitWith('2', 0);
    await weights({ [SCRIPTED]: { '10.0.0.21:80': 100, '10.0.0.22:80': 100 } });
  });

  it('agents: their words set weights and limits and take servers out', async () => {
    say('1', 'up 30% maxconn:40\n');
    say('2', 'maint # kernel update\n');
    await weights({ [ASKED]: { '10.0.0.21:81': 30, '10.0.0.22:81': 0 } });
    const { stdout } = await lab.node('d1').exec('ipvsadm', ['-Ln', '--thresholds', '-t', '10.0.0.100:81']);
    assert.match(stdout, /10\.0\.0\.21:81 +40 +0 /);
    await daemon.waitForLine(/10\.0\.0\.22:81 up -> down: told \(the agent says maint: kernel update/, SLACK_MS);
    say('1', 'drain\n');
    say('2', '100%\n');
    await weights({ [ASKED]: { '10.0.0.21:81': 0, '10.0.0.22:81': 100 } });
  });

  it('reports outlive a crash of lvsd', async () => {
    const { stdout } = await daemon.lvsd(['report', 'gate', 'down', 'disk', 'is', 'full']);
    assert.equal(stdout, 'gate: down\n');
    await weights({ [REPORTED]: { '10.0.0.21:82': 0 } });
    const unknown = await daemon.lvsd(['report', 'gates', 'down'], { check: false });
    assert.equal(unknown.code, 1);
    await daemon.kill();
    daemon.restart();
    await daemon.waitForLine(/reported down: disk is full/, SLACK_MS);
    await weights({ [REPORTED]: { '10.0.0.21:82': 0 } });
    await daemon.lvsd(['report', 'gate', 'up']);
    await weights({ [REPORTED]: { '10.0.0.21:82': 100 } });
  });

  for (const end of ['stop', 'kill'] as const) {
    it(`no script outlives a ${end} of lvsd, not even one that heeds no SIGTERM`, async () => {
      await lab.node('d1').sh(`rm -f ${lab.file('code')}-10.0.0.22 ${lab.file('hanging')}`);
      await waitFor(() => hanging() > 0, { timeoutMs: SLACK_MS, what: 'the script that hangs' });
      if (end === 'stop') await daemon.stop();
      else await daemon.kill();
      await waitFor(() => !isAlive(hanging()), { timeoutMs: 3000, what: 'the end of the script' });
      daemon.restart();
      await daemon.waitForLine(/runs d1/, SLACK_MS);
    });
  }
});
