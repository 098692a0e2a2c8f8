/**
 * What probing costs: runs the prober against a server in another process, each check with a connection and
 * (but for UDP) an address of its own, and prints one line per kind of check.
 *
 *   node dist/bench/probes.js [checks=2000] [intervalMs=1000] [seconds=10] [kinds=tcp,http,udp]
 */
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CheckCommon, CheckConfig } from '../src/config/types.ts';
import { Prober } from '../src/sys/prober.ts';

type Kind = 'tcp' | 'http' | 'udp';

interface Run {
  readonly kind: Kind;
  readonly checks: number;
  readonly intervalMs: number;
  readonly seconds: number;
}

function toCheck(kind: Kind, common: CheckCommon): CheckConfig {
  switch (kind) {
    case 'tcp':
      return { ...common, type: 'tcp', send: null, expect: null };
    case 'http': {
      const request = { method: 'GET', path: '/healthz', host: null, body: null, verify: true } as const;
      return { ...common, type: 'http', ...request, status: [{ from: 200, to: 299 }] };
    }
    case 'udp':
      return { ...common, type: 'udp', send: 'PING', expect: 'PONG' };
  }
}

async function measure(run: Run, port: number): Promise<string> {
  const latencies: number[] = [];
  let failures = 0;
  const prober = new Prober((_key, result) => {
    latencies.push(result.latencyMs);
    if (!result.ok) failures++;
  });
  const checks = new Map<string, CheckConfig>();
  for (let i = 0; i < run.checks; i++) {
    // The echo answers from 127.0.0.1, whatever address was asked; a connected socket hears no other than it asked.
    const address = run.kind === 'udp' ? '127.0.0.1' : `127.1.${i >> 8}.${i & 255}`;
    const timeoutMs = Math.min(1000, run.intervalMs * 0.9);
    const common = { address, port, intervalMs: run.intervalMs, timeoutMs, rise: 2, fall: 3 };
    checks.set(`${run.kind} ${i}`, toCheck(run.kind, common));
  }
  prober.set(checks);
  // All checks have had their first probe, and the code is warm, before it counts.
  await sleep(Math.max(3000, run.checks / 2));
  latencies.length = 0;
  failures = 0;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await sleep(run.seconds * 1000);
  const elapsedMs = performance.now() - startedAt;
  const cpu = process.cpuUsage(cpuBefore);
  const { peakInFlight, skippedBeats } = prober.stats();
  await prober.close();
  return report(run, {
    latencies,
    failures,
    elapsedMs,
    cpuMs: (cpu.user + cpu.system) / 1000,
    peakInFlight,
    skippedBeats,
  });
}

interface Figures {
  readonly latencies: number[];
  readonly failures: number;
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly peakInFlight: number;
  readonly skippedBeats: number;
}

function report(run: Run, figures: Figures): string {
  const { latencies, elapsedMs, cpuMs } = figures;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => (latencies[Math.floor(share * (latencies.length - 1))] ?? 0).toFixed(1);
  return [
    `${run.kind}: ${run.checks} checks every ${run.intervalMs} ms`,
    `${((latencies.length / elapsedMs) * 1000).toFixed(0)} probes/s`,
    `${((cpuMs / latencies.length) * 1000).toFixed(0)} ms CPU per 1000`,
    `${((cpuMs / elapsedMs) * 100).toFixed(0)} % of a core`,
    `latency p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms`,
    `${figures.failures} failed`,
    `${figures.peakInFlight} in flight at most`,
    `${figures.skippedBeats} beats skipped`,
    `${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MB`,
  ].join(', ');
}

/** In the other process: an HTTP server (which serves the TCP probes too) and a UDP echo on the same port. */
async function serve(): Promise<void> {
  const server = createServer((_request, response) => response.end('fine'));
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 });
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('Cannot listen: no port');
  const echo = createSocket('udp4');
  echo.on('message', (_datagram, from) => echo.send('PONG', from.port, from.address));
  echo.bind(bound.port);
  await once(echo, 'listening');
  process.on('disconnect', () => process.exit());
  process.send?.(bound.port);
}

function toKind(text: string): Kind {
  if (text === 'tcp' || text === 'http' || text === 'udp') return text;
  throw new Error(`Cannot measure ${text}: want tcp, http or udp`);
}

async function main(args: readonly string[]): Promise<void> {
  const [checks = '2000', intervalMs = '1000', seconds = '10', kinds = 'tcp,http,udp'] = args;
  for (const kind of kinds.split(',')) {
    const child = fork(fileURLToPath(import.meta.url), ['serve']);
    const [port] = await once(child, 'message');
    const run = {
      kind: toKind(kind),
      checks: Number(checks),
      intervalMs: Number(intervalMs),
      seconds: Number(seconds),
    };
    console.log(await measure(run, Number(port)));
    child.disconnect();
    await once(child, 'exit');
  }
}

await (process.argv[2] === 'serve' ? serve() : main(process.argv.slice(2)));
