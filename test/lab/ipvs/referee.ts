/** What the tests of our IPVS table share: a connection to the kernel, an empty table each time, ipvsadm as the referee. */
import assert from 'node:assert/strict';
import type { IpvsCommand } from '../../../src/ipvs/command.ts';
import { Ipvs } from '../../../src/sys/ipvs.ts';
import { run } from '../support/exec.ts';
import { requireIpvs } from '../support/lab.ts';

/** IPVS as the tests of one suite use it. */
export interface Bench {
  /** Ours. Only inside a test. */
  ipvs(): Ipvs;
  /** Applies commands none of which may be refused. */
  applied(...commands: readonly IpvsCommand[]): Promise<void>;
}

/** Registers the hooks of a suite that works on the table of the lab's own network namespace. */
export function useIpvs(): Bench {
  let opened: Ipvs | null = null;
  const ipvs = (): Ipvs => opened ?? assert.fail('IPVS is not open');
  const empty = async (): Promise<void> => {
    await run('ipvsadm', ['-C']);
    for (const role of ['master', 'backup'] as const) assert.equal(ipvs().stopDaemon(role), null);
  };
  before(() => {
    requireIpvs(); // nowhere else: these tests flush the table of the namespace they run in
    opened = Ipvs.open();
  });
  beforeEach(empty);
  after(async () => {
    if (opened === null) return;
    await empty();
    opened.close();
  });
  return {
    ipvs,
    applied: async (...commands) => assert.deepEqual(await ipvs().apply(commands), { refused: [], complete: true }),
  };
}

/** What ipvsadm lists, without titles and padding: services sorted, each with its destinations sorted below it. */
export async function listed(...args: readonly string[]): Promise<string[]> {
  const { stdout } = await run('ipvsadm', args, { timeoutMs: 30_000 });
  const services: { name: string; destinations: string[] }[] = [];
  for (const line of stdout.split('\n')) {
    const words = line.trim().split(/\s+/).join(' ');
    if (words === '' || /^(IP Virtual|Prot |-> RemoteAddress)/.test(words)) continue;
    if (words.startsWith('-> ')) services.at(-1)?.destinations.push(`  ${words.slice(3)}`);
    else services.push({ name: words, destinations: [] });
  }
  if (!args.includes('--daemon')) services.sort((a, b) => (a.name < b.name ? -1 : 1));
  return services.flatMap(({ name, destinations }) => [name, ...destinations.sort()]);
}
