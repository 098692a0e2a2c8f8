/** Which way probes leave a director, and what it hears of trouble on that way. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { CheckConfig } from '../../../src/config/types-checks.ts';
import type { DialTo } from '../../../src/sys/dial.ts';
import { PLAIN_CHECK } from '../../support/plain-check.ts';
import { sleep } from '../../support/wait.ts';
import type { Child } from '../support/child.ts';
import { Lab } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';
import { VIP4 } from '../support/topology.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../support/probe-ways.js');
const PORT = 7000;
const PATIENCE_MS = 15_000;

const check = (address: string, more: Partial<CheckConfig> = {}): CheckConfig =>
  ({ ...PLAIN_CHECK, type: 'tcp', steps: [], address, port: PORT, ...more }) as CheckConfig;

describe('the ways of probes', function () {
  this.timeout(60_000);
  let lab: Lab;
  let r2: RealServer;

  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 2, client: false });
    [, r2] = await Promise.all([
      RealServer.start(lab, 'r1', { ports: { tcp: PORT } }),
      RealServer.start(lab, 'r2', { ports: { tcp: PORT } }),
    ]);
    const ways = [21, 22].flatMap((host) => [
      `rule add fwmark ${host} table ${host} pref ${host}`,
      `route add default via 10.0.0.${host} table ${host}`,
    ]);
    await lab.node('d1').ip([...ways, 'addr add 10.0.0.99/32 dev eth0']);
  });
  after(() => lab?.destroy());

  const dial = async (to: Partial<DialTo>): Promise<string> => {
    const whole: DialTo = { address: VIP4, port: PORT, sourceAddress: null, interface: null, mark: 0, ...to };
    const { stdout } = await lab.node('d1').exec(process.execPath, [PROGRAM, 'dial', JSON.stringify(whole)]);
    return stdout.trim();
  };

  const hear = async (checks: Record<string, CheckConfig>): Promise<Child> => {
    const child = lab.spawn('d1', process.execPath, [PROGRAM, 'hear', JSON.stringify(checks)], { name: 'hear' });
    await child.waitForLine(/^connected$/, PATIENCE_MS);
    return child;
  };

  it('a mark chooses the route: two real servers with the same address', async () => {
    assert.equal(await dial({ mark: 21 }), 'heard hello r1');
    assert.equal(await dial({ mark: 22 }), 'heard hello r2');
  });

  it('an interface that leads elsewhere finds nobody', async () => {
    assert.equal(await dial({ address: '10.0.0.21', interface: 'eth0' }), 'heard hello r1');
    assert.match(await dial({ address: '10.0.0.21', interface: 'eth1' }), /^failed .*(EHOSTUNREACH|no answer)/);
  });

  it('the source address is the one that the server sees', async () => {
    await lab.node('r1').ip(['route add blackhole 10.0.0.99']);
    assert.equal(await dial({ address: '10.0.0.21', sourceAddress: '10.0.0.11' }), 'heard hello r1');
    assert.match(await dial({ address: '10.0.0.21', sourceAddress: '10.0.0.99' }), /^failed .*no answer/);
  });

  it('hears that a watched process was killed, and that a silent machine lost its cable', async () => {
    const watched = { watch: true, intervalMs: 1000, timeoutMs: 500 };
    const ears = await hear({ one: check('10.0.0.21', watched), two: check('10.0.0.22', watched) });
    const ended = ears.waitForLine(/^ended two$/, PATIENCE_MS);
    const killedAt = Date.now();
    r2.child.signal('SIGKILL');
    const endedMs = (await ended).at - killedAt;
    assert.ok(endedMs < 1000, `${endedMs} ms`);
    // The other one's machine goes without a word; the director's own cable is as it was.
    const silent = ears.waitForLine(/^ended one$/, PATIENCE_MS);
    const isolatedAt = Date.now();
    await lab.isolate('r1');
    const silentMs = (await silent).at - isolatedAt;
    assert.ok(silentMs < 5000, `${silentMs} ms`);
    console.log(`      killed: told after ${endedMs} ms; isolated: after ${silentMs} ms`);
    assert.deepEqual(
      ears.lines.map(({ text }) => text).filter((text) => text.startsWith('trouble')),
      [],
    );
    await ears.stop();
    await lab.restoreCable('r1');
  });

  it('hears that a next hop does not answer any more: the server itself, or its gateway', async () => {
    await lab.node('d1').ip(['route add 10.9.0.0/16 via 10.0.0.21', 'neigh flush dev eth0']);
    await lab.isolate('r1');
    const ears = await hear({ itself: check('10.0.0.21'), behind: check('10.9.9.9'), other: check('10.0.0.22') });
    const trouble = ears.waitForLine(/^trouble /, PATIENCE_MS);
    await dial({ address: '10.9.9.9' });
    assert.equal((await trouble).text, 'trouble itself behind');
    await ears.stop();
    await lab.restoreCable('r1');
  });

  it('a watch of a server that is gone from this machine does not hold its port', async () => {
    // The only port that the kernel can choose is the one that nobody listens on: the connection would be one to itself.
    const range = (ports: string) => lab.node('d1').sh(`echo "${ports}" > /proc/sys/net/ipv4/ip_local_port_range`);
    await range(`${PORT} ${PORT}`);
    const watched = JSON.stringify({ own: check('127.0.0.1', { watch: true }) });
    const child = lab.spawn('d1', process.execPath, [PROGRAM, 'hear', watched], { name: 'hear' });
    await sleep(2000);
    const { stdout } = await lab.node('d1').exec('ss', ['-tnH', 'state', 'established']);
    await range('32768 60999');
    assert.equal(stdout.trim(), '');
    assert.deepEqual(child.lines, []);
    await child.stop();
  });

  it('hears of an interface that was gone and is back as another one', async () => {
    const d1 = lab.node('d1');
    const made = [
      'link add spare type veth peer name spare-end',
      'link set spare-end up',
      'link set spare up',
      'addr add 10.44.0.1/24 dev spare',
    ];
    await d1.ip(made);
    const ears = await hear({ spare: check('10.44.0.9') });
    const heard = () => ears.waitForLine(/^trouble spare$/, PATIENCE_MS, { fresh: true });
    const gone = heard();
    await d1.ip(['link del spare']);
    await gone;
    await d1.ip(made);
    // Until its way has been asked for again; the next regular time is half a minute away.
    await sleep(3000);
    const again = heard();
    await d1.ip(['link set spare down']);
    await again;
    await ears.stop();
    await d1.ip(['link del spare']);
  });

  it('hears that an interface lost its cable, once, with all that goes by it', async () => {
    const ears = await hear({
      front: check('10.0.0.21'),
      back: check('10.1.0.21'),
      marked: check(VIP4, { mark: 22 }),
      bound: check('10.0.0.22', { interface: 'eth1' }),
    });
    const trouble = ears.waitForLine(/^trouble /, PATIENCE_MS);
    const cutAt = Date.now();
    await lab.cutCable('d1', 'front');
    const { at, text } = await trouble;
    assert.equal(text, 'trouble front marked');
    assert.ok(at - cutAt < 1000, `${at - cutAt} ms`);
    await lab.restoreCable('d1', 'front');
    const back = ears.waitForLine(/^trouble (?!front)/, PATIENCE_MS);
    await lab.cutCable('d1', 'back');
    assert.equal((await back).text, 'trouble back bound');
    await ears.stop();
    await lab.restoreCable('d1', 'back');
  });
});
