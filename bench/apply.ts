/**
 * What a big table costs: applying it, growing it, changing one thing in it, reading and listing it. lvsd, keepalived and
 * ipvsadm one after the other in one run, in one kernel.
 *
 * Nothing is probed: the times are those of reading the configuration and of the kernel. The table is looked at in
 * /proc/net/ip_vs, which costs milliseconds at 10 000 servers: a figure is as good as the pause between two looks.
 *
 *   scripts/lab.sh --ipvs --timeout 1800 -- node dist/bench/apply.js [RUNS]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { plan } from '../src/ipvs/plan.ts';
import type { Service } from '../src/ipvs/types.ts';
import { Ipvs } from '../src/sys/ipvs.ts';
import type { Child } from '../test/lab/support/child.ts';
import { Daemon, LVSD } from '../test/lab/support/daemon.ts';
import { run } from '../test/lab/support/exec.ts';
import { Keepalived } from '../test/lab/support/keepalived.ts';
import { Lab } from '../test/lab/support/lab.ts';
import { destination, real, serviceOf, tcp } from '../test/unit/ipvs/builders.ts';
import { spreadOf } from './spread.ts';

const RUNS = Number(process.argv[2] ?? 3);
const BOUND_MS = 120_000;
const WEIGHT = 10;

/** `services` virtual servers with `servers` real servers each. */
interface Size {
  readonly services: number;
  readonly servers: number;
}

const vip = (i: number): string => `10.9.${i >> 8}.${i & 255}`;
const rip = (i: number, j: number): string => `10.8.${i & 255}.${j + 1}`;

function tableOf({ services, servers }: Size): readonly Service[] {
  return Array.from({ length: services }, (_, i) =>
    serviceOf(
      tcp(vip(i), 80),
      Array.from({ length: servers }, (__, j) => destination(real(rip(i, j), 80), { weight: WEIGHT })),
    ),
  );
}

/** What `ipvsadm -R` reads. */
function rulesOf({ services, servers }: Size): string {
  return Array.from({ length: services }, (_, i) => {
    const lines = Array.from({ length: servers }, (__, j) => `-a -t ${vip(i)}:80 -r ${rip(i, j)}:80 -g -w ${WEIGHT}\n`);
    return `-A -t ${vip(i)}:80 -s wlc\n${lines.join('')}`;
  }).join('');
}

/** A director under test; the first real server of the first virtual server has weight `first`. */
interface Peer {
  readonly name: string;
  start(lab: Lab, size: Size): Child;
  reload(lab: Lab, child: Child, size: Size, first: number): void;
}

const lvsdFile = (lab: Lab): string => lab.file('d1.yaml');
const lvsd: Peer = {
  name: 'lvsd',
  start: (lab, size) => Daemon.start(lab, 'd1', { config: lvsdConfig(size, WEIGHT) }).child,
  reload: (lab, child, size, first) => {
    writeFileSync(lvsdFile(lab), lvsdConfig(size, first));
    child.signal('SIGHUP');
  },
};

function lvsdConfig({ services, servers }: Size, first: number): string {
  const all = Array.from({ length: services }, (_, i) => {
    const list = Array.from({ length: servers }, (__, j) => {
      return `      - { address: ${rip(i, j)}, weight: ${i + j === 0 ? first : WEIGHT} }\n`;
    });
    return `  - name: s${i}\n    address: ${vip(i)}\n    port: 80\n    checks: []\n    real_servers:\n${list.join('')}`;
  });
  return `virtual_servers:\n${all.join('')}`;
}

const keepalivedFile = (lab: Lab): string => lab.file('keepalived-d1/keepalived.conf');
const keepalived: Peer = {
  name: 'keepalived',
  start: (lab, size) => Keepalived.start(lab, 'd1', keepalivedConfig(size, WEIGHT)).child,
  reload: (lab, child, size, first) => {
    writeFileSync(keepalivedFile(lab), keepalivedConfig(size, first));
    child.signal('SIGHUP');
  },
};

function keepalivedConfig({ services, servers }: Size, first: number): string {
  return Array.from({ length: services }, (_, i) => {
    const list = Array.from({ length: servers }, (__, j) => {
      return `real_server ${rip(i, j)} 80 {\nweight ${i + j === 0 ? first : WEIGHT}\n}\n`;
    });
    return `virtual_server ${vip(i)} 80 {\nlb_algo wlc\nlb_kind DR\nprotocol TCP\n${list.join('')}}\n`;
  }).join('');
}

/** The kernel's table as text, of the namespace in which process `pid` runs. */
const tableText = (pid: number): string => readFileSync(`/proc/${pid}/net/ip_vs`, 'utf8');
const countIn = (text: string, prefix: string): number => text.split(`\n${prefix}`).length - 1;

async function until(holds: () => boolean, pollMs: number, what: string): Promise<void> {
  for (const startedAt = performance.now(); !holds(); await sleep(pollMs)) {
    if (performance.now() - startedAt > BOUND_MS) throw new Error(`${what}: not after ${BOUND_MS} ms`);
  }
}

async function timed(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** From the start of the program to the complete table; then one weight changed by a reload, and back. */
async function measurePeer(lab: Lab, peer: Peer, size: Size, starts: number): Promise<void> {
  const started: number[] = [];
  const changed: number[] = [];
  for (let n = 0; n < starts; n++) {
    await lab.node('d1').exec('ipvsadm', ['-C']);
    let child: Child | undefined;
    const isComplete = (): boolean => {
      const text = child === undefined ? '' : tableText(child.pid);
      return countIn(text, 'TCP ') === size.services && countIn(text, '  -> 0A') === size.services * size.servers;
    };
    started.push(
      await timed(() => {
        child = peer.start(lab, size);
        return until(isComplete, 50, `${peer.name}: complete table`);
      }),
    );
    if (child === undefined) return;
    await sleep(1000);
    const { pid } = child;
    for (const weight of [77, 78]) {
      const running = child;
      changed.push(
        await timed(() => {
          peer.reload(lab, running, size, weight);
          return until(() => hasWeight(tableText(pid), weight), 5, `${peer.name}: weight ${weight}`);
        }),
      );
      await sleep(1000);
    }
    await child.stop(BOUND_MS);
  }
  console.log(`${size.services} services x ${size.servers}, ${peer.name}: start to complete table ${spreadOf(started)},
  one weight by reload ${spreadOf(changed)}`);
}

function hasWeight(text: string, weight: number): boolean {
  return new RegExp(`Route +${weight} `).test(text);
}

/** The commands alone, in our own namespace: beside `ipvsadm -R`. */
async function measureApply(ipvs: Ipvs): Promise<void> {
  const size = { services: 1000, servers: 10 };
  const commands = plan(tableOf(size), [], () => false);
  const ours: number[] = [];
  const theirs: number[] = [];
  const reads: number[] = [];
  for (let n = 0; n < RUNS; n++) {
    ours.push(await timed(() => ipvs.apply(commands)));
    reads.push(await timed(() => ipvs.dump()));
    await ipvs.apply([{ command: 'flush' }]);
    theirs.push(await timed(() => run('ipvsadm', ['-R'], { input: rulesOf(size), timeoutMs: BOUND_MS })));
    if (n < RUNS - 1) await ipvs.apply([{ command: 'flush' }]);
  }
  console.log(`Applying 1000 x 10: lvsd ${spreadOf(ours)}, ipvsadm -R ${spreadOf(theirs)}`);
  const listed = (command: string, args: readonly string[]) => timed(() => run(command, args, { timeoutMs: BOUND_MS }));
  const [list, theirList]: [number[], number[]] = [[], []];
  for (let n = 0; n < RUNS; n++) {
    list.push(await listed(process.execPath, [LVSD, 'ipvs', '-Ln']));
    theirList.push(await listed('ipvsadm', ['-Ln']));
  }
  console.log(
    `Reading 10 000 servers: dump ${spreadOf(reads)}, lvsd ipvs -Ln ${spreadOf(list)} (its start included), ipvsadm -Ln ${spreadOf(theirList)}`,
  );
  await ipvs.apply([{ command: 'flush' }]);
}

/** Time per service added while the table grows; then one service more, and one weight. */
async function measureGrowth(ipvs: Ipvs): Promise<void> {
  const all = tableOf({ services: 20_001, servers: 1 });
  const steps = [0, 100, 1000, 5000, 20_000];
  for (const [index, to] of steps.entries()) {
    const from = steps[index - 1];
    if (from === undefined) continue;
    const ms = await timed(() => ipvs.apply(plan(all.slice(from, to), [], () => false)));
    console.log(`Growing from ${from} to ${to} services: ${((ms * 1000) / (to - from)).toFixed(1)} us for each`);
  }
  const added: number[] = [];
  const weighed: number[] = [];
  const theirs: number[] = [];
  const last = all.slice(20_000);
  for (const [id] of last.map((service) => [service.id] as const)) {
    for (let n = 0; n < 10; n++) {
      added.push(await timed(() => ipvs.apply(plan(last, [], () => false))));
      const heavier = last.map((service) => ({
        ...service,
        destinations: service.destinations.map((one) => ({ ...one, settings: { ...one.settings, weight: 77 } })),
      }));
      weighed.push(await timed(() => ipvs.apply(plan(heavier, last, () => false))));
      await ipvs.apply([{ command: 'del-service', service: id }]);
      theirs.push(await timed(() => run('ipvsadm', ['-A', '-t', `${vip(20_000)}:80`], { timeoutMs: BOUND_MS })));
      await ipvs.apply([{ command: 'del-service', service: id }]);
    }
  }
  console.log(
    `At 20 000 services: one added with its server ${spreadOf(added)}, one weight ${spreadOf(weighed)}, ipvsadm -A ${spreadOf(theirs)} (its start included)`,
  );
  await ipvs.apply([{ command: 'flush' }]);
}

async function main(): Promise<void> {
  console.log(`Big tables, ${RUNS} times each: min / median / max in ms`);
  const ipvs = Ipvs.open();
  await measureApply(ipvs);
  await measureGrowth(ipvs);
  ipvs.close();
  const lab = await Lab.create({ directors: 1, client: false });
  try {
    for (const [size, starts] of [
      [{ services: 100, servers: 10 }, 1],
      [{ services: 1000, servers: 10 }, RUNS],
      [{ services: 5000, servers: 2 }, 1],
    ] as const) {
      for (const peer of [lvsd, keepalived]) await measurePeer(lab, peer, size, starts);
    }
  } finally {
    await lab.destroy();
  }
}

await main();
