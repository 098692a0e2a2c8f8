/** The table through crash, restart and stop: traffic never loses a healthy server, nothing of ours is left over. */
import assert from 'node:assert/strict';
import type { Child } from '../support/child.ts';
import { askTcp } from '../support/connection.ts';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { listTable, parseTable, type Weights, waitForWeights, weightsOf } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import type { Namespace } from '../support/namespace.ts';
import { RealServer } from '../support/real-server.ts';

const WEB = 'TCP 10.0.0.100:7000';
const OTHER = 'TCP 10.0.0.100:7001';
const FOREIGN = 'TCP 192.0.2.9:80';
const SLACK_MS = 20_000;

interface Options {
  readonly real?: readonly number[];
  readonly other?: boolean;
  readonly keepOnExit?: boolean;
}

function config({ real = [21, 22], other = false, keepOnExit = false }: Options): string {
  const second = `
  - name: other
    address: 10.0.0.100
    port: 7001
    checks: [{ type: tcp, port: 7000 }]
    real_servers: [{ address: 10.0.0.21 }]`;
  return `
name: d1
ipvs: { reconcile_interval: 1s, keep_on_exit: ${keepOnExit} }
vrrp:
  - name: front
    interface: eth0
    virtual_router_id: 51
    advertisement_interval: 200ms
    virtual_addresses: [10.0.0.100/24]
defaults: { scheduler: rr, drain_timeout: 0s, check: { interval: 300ms, timeout: 1s, rise: 3, fall: 3 } }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: 7000
    real_servers: [${real.map((host) => `{ address: 10.0.0.${host}, weight: 4 }`).join(', ')}]${other ? second : ''}
`;
}

describe('restart and stop', function () {
  this.timeout(90_000);
  let lab: Lab;
  let director: Namespace;
  let daemon: Daemon;

  before(async () => {
    lab = await Lab.create({ directors: 1 });
    director = lab.node('d1');
    await director.exec('ipvsadm', ['-A', '-t', '192.0.2.9:80', '-s', 'sh']);
    await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r2')]);
    daemon = Daemon.start(lab, 'd1', { config: config({ other: true }) });
    const weights = { [WEB]: { '10.0.0.21:7000': 4, '10.0.0.22:7000': 4 }, [OTHER]: { '10.0.0.21:7001': 1 } };
    await daemon.waitForLine(/front: MASTER/, SLACK_MS);
    await waitForWeights(director, weights, SLACK_MS);
    assert.match(await askTcp(lab, '10.0.0.100', 7000), /^r[12]$/);
  });
  after(() => lab?.destroy());

  /** Lists the table again and again; `tablesOf` has every table that was seen. */
  function startWatching(): Child {
    const loop = 'while :; do ipvsadm -Ln; echo end of table; sleep 0.1; done';
    return lab.spawn('d1', 'bash', ['-c', loop], { name: 'ipvsadm loop' });
  }

  async function tablesOf(watch: Child): Promise<Weights[]> {
    await watch.kill();
    const tables = watch.text('stdout').split('end of table').slice(0, -1);
    assert.ok(tables.length >= 10, `only ${tables.length} looks at the table`);
    return tables.map((text) => weightsOf(parseTable(text)));
  }

  /** Starts it again and waits until it is through its first probes. */
  async function restart(): Promise<void> {
    daemon.restart();
    await daemon.waitForLine(/front: MASTER/, SLACK_MS);
    await new Promise((resolve) => setTimeout(resolve, 1500)); // several probes and a reconciliation
  }

  /** Connections since the virtual server was made; the kernel sums them up every two seconds. */
  async function waitForCount(connections: number): Promise<void> {
    const look = async (): Promise<boolean> => {
      const { stdout } = await director.exec('ipvsadm', ['-Ln', '--stats', '--exact', '-t', '10.0.0.100:7000']);
      return Number(/^TCP\s+\S+\s+(\d+)/m.exec(stdout)?.[1]) === connections;
    };
    await waitFor(look, { timeoutMs: SLACK_MS, what: `${connections} connections counted` });
  }

  it('kill -9 of all processes and a restart: no healthy server ever loses its weight', async () => {
    await waitForCount(1);
    const watch = startWatching();
    await daemon.crash();
    assert.match(await askTcp(lab, '10.0.0.100', 7000), /^r[12]$/); // the kernel goes on alone
    await restart();
    await waitForCount(2); // adopting resets no counter
    await daemon.reload();
    await waitForCount(2);
    const expected = {
      [FOREIGN]: {},
      [OTHER]: { '10.0.0.21:7001': 1 },
      [WEB]: { '10.0.0.21:7000': 4, '10.0.0.22:7000': 4 },
    };
    for (const table of await tablesOf(watch)) assert.deepEqual(table, expected);
  });

  it('what left the configuration while it was down is gone afterwards', async () => {
    const watch = startWatching();
    await daemon.crash();
    daemon.writeConfig(config({ real: [21] }));
    await restart();
    for (const table of await tablesOf(watch)) assert.equal(table[WEB]?.['10.0.0.21:7000'], 4);
    assert.deepEqual(weightsOf(await listTable(director)), { [FOREIGN]: {}, [WEB]: { '10.0.0.21:7000': 4 } });
  });

  it('SIGTERM removes our services and leaves those of others', async () => {
    await daemon.stop();
    assert.deepEqual(weightsOf(await listTable(director)), { [FOREIGN]: {} });
    const { stdout } = await director.exec('ip', ['addr', 'show', 'dev', 'eth0']);
    assert.doesNotMatch(stdout, /10\.0\.0\.100/);
  });

  it('with keep_on_exit the table stays through stop and restart', async () => {
    daemon.writeConfig(config({ keepOnExit: true }));
    daemon.restart();
    const kept = { [FOREIGN]: {}, [WEB]: { '10.0.0.21:7000': 4, '10.0.0.22:7000': 4 } };
    await waitForWeights(director, kept, SLACK_MS);
    const watch = startWatching();
    await daemon.stop();
    assert.deepEqual(weightsOf(await listTable(director)), kept);
    await restart();
    for (const table of await tablesOf(watch)) assert.deepEqual(table, kept);
  });

  it('a service that was kept and then left the configuration is gone after the next start', async () => {
    await daemon.stop();
    const other = config({ keepOnExit: true }).replace('port: 7000\n    real', 'port: 7001\n    real');
    assert.match(other, /port: 7001/);
    daemon.writeConfig(other);
    await restart();
    assert.deepEqual(Object.keys(weightsOf(await listTable(director))).sort(), [OTHER, FOREIGN].sort());
  });
});
