/**
 * Plants one fault after the other into a copy of the built code and lets the simulator look for it: `node mutations.js
 * [words of a name]`. Exit code 1: one was not found, or does not fit the code any more.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PLANTED_FAULTS, type PlantedFault } from './planted-faults.ts';

/** More than any planted fault needed, by far. */
const MOST_SCHEDULES = 4000;
/** What finds most of them: the code as it is must keep all rules there, or everything would count as found. */
const CLEAN_SCHEDULES = 100;
const LIMIT_MS = 300_000;
const BUILT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

interface Verdict {
  readonly isFound: boolean;
  readonly words: string;
}

/** A copy of the built code for one that works at it; below the checkout, so that packages are found. */
function copyBuilt(parent: string): string {
  const copy = mkdtempSync(join(parent, 'copy-'));
  cpSync(join(BUILT, 'src'), join(copy, 'src'), { recursive: true });
  for (const part of ['test/sim', 'test/support/sim', 'test/unit/vrrp'])
    cpSync(join(BUILT, part), join(copy, part), { recursive: true });
  return copy;
}

async function plant(copy: string, { file, edits, by }: PlantedFault): Promise<Verdict> {
  const path = join(copy, 'src', 'vrrp', file);
  const good = readFileSync(path, 'utf8');
  let bad = good;
  for (const [text, replacement] of edits) {
    const times = bad.split(text).length - 1;
    if (times !== 1) return { isFound: false, words: `does not fit ${file} any more: ${times} times ${text}` };
    bad = bad.replace(text, () => replacement);
  }
  writeFileSync(path, bad);
  try {
    return await (by === 'memory' ? look(copy, ['memory']) : runSome(copy, MOST_SCHEDULES));
  } finally {
    writeFileSync(path, good);
  }
}

function runSome(copy: string, schedules: number): Promise<Verdict> {
  return look(copy, ['schedules', `${schedules}`, 'threads', '1', 'json']);
}

function look(copy: string, words: readonly string[]): Promise<Verdict> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(copy, 'test', 'support', 'sim', 'main.js'), ...words], {
      timeout: LIMIT_MS,
    });
    let said = '';
    child.stdout.on('data', (data) => {
      said += data;
    });
    child.stderr.on('data', (data) => {
      said += data;
    });
    child.on('close', () => resolve(verdictOf(said)));
  });
}

function verdictOf(said: string): Verdict {
  const failed = /"failedSeed":(\d+),"message":"(.*)"/.exec(said);
  if (failed !== null) return { isFound: true, words: `after ${failed[1]} schedules: ${failed[2]}` };
  const grown = /^(grows: .*)$/m.exec(said);
  if (grown !== null) return { isFound: true, words: grown[1] ?? '' };
  return { isFound: false, words: said.trim().split('\n').at(-1) ?? '' };
}

async function main(): Promise<void> {
  const words = process.argv.slice(2).join(' ');
  const queue = PLANTED_FAULTS.filter(({ name }) => name.includes(words));
  const count = queue.length;
  const parent = join(BUILT, '..', '.cache', 'mutations');
  mkdirSync(parent, { recursive: true });
  let missed = 0;
  const work = async (): Promise<void> => {
    const copy = copyBuilt(parent);
    for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
      const { isFound, words: said } = await plant(copy, fault);
      if (!isFound) missed++;
      console.log(`${isFound ? 'found ' : 'MISSED'} ${fault.name}: ${said.slice(0, 160)}`);
    }
  };
  try {
    const clean = await runSome(copyBuilt(parent), CLEAN_SCHEDULES);
    if (clean.isFound) throw new Error(`The code fails with nothing planted: ${clean.words}`);
    await Promise.all(Array.from({ length: Math.min(availableParallelism(), count) }, work));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
  console.log(`${count - missed} of ${count} planted faults found`);
  process.exitCode = missed === 0 && count > 0 ? 0 : 1;
}

await main();
