/** `lvsd plan` foretells what a start or a reload does to a real kernel, and does nothing itself. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Daemon, LVSD } from '../support/daemon.ts';
import type { RunResult } from '../support/exec.ts';
import { waitForWeights } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import type { Namespace } from '../support/namespace.ts';
import { RealServer } from '../support/real-server.ts';

const SLACK_MS = 15_000;
const WEB = 'TCP 10.0.0.100:7000';

const config = (weight: number, more: string, ipvs = ''): string => `
name: d1
ipvs: { reconcile_interval: 1s, settings: { expire_nodest_conn: true, expire_quiescent_template: true }${ipvs} }
defaults: { scheduler: rr, check: { interval: 300ms, timeout: 1s } }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: 7000
    real_servers: [{ address: 10.0.0.21, weight: ${weight} }, { address: 10.0.0.22 }]
${more}`;
const FIRST = config(5, '');
const SECOND = config(
  10,
  '  - { name: mark, fwmark: 7, checks: [], real_servers: [{ address: 10.0.0.21 }] }',
  ', timeouts: { tcp: 10m }',
).replace(', { address: 10.0.0.22 }', '');

describe('lvsd plan', function () {
  this.timeout(90_000);
  let lab: Lab;
  let director: Namespace;
  let daemon: Daemon | null = null;
  let other: string;

  before(async () => {
    lab = await Lab.create({ directors: 1 });
    director = lab.node('d1');
    other = lab.file('other.yaml');
    await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r2')]);
  });
  after(() => lab?.destroy());

  function lvsd(...args: readonly string[]): Promise<RunResult> {
    const socket = ['--socket', lab.file('d1.sock')];
    return director.exec(process.execPath, [LVSD, ...args, ...socket], { check: false });
  }

  /** Everything that a plan might have changed. */
  async function kernel(): Promise<string> {
    const look = 'ipvsadm -Sn; ipvsadm -L --timeout; ipvsadm -L --daemon; grep -r . /proc/sys/net/ipv4/vs';
    return (await director.sh(look)).stdout;
  }

  it('without a daemon: what lvsd run would do; a server with traffic is adopted, others start down', async () => {
    await director.exec('ipvsadm', ['-A', '-t', '10.0.0.100:7000', '-s', 'wlc']);
    await director.exec('ipvsadm', ['-a', '-t', '10.0.0.100:7000', '-r', '10.0.0.21:7000', '-g', '-w', '3']);
    writeFileSync(other, FIRST);
    const before = await kernel();
    const { code, stdout, stderr } = await lvsd('plan', other);
    assert.deepEqual(stdout.split('\n'), [
      '~ net.ipv4.vs.expire_nodest_conn 0 -> 1',
      '~ net.ipv4.vs.expire_quiescent_template 0 -> 1',
      '~ tcp 10.0.0.100:7000 scheduler wlc -> rr',
      '~ tcp 10.0.0.100:7000: 10.0.0.21:7000 weight 3 -> 5',
      '+ tcp 10.0.0.100:7000: 10.0.0.22:7000 direct, weight 0',
      '5 changes',
      '',
    ]);
    assert.deepEqual([code, stderr], [2, '']);
    assert.equal(await kernel(), before);
  });

  it('then with a daemon: nothing to do, exit code 0', async () => {
    daemon = Daemon.start(lab, 'd1', { config: FIRST });
    await waitForWeights(director, { [WEB]: { '10.0.0.21:7000': 5, '10.0.0.22:7000': 1 } }, SLACK_MS);
    const { code, stdout } = await lvsd('plan');
    assert.deepEqual([code, stdout], [0, 'no changes\n']);
  });

  it('of another file: what a reload would change, as JSON too; and the reload does just that', async () => {
    writeFileSync(other, SECOND);
    const before = await kernel();
    const { code, stdout } = await lvsd('plan', other);
    const expected = [
      '~ timeout tcp 900 -> 600',
      '~ tcp 10.0.0.100:7000: 10.0.0.21:7000 weight 5 -> 10',
      '- tcp 10.0.0.100:7000: 10.0.0.22:7000 (drains first: 0 connections, at most 300 s)',
      '+ fwmark 7 rr',
      '+ fwmark 7: 10.0.0.21:0 direct, weight 1',
      '5 changes',
      '',
    ];
    assert.deepEqual([code, stdout.split('\n')], [2, expected]);
    const json: unknown = JSON.parse((await lvsd('plan', other, '--json')).stdout);
    assert.ok(typeof json === 'object' && json !== null && 'changes' in json && Array.isArray(json.changes));
    assert.equal(json.changes.length, 5);
    assert.equal(await kernel(), before);

    daemon?.writeConfig(SECOND);
    const own = await lvsd('reload', '--plan');
    assert.deepEqual([own.code, own.stdout.split('\n')], [2, expected]);
    assert.equal(await kernel(), before);
    assert.equal((await lvsd('reload')).code, 0);
    const { stdout: after } = await director.exec('ipvsadm', ['-Sn']);
    assert.deepEqual(after.trim().split('\n').sort(), [
      '-A -f 7 -s rr',
      '-A -t 10.0.0.100:7000 -s rr',
      '-a -f 7 -r 10.0.0.21:0 -g -w 1',
      '-a -t 10.0.0.100:7000 -r 10.0.0.21:7000 -g -w 10',
    ]);
    assert.equal((await lvsd('reload', '--plan')).code, 0);
  });

  it('of an invalid file tells its problems, with the name it was given, and exits 1', async () => {
    writeFileSync(other, SECOND.replace('scheduler: rr', 'scheduler: nonsense'));
    const { code, stdout, stderr } = await lvsd('plan', other);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /other\.yaml:4:\d+: defaults\.scheduler: .*nonsense/);
    assert.equal((await lvsd('plan', `${other}.missing`)).code, 1);
    assert.equal((await lvsd('plan', '--nonsense')).code, 1);
  });
});
