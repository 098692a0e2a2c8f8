/**
 * What probing costs and whether the beat is kept, lvsd and keepalived one after the other in one run, in the same kernel,
 * against the same servers: one process that counts connections on as many addresses as there are real servers. TCP and HTTP
 * at 100, 500 and 2000 targets, every second.
 *
 * The director's CPU is that of all its processes (/proc/PID/stat); the machine's is all but idle, without the servers: what
 * the kernel does for a connection outside of any process is in it. Both are counted by ticks, which charge too much to who
 * is woken by timers: with 100 targets look at the rates, with 2000, where the one CPU of User-Mode Linux is full, at all.
 *
 *   scripts/lab.sh --ipvs --timeout 600 -- node dist/bench/probes-peer.js [SECONDS [TARGETS[,TARGETS...] [KINDS]]]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../test/lab/support/child.ts';
import { LVSD } from '../test/lab/support/daemon.ts';
import { type CountingServer, HTTP_PORT, startCountingServer, TCP_PORT } from './counting-server.ts';
import { familyOf } from './process-cpu.ts';

const [SECONDS = '10', TARGETS = '100,500,2000', KINDS = 'tcp,http'] = process.argv.slice(2);
/** Real servers of one virtual server. */
const IN_ONE = 100;
/** How long a director may take until it has probed every target, and then to settle. */
const START_TIMEOUT_MS = 40_000;
const SETTLE_MS = 3000;
/** /proc counts in hundredths of a second (USER_HZ). */
const TICK_MS = 10;

type Kind = 'tcp' | 'http';

interface Peer {
  readonly name: string;
  start(dir: string, kind: Kind, targets: number): Child;
}

const addressOf = (index: number): string => `10.64.${index >> 8}.${index & 255}`;
const portOf = (kind: Kind): number => (kind === 'tcp' ? TCP_PORT : HTTP_PORT);

/** The real servers of each virtual server. */
function groups(targets: number): readonly (readonly string[])[] {
  const all = Array.from({ length: targets }, (_, index) => addressOf(index));
  return Array.from({ length: Math.ceil(targets / IN_ONE) }, (_, n) => all.slice(n * IN_ONE, (n + 1) * IN_ONE));
}

const lvsd: Peer = {
  name: 'lvsd',
  start: (dir, kind, targets) => {
    const check = kind === 'tcp' ? 'type: tcp' : 'type: http, path: /healthz';
    const servers = groups(targets).map(
      (addresses, n) => `  - name: s${n}
    address: 10.65.0.${n + 1}
    port: ${portOf(kind)}
    checks: [{ ${check}, interval: 1s, timeout: 900ms, rise: 1, fall: 3 }]
    real_servers:
${addresses.map((address) => `      - { address: ${address} }`).join('\n')}
`,
    );
    writeFileSync(join(dir, 'lvsd.yaml'), `virtual_servers:\n${servers.join('')}`);
    const args = [LVSD, 'run', '-c', join(dir, 'lvsd.yaml'), '--socket', join(dir, 'lvsd.sock')];
    return new Child(process.execPath, args, { name: 'lvsd' });
  },
};

const keepalived: Peer = {
  name: 'keepalived',
  start: (dir, kind, targets) => {
    const checker =
      kind === 'tcp'
        ? 'TCP_CHECK {\nconnect_timeout 1\nretry 2\ndelay_before_retry 1\n}'
        : 'HTTP_GET {\nurl {\npath /healthz\nstatus_code 200\n}\nconnect_timeout 1\nretry 2\ndelay_before_retry 1\n}';
    const port = portOf(kind);
    const servers = groups(targets).map(
      (addresses, n) => `virtual_server 10.65.0.${n + 1} ${port} {
delay_loop 1
lb_algo wlc
lb_kind DR
protocol TCP
${addresses.map((address) => `real_server ${address} ${port} {\nweight 1\ninhibit_on_failure\n${checker}\n}`).join('\n')}
}
`,
    );
    const file = join(dir, 'keepalived.conf');
    writeFileSync(file, servers.join(''));
    const pids = ['-p', join(dir, 'main.pid'), '-c', join(dir, 'checkers.pid')];
    return new Child('keepalived', ['-n', '-l', '-C', '-f', file, ...pids], { name: 'keepalived' });
  },
};

/** Milliseconds of a process and of those of its children that have ended. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'ascii')
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number);
  return fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0) * TICK_MS;
}

/** Milliseconds that the machine was not idle. */
function busyMs(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] =
    /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'ascii'))?.[1]?.split(' ').map(Number) ?? [];
  return (user + nice + system + irq + softirq) * TICK_MS;
}

interface Figures {
  readonly rate: number;
  readonly least: number;
  readonly most: number;
  /** Per 1000 checks, in milliseconds. */
  readonly ownMs: number;
  readonly machineMs: number;
}

async function measure(peer: Peer, kind: Kind, targets: number, server: CountingServer): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), 'lvsd-peer-'));
  const idle = await server.count();
  const daemon = peer.start(dir, kind, targets);
  try {
    for (const end = Date.now() + START_TIMEOUT_MS; (await server.count()).total - idle.total < 2 * targets; ) {
      if (Date.now() > end || !daemon.isRunning) throw new Error(`${peer.name} does not probe:\n${daemon.tail()}`);
      await sleep(200);
    }
    await sleep(SETTLE_MS);
    const family = familyOf(daemon.pid);
    const own = (): number => family.reduce((sum, pid) => sum + cpuMsOf(pid), 0);
    const now = async () => ({
      count: await server.count(),
      at: performance.now(),
      own: own(),
      machine: busyMs() - cpuMsOf(server.pid),
    });
    const before = await now();
    await sleep(Number(SECONDS) * 1000);
    const after = await now();
    const checks = after.count.total - before.count.total;
    return {
      rate: (1000 * checks) / (after.at - before.at),
      least: after.count.least,
      most: after.count.most,
      ownMs: (1000 * (after.own - before.own)) / checks,
      machineMs: (1000 * (after.machine - before.machine)) / checks,
    };
  } finally {
    await daemon.stop(20_000);
    rmSync(dir, { recursive: true });
  }
}

function line(peer: Peer, { rate, least, most, ownMs, machineMs }: Figures): string {
  const cpu = `CPU per 1000 checks ${ownMs.toFixed(0)} ms of its own, ${machineMs.toFixed(0)} ms of the machine`;
  return `  ${peer.name.padEnd(10)} ${rate.toFixed(0)} checks/s (each server ${least} to ${most} times), ${cpu}`;
}

async function main(): Promise<void> {
  execFileSync('ip', ['route', 'add', 'local', '10.64.0.0/16', 'dev', 'lo']);
  const server = await startCountingServer();
  try {
    for (const kind of KINDS.split(',').map((text): Kind => (text === 'http' ? 'http' : 'tcp'))) {
      for (const targets of TARGETS.split(',').map(Number)) {
        console.log(`${kind}: ${targets} targets every second, ${SECONDS} s`);
        const ours = await measure(lvsd, kind, targets, server);
        console.log(line(lvsd, ours));
        const theirs = await measure(keepalived, kind, targets, server);
        console.log(line(keepalived, theirs));
        const ratio = (a: number, b: number): string => (a / b).toFixed(2);
        console.log(
          `  lvsd/keepalived: rate ${ratio(ours.rate, theirs.rate)}, own CPU ${ratio(ours.ownMs, theirs.ownMs)}, ` +
            `machine ${ratio(ours.machineMs, theirs.machineMs)}`,
        );
      }
    }
  } finally {
    await server.stop();
  }
}

await main();
