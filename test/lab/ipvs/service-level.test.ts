/** How a virtual server treats its real servers, seen in the kernel's table: tiers, sorry servers, ramps, advice, panic, hooks. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { listTable, waitForWeights, weightsOf } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';

/** Interval x fall + timeout is under a second; User-Mode Linux on a busy host needs more. */
const SLACK_MS = 20_000;

const WATCHED = 'TCP 10.0.0.100:7000';
const TIERED = 'TCP 10.0.0.100:80';
const RAMPED = 'TCP 10.0.0.100:81';
const ADVISED = 'TCP 10.0.0.100:82';
const CAREFUL = 'TCP 10.0.0.100:83';
const RESTING = 'TCP 10.0.0.100:84';

const config = (lab: Lab): string => `
name: d1
vrrp:
  - { name: front, interface: eth0, virtual_router_id: 51, priority: 100, advertisement_interval: 200ms, virtual_addresses: [10.0.0.200/24] }
self_check: { type: tcp, address: 10.0.0.24, port: 7000, interval: 500ms, timeout: 400ms, rise: 1, fall: 1 }
notifications: { lvs_fifo: ${lab.file('lvs.fifo')}, lvs_fifo_script: [/bin/sh, -c, 'cat "$1" > ${lab.file('fifo.log')}', reader] }
defaults: { scheduler: wrr, drain_timeout: 0s, check: { interval: 300ms, timeout: 300ms, rise: 2, fall: 2 } }
virtual_servers:
  - name: watched
    address: 10.0.0.100
    port: 7000
    checks: [{ type: tcp, watch: true, interval: 20s, timeout: 1s, rise: 1, fall: 9 }]
    notify_down: [/bin/sh, -c, 'echo "$LVSD_VIRTUAL_SERVER $LVSD_REAL_SERVER $LVSD_STATE" >> ${lab.file('hook.log')}']
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
  - name: tiered
    address: 10.0.0.100
    port: 80
    quorum: 4
    checks: [{ type: http, path: /healthz }]
    real_servers: [{ address: 10.0.0.21, weight: 4 }, { address: 10.0.0.22, weight: 4, tier: 1 }]
    sorry_servers:
      - { address: 10.0.0.23, weight: 3, checks: [{ type: http, path: /healthz }] }
      - { address: 10.0.0.24, weight: 2 }
  - name: ramped
    address: 10.0.0.100
    port: 81
    slow_start: { duration: 4s, from: 5 }
    checks: [{ type: tcp, port: 7000 }]
    real_servers: [{ address: 10.0.0.22, weight: 200 }]
  - name: advised
    address: 10.0.0.100
    port: 82
    graded_weight: { min: 1, max: 100 }
    checks: [{ type: file, path: ${lab.file('advice')} }, { type: passive, name: gate }]
    check_mode: all
    real_servers: [{ address: 10.0.0.21, weight: 100 }]
  - name: careful
    address: 10.0.0.100
    port: 83
    panic: { threshold: 50, within: 30s }
    checks: [{ type: tcp, port: 7000, timeout: 200ms }]
    real_servers: [{ address: 10.0.0.22, weight: 7 }, { address: 10.0.0.23, weight: 8 }]
  - name: resting
    address: 10.0.0.100
    port: 84
    ha_suspend: front
    checks: [{ type: tcp, port: 9 }]
    real_servers: [{ address: 10.0.0.21 }]
`;

describe('the service level in the IPVS table', function () {
  this.timeout(120_000);
  let lab: Lab;
  let daemon: Daemon;
  let r1: RealServer;
  let r2: RealServer;
  let r3: RealServer;

  const weights = (of: Readonly<Record<string, Readonly<Record<string, number>>>>): Promise<unknown> =>
    waitForWeights(lab.node('d1'), of, SLACK_MS);
  const logged = (name: string): string => {
    try {
      return readFileSync(lab.file(name), 'utf8');
    } catch {
      return '';
    }
  };

  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 4, client: false });
    writeFileSync(lab.file('advice'), 'up\n');
    [r1, r2, r3] = await Promise.all([
      RealServer.start(lab, 'r1'),
      RealServer.start(lab, 'r2'),
      RealServer.start(lab, 'r3'),
      RealServer.start(lab, 'r4'),
    ]);
    daemon = Daemon.start(lab, 'd1', { config: config(lab) });
    await daemon.waitForLine(/runs d1/, SLACK_MS);
  });
  after(() => lab?.destroy());

  it('begins with the first tier, no sorry server, and the whole weight where nothing has failed', async () => {
    await weights({
      [WATCHED]: { '10.0.0.21:7000': 1, '10.0.0.22:7000': 1 },
      [TIERED]: { '10.0.0.21:80': 4, '10.0.0.22:80': 0 },
      [RAMPED]: { '10.0.0.22:81': 200 },
      [ADVISED]: { '10.0.0.21:82': 100 },
      [CAREFUL]: { '10.0.0.22:83': 7, '10.0.0.23:83': 8 },
    });
  });

  it('ha_suspend: the checks begin where the virtual router is MASTER', async () => {
    await daemon.waitForLine(/front: MASTER/, SLACK_MS);
    await weights({ [RESTING]: { '10.0.0.21:84': 0 } });
  });

  it('watch: a server process that ends is out long before its next probe; the hook and the FIFO tell', async () => {
    // The next beat is up to 20 s away, and nine failures would be needed.
    await r1.stop();
    await waitForWeights(lab.node('d1'), { [WATCHED]: { '10.0.0.21:7000': 0, '10.0.0.22:7000': 1 } }, 5000);
    await waitFor(() => logged('hook.log').includes('watched 10.0.0.21:7000 DOWN'), {
      timeoutMs: SLACK_MS,
      what: `the hook; found ${logged('hook.log')}`,
    });
    await waitFor(() => logged('fifo.log').includes('RS [10.0.0.21]:tcp:7000 [10.0.0.100]:tcp:7000 DOWN\n'), {
      timeoutMs: SLACK_MS,
      what: 'the line in the FIFO',
    });
  });

  it('the second tier serves while the first does not reach the quorum, then the sorry servers that are well', async () => {
    await weights({ [TIERED]: { '10.0.0.21:80': 0, '10.0.0.22:80': 4 } });
    r2.setHealth(500);
    r3.setHealth(500);
    await weights({ [TIERED]: { '10.0.0.21:80': 0, '10.0.0.22:80': 0, '10.0.0.24:80': 2 } });
    r3.setHealth(undefined);
    await weights({ [TIERED]: { '10.0.0.21:80': 0, '10.0.0.22:80': 0, '10.0.0.23:80': 3, '10.0.0.24:80': 2 } });
    r2.setHealth(undefined);
    await weights({ [TIERED]: { '10.0.0.21:80': 0, '10.0.0.22:80': 4 } });
    r1 = await RealServer.start(lab, 'r1');
    await weights({ [TIERED]: { '10.0.0.21:80': 4, '10.0.0.22:80': 0 } });
  });

  it('advice moves weight and threshold at once, and a report takes the server out and back', async () => {
    writeFileSync(lab.file('advice'), 'up 40% maxconn:30\n');
    await weights({ [ADVISED]: { '10.0.0.21:82': 40 } });
    const { stdout } = await lab.node('d1').exec('ipvsadm', ['-Ln', '--thresholds', '-t', '10.0.0.100:82']);
    assert.match(stdout, /10\.0\.0\.21:82 +30 +0 /);
    writeFileSync(lab.file('advice'), 'up 100% drain\n');
    await weights({ [ADVISED]: { '10.0.0.21:82': 0 } });
    writeFileSync(lab.file('advice'), 'ready 100%\n');
    await weights({ [ADVISED]: { '10.0.0.21:82': 100 } });
    await daemon.lvsd(['report', 'gate', 'down', 'disk is full']);
    await weights({ [ADVISED]: { '10.0.0.21:82': 0 } });
    await daemon.waitForLine(/advised: real server 10\.0\.0\.21:82 up -> down: told \(.*disk is full/, SLACK_MS);
    await daemon.lvsd(['report', 'gate', 'up']);
    await weights({ [ADVISED]: { '10.0.0.21:82': 100 } });
  });

  it('slow start: the weight of one that comes back climbs', async () => {
    await lab.isolate('r2');
    await weights({ [RAMPED]: { '10.0.0.22:81': 0 } });
    await lab.restoreCable('r2');
    const seen = new Set<number>();
    await waitFor(
      async () => {
        const weight = weightsOf(await listTable(lab.node('d1')))[RAMPED]?.['10.0.0.22:81'] ?? -1;
        seen.add(weight);
        return weight === 200;
      },
      { timeoutMs: SLACK_MS, what: 'the whole weight', pollMs: 200 },
    );
    const between = [...seen].filter((weight) => weight > 0 && weight < 200);
    assert.ok(between.length >= 2, `weights on the way: ${[...seen].join(', ')}`);
    assert.deepEqual(
      between,
      between.toSorted((a, b) => a - b),
    );
  });

  it('panic: when all fail at once and the self check with them, the last good set stays; when it passes, it goes', async () => {
    await weights({ [CAREFUL]: { '10.0.0.22:83': 7, '10.0.0.23:83': 8 } });
    await lab.isolate('d1');
    await daemon.waitForLine(/careful: .*panic/i, SLACK_MS);
    await waitFor(
      async () => (await daemon.status()).virtualServers.some(({ panic }) => panic?.waitsFor === 'self-check'),
      {
        timeoutMs: SLACK_MS,
        what: 'the self check to be found failing',
      },
    );
    const kept = weightsOf(await listTable(lab.node('d1')));
    assert.deepEqual(kept[CAREFUL], { '10.0.0.22:83': 7, '10.0.0.23:83': 8 });
    // Without panic, the same servers are out.
    assert.deepEqual(kept[RAMPED], { '10.0.0.22:81': 0 });
    await lab.restoreCable('d1');
    await weights({ [CAREFUL]: { '10.0.0.22:83': 7, '10.0.0.23:83': 8 }, [RAMPED]: { '10.0.0.22:81': 200 } });
    await Promise.all([r2.stop(), r3.stop()]);
    await weights({ [CAREFUL]: { '10.0.0.22:83': 0, '10.0.0.23:83': 0 } });
  });
});
