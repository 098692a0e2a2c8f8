/** Waiting for what another process or the kernel does, with a limit. */
import { readFileSync } from 'node:fs';

/** Looks every 5 ms. Throws when it has not become true in time. */
export async function until(condition: () => boolean, limitMs = 4000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await sleep(5);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether it runs: one that has ended and that nobody waits for (a zombie) does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
