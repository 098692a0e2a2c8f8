import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../src/config/types.ts';
import { type Change, World } from '../../src/director/world.ts';
import { HealthKeeper } from '../../src/sys/health-keeper.ts';
import { closeServers, LOOPBACK, tcpCheck, tcpServer } from '../support/probe-servers.ts';
import { configOf, failure, PASS, realServer, virtualServer } from '../unit/director/builders.ts';

const SOON_MS = 8000;

async function until(done: () => boolean): Promise<void> {
  for (const end = performance.now() + SOON_MS; !done(); await sleep(5)) {
    if (performance.now() > end) throw new Error('Waited too long');
  }
}

describe('sys/health-keeper', () => {
  const trueNow = Date.now;
  let keeper: HealthKeeper | null;
  let kinds: string[];
  const keep = (world: World): HealthKeeper => {
    kinds = [];
    const changed = (changes: readonly Change[]): void => void kinds.push(...changes.map(({ kind }) => kind));
    keeper = new HealthKeeper(world, { changed, moved: () => {} }, { info: () => {}, warn: () => {} });
    return keeper;
  };
  afterEach(async () => {
    Date.now = trueNow;
    await keeper?.close();
    keeper = null;
    closeServers();
  });

  it('a clock that is set back holds up no server that warms up', async () => {
    const port = await tcpServer(() => {});
    const check = tcpCheck(port, { rise: 1, fall: 1 });
    const server = { ...realServer(LOOPBACK, { port }), checks: [check] };
    const config: Config = configOf(virtualServer([server], { slowStart: { durationMs: 3000, fromPercent: 10 } }));
    const world = new World(config, () => true, Date.now());
    for (const result of [failure(), PASS]) world.observe(JSON.stringify(check), result, Date.now());
    assert.equal(world.effectiveWeight('web', 0), 10);
    keep(world).set();
    Date.now = () => trueNow() - 3_600_000;
    keeper?.set(); // a reload
    await until(() => world.effectiveWeight('web', 0) === 100);
    assert.equal(world.nextTickAt(), null);
  }).timeout(2 * SOON_MS);

  for (const probeWorkers of [0, 1]) {
    it(`all die at once, and the self check says that it is true: in a moment, with ${probeWorkers} workers`, async () => {
      const held: Socket[] = [];
      const rare = { intervalMs: 60_000, fastIntervalMs: 60_000, fall: 3 };
      const ports: number[] = [];
      const servers = [1, 2, 3].map(() =>
        createServer((socket) => void held.push(socket.unref().on('error', () => {}))).unref(),
      );
      for (const server of servers) {
        await once(server.listen(0, LOOPBACK), 'listening');
        const address = server.address();
        if (address !== null && typeof address === 'object') ports.push(address.port);
      }
      const reals = ports.map((port) => ({
        ...realServer(LOOPBACK, { port }),
        checks: [tcpCheck(port, { ...rare, watch: true })],
      }));
      const selfCheck = tcpCheck(await tcpServer(() => {}), rare);
      const config = configOf(virtualServer(reals, { panic: { thresholdPercent: 50, withinMs: 5000 } }));
      const world = new World({ ...config, selfCheck, probeWorkers }, () => false, Date.now());
      keep(world).set();
      const weights = (): string => reals.map((_, i) => world.effectiveWeight('web', i)).join(' ');
      await until(() => weights() === '100 100 100' && world.selfCheck()?.health.verdict === 'up');
      await until(() => held.length >= 6); // with those of the watches
      for (const server of servers) server.close();
      for (const socket of held) socket.destroy();
      await until(() => weights() === '0 0 0');
      assert.equal(kinds.filter((kind) => kind === 'panic').length, 2);
    }).timeout(4 * SOON_MS);
  }
});
