/**
 * Probes in a namespace: `node probe-program.js TIMES PAUSE_MS`. Reads checks as in a file, each in braces, in a JSON array. All
 * go out at once, TIMES times with a pause between; then the results are printed: for each check those of all rounds, and what it cost.
 */
import { readFileSync } from 'node:fs';

import type { ProbeResult } from '../../../src/health/types.ts';
import { newTarget } from '../../../src/sys/probe-targets.ts';
import { checkFromText } from '../../support/check-from-text.ts';
import { sleep } from '../../support/wait.ts';

/** Where probes go that name no port. */
const PORT = 7777;

export interface ProbeReport {
  /** By check, then by round. */
  readonly results: readonly (readonly ProbeResult[])[];
  /** Of all rounds but the first. */
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function probe(texts: readonly string[], times: number, pauseMs: number): Promise<ProbeReport> {
  const targets = texts.map((text) => newTarget(checkFromText(text, PORT)));
  const round = () => Promise.all(targets.map((target) => target.probe()));
  const rounds = [await round()];
  const startedAt = performance.now();
  const before = process.cpuUsage();
  while (rounds.length < times) {
    if (pauseMs > 0) await sleep(pauseMs);
    rounds.push(await round());
  }
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(before);
  for (const target of targets) target.close();
  const results = texts.map((_text, i) => rounds.flatMap((one) => one[i] ?? []));
  return { results, wallMs, cpuMs: (user + system) / 1000 };
}

const [, , times = '1', pauseMs = '0'] = process.argv;
const parsed: unknown = JSON.parse(readFileSync(0, 'utf8'));
if (!Array.isArray(parsed)) throw new TypeError('Cannot probe: no list of checks');
process.stdout.write(JSON.stringify(await probe(parsed.map(String), Number(times), Number(pauseMs))));
