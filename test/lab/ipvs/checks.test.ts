/** Probes decide what the kernel's table holds: real servers leave and return, the sorry server stands in. */
import assert from 'node:assert/strict';
import { askHttp } from '../support/connection.ts';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { listTable, waitForWeights, weightsOf } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';

/** Linux sends one ICMP refusal a second to one machine (net.ipv4.icmp_ratelimit): faster UDP probes would miss some. */
const CONFIG = `
name: d1
defaults: { scheduler: rr, drain_timeout: 0s, check: { interval: 300ms, timeout: 300ms, rise: 2, fall: 2 } }
virtual_servers:
  - name: tcp
    address: 10.0.0.100
    port: 7000
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22, weight: 5 }]
  - name: removing
    address: 10.0.0.100
    port: 7001
    on_failure: remove
    checks: [{ type: tcp, port: 7000 }]
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
  - name: udp-refused
    address: 10.0.0.100
    port: 7000
    protocol: udp
    checks: [{ type: udp, send: ping, interval: 2500ms }]
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
  - name: udp-expect
    address: 10.0.0.100
    port: 7001
    protocol: udp
    checks: [{ type: udp, port: 7000, send: ping, expect: 'r1 ping', interval: 2500ms }]
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
  - name: web
    address: 10.0.0.100
    port: 80
    quorum: 2
    checks: [{ type: http, path: /healthz }]
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
    sorry_server: { address: 10.0.0.23 }
`;
/** interval x fall + timeout is under a second; User-Mode Linux on a busy host needs more. */
const SLACK_MS = 15_000;

const TCP = 'TCP 10.0.0.100:7000';
const REMOVING = 'TCP 10.0.0.100:7001';
const UDP_REFUSED = 'UDP 10.0.0.100:7000';
const UDP_EXPECT = 'UDP 10.0.0.100:7001';
const WEB = 'TCP 10.0.0.100:80';

/** r1 and r2 serve; r2 never says "r1". */
const ALL_UP = {
  [TCP]: { '10.0.0.21:7000': 1, '10.0.0.22:7000': 5 },
  [REMOVING]: { '10.0.0.21:7001': 1, '10.0.0.22:7001': 1 },
  [UDP_REFUSED]: { '10.0.0.21:7000': 1, '10.0.0.22:7000': 1 },
  [UDP_EXPECT]: { '10.0.0.21:7001': 1, '10.0.0.22:7001': 0 },
  [WEB]: { '10.0.0.21:80': 1, '10.0.0.22:80': 1 },
};

describe('probes and the IPVS table', function () {
  this.timeout(90_000);
  let lab: Lab;
  let daemon: Daemon;
  let r1: RealServer;

  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 3 });
    await lab.node('d1').ip(['addr add 10.0.0.100/32 dev eth0']);
    // Only the sorry server runs.
    await RealServer.start(lab, 'r3');
    daemon = Daemon.start(lab, 'd1', { config: CONFIG });
    await daemon.waitForLine(/runs d1/, SLACK_MS);
  });
  after(() => lab?.destroy());

  it('a real server has no weight before its first success', async () => {
    await daemon.waitForLine(/tcp: real server 10\.0\.0\.21:7000 unknown -> down: refused/, SLACK_MS);
    const weights = weightsOf(await listTable(lab.node('d1')));
    assert.deepEqual(weights[TCP], { '10.0.0.21:7000': 0, '10.0.0.22:7000': 0 });
    assert.deepEqual(weights[UDP_EXPECT], { '10.0.0.21:7001': 0, '10.0.0.22:7001': 0 });
    assert.deepEqual(weights[REMOVING], {});
    assert.equal(await askHttp(lab, '10.0.0.100', 80), 'r3');
  });

  it('a port that opens gets its weight', async () => {
    [r1] = await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r2')]);
    await waitForWeights(lab.node('d1'), ALL_UP, SLACK_MS);
  });

  it('HTTP 500 takes weight away, and below the quorum the sorry server answers', async () => {
    assert.match(await askHttp(lab, '10.0.0.100', 80), /^r[12]$/);
    r1.setHealth(500);
    const sorry = { '10.0.0.21:80': 0, '10.0.0.22:80': 0, '10.0.0.23:80': 1 };
    await waitForWeights(lab.node('d1'), { ...ALL_UP, [WEB]: sorry }, SLACK_MS);
    assert.equal(await askHttp(lab, '10.0.0.100', 80), 'r3');
    r1.setHealth(undefined);
    await waitForWeights(lab.node('d1'), ALL_UP, SLACK_MS);
    assert.match(await askHttp(lab, '10.0.0.100', 80), /^r[12]$/);
  });

  it('a server that stops is out for TCP and UDP, and back after its return', async () => {
    await r1.stop();
    const down = {
      [TCP]: { '10.0.0.21:7000': 0, '10.0.0.22:7000': 5 },
      [REMOVING]: { '10.0.0.22:7001': 1 },
      [UDP_REFUSED]: { '10.0.0.21:7000': 0, '10.0.0.22:7000': 1 },
      [UDP_EXPECT]: { '10.0.0.21:7001': 0, '10.0.0.22:7001': 0 },
    };
    await waitForWeights(lab.node('d1'), down, SLACK_MS);
    r1 = await RealServer.start(lab, 'r1');
    await waitForWeights(lab.node('d1'), ALL_UP, SLACK_MS);
  });

  it('a silent machine (no answer at all) is out', async () => {
    await lab.isolate('r1');
    await waitForWeights(lab.node('d1'), { [TCP]: { '10.0.0.21:7000': 0, '10.0.0.22:7000': 5 } }, SLACK_MS);
    await lab.restoreCable('r1');
    await waitForWeights(lab.node('d1'), ALL_UP, SLACK_MS);
  });

  it('no change was taken for one from outside', async () => {
    await waitFor(() => daemon.lines.length > 0, { timeoutMs: 1000, what: 'a log' });
    assert.deepEqual(
      daemon.lines.filter(({ text }) => text.includes('changed from outside')),
      [],
    );
  });
});
