/** `lvsd doctor` on a director, as far as that needs no IPVS. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { LVSD } from '../support/daemon.ts';
import { Lab } from '../support/lab.ts';

const VIP = '10.0.0.100';

interface Report {
  readonly findings: readonly { readonly id: string; readonly severity: string }[];
}

/** Sends sync messages of version 0 with sync id 8 to the kernel's group, as the other director's kernel would. */
const SENDER = `
const socket = require('node:dgram').createSocket('udp4');
socket.bind(0, () => {
  socket.setMulticastInterface('10.1.0.12');
  setInterval(() => socket.send(Buffer.from('00080004', 'hex'), 8848, '224.0.0.81'), 100);
});
setTimeout(() => process.exit(), 15000);
`;

const CONFIG = `
vrrp:
  - { name: web, interface: eth0, virtual_router_id: 51, virtual_addresses: [${VIP}/24] }
connection_sync: { follow: web, interface: eth1, sync_id: 7 }
`;

describe('lvsd doctor on a director', function () {
  this.timeout(60_000);
  let lab: Lab;
  let file: string;

  before(async () => {
    lab = await Lab.create({ directors: 2, realServers: 0, client: false });
    file = lab.file('lvsd.yaml');
    writeFileSync(file, CONFIG);
  });
  after(() => lab.destroy());

  const examine = async (
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly ids: readonly string[] }> => {
    const command = [LVSD, 'doctor', '-c', file, '--json', ...args];
    const { code, stdout } = await lab.node('d1').exec(process.execPath, command, { check: false });
    const { findings }: Report = JSON.parse(stdout);
    return { code, ids: findings.filter(({ severity }) => severity === 'error').map(({ id }) => id) };
  };

  it('a healthy one has no errors', async () => {
    assert.deepEqual(await examine(), { code: 0, ids: [] });
  });

  it('hears the sync messages of the other one: another sync id', async () => {
    const sender = lab.spawn('d2', process.execPath, ['-e', SENDER], { name: 'sync sender' });
    assert.deepEqual(await examine('--listen', '4'), { code: 1, ids: ['sync-id-differs'] });
    await sender.kill();
  });

  it('finds keepalived with the same virtual router', async () => {
    const conf = lab.file('keepalived.conf');
    writeFileSync(
      conf,
      `vrrp_instance x {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n ${VIP}/24\n }\n}\n`,
    );
    const pids = ['-p', lab.file('keepalived.pid'), '-r', lab.file('vrrp.pid')];
    const keepalived = lab.spawn('d1', 'keepalived', ['-n', '-l', '-P', '-f', conf, ...pids], { name: 'keepalived' });
    await keepalived.waitForLine(/MASTER|BACKUP|Starting/, 10_000);
    assert.deepEqual(await examine(), { code: 1, ids: ['keepalived-same-router'] });
    await keepalived.stop();
  });

  it('finds a missing interface, and a file that is wrong is exit code 2', async () => {
    await lab.node('d1').ip(['link del eth1']);
    assert.deepEqual(await examine(), { code: 1, ids: ['sync-interface-missing'] });
    writeFileSync(file, 'vrrp: 1\n');
    const { code, stderr } = await lab
      .node('d1')
      .exec(process.execPath, [LVSD, 'doctor', '-c', file], { check: false });
    assert.equal(code, 2);
    assert.match(stderr, /lvsd\.yaml:1:/);
  });
});
