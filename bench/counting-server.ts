/** The servers that benchmarks probe: count-server.c, compiled and run. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../src/sys/package-root.ts';

export const TCP_PORT = 7801;
export const HTTP_PORT = 7802;

/** Connections at the servers. */
export interface Count {
  /** Since the start. */
  readonly total: number;
  /** Since the last count, of those addresses that had any. */
  readonly least: number;
  readonly most: number;
}

export interface CountingServer {
  readonly pid: number;
  count(): Promise<Count>;
  stop(): Promise<void>;
}

/** Listens on all addresses of this machine. Needs a C compiler. */
export async function startCountingServer(): Promise<CountingServer> {
  const dir = mkdtempSync(join(tmpdir(), 'lvsd-bench-'));
  const program = join(dir, 'count-server');
  execFileSync('cc', ['-O2', '-o', program, join(packageRoot(), 'bench', 'count-server.c')]);
  const child = spawn(program, ['0.0.0.0', `${TCP_PORT}`, `${HTTP_PORT}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = await lines.next();
  if (ready.value !== 'ready') throw new Error(`Cannot start the counting server: it said ${ready.value}`);
  return {
    pid: child.pid ?? -1,
    count: async () => {
      child.kill('SIGUSR1');
      const { value } = await lines.next();
      const [, total = Number.NaN, least = Number.NaN, most = Number.NaN] =
        /^total (\d+) least (\d+) most (\d+)$/.exec(String(value))?.map(Number) ?? [];
      return { total, least, most };
    },
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
      rmSync(dir, { recursive: true });
    },
  };
}
