/**
 * What hurries a probe: the end of a watched connection, and the kernel's news of the way to a real server. The beat is slow and
 * `fall` high here, so that without the hurry nothing would change in time.
 */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitForWeights } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';

const PORT = 7000;
const WEB = `TCP 10.0.0.100:${PORT}`;
const START_MS = 45_000;
/** Of the beat alone: more than 30 s. User-Mode Linux on a busy host is slow. */
const SLACK_MS = 12_000;

const CONFIG = `
name: d1
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: ${PORT}
    checks: [{ type: tcp, interval: 10s, timeout: 1s, rise: 1, fall: 4, watch: true }]
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
`;

describe('instant detection', function () {
  this.timeout(120_000);
  let lab: Lab;
  let r1: RealServer;

  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 2, client: false });
    [r1] = await Promise.all([
      RealServer.start(lab, 'r1', { ports: { tcp: PORT } }),
      RealServer.start(lab, 'r2', { ports: { tcp: PORT } }),
    ]);
    Daemon.start(lab, 'd1', { config: CONFIG });
    await weights(1, 1, START_MS);
  });
  after(() => lab?.destroy());

  /** How long it took until the weights were so. */
  const weights = async (first: number, second: number, timeoutMs = SLACK_MS): Promise<number> => {
    const since = Date.now();
    const table = { [WEB]: { [`10.0.0.21:${PORT}`]: first, [`10.0.0.22:${PORT}`]: second } };
    await waitForWeights(lab.node('d1'), table, timeoutMs);
    return Date.now() - since;
  };
  const tell = (what: string, ms: number): void => console.log(`      ${what}: weight 0 after ${ms} ms`);

  it('a killed process is found out by its connection', async () => {
    r1.child.signal('SIGKILL');
    tell('killed', await weights(0, 1));
    r1 = await RealServer.start(lab, 'r1', { ports: { tcp: PORT } });
    await weights(1, 1, START_MS);
  });

  it('a machine that went without a word, by the unanswered keepalive of its connection', async () => {
    await lab.isolate('r2');
    tell('isolated', await weights(1, 0));
    await lab.restoreCable('r2');
    await weights(1, 1, START_MS);
  });

  it("the director's own cable, by the kernel's news of it: after one timeout", async () => {
    await lab.cutCable('d1');
    const ms = await weights(0, 0);
    tell('cable cut', ms);
    assert.ok(ms > 500, `${ms} ms: before the timeout`);
  });
});
