/**
 * What probing costs lvsd: its pool of probers against a server in another process, a target for each check, counted at the
 * server. One line for each kind of check and number of worker threads. Lateness is that of the main thread's event loop,
 * which has everything else to do.
 *
 *   node dist/bench/probes.js [CHECKS=10000] [INTERVAL_MS=2000] [SECONDS=10] [KINDS=tcp,http] [WORKERS=auto,0]
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckConfig } from '../src/config/types-checks.ts';
import { ProbePool } from '../src/sys/probe-pool.ts';
import { httpCheck, tcpCheck } from '../test/support/probe-servers.ts';
import { type CountingServer, HTTP_PORT, startCountingServer, TCP_PORT } from './counting-server.ts';

type Kind = 'tcp' | 'http';

interface Run {
  readonly kind: Kind;
  readonly checks: number;
  readonly intervalMs: number;
  readonly seconds: number;
  readonly workers: 'auto' | number;
}

function toCheck({ kind, intervalMs }: Run, index: number): CheckConfig {
  const address = `127.1.${index >> 8}.${index & 255}`;
  const common = {
    intervalMs,
    fastIntervalMs: intervalMs,
    timeoutMs: Math.min(1000, 0.9 * intervalMs),
    rise: 2,
    fall: 3,
  };
  return kind === 'tcp' ? tcpCheck(TCP_PORT, { ...common, address }) : { ...httpCheck(HTTP_PORT, common), address };
}

async function measure(run: Run, server: CountingServer): Promise<string> {
  const latencies: number[] = [];
  let failures = 0;
  const pool = new ProbePool(
    {
      result: (_key, result) => {
        latencies.push(result.latencyMs);
        if (!result.ok) failures++;
        return 'settled';
      },
    },
    { warn: (text) => console.log(text) },
  );
  const checks = Array.from({ length: run.checks }, (_, index) => toCheck(run, index));
  pool.set(new Map(checks.map((check) => [JSON.stringify(check), check])), run.workers);
  // All checks have had their first probe, and the code is warm, before it counts.
  await sleep(Math.max(3000, run.checks / 2 + 1000));
  latencies.length = 0;
  failures = 0;
  const before = await server.count();
  const skippedBefore = pool.stats().skippedBeats;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await sleep(run.seconds * 1000);
  const elapsedMs = performance.now() - startedAt;
  const cpu = process.cpuUsage(cpuBefore);
  delay.disable();
  const after = await server.count();
  const { workers, skippedBeats, peakInFlight } = pool.stats();
  await pool.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => (latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN).toFixed(1);
  const cpuMs = (cpu.user + cpu.system) / 1000;
  const probes = after.total - before.total;
  return [
    `${run.kind}: ${run.checks} checks every ${run.intervalMs} ms, ${workers} workers`,
    `${((1000 * probes) / elapsedMs).toFixed(0)} a second at the servers (each ${after.least} to ${after.most} times)`,
    `${((1000 * cpuMs) / probes).toFixed(0)} ms CPU per 1000`,
    `${((100 * cpuMs) / elapsedMs).toFixed(0)} % of a core`,
    `latency p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms`,
    // The monitor counts its own period in.
    `main thread late p99 ${(delay.percentile(99) / 1e6 - 1).toFixed(1)} max ${(delay.max / 1e6 - 1).toFixed(1)} ms`,
    `${failures} failed`,
    `${skippedBeats - skippedBefore} beats skipped`,
    `${peakInFlight} in flight at most`,
    `${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MB`,
  ].join(', ');
}

async function main(args: readonly string[]): Promise<void> {
  const [checks = '10000', intervalMs = '2000', seconds = '10', kinds = 'tcp,http', workers = 'auto,0'] = args;
  const server = await startCountingServer();
  try {
    for (const kind of kinds.split(',')) {
      if (kind !== 'tcp' && kind !== 'http') throw new Error(`Cannot measure ${kind}: want tcp or http`);
      for (const count of workers.split(',')) {
        const run = {
          kind,
          checks: Number(checks),
          intervalMs: Number(intervalMs),
          seconds: Number(seconds),
          workers: count === 'auto' ? ('auto' as const) : Number(count),
        } as const;
        console.log(await measure(run, server));
      }
    }
  } finally {
    await server.stop();
  }
}

await main(process.argv.slice(2));
