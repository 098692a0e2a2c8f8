/**
 * `lvsd ipvs` beside ipvsadm: random tables and command lines, right and wrong ones; what both print, how they end and what
 * the kernel then has must be the same, byte for byte. SOAK_TABLES says how many tables, SOAK_SEED where to begin: the seed
 * of a difference, with SOAK_TABLES=1, shows it again.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { run } from '../support/exec.ts';
import { type CommandLine, type Scenario, scenario } from '../support/ipvsadm-generator.ts';
import { IpvsadmPair, NAMESPACE } from '../support/ipvsadm-pair.ts';
import type { Answer } from '../support/ipvsadm-worker.ts';
import { requireIpvs } from '../support/lab.ts';

const TABLES = Number(process.env['SOAK_TABLES'] || 100);
const FIRST_SEED = Number(process.env['SOAK_SEED'] || 1);
const COMMANDS_A_TABLE = 5;
const MOST_DIFFERENCES = 20;
/** A longer run tells how far it is, each time it has done so many. */
const QUIET_TABLES = 250;
const MS_A_TABLE = 2000;
const MAIN = path.resolve(import.meta.dirname, '../../../src/main.js');

/** Lines that empty everything; the daemons may not run, which is no matter. */
const RESET = '-C\n--stop-daemon master\n--stop-daemon backup\n--set 900 120 300\n';

/** Where two texts part: one line. */
function firstDifference(ipvsadm: string, lvsd: string): string {
  let at = 0;
  while (at < ipvsadm.length && ipvsadm[at] === lvsd[at]) at++;
  const from = Math.max(0, at - 60);
  const near = (text: string): string => JSON.stringify(text.slice(from, at + 80));
  return `byte ${at}: ipvsadm ${near(ipvsadm)} lvsd ${near(lvsd)}`;
}

/** The help text is our own. */
function compared(answer: Answer, ipvsadm: Answer): string {
  const stdout = ipvsadm.stdout.includes('Usage:') ? 'help\n' : answer.stdout;
  return `exit ${answer.code}\n--- stderr\n${answer.stderr}--- stdout\n${stdout}`;
}

function differencesIn(
  commands: readonly CommandLine[],
  ipvsadm: readonly Answer[],
  lvsd: readonly Answer[],
): string[] {
  return commands.flatMap((command, index) => {
    const [theirs, ours] = [ipvsadm[index], lvsd[index]];
    if (theirs === undefined || ours === undefined) return ['an answer is missing'];
    const [expected, actual] = [compared(theirs, theirs), compared(ours, theirs)];
    return expected === actual ? [] : [`${JSON.stringify(command)}: ${firstDifference(expected, actual)}`];
  });
}

describe('lvsd ipvs beside ipvsadm', function () {
  this.timeout(60_000 + TABLES * MS_A_TABLE);
  let pair: IpvsadmPair | null = null;
  const both = (): IpvsadmPair => pair ?? assert.fail('there is no pair');

  before(async () => {
    requireIpvs();
    pair = await IpvsadmPair.create();
  });
  after(async () => pair?.destroy());

  async function differences({ table, commands }: Scenario): Promise<string[]> {
    const empty = { argv: ['-R'], input: RESET };
    const start = { argv: ['-R'], input: `${table.join('\n')}\n` };
    const all = [start, ...commands];
    const [, ...ipvsadm] = await both().ipvsadm([empty, ...all]);
    const theirs = await both().state();
    await both().ipvsadm([empty]);
    const lvsd = await both().lvsd(all);
    const ours = await both().state();
    const found = differencesIn(all, ipvsadm, lvsd);
    if (theirs !== ours) found.push(`the kernel's tables: ${firstDifference(theirs, ours)}`);
    return found;
  }

  it(`says and does the same on ${TABLES} random tables with ${COMMANDS_A_TABLE} command lines each`, async () => {
    const found: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + TABLES && found.length < MOST_DIFFERENCES; seed++) {
      const some = await differences(scenario(seed, COMMANDS_A_TABLE));
      found.push(...some.map((difference) => `seed ${seed}: ${difference}`));
      if (TABLES > QUIET_TABLES && seed % QUIET_TABLES === 0)
        console.log(`seed ${seed}: ${found.length} differences so far`);
    }
    assert.deepEqual(found.join('\n'), '');
  });

  it('is the program too, not only its function', async () => {
    await both().ipvsadm([{ argv: ['-C'], input: '' }]);
    const cases: readonly (readonly string[])[] = [
      ['-A', '-t', '10.0.0.1:80', '-s', 'rr'],
      ['-a', '-t', '10.0.0.1:80', '-r', '10.1.0.1', '-mw5'],
      ['-Ln'],
      ['-L', '--daemon', '--timeout'],
      ['-C'],
    ];
    const inside = (...command: readonly string[]) =>
      run('ip', ['netns', 'exec', NAMESPACE, ...command], { check: false });
    const theirs = [];
    for (const argv of cases) theirs.push(await inside('ipvsadm', ...argv));
    const ours = [];
    for (const argv of cases) ours.push(await inside(process.execPath, MAIN, 'ipvs', ...argv));
    assert.deepEqual(ours, theirs);
  });
});
