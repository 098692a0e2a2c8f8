/** Two directors with connection synchronisation: what becomes of established connections when the active one dies. */
import assert from 'node:assert/strict';
import { summarise } from '../support/client-report.ts';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { syncDaemons, waitForWeights } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';
import { Traffic } from '../support/traffic.ts';

const CONNECTIONS = 200;
const SLACK_MS = 20_000;

interface Row {
  readonly name: string;
  readonly forwarding: 'direct' | 'nat';
  readonly realServers: readonly [string, string];
  /** A second virtual router: with NAT the gateway of the real servers moves too. */
  readonly inside: string;
}

const rows: readonly Row[] = [
  { name: 'direct routing', forwarding: 'direct', realServers: ['10.0.0.21', '10.0.0.22'], inside: '' },
  {
    name: 'NAT',
    forwarding: 'nat',
    realServers: ['10.1.0.21', '10.1.0.22'],
    inside: `
  - name: inside
    interface: eth1
    virtual_router_id: 52
    priority: PRIORITY
    advertisement_interval: 200ms
    virtual_addresses: [10.1.0.1/24]`,
  },
];

function config({ forwarding, realServers, inside }: Row, priority: number): string {
  return `
vrrp:
  - name: front
    interface: eth0
    virtual_router_id: 51
    priority: PRIORITY
    advertisement_interval: 200ms
    virtual_addresses: [10.0.0.100/24]${inside}
connection_sync: { follow: front, interface: eth1, sync_id: 51 }
defaults: { scheduler: rr, forwarding: ${forwarding}, check: { interval: 500ms, timeout: 2s } }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: 7000
    real_servers: [${realServers.map((address) => `{ address: ${address} }`).join(', ')}]
`.replaceAll('PRIORITY', String(priority));
}

for (const row of rows) {
  describe(`a pair of directors with connection sync, ${row.name}`, function () {
    this.timeout(120_000);
    let lab: Lab;
    let d1: Daemon;
    let d2: Daemon;

    before(async () => {
      lab = await Lab.create({ method: row.forwarding });
      await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r2')]);
      d1 = Daemon.start(lab, 'd1', { config: config(row, 150) });
      d2 = Daemon.start(lab, 'd2', { config: config(row, 100) });
      const [first, second] = row.realServers;
      const weights = { 'TCP 10.0.0.100:7000': { [`${first}:7000`]: 1, [`${second}:7000`]: 1 } };
      await Promise.all([d1.waitForLine(/ runs /, SLACK_MS), d2.waitForLine(/ runs /, SLACK_MS)]);
      await Promise.all([
        waitForWeights(lab.node('d1'), weights, SLACK_MS),
        waitForWeights(lab.node('d2'), weights, SLACK_MS),
      ]);
    });
    after(() => lab?.destroy());

    async function waitForSync(onD1: string, onD2: string): Promise<void> {
      let seen = '';
      const look = async (): Promise<boolean> => {
        const [first, second] = await Promise.all([syncDaemons(lab.node('d1')), syncDaemons(lab.node('d2'))]);
        seen = `d1: ${first.join()}, d2: ${second.join()}`;
        return seen === `d1: ${onD1}, d2: ${onD2}`;
      };
      const what = `sync daemons d1: ${onD1}, d2: ${onD2}`;
      await waitFor(look, { timeoutMs: SLACK_MS, what }).catch((error: unknown) => {
        const logs = [d1, d2].map(({ lines }) =>
          lines
            .slice(-20)
            .map(({ text }) => text)
            .join('\n'),
        );
        throw new Error(`${String(error)}; there are ${seen}; they said:\n${logs.join('\n--\n')}`);
      });
    }

    it('the active one sends, the other listens', () => waitForSync('master eth1 51', 'backup eth1 51'));

    it(`${CONNECTIONS} of ${CONNECTIONS} established connections survive its death, and sending moves`, async () => {
      const traffic = await Traffic.start(lab, {
        host: '10.0.0.100',
        port: 7000,
        everyMs: 0,
        deadlineMs: 3000,
        connections: CONNECTIONS,
        echoEveryMs: 500,
      });
      const synced = async (): Promise<boolean> => {
        const { stdout } = await lab.node('d2').exec('cat', ['/proc/net/ip_vs_conn_sync']);
        return (stdout.match(/ESTABLISHED SYNC/g)?.length ?? 0) >= CONNECTIONS;
      };
      await waitFor(synced, { timeoutMs: SLACK_MS, what: `${CONNECTIONS} connections on d2`, pollMs: 300 });

      await Promise.all([lab.isolate('d1', 'front'), lab.isolate('d1', 'back')]);
      await d1.crash();
      await waitForSync('master eth1 51', 'master eth1 51'); // nobody is left on d1 to stop its own
      await new Promise((resolve) => setTimeout(resolve, 6000)); // retransmissions, and the client's deadline

      const report = await traffic.stop();
      const { survivors } = summarise(report);
      const longest = Math.max(...report.connections.map(({ longestWaitMs }) => longestWaitMs));
      console.log(`      ${survivors} of ${CONNECTIONS} survived, longest wait for an echo ${longest} ms`);
      assert.equal(survivors, CONNECTIONS);
      const perServer = ['r1', 'r2'].map((name) => report.connections.filter(({ server }) => server === name).length);
      assert.deepEqual(perServer, [CONNECTIONS / 2, CONNECTIONS / 2]);
    });

    it('after its return the roles change back', async () => {
      await Promise.all([lab.restoreCable('d1', 'front'), lab.restoreCable('d1', 'back')]);
      d1.restart();
      await waitForSync('master eth1 51', 'backup eth1 51');
    });
  });
}
