/** `lvsd doctor` beside a real IPVS: a director that works, the same one broken, and a tunnel that is mended. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { LVSD } from '../support/daemon.ts';
import { Lab, requireIpvs } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';
import type { LabOptions } from '../support/topology.ts';

const VIP = '10.0.0.100';

interface Report {
  readonly findings: readonly { readonly id: string; readonly severity: string; readonly what: string }[];
  readonly notChecked: readonly string[];
}

/** Direct routing, a tunnel and NAT, with connection sync. */
const CONFIG = `
vrrp:
  - { name: web, interface: eth0, virtual_router_id: 51, virtual_addresses: [${VIP}/24] }
connection_sync: { follow: web, interface: eth1, sync_id: 7 }
virtual_servers:
  - name: web
    address: ${VIP}
    port: 80
    checks: [{ type: tcp }]
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
  - name: far
    address: ${VIP}
    port: 81
    forwarding: tunnel
    checks: [{ type: tcp }]
    real_servers: [{ address: 10.0.0.21 }]
  - name: inside
    address: ${VIP}
    port: 82
    forwarding: nat
    checks: [{ type: tcp }]
    real_servers: [{ address: 10.1.0.23 }]
`;

describe('lvsd doctor with IPVS', function () {
  this.timeout(120_000);
  let lab: Lab | undefined;

  before(requireIpvs);
  afterEach(() => lab?.destroy());

  const build = async (options: LabOptions): Promise<Lab> => {
    lab = await Lab.create({ directors: 1, ...options });
    return lab;
  };
  const doctor = async (where: Lab, node: string, ...args: readonly string[]) => {
    const command = [LVSD, 'doctor', '--json', ...args];
    const { code, stdout } = await where.node(node).exec(process.execPath, command, { check: false });
    const { findings, notChecked }: Report = JSON.parse(stdout);
    const ids = (wanted: string) => findings.filter(({ severity }) => severity === wanted).map(({ id }) => id);
    return { code, errors: ids('error'), warnings: ids('warning'), notChecked };
  };

  it('says nothing against a director that works, and finds what breaks it', async () => {
    const here = await build({ realServers: 2, client: false });
    const director = here.node('d1');
    const file = here.file('lvsd.yaml');
    writeFileSync(file, CONFIG);
    await director.ip([`addr add ${VIP}/32 dev eth0`]);
    await director.exec('ipvsadm', ['--start-daemon', 'backup', '--mcast-interface', 'eth1', '--syncid', '7']);
    await director.exec('ipvsadm', ['-A', '-t', `${VIP}:80`]);
    await director.exec('ipvsadm', ['-a', '-t', `${VIP}:80`, '-r', '10.0.0.21:80', '-g']);

    const healthy = await doctor(here, 'd1', '-c', file);
    assert.deepEqual([healthy.code, healthy.errors, healthy.warnings], [0, [], []], JSON.stringify(healthy));

    await director.sysctl({
      'net.ipv4.ip_forward': 0,
      'net.ipv4.conf.all.rp_filter': 1,
      'net.ipv4.vs.sync_version': 0,
    });
    await director.exec('ipvsadm', ['--stop-daemon', 'backup']);
    await director.exec('ipvsadm', ['--start-daemon', 'backup', '--mcast-interface', 'eth0', '--syncid', '8']);
    await director.ip([`route add unreachable 10.1.0.23/32`, 'route add 10.0.0.21/32 via 10.0.0.22']);
    const broken = await doctor(here, 'd1', '-c', file);
    assert.equal(broken.code, 1);
    assert.deepEqual(broken.errors, [
      'forwarding-off',
      'real-server-without-route',
      'direct-server-behind-router',
      'sync-daemon-differs',
    ]);
    assert.deepEqual(broken.warnings, ['rp-filter-strict', 'sync-version-old']);
    await director.exec('ipvsadm', ['--stop-daemon', 'backup']);
  });

  it('mends the tunnel of a real server, so that clients get through, and puts it back', async () => {
    const here = await build({ realServers: 1, method: 'tunnel', vips: [] });
    const [director, server] = [here.node('d1'), here.node('r1')];
    await director.ip([`addr add ${VIP}/32 dev eth0`]);
    await director.exec('ipvsadm', ['-A', '-t', `${VIP}:80`]);
    await director.exec('ipvsadm', ['-a', '-t', `${VIP}:80`, '-r', '10.0.0.21:80', '-i']);
    await server.ip(['link set tunl0 down']);
    await server.sysctl({
      'net.ipv4.conf.all.rp_filter': 1,
      'net.ipv4.conf.all.arp_ignore': 0,
      'net.ipv4.conf.all.arp_announce': 0,
    });
    await RealServer.start(here, 'r1');
    const get = ['-s', '-m', '3', '-o', '/dev/null', '-w', '%{http_code}', `http://${VIP}/healthz`];
    const answer = async () => (await here.node('c1').exec('curl', get, { check: false })).stdout;
    const machine = async () =>
      (await server.sh('grep -r . /proc/sys/net/ipv4/conf 2>/dev/null | sort || true; ip address show')).stdout;
    const before = await machine();
    assert.equal(await answer(), '000');

    const asked = ['--real-server', `${VIP}:tunnel`, '--undo-file', here.file('undo.json')];
    assert.deepEqual((await doctor(here, 'r1', ...asked)).errors.toSorted(), [
      'arp-announced',
      'arp-answered',
      'tunnel-down',
      'tunnel-rp-filter-strict',
      'virtual-address-absent',
    ]);
    const mended = await doctor(here, 'r1', ...asked, '--fix');
    assert.deepEqual([mended.code, mended.errors], [0, []]);
    assert.equal(await answer(), '200');

    await server.exec(process.execPath, [LVSD, 'doctor', '--undo', '--undo-file', here.file('undo.json')]);
    assert.equal(await machine(), before);
    assert.equal(await answer(), '000');
  });
});
