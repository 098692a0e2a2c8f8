/** What a MASTER brings along: addresses of every form, routes and rules; put back, handed over, and left to others. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { killDirector, routerOf, SLACK_MS, vrrpPidOf, Wire, waitForHolder, waitForRole } from './referee.ts';

const config = (priority: number, more = '') => `
vrrp:
  - name: web
    interface: eth0
    virtual_router_id: 51
    priority: ${priority}
    advertisement_interval: 200ms
    ${more}
    virtual_addresses:
      - 10.0.0.100/32
      - { address: 10.0.0.101/24, label: "eth0:web", broadcast: 10.0.0.255 }
      - { address: 10.1.0.101/32, interface: eth1, scope: link }
    extra_addresses:
      - fd00::100/64
      - { address: 10.1.0.1/32, interface: eth1 }
    virtual_routes:
      - { to: 198.51.100.0/24, via: 10.0.0.51, source: 10.0.0.100, metric: 7 }
      - { to: default, via: 10.1.0.2, interface: eth1, table: 1000 }
      - { to: 203.0.113.0/24, type: blackhole }
      - { to: "2001:db8:9::/48", type: unreachable }
    virtual_rules:
      - { from: 10.0.0.100/32, table: 1000, priority: 1000 }
      - { fwmark: 7, fwmask: 15, action: prohibit, priority: 1001 }
      - { to: "2001:db8:7::/48", action: blackhole, priority: 1002 }
`;

/** Everything of ours on a machine, as iproute2 tells it. */
async function belongingsOf(lab: Lab, node: string): Promise<readonly string[]> {
  const of = async (...args: readonly string[]): Promise<string[]> =>
    (await lab.node(node).exec('ip', args, { check: false })).stdout.split('\n').map((line) => line.trim());
  const addresses = (await of('-o', 'addr')).flatMap((line) => {
    const [, device = '', rest = ''] = /^\d+: (\S+) +inet6? (.*?)\\/.exec(line) ?? [];
    const ours = /^(?:10\.0\.0\.10[01]|10\.1\.0\.1|10\.1\.0\.101|fd00::100)\//.test(rest);
    return ours ? [`${rest.trim()} on ${device}`] : [];
  });
  const routes = [...(await of('route', 'show', 'table', 'all', 'proto', '112'))];
  const routes6 = await of('-6', 'route', 'show', 'table', 'all', 'proto', '112');
  const rules = [...(await of('rule')), ...(await of('-6', 'rule'))].filter((line) => line.includes('proto 112'));
  return [...addresses, ...new Set([...routes, ...routes6].filter((line) => line !== '')), ...rules].sort();
}

const ALL = [
  '10.0.0.100/32 scope global eth0 on eth0',
  '10.0.0.101/24 brd 10.0.0.255 scope global secondary eth0:web on eth0',
  '10.1.0.1/32 scope global eth1 on eth1',
  '10.1.0.101/32 scope link eth1 on eth1',
  'fd00::100/64 scope global nodad deprecated on eth0',
  '198.51.100.0/24 via 10.0.0.51 dev eth0 src 10.0.0.100 metric 7',
  'default via 10.1.0.2 dev eth1 table 1000',
  'blackhole 203.0.113.0/24',
  'unreachable 2001:db8:9::/48 dev lo metric 1024 pref medium',
  '1000:\tfrom 10.0.0.100 lookup 1000 proto 112',
  '1001:\tfrom all fwmark 0x7/0xf prohibit proto 112',
  '1002:\tfrom all to 2001:db8:7::/48 blackhole proto 112',
];

/** Tabs and blanks alike, in one order. */
const plain = (lines: readonly string[]): readonly string[] => lines.map((line) => line.replaceAll(/\s+/g, ' ')).sort();

async function waitForBelongings(lab: Lab, node: string, wanted: readonly string[]): Promise<void> {
  let found: readonly string[] | null = null;
  await waitFor(
    async () => {
      found = plain(await belongingsOf(lab, node));
      return isDeepStrictEqual(found, plain(wanted));
    },
    { timeoutMs: 2 * SLACK_MS, what: `${node} to have what belongs to the virtual router` },
  ).catch(() => assert.deepEqual(found, plain(wanted)));
}

describe('belongings of a virtual router', function () {
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
    await waitForHolder(lab, 'd1', 'd2', '10.0.0.100', 3 * SLACK_MS);
    await waitForRole(d1, 'MASTER');
    await waitForRole(d2, 'BACKUP');
  });
  after(() => lab?.destroy());

  it('all of it is on the MASTER, nothing on the BACKUP', async () => {
    await waitForBelongings(lab, 'd1', ALL);
    await waitForBelongings(lab, 'd2', []);
    const { virtualAddresses, extraAddresses, virtualRoutes, virtualRules } = await routerOf(d1);
    for (const held of [...virtualAddresses, ...extraAddresses, ...virtualRoutes, ...virtualRules])
      assert.equal(held.held, true);
    assert.deepEqual(
      extraAddresses.map(({ address, interface: place }) => `${address} ${place}`),
      ['fd00::100/64 eth0', '10.1.0.1/32 eth1'],
    );
  });

  it('the extra ones are announced, not advertised', async () => {
    assert.ok(wire.announcements('fd00::100').length > 0);
    const { adverts } = await routerOf(d2);
    assert.deepEqual([adverts.refused, adverts.addressListErrors], [{}, 0]);
  });

  for (const [what, command] of [
    ['a route', 'route del 198.51.100.0/24 metric 7'],
    ['a route in another table', 'route del default table 1000'],
    ['an IPv6 route', '-6 route del unreachable 2001:db8:9::/48'],
    ['a rule', 'rule del priority 1001'],
    ['an IPv6 rule', '-6 rule del priority 1002'],
    ['an address that is the source of a route', 'addr del 10.0.0.100/32 dev eth0'],
    ['an address on another interface', 'addr del 10.1.0.101/32 dev eth1'],
    ['an extra address', 'addr del fd00::100/64 dev eth0'],
  ] as const) {
    it(`${what} that somebody deletes is back at once, without leaving MASTER`, async () => {
      const before = await routerOf(d1);
      await lab.node('d1').exec('ip', command.split(' '));
      await waitForBelongings(lab, 'd1', ALL);
      const after = await routerOf(d1);
      assert.deepEqual([after.role, after.sinceMs], ['MASTER', before.sinceMs]);
      await d1.waitForLine(/web: put back /, 1000);
    });
  }

  it('somebody who deletes a route in a loop does not keep it away, nor the log busy', async () => {
    const lines = d1.lines.length;
    const loop = 'for i in $(seq 40); do ip route del 198.51.100.0/24 metric 7 2>/dev/null || true; done';
    await lab.node('d1').sh(loop);
    await waitForBelongings(lab, 'd1', ALL);
    assert.ok(d1.lines.length - lines < 40, `${d1.lines.length - lines} lines`);
    assert.equal((await routerOf(d1)).transitionsToMaster, 1);
  });

  it('another interface that goes down is a FAULT: the other director has it all; and back', async () => {
    await lab.node('d1').ip(['link set eth1 down']);
    const { fault } = await waitForRole(d1, 'FAULT');
    assert.equal(fault, 'interface eth1 is down or has no carrier');
    await waitForBelongings(lab, 'd2', ALL);
    await waitForBelongings(lab, 'd1', []);
    await lab.node('d1').ip(['link set eth1 up']);
    await waitForBelongings(lab, 'd1', ALL);
    await waitForBelongings(lab, 'd2', []);
  });

  it("a reload takes away what is gone from the file, and leaves the rest and others' routes alone", async () => {
    await lab.node('d1').ip(['route add 198.51.101.0/24 via 10.0.0.51', 'rule add from 10.9.9.9 table 99 pref 1500']);
    const without = config(150)
      .split('\n')
      .filter((line) => !/203\.0\.113|fwmark|fd00::100/.test(line))
      .join('\n');
    d1.writeConfig(without);
    await d1.reload();
    await waitForBelongings(
      lab,
      'd1',
      ALL.filter((line) => !/203\.0\.113|fwmark|fd00::100/.test(line)),
    );
    d1.writeConfig(config(150));
    await d1.reload();
    await waitForBelongings(lab, 'd1', ALL);
    assert.equal((await routerOf(d1)).transitionsToMaster, 2);
    const since = d1.lines.findIndex(({ text }) => /FAULT/.test(text));
    assert.notEqual(since, -1);
    const told = d1.lines.slice(since).filter(({ text }) => text.includes('put back'));
    assert.deepEqual(told, [], 'what a reload adds was not missing');
  });

  it('a route that the kernel refuses is told and shown, and the router stays MASTER', async () => {
    d1.writeConfig(
      config(150).replace('virtual_routes:', 'virtual_routes:\n      - { to: 192.0.2.0/24, via: 172.16.0.1 }'),
    );
    await d1.reload();
    await d1.waitForLine(/web: cannot add the route 192\.0\.2\.0\/24 via 172\.16\.0\.1: ENETUNREACH/, 2000);
    const { role, virtualRoutes } = await routerOf(d1);
    assert.equal(role, 'MASTER');
    assert.deepEqual(virtualRoutes[0], {
      text: '192.0.2.0/24 via 172.16.0.1',
      held: false,
      problem: 'ENETUNREACH (Nexthop has invalid gateway)',
    });
    const { stdout } = await d1.lvsd(['status']);
    assert.match(stdout, /route 192\.0\.2\.0\/24 via 172\.16\.0\.1 is MISSING: ENETUNREACH/);
    // As soon as it can be reached it is there.
    await lab.node('d1').ip(['addr add 172.16.0.9/24 dev eth1']);
    await waitFor(async () => (await routerOf(d1)).virtualRoutes[0]?.held, { timeoutMs: SLACK_MS, what: 'the route' });
    await lab.node('d1').ip(['addr del 172.16.0.9/24 dev eth1']);
    d1.writeConfig(config(150));
    await d1.reload();
    await waitForBelongings(lab, 'd1', ALL);
  });

  it('a VRRP process that was killed finds everything and goes on; what is not wanted any more is gone', async () => {
    await lab
      .node('d1')
      .ip([
        'route add 198.51.102.0/24 via 10.0.0.51 proto 112',
        'rule add from 10.9.9.8 table 99 pref 1501 protocol 112',
      ]);
    process.kill(await vrrpPidOf(d1), 'SIGKILL');
    await d1.waitForStatus(({ daemon }) => daemon.vrrpProcess.restarts === 1, SLACK_MS, 'a restart');
    await waitForRole(d1, 'MASTER');
    await waitForBelongings(lab, 'd1', ALL);
  });

  it('a director that dies whole leaves it to the other, and cleans up when it is started as a BACKUP', async () => {
    await killDirector(d1);
    await waitForBelongings(lab, 'd2', ALL);
    await waitForBelongings(lab, 'd1', ALL); // nobody was there to take it away
    d1.writeConfig(config(50));
    d1.restart();
    await d1.waitForLine(/web: BACKUP/, 3 * SLACK_MS);
    await waitForRole(d1, 'BACKUP');
    await waitForBelongings(lab, 'd1', []);
    await waitForBelongings(lab, 'd2', ALL);
  });

  it('a VRRP process that hangs is killed and its successor has it all', async () => {
    await d1.stop();
    process.kill(await vrrpPidOf(d2), 'SIGSTOP');
    await d2.waitForLine(/The VRRP process was silent/, SLACK_MS);
    await waitForRole(d2, 'MASTER');
    await waitForBelongings(lab, 'd2', ALL);
  });

  it('what a main process does for a VRRP process that is gone: it takes all of it away', async () => {
    await killDirector(d2);
    await waitForBelongings(lab, 'd2', ALL);
    const folder = path.resolve(import.meta.dirname, '../../../src');
    const script = `
      const { loadConfig } = await import('${folder}/config/load.js');
      const { releaseAddresses } = await import('${folder}/sys/release-addresses.js');
      const config = loadConfig(require('node:fs').readFileSync('${d2.configFile}', 'utf8'));
      console.log(JSON.stringify(releaseAddresses(config.value.virtualRouters, {})));`;
    const { stdout } = await lab.node('d2').exec(process.execPath, ['-e', `(async () => {${script}})()`]);
    assert.equal(stdout.trim(), '[]');
    await waitForBelongings(lab, 'd2', []);
    d2.restart();
    await waitForBelongings(lab, 'd2', ALL);
  });

  it('a stop takes all of it away, and nothing of others', async () => {
    await d2.stop();
    await waitForBelongings(lab, 'd2', []);
    const { stdout } = await lab.node('d1').exec('ip', ['route']);
    assert.match(stdout, /198\.51\.101\.0\/24 via 10\.0\.0\.51/);
    const rules = await lab.node('d1').exec('ip', ['rule']);
    assert.match(rules.stdout, /from 10\.9\.9\.9 lookup 99/);
  });
});
