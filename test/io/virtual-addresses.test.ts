/** What virtual routers bring along, on the running kernel, in a network namespace of its own. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';

const needsRoot = process.getuid?.() === 0 ? '' : ' (skipped: needs root)';
const NETNS = `lvsd-va-${process.pid}`;
const module = (path: string): string => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);

const PRELUDE = `
  const { execFileSync } = await import('node:child_process');
  const { NetworkState } = await import(${module('src/sys/rtnl.js')});
  const { VirtualAddresses } = await import(${module('src/sys/virtual-addresses.js')});
  const { releaseAddresses } = await import(${module('src/sys/release-addresses.js')});
  const { routerConfig, vip } = await import(${module('test/unit/vrrp/builders.js')});
  const ip = (args) => execFileSync('ip', args.split(' '), { encoding: 'utf8' });
  const told = [];
  const network = new NetworkState(() => {}, () => {});
  const announcements = { announceNow() {}, renew() {} };
  const start = () => new VirtualAddresses(network, announcements, (text) => told.push(text), () => {}, () => {});
  const web = (given) => routerConfig({ interface: 'eth0', virtualAddresses: [vip('192.0.2.100', 32)], ...given });
  const route = (given) => ({
    family: 4, to: { address: '198.51.100.0', prefixLength: 24 }, type: 'unicast', via: null, interface: 'eth0',
    source: null, table: 254, metric: null, scope: 253, ...given,
  });
  /** "192.0.2.100/32 eth0:web" */
  const addresses = (device = 'eth0') =>
    JSON.parse(ip('-j addr show dev ' + device))[0].addr_info.flatMap(({ local, prefixlen, label, scope }) =>
      local.startsWith('fe80') ? [] : [local + '/' + prefixlen + (label === undefined || label === device ? '' : ' ' + label)]);
  const routes = () => ip('route show 198.51.100.0/24').trim();
  const nothing = new Set();
  /** Events that wait in the socket. */
  const turn = () => new Promise((done) => setTimeout(done, 20));
  const print = (value) => console.log(JSON.stringify(value));
`;

/** What a program inside the namespace printed. */
function inside(program: string): unknown {
  const args = [
    'netns',
    'exec',
    NETNS,
    process.execPath,
    '--input-type=module',
    '-e',
    `${PRELUDE}${program}; process.exit(0)`,
  ];
  const { status, stdout, stderr } = spawnSync('ip', args, { encoding: 'utf8', timeout: 20_000 });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return JSON.parse(stdout);
}

const ip = (args: string): void => {
  execFileSync('ip', args.split(' '));
};

describe(`belongings of virtual routers in the kernel${needsRoot}`, function () {
  this.timeout(20_000);
  beforeEach(function () {
    if (needsRoot !== '') return this.skip();
    ip(`netns add ${NETNS}`);
    for (const name of ['eth0', 'eth1']) {
      ip(`-n ${NETNS} link add ${name} type veth peer name ${name}p`);
      for (const end of [name, `${name}p`]) ip(`-n ${NETNS} link set ${end} up`);
    }
    ip(`-n ${NETNS} addr add 192.0.2.1/24 dev eth0`);
  });
  afterEach(() => {
    if (needsRoot === '') ip(`netns del ${NETNS}`);
  });

  it('addresses that a crash left and nobody wants now are deleted at the start; those of others stay', () => {
    const found = inside(`
      start().claim(web({ extraAddresses: [vip('2001:db8::100', 64)] }));
      ip('addr add 192.0.2.7/32 dev eth0');
      const next = start();
      next.configure([web({ virtualAddresses: [vip('192.0.2.100', 24)] })]);
      next.settle();
      const restarted = addresses();
      const last = start();
      last.configure([]);
      last.settle();
      print([restarted, addresses()])`);
    assert.deepEqual(found, [
      ['192.0.2.1/24', '192.0.2.7/32'],
      ['192.0.2.1/24', '192.0.2.7/32'],
    ]);
  });

  it('a run without virtual routers takes away what a crash left, and puts settings back', () => {
    const found = inside(`
      const { mkdtempSync, rmSync, readFileSync, writeFileSync } = await import('node:fs');
      const { SettingsMemory } = await import(${module('src/sys/settings-memory.js')});
      const { releaseLeftovers } = await import(${module('src/sys/release-addresses.js')});
      const socket = mkdtempSync('/tmp/lvsd-va-') + '/lvsd.sock';
      const setting = '/proc/sys/net/ipv4/conf/eth0/promote_secondaries';
      writeFileSync(setting, '0');
      const config = web({ virtualRoutes: [route()], promoteSecondaries: true });
      new SettingsMemory(socket, print).note([config]);
      const all = start();
      all.configure([config]);
      all.settle();
      all.claim(config);
      const during = readFileSync(setting, 'utf8').trim();
      releaseLeftovers(socket, print);
      rmSync(socket.slice(0, -10), { recursive: true });
      print([during, readFileSync(setting, 'utf8').trim(), addresses(), routes()])`);
    assert.deepEqual(found, ['1', '0', ['192.0.2.1/24'], '']);
  });

  it('what is wanted stays where it is over a start', () => {
    const found = inside(`
      const config = web({ virtualRoutes: [route({ via: '192.0.2.9', interface: null, scope: 0 })] });
      start().claim(config);
      const next = start();
      next.configure([config]);
      next.settle();
      print([addresses(), routes()])`);
    assert.deepEqual(found, [['192.0.2.1/24', '192.0.2.100/32'], '198.51.100.0/24 via 192.0.2.9 dev eth0 proto 112']);
  });

  it('an IPv6 address that is there with another prefix length becomes ours', () => {
    const found = inside(`
      ip('addr add 2001:db8::100/64 dev eth0 nodad');
      network.refresh();
      const all = start();
      const config = web({ extraAddresses: [vip('2001:db8::100', 128)] });
      const claimed = all.claim(config);
      const active = addresses();
      all.release(config, nothing);
      print([claimed.ok, active, addresses()])`);
    assert.deepEqual(found, [true, ['192.0.2.1/24', '192.0.2.100/32', '2001:db8::100/128'], ['192.0.2.1/24']]);
  });

  it("an owner's own IPv6 address stays as it is", () => {
    const found = inside(`
      ip('addr add 2001:db8::100/64 dev eth0 nodad');
      network.refresh();
      const all = start();
      const config = web({ priority: 255, virtualAddresses: [vip('2001:db8::100', 128)] });
      const claimed = all.claim(config);
      const active = addresses();
      all.release(config, nothing);
      print([claimed.ok, active, addresses()])`);
    assert.deepEqual(found, [true, ['192.0.2.1/24', '2001:db8::100/64'], ['192.0.2.1/24', '2001:db8::100/64']]);
  });

  it('an interface that is renamed while it has them does not keep them', () => {
    const found = inside(`
      const all = start();
      const config = web({ virtualAddresses: [vip('192.0.2.100', 32)], extraAddresses: [{ ...vip('192.0.2.101', 32), interface: 'eth1' }] });
      all.claim(config);
      ip('link set eth1 down');
      ip('link set eth1 name lan1');
      ip('link set lan1 up');
      await turn();
      all.release(config, nothing);
      print([addresses(), addresses('lan1'), told])`);
    assert.deepEqual(found, [['192.0.2.1/24'], [], []]);
  });

  it('a reload that changes the prefix length adds before it deletes', () => {
    const found = inside(`
      const all = start();
      const before = web({ virtualAddresses: [vip('192.0.2.100', 32)] });
      const after = web({ virtualAddresses: [vip('192.0.2.100', 24)] });
      all.claim(before);
      const events = (await import('node:child_process')).spawn('ip', ['-o', 'monitor', 'address']);
      let text = '';
      events.stdout.on('data', (data) => { text += data; });
      await new Promise((done) => setTimeout(done, 300));
      all.replace(before, after, nothing);
      await new Promise((done) => setTimeout(done, 300));
      events.kill();
      const seen = text.trim().split('\\n').map((line) => (line.startsWith('Deleted') ? '-' : '+') + /192[^ ]*/.exec(line)?.[0]);
      print([addresses(), seen])`);
    assert.deepEqual(found, [
      ['192.0.2.1/24', '192.0.2.100/24'],
      ['+192.0.2.100/24', '-192.0.2.100/32'],
    ]);
  });

  it('a reload that changes a label replaces the address, and takes away what is gone', () => {
    const found = inside(`
      const all = start();
      const before = web({ extraAddresses: [vip('2001:db8::100', 64), vip('192.0.2.101', 32)] });
      const after = web({
        virtualAddresses: [{ ...vip('192.0.2.100', 32), label: 'eth0:web' }],
        extraAddresses: [vip('2001:db8::100', 128)],
      });
      all.claim(before);
      all.replace(before, after, nothing);
      print([addresses(), told])`);
    assert.deepEqual(found, [['192.0.2.1/24', '192.0.2.100/32 eth0:web', '2001:db8::100/128'], []]);
  });

  it("somebody else's route to the same network is left alone, and does not count as ours", () => {
    const found = inside(`
      ip('route add 198.51.100.0/24 via 192.0.2.8');
      const all = start();
      const config = web({ virtualRoutes: [route({ via: '192.0.2.9', interface: null, scope: 0 })] });
      all.configure([config]);
      all.claim(config);
      all.repair(config);
      const [shown] = all.report(config).virtualRoutes;
      ip('route del 198.51.100.0/24');
      await turn();
      all.repair(config);
      const after = routes();
      all.release(config, nothing);
      print([told[0], shown.held, shown.problem, after, routes()])`);
    assert.deepEqual(found, [
      "web: cannot add the route 198.51.100.0/24 via 192.0.2.9: somebody else's route with this destination and metric is there",
      false,
      "somebody else's route with this destination and metric is there",
      '198.51.100.0/24 via 192.0.2.9 dev eth0 proto 112',
      '',
    ]);
  });

  it('a macvlan that is set down is set up again; one that is none of ours is never deleted', () => {
    const found = inside(`
      ip('link add mv0 link eth1 type macvlan mode bridge');
      await turn();
      const all = start();
      const config = web({ interface: 'eth1', vrid: 51, virtualMac: { interface: 'vrrp4.51' } });
      const other = { ...config, name: 'other', virtualMac: { interface: 'mv0' } };
      const problem = all.ensure(other) !== null;
      all.leave(other, []);
      releaseAddresses([other], {});
      all.ensure(config);
      all.claim(config);
      ip('link set vrrp4.51 down');
      await turn();
      all.repair(config);
      await turn();
      const links = JSON.parse(ip('-j link')).flatMap(({ ifname, flags }) => ifname === 'mv0' || ifname === 'vrrp4.51' ? [[ifname, flags.includes('UP')]] : []);
      all.release(config, nothing);
      all.leave(config, []);
      const gone = ip('link').includes('vrrp4.51') === false;
      print([problem, links, gone])`);
    assert.deepEqual(found, [
      true,
      [
        ['mv0', false],
        ['vrrp4.51', true],
      ],
      true,
    ]);
  });
});
