/** ipvs.exclusive: true takes every service that is not ours out of the kernel's table; without it strangers stay. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { listTable } from '../support/ipvsadm.ts';
import { Lab } from '../support/lab.ts';
import type { Namespace } from '../support/namespace.ts';

const SLACK_MS = 15_000;
const WEB = 'TCP 10.0.0.100:7000';
const FOREIGN = 'UDP 192.0.2.9:53';

const config = (exclusive: boolean): string => `
name: d1
ipvs: { reconcile_interval: 1s, exclusive: ${exclusive} }
virtual_servers: [{ name: web, address: 10.0.0.100, port: 7000, checks: [], real_servers: [{ address: 10.0.0.21 }] }]
`;

describe('exclusive', function () {
  this.timeout(60_000);
  let lab: Lab;
  let director: Namespace;
  let daemon: Daemon;

  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 1, client: false });
    director = lab.node('d1');
    await director.exec('ipvsadm', ['-A', '-u', '192.0.2.9:53', '-s', 'rr']);
    daemon = Daemon.start(lab, 'd1', { config: config(false) });
    await daemon.waitForLine(/ runs d1/, SLACK_MS);
  });
  after(() => lab?.destroy());

  async function services(): Promise<string[]> {
    return (await listTable(director)).map(({ name }) => name).sort();
  }

  it('false: a stranger stays', async () => {
    assert.deepEqual(await services(), [WEB, FOREIGN].sort());
  });

  it('true: he is deleted by the reload, and told', async () => {
    daemon.writeConfig(config(true));
    await daemon.reload();
    await daemon.waitForLine(/udp 192\.0\.2\.9:53 is not ours and ipvs\.exclusive is set: deleted/, SLACK_MS);
    assert.deepEqual(await services(), [WEB]);
  });

  it('true: the next one goes with the next reconciliation', async () => {
    await director.exec('ipvsadm', ['-A', '-u', '192.0.2.9:53', '-s', 'rr']);
    await director.exec('ipvsadm', ['-A', '-f', '7', '-s', 'rr']);
    const alone = async (): Promise<boolean> => (await services()).join() === WEB;
    await waitFor(alone, { timeoutMs: SLACK_MS, what: 'the strangers to be gone' });
  });
});
