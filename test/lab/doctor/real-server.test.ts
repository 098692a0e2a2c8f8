/** `lvsd doctor` on a real server with the ARP problem. The referee is arping on the client: who answers for the address? */
import assert from 'node:assert/strict';
import { LVSD } from '../support/daemon.ts';
import type { RunResult } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';

const VIP = '10.0.0.100';
const DIRECTOR_MAC = '02:00:00:00:01:0b';
const REAL_SERVER_MAC = '02:00:00:00:01:15';

interface Report {
  readonly findings: readonly {
    readonly id: string;
    readonly severity: string;
    readonly fix: readonly string[] | null;
  }[];
  readonly changes: readonly { readonly command: string; readonly problem: string | null }[] | null;
}

describe('lvsd doctor --real-server', function () {
  this.timeout(60_000);
  let lab: Lab;
  let undoFile: string;

  const doctor = (...args: readonly string[]): Promise<RunResult> =>
    lab.node('r1').exec(process.execPath, [LVSD, 'doctor', ...args], { check: false });
  const report = async (...args: readonly string[]): Promise<{ readonly code: number; readonly report: Report }> => {
    const { code, stdout } = await doctor('--real-server', VIP, '--json', ...args);
    return { code, report: JSON.parse(stdout) };
  };
  const fix = () => report('--fix', '--undo-file', undoFile);
  const undo = () => doctor('--undo', '--undo-file', undoFile);
  /** All that may change: settings of all interfaces, addresses, flags of links. */
  const machine = async (): Promise<string> => {
    const settings =
      'grep -r . /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf 2>/dev/null | sort || true; ip address show';
    return (await lab.node('r1').sh(settings)).stdout;
  };
  /** Who answers the client's ARP requests for the address. */
  const answering = async (): Promise<string[]> => {
    await lab.node('c1').exec('ip', ['neigh', 'flush', 'all']);
    const { stdout } = await lab.node('c1').exec('arping', ['-c', '3', '-w', '5', '-I', 'eth0', VIP], { check: false });
    return [...new Set(stdout.match(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/g))].sort();
  };

  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 1, vips: [] });
    await lab.node('d1').ip([`addr add ${VIP}/32 dev eth0`]);
    undoFile = lab.file('undo.json');
  });
  after(() => lab.destroy());

  /** The settings of a fresh machine, and the address where it is given. */
  const breakIt = async (...addresses: readonly string[]): Promise<void> => {
    await lab.node('r1').ip(['addr flush dev lo', 'addr add 127.0.0.1/8 dev lo', 'addr flush dev eth0']);
    await lab.node('r1').ip(['addr add 10.0.0.21/24 dev eth0', ...addresses.map((text) => `addr add ${text}`)]);
    await lab.node('r1').sysctl({
      'net.ipv4.conf.all.arp_ignore': 0,
      'net.ipv4.conf.all.arp_announce': 0,
      'net.ipv4.conf.eth0.arp_ignore': 0,
      'net.ipv4.conf.eth0.arp_announce': 0,
    });
  };

  it('finds the ARP problem, mends it, and puts back every byte', async () => {
    await breakIt(`${VIP}/32 dev lo`);
    assert.deepEqual(await answering(), [DIRECTOR_MAC, REAL_SERVER_MAC]);
    const before = await machine();

    const found = await report();
    assert.equal(found.code, 1);
    assert.deepEqual(
      found.report.findings
        .filter(({ severity }) => severity === 'error')
        .map(({ id, fix: commands }) => [id, commands]),
      [
        ['arp-answered', ['sysctl -w net.ipv4.conf.eth0.arp_ignore=1']],
        ['arp-announced', ['sysctl -w net.ipv4.conf.eth0.arp_announce=2']],
      ],
    );
    assert.equal(await machine(), before, 'looking changed something');

    const mended = await fix();
    assert.equal(mended.code, 0);
    assert.equal(mended.report.changes?.length, 2);
    assert.deepEqual(await answering(), [DIRECTOR_MAC]);

    const again = await fix();
    assert.deepEqual([again.code, again.report.changes], [0, []]);

    assert.deepEqual([(await undo()).code, await machine()], [0, before]);
    assert.deepEqual(await answering(), [DIRECTOR_MAC, REAL_SERVER_MAC]);
    assert.match((await undo()).stdout, /^Nothing to undo$/m);
  });

  it('brings a missing address after its settings', async () => {
    await breakIt();
    const before = await machine();
    const { code, report: mended } = await fix();
    assert.equal(code, 0);
    assert.deepEqual(mended.changes, [
      { command: 'sysctl -w net.ipv4.conf.eth0.arp_ignore=1', problem: null },
      { command: 'sysctl -w net.ipv4.conf.eth0.arp_announce=2', problem: null },
      { command: `ip address add ${VIP}/32 dev lo`, problem: null },
    ]);
    assert.deepEqual(await answering(), [DIRECTOR_MAC]);
    assert.deepEqual([(await undo()).code, await machine()], [0, before]);
  });

  it('moves the address from the LAN interface to lo, and back with its label', async () => {
    await breakIt(`${VIP}/32 dev eth0 label eth0:vip`);
    const before = await machine();
    const { code, report: mended } = await fix();
    assert.equal(code, 0);
    assert.deepEqual(
      mended.changes?.slice(2).map(({ command }) => command),
      [`ip address add ${VIP}/32 dev lo`, `ip address del ${VIP}/32 dev eth0`],
    );
    assert.deepEqual(await answering(), [DIRECTOR_MAC]);
    assert.deepEqual([(await undo()).code, await machine()], [0, before]);
  });

  it('leaves alone what somebody changed after it', async () => {
    await breakIt(`${VIP}/32 dev lo`);
    await fix();
    await lab.node('r1').sysctl({ 'net.ipv4.conf.eth0.arp_ignore': 2 });
    const { code, stdout, stderr } = await undo();
    assert.equal(code, 1);
    assert.match(stdout, /arp_announce=0$/m);
    assert.match(stdout, /arp_ignore=0: FAILED: it is 2 now, not 1: left alone$/m);
    assert.match(stderr, /1 of 2 changes could not be undone/);
    await lab.node('r1').sysctl({ 'net.ipv4.conf.eth0.arp_ignore': 1 });
    assert.equal((await undo()).code, 0);
  });

  it('changes nothing when it cannot note what it changes', async () => {
    await breakIt(`${VIP}/32 dev lo`);
    const before = await machine();
    const { code, report: failed } = await report('--fix', '--undo-file', '/proc/nowhere/undo.json');
    assert.equal(code, 1);
    assert.match(failed.changes?.[0]?.problem ?? '', /^Cannot write \/proc\/nowhere\/undo\.json: /);
    assert.equal(failed.changes?.length, 1);
    assert.equal(await machine(), before);
  });

  it('refuses the record of another network namespace', async () => {
    await breakIt(`${VIP}/32 dev lo`);
    await fix();
    const elsewhere = await lab
      .node('c1')
      .exec(process.execPath, [LVSD, 'doctor', '--undo', '--undo-file', undoFile], { check: false });
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.stderr, /another network namespace/);
    assert.equal((await undo()).code, 0);
  });

  it('says what --fix does not do: exit code 2', async () => {
    assert.deepEqual([(await doctor('--fix')).code, (await doctor('--real-server', '10.0.0')).code], [2, 2]);
  });
});
