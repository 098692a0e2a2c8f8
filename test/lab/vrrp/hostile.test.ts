/** A neighbour that floods the segment with malformed advertisements: nothing may move but counters. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Daemon } from '../support/daemon.ts';
import { KINDS } from '../support/flood.ts';
import { Lab } from '../support/lab.ts';
import {
  configText,
  INTERVAL_MS,
  longestGap,
  routerOf,
  snapshotOf,
  vrrpPidOf,
  Wire,
  waitForHolder,
  waitForRole,
} from './referee.ts';

const FLOOD = path.resolve(import.meta.dirname, '../support/flood.js');
const RATE_PER_S = 1000;
const SECONDS = 20;
const RSS_GROWTH_KB = 40_000;

/** Resident memory in KiB. */
function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN);
}

describe('malformed advertisements, a thousand a second', function () {
  this.timeout(90_000);
  let lab: Lab;
  let wire: Wire;
  let directors: readonly Daemon[];
  let sent: Record<string, number>;
  let since = 0;
  let until = 0;
  const earlier = new Map<
    Daemon,
    { sinceMs: number; toMaster: number; lines: number; residentKb: readonly number[] }
  >();

  const pidsOf = async (daemon: Daemon) => [daemon.child.pid, await vrrpPidOf(daemon)];

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    wire = await Wire.start(lab, 'ip proto 112 and not src host 10.0.0.51');
    const [d1, d2] = [
      Daemon.start(lab, 'd1', { config: configText({ priority: 150 }) }),
      Daemon.start(lab, 'd2', { config: configText({ priority: 100 }) }),
    ];
    directors = [d1, d2];
    await waitForHolder(lab, 'd1', 'd2', '10.0.0.100');
    await waitForRole(d1, 'MASTER');
    await waitForRole(d2, 'BACKUP');
    for (const daemon of directors) {
      const { sinceMs, transitionsToMaster: toMaster } = await routerOf(daemon);
      const resident = (await pidsOf(daemon)).map(residentKb);
      earlier.set(daemon, { sinceMs, toMaster, lines: daemon.lines.length, residentKb: resident });
    }
    since = Date.now();
    const { stdout } = await lab
      .node('c1')
      .exec(process.execPath, [FLOOD, 'eth0', String(RATE_PER_S), String(SECONDS)], { timeoutMs: 60_000 });
    until = Date.now();
    sent = JSON.parse(stdout);
  });
  after(() => lab?.destroy());

  it('are sent', () => {
    const total = Object.values(sent).reduce((sum, count) => sum + count, 0);
    assert.ok(total >= RATE_PER_S * SECONDS * 0.9, `${total} sent`);
    assert.deepEqual(Object.keys(sent), Object.keys(KINDS));
  });

  it('no advertisement of the MASTER is missing, and nobody else advertises', () => {
    const seen = wire.adverts(since).filter(({ at }) => at <= until);
    assert.deepEqual([...new Set(seen.map(({ source, priority }) => `${source} ${priority}`))], ['10.0.0.11 150']);
    assert.ok(longestGap(seen) < 2 * INTERVAL_MS, `a gap of ${longestGap(seen)} ms`);
    assert.ok(seen.length >= (SECONDS * 1000) / INTERVAL_MS - 2, `${seen.length} advertisements`);
  });

  it('no state changed', async () => {
    for (const daemon of directors) {
      const { sinceMs, transitionsToMaster, peer } = await routerOf(daemon);
      const was = earlier.get(daemon);
      assert.deepEqual([sinceMs, transitionsToMaster], [was?.sinceMs, was?.toMaster]);
      assert.notEqual(peer?.address, '10.0.0.51');
    }
  });

  it('every refused message is counted under its reason', async () => {
    for (const daemon of directors) {
      const { vrrpRefused } = await snapshotOf(daemon);
      const { refused } = (await routerOf(daemon)).adverts;
      assert.deepEqual({ ...vrrpRefused['eth0 ipv4'], ...refused }, sent);
      // RFC 8347 counts these for the virtual router that the message names.
      assert.deepEqual(Object.keys(refused).sort(), [
        'interval-errors',
        'invalid-type-pkts-rcvd',
        'packet-length-errors',
      ]);
    }
  });

  it('the log says next to nothing, and memory stays bounded', async () => {
    for (const daemon of directors) {
      const was = earlier.get(daemon);
      const lines = daemon.lines.slice(was?.lines ?? 0).map(({ text }) => text);
      assert.ok(lines.length <= Object.keys(KINDS).length, lines.join('\n'));
      for (const [i, pid] of (await pidsOf(daemon)).entries()) {
        const grown = residentKb(pid) - (was?.residentKb[i] ?? 0);
        assert.ok(grown < RSS_GROWTH_KB, `process ${pid} of ${daemon.node} grew by ${grown} KiB`);
      }
    }
  });
});
