/** A virtual server that loses its quorum gives the address to the director that still reaches its real servers. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';

const SLACK_MS = 30_000;

function config(priority: number, realServers: readonly string[]): string {
  return `
vrrp:
  - name: front
    interface: eth0
    virtual_router_id: 51
    priority: ${priority}
    advertisement_interval: 200ms
    virtual_addresses: [10.0.0.100/24]
    track: [{ virtual_server: web }]
defaults: { scheduler: rr, forwarding: nat, check: { interval: 300ms, timeout: 2s, rise: 1, fall: 2 } }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: 80
    quorum: 2
    checks: [{ type: http, path: /healthz }]
    real_servers: [${realServers.map((address) => `{ address: ${address} }`).join(', ')}]
`;
}

describe('a tracked virtual server', function () {
  this.timeout(120_000);
  let lab: Lab;
  let d1: Daemon;
  let d2: Daemon;
  let r1: RealServer;

  before(async () => {
    // Two directors, each with a site of its own behind it: r1 answers for both, r2 for d1 only, r3 for d2 only.
    lab = await Lab.create({ method: 'nat', realServers: 3 });
    [r1] = await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r2'), RealServer.start(lab, 'r3')]);
    d1 = Daemon.start(lab, 'd1', { config: config(150, ['10.1.0.21', '10.1.0.22']) });
    d2 = Daemon.start(lab, 'd2', { config: config(100, ['10.1.0.21', '10.1.0.23']) });
    await waitForMaster(d1);
  });
  after(() => lab?.destroy());

  const roleOf = async (daemon: Daemon) => (await daemon.status()).virtualRouters[0];
  const waitForMaster = (daemon: Daemon): Promise<unknown> =>
    waitFor(async () => (await roleOf(daemon))?.role === 'MASTER', {
      timeoutMs: SLACK_MS,
      what: `${daemon.node} to be MASTER`,
      pollMs: 200,
    });

  it('gives up the address without its quorum, and takes it back with it', async () => {
    await lab.isolate('r2', 'back');
    await waitForMaster(d2);
    const lost = await roleOf(d1);
    assert.deepEqual([lost?.role, lost?.fault], ['FAULT', 'virtual_server web is down: usable weight 1, quorum 2']);
    await lab.restoreCable('r2', 'back');
    await waitForMaster(d1);
    assert.equal((await roleOf(d1))?.fault, null);
  });

  it('that is lost on both directors stays nowhere, and comes back', async () => {
    r1.setHealth(503);
    const inFault = async (): Promise<boolean> => {
      const both = await Promise.all([roleOf(d1), roleOf(d2)]);
      return both.every((router) => router?.role === 'FAULT');
    };
    await waitFor(inFault, { timeoutMs: SLACK_MS, what: 'both to be in FAULT', pollMs: 200 });
    r1.setHealth(undefined);
    await waitForMaster(d1);
  });
});
