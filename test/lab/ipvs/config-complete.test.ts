/** Everything the kernel offers, from one configuration file, with ipvsadm as the referee. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';

const SLACK_MS = 20_000;

const EVERYTHING = `
name: d1
defaults: { scheduler: rr, initial: up }
ipvs:
  timeouts: { tcp: 10m, tcp_fin: 90s, udp: 45s }
  settings: { sync_threshold: 2, sync_period: 20, drop_entry: auto, schedule_icmp: true, pmtu_disc: false }
virtual_servers:
  - { name: rr, address: 192.0.2.1, port: 1001, checks: [] }
  - { name: wrr, address: 192.0.2.1, port: 1002, scheduler: wrr }
  - { name: lc, address: 192.0.2.1, port: 1003, scheduler: lc }
  - { name: wlc, address: 192.0.2.1, port: 1004, scheduler: wlc }
  - { name: lblc, address: 192.0.2.1, port: 1005, scheduler: lblc }
  - { name: lblcr, address: 192.0.2.1, port: 1006, scheduler: lblcr }
  - { name: dh, address: 192.0.2.1, port: 1007, scheduler: dh }
  - { name: sh, address: 192.0.2.1, port: 1008, scheduler: sh, scheduler_flags: [sh-fallback, sh-port] }
  - { name: sed, address: 192.0.2.1, port: 1009, scheduler: sed }
  - { name: nq, address: 192.0.2.1, port: 1010, scheduler: nq }
  - { name: fo, address: 192.0.2.1, port: 1011, scheduler: fo }
  - { name: ovf, address: 192.0.2.1, port: 1012, scheduler: ovf, scheduler_flags: [flag-1, flag-3] }
  - { name: mh, address: 192.0.2.1, port: 1013, scheduler: mh, scheduler_flags: [mh-port] }
  - { name: all-ports, address: 192.0.2.2, port: 0, persistence: { timeout: 5m, prefix_length: 24 }, checks: [],
      real_servers: [{ address: 10.9.0.1 }] }
  - { name: all-ports6, address: "2001:db8::2", port: 0, persistence: { timeout: 1m, prefix_length: 64 }, checks: [] }
  - { name: sip, address: 192.0.2.3, port: 5060, protocol: udp, persistence: { engine: sip }, checks: [] }
  - { name: dns, address: 192.0.2.3, port: 53, protocol: udp, one_packet: true, checks: [] }
  - { name: diameter, address: 192.0.2.3, port: 3868, protocol: sctp, forwarding: nat, checks: [],
      real_servers: [{ address: 10.9.0.1, port: 3869 }] }
  - { name: mark, fwmark: 7, persistence: {}, checks: [], real_servers: [{ address: 10.9.0.1 }] }
  - { name: mark6, fwmark: 7, family: ipv6, persistence: { timeout: 10s, prefix_length: 56 }, checks: [],
      real_servers: [{ address: "2001:db8:9::1" }] }
  - name: methods
    address: 192.0.2.4
    port: 80
    forwarding: tunnel
    tunnel: { type: gue, port: 6080, checksum: remote }
    checks: []
    real_servers:
      - { address: 10.9.0.1 }
      - { address: 10.9.0.2, tunnel: { type: gue, port: 6081 } }
      - { address: 10.9.0.3, tunnel: { type: gue, port: 6082, checksum: full } }
      - { address: 10.9.0.4, tunnel: { type: gre } }
      - { address: 10.9.0.5, tunnel: { type: gre, checksum: full } }
      - { address: 10.9.0.6, tunnel: { type: ipip } }
      - { address: "2001:db8:9::7", tunnel: { type: ipip } }
      - { address: 10.9.0.8, forwarding: direct, weight: 3, upper_threshold: 200, lower_threshold: 100 }
      - { address: 10.9.0.9, forwarding: nat, port: 8080 }
  - name: group
    addresses: [192.0.2.110, 192.0.2.120-192.0.2.121]
    ports: [80, "8000-8001"]
    forwarding: nat
    checks: []
    real_servers: [{ address: 10.9.0.1 }, { address: 10.9.0.2, port: 9000, weight: 5 }]
  - { name: marks, fwmarks: [8, 9], checks: [], real_servers: [{ address: 10.9.0.1 }] }
`;

/** `ipvsadm -Sn`, sorted. */
const SAVED = `
-A -f 7 -6 -s rr -p 10 -M 56
-A -f 7 -s rr -p 360
-A -f 8 -s rr
-A -f 9 -s rr
-A -t 192.0.2.110:80 -s rr
-A -t 192.0.2.110:8000 -s rr
-A -t 192.0.2.110:8001 -s rr
-A -t 192.0.2.120:80 -s rr
-A -t 192.0.2.120:8000 -s rr
-A -t 192.0.2.120:8001 -s rr
-A -t 192.0.2.121:80 -s rr
-A -t 192.0.2.121:8000 -s rr
-A -t 192.0.2.121:8001 -s rr
-A -t 192.0.2.1:1001 -s rr
-A -t 192.0.2.1:1002 -s wrr
-A -t 192.0.2.1:1003 -s lc
-A -t 192.0.2.1:1004 -s wlc
-A -t 192.0.2.1:1005 -s lblc
-A -t 192.0.2.1:1006 -s lblcr
-A -t 192.0.2.1:1007 -s dh
-A -t 192.0.2.1:1008 -s sh -b sh-fallback,sh-port
-A -t 192.0.2.1:1009 -s sed
-A -t 192.0.2.1:1010 -s nq
-A -t 192.0.2.1:1011 -s fo
-A -t 192.0.2.1:1012 -s ovf -b flag-1,flag-3
-A -t 192.0.2.1:1013 -s mh -b mh-port
-A -t 192.0.2.2:0 -s rr -p 300 -M 255.255.255.0
-A -t 192.0.2.4:80 -s rr
-A -t [2001:db8::2]:0 -s rr -p 60 -M 64
-A -u 192.0.2.3:5060 -s rr -p 360 --pe sip
-A -u 192.0.2.3:53 -s rr -o
-A --sctp-service 192.0.2.3:3868 -s rr
-a -f 7 -6 -r [2001:db8:9::1]:0 -g -w 1
-a -f 7 -r 10.9.0.1:0 -g -w 1
-a -f 8 -r 10.9.0.1:0 -g -w 1
-a -f 9 -r 10.9.0.1:0 -g -w 1
-a -t 192.0.2.110:80 -r 10.9.0.1:80 -m -w 1
-a -t 192.0.2.110:80 -r 10.9.0.2:9000 -m -w 5
-a -t 192.0.2.110:8000 -r 10.9.0.1:8000 -m -w 1
-a -t 192.0.2.110:8000 -r 10.9.0.2:9000 -m -w 5
-a -t 192.0.2.110:8001 -r 10.9.0.1:8001 -m -w 1
-a -t 192.0.2.110:8001 -r 10.9.0.2:9000 -m -w 5
-a -t 192.0.2.120:80 -r 10.9.0.1:80 -m -w 1
-a -t 192.0.2.120:80 -r 10.9.0.2:9000 -m -w 5
-a -t 192.0.2.120:8000 -r 10.9.0.1:8000 -m -w 1
-a -t 192.0.2.120:8000 -r 10.9.0.2:9000 -m -w 5
-a -t 192.0.2.120:8001 -r 10.9.0.1:8001 -m -w 1
-a -t 192.0.2.120:8001 -r 10.9.0.2:9000 -m -w 5
-a -t 192.0.2.121:80 -r 10.9.0.1:80 -m -w 1
-a -t 192.0.2.121:80 -r 10.9.0.2:9000 -m -w 5
-a -t 192.0.2.121:8000 -r 10.9.0.1:8000 -m -w 1
-a -t 192.0.2.121:8000 -r 10.9.0.2:9000 -m -w 5
-a -t 192.0.2.121:8001 -r 10.9.0.1:8001 -m -w 1
-a -t 192.0.2.121:8001 -r 10.9.0.2:9000 -m -w 5
-a -t 192.0.2.2:0 -r 10.9.0.1:0 -g -w 1
-a -t 192.0.2.4:80 -r 10.9.0.1:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum
-a -t 192.0.2.4:80 -r 10.9.0.2:80 -i -w 1 --tun-type gue --tun-port 6081 --tun-nocsum
-a -t 192.0.2.4:80 -r 10.9.0.3:80 -i -w 1 --tun-type gue --tun-port 6082 --tun-csum
-a -t 192.0.2.4:80 -r 10.9.0.4:80 -i -w 1 --tun-type gre --tun-nocsum
-a -t 192.0.2.4:80 -r 10.9.0.5:80 -i -w 1 --tun-type gre --tun-csum
-a -t 192.0.2.4:80 -r 10.9.0.6:80 -i -w 1 --tun-type ipip
-a -t 192.0.2.4:80 -r 10.9.0.8:80 -g -w 3
-a -t 192.0.2.4:80 -r 10.9.0.9:8080 -m -w 1
-a -t 192.0.2.4:80 -r [2001:db8:9::7]:80 -i -w 1 --tun-type ipip
-a --sctp-service 192.0.2.3:3868 -r 10.9.0.1:3869 -m -w 1
`;

const sorted = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .sort();

const syncConfig = (sync: string): string => `
name: d1
vrrp: [{ name: web, interface: eth0, virtual_router_id: 51, advertisement_interval: 100ms, virtual_addresses: [10.0.0.100] }]
connection_sync: { follow: web, interface: eth1, ${sync} }
virtual_servers:
  - { name: web, address: 10.0.0.100, port: 80, persistence: {}, checks: [] }
`;

/** Says a word for every connection to one of its ports. */
const COUNTER = `
for (const port of [80, 443]) {
  require('node:net').createServer((socket) => {
    console.log('connection ' + port);
    socket.on('error', () => {}).end();
  }).listen(port, () => console.log('listens ' + port));
}
`;

describe('a configuration with everything that the kernel offers', function () {
  this.timeout(120_000);
  let lab: Lab;
  let daemon: Daemon;

  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 1, client: false, family: 'both' });
    daemon = Daemon.start(lab, 'd1', { config: EVERYTHING });
    await daemon.waitForLine(/runs d1/, SLACK_MS);
  });
  after(() => lab?.destroy());

  const ipvsadm = async (...args: readonly string[]): Promise<string> =>
    (await lab.node('d1').exec('ipvsadm', args)).stdout;
  const setting = async (name: string): Promise<string> =>
    (await lab.node('d1').exec('cat', [`/proc/sys/net/ipv4/vs/${name}`])).stdout.trim();

  async function reload(config: string): Promise<void> {
    daemon.writeConfig(config);
    await daemon.reload();
  }

  it('is in the kernel as ipvsadm saves it', async () => {
    assert.deepEqual(sorted(await ipvsadm('-Sn')), sorted(SAVED));
    const { virtualServers, ipvs } = await daemon.status();
    assert.deepEqual(
      virtualServers.filter(({ inKernel }) => inKernel !== true).map(({ name }) => name),
      [],
    );
    assert.deepEqual([ipvs?.refusedCommands, ipvs?.lastProblem], [0, null]);
  });

  it('has thresholds, which ipvsadm does not save', async () => {
    const rows = (await ipvsadm('-Ln', '--thresholds')).split('\n').map((line) => line.trim().split(/\s+/).join(' '));
    assert.ok(rows.includes('-> 10.9.0.8:80 200 100 0 0'), rows.join('\n'));
    assert.ok(rows.includes('-> 10.9.0.9:8080 0 0 0 0'), rows.join('\n'));
  });

  it('has timeouts and settings', async () => {
    assert.match(await ipvsadm('-L', '--timeout'), /600 90 45/);
    const seen = await Promise.all(
      ['sync_threshold', 'schedule_icmp', 'pmtu_disc', 'expire_nodest_conn', 'expire_quiescent_template'].map(setting),
    );
    assert.deepEqual(seen, ['2\t20', '1', '0', '1', '1']);
    // The kernel moves between its automatic modes.
    assert.match(await setting('drop_entry'), /^[12]$/);
  });

  it('is shown in short by lvsd status', async () => {
    const { virtualServers } = await daemon.status();
    const group = virtualServers.find(({ name }) => name === 'group');
    assert.equal(group?.service, 'tcp 192.0.2.110,192.0.2.120-192.0.2.121:80,8000-8001');
    assert.equal(group.services.length, 9);
    assert.deepEqual(
      group.realServers.map(({ address, weight }) => `${address} ${weight.kernel}`),
      ['10.9.0.1 1', '10.9.0.2:9000 5'],
    );
  });

  it('nothing is left to do once it is done', async () => {
    const before = (await daemon.status()).ipvs?.reconciles ?? 0;
    await daemon.waitForStatus(({ ipvs }) => (ipvs?.reconciles ?? 0) >= before + 2, SLACK_MS, 'two reconciliations');
    const { ipvs } = await daemon.status();
    assert.deepEqual([ipvs?.repairs, ipvs?.refusedCommands, ipvs?.lastProblem], [0, 0, null]);
  });

  it('a real server behind a group is probed once for each check, whatever the number of services', async () => {
    const counter = lab.spawn('r1', process.execPath, ['-e', COUNTER], { name: 'counter' });
    await counter.waitForLine(/listens 80/, SLACK_MS);
    await counter.waitForLine(/listens 443/, SLACK_MS);
    await reload(`
name: d1
virtual_servers:
  - name: group
    addresses: [192.0.2.1-192.0.2.20]
    ports: [80, 443]
    checks: [{ type: tcp, port: 80, interval: 1h }, { type: tcp, port: 443, interval: 1h }]
    real_servers: [{ address: 10.0.0.21 }]
`);
    const { virtualServers } = await daemon.waitForStatus(
      ({ virtualServers: [group] }) => group?.state === 'UP' && group.inKernel === true,
      SLACK_MS,
      'the group up',
    );
    assert.equal(virtualServers[0]?.services.length, 40);
    const table = await ipvsadm('-Sn');
    await waitFor(async () => ((await ipvsadm('-Sn')).match(/-r 10\.0\.0\.21:\d+ -g -w 1/g) ?? []).length === 40, {
      timeoutMs: SLACK_MS,
      what: `40 services with the real server, not\n${table}`,
    });
    const connections = counter.lines.filter(({ text }) => text.startsWith('connection')).map(({ text }) => text);
    assert.deepEqual(connections.sort(), ['connection 443', 'connection 80']);
    await counter.stop();
  });

  describe('connection sync', () => {
    const rows = [
      {
        family: 'IPv4, everything said',
        sync: 'sync_id: 7, group: 239.1.1.1, port: 9000, ttl: 3, max_length: 1200',
        listed: 'master sync daemon (mcast=eth1, syncid=7, maxlen=1200, group=239.1.1.1, port=9000, ttl=3)',
      },
      {
        family: 'IPv6',
        sync: 'sync_id: 8, group: "ff02::81", port: 9001, ttl: 2, max_length: 1100',
        listed: 'master sync daemon (mcast=eth1, syncid=8, maxlen=1100, group=ff02::81, port=9001, ttl=2)',
      },
      {
        family: 'IPv4, the kernel decides',
        sync: 'sync_id: 9',
        listed: 'master sync daemon (mcast=eth1, syncid=9, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)',
      },
    ];
    for (const { family, sync, listed } of rows) {
      it(family, async () => {
        await reload(syncConfig(sync));
        let seen = '';
        await waitFor(
          async () => {
            seen = (await ipvsadm('-L', '--daemon')).trim();
            return seen === listed;
          },
          { timeoutMs: SLACK_MS, what: 'the sync daemon', pollMs: 200 },
        ).catch(() => assert.equal(seen, listed));
      });
    }

    it('with persistence: templates are not sent with every packet', async () => {
      assert.deepEqual(await Promise.all(['sync_refresh_period', 'sync_retries', 'sloppy_tcp'].map(setting)), [
        '10',
        '1',
        '1',
      ]);
    });
  });
});
