/**
 * How soon the kernel's table follows a real server whose TCP port closes and opens again, or whose process is killed, and how
 * soon a table that a stranger cleared (`ipvsadm -C`) is complete again; lvsd and keepalived one after the other in one run.
 *
 * The real server itself says when its port closed; it keeps the connections that it has, as a killed process cannot. The table is read from /proc/net/ip_vs: the same table, without
 * starting ipvsadm, which takes 200 ms in User-Mode Linux; after each change of a weight ipvsadm must agree. The moments
 * are spread evenly over the period of the checks and of the reconciliation, so that the median is what to expect.
 *
 *   scripts/lab.sh --ipvs --timeout 600 -- node dist/bench/detection.js [RUNS]
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Child } from '../test/lab/support/child.ts';
import { Daemon } from '../test/lab/support/daemon.ts';
import { parseTable, waitForWeights } from '../test/lab/support/ipvsadm.ts';
import { Keepalived } from '../test/lab/support/keepalived.ts';
import { Lab } from '../test/lab/support/lab.ts';
import { spreadOf } from './spread.ts';

const RUNS = Number(process.argv[2] ?? 5);
const PORT = 7000;
const INTERVAL_MS = 1000;
/** How long the table may take. */
const BOUND_MS = 15_000;
const POLL_MS = 2;
/** Rest after a change, for ipvsadm to be asked and for the director to be idle. */
const SETTLE_MS = 1000;
const SERVICE = `TCP 10.0.0.100:${PORT}`;
const weights = (r1: number) => ({ [SERVICE]: { [`10.0.0.21:${PORT}`]: r1, [`10.0.0.22:${PORT}`]: 1 } });

interface Peer {
  readonly name: string;
  /** How often it looks whether its table is still there; 0: never. */
  readonly reconcileMs: number;
  /** How often its table is cleared. */
  readonly clears: number;
  start(lab: Lab): Child;
}

const lvsd = (fall: number, reconcileMs: number, watch = false): Peer => ({
  name: `lvsd, fall ${fall}${watch ? ', watch' : ''}, reconcile_interval ${reconcileMs / 1000} s`,
  reconcileMs,
  clears: RUNS,
  start: (lab) =>
    Daemon.start(lab, 'd1', {
      config: `ipvs: { reconcile_interval: ${reconcileMs}ms }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: ${PORT}
    checks: [{ type: tcp, interval: 1s, timeout: 1s, rise: 1, fall: ${fall}, watch: ${watch} }]
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
`,
    }).child,
});

const keepalived = (retry: number, clears: number): Peer => ({
  name: `keepalived, retry ${retry}`,
  reconcileMs: 0,
  clears,
  start: (lab) => {
    const check = `TCP_CHECK {\nconnect_timeout 1\nretry ${retry}\ndelay_before_retry 1\n}`;
    const server = (address: string) => `real_server ${address} ${PORT} {\nweight 1\ninhibit_on_failure\n${check}\n}\n`;
    const settings = 'delay_loop 1\nlb_algo wlc\nlb_kind DR\nprotocol TCP\n';
    const servers = server('10.0.0.21') + server('10.0.0.22');
    return Keepalived.start(lab, 'd1', `virtual_server 10.0.0.100 ${PORT} {\n${settings}${servers}}\n`).child;
  },
});

/** The real server, in a process of its own: SIGUSR2 closes its port or opens it, and it prints when. */
function serve(): void {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  const listen = () => server.listen(PORT, '0.0.0.0', () => console.log(`opened ${Date.now()}`));
  process.on('SIGUSR2', () => {
    if (!server.listening) listen();
    else {
      server.close();
      console.log(`closed ${Date.now()}`);
    }
  });
  listen();
  setInterval(() => {}, 60_000); // else the process would end with its port
}

/** Closes or opens the port; when that happened, in Unix milliseconds. */
async function toggle(server: Child): Promise<number> {
  const told = server.waitForLine(/^(opened|closed) /, BOUND_MS, { fresh: true });
  server.signal('SIGUSR2');
  return Number((await told).text.split(' ')[1]);
}

/** Looks at the table of the director again and again. */
class TableWatch {
  /** The times between two looks: no figure is better than that. */
  readonly gapsMs: number[] = [];
  readonly #file: string;

  /** Of the machine on which process `pid` runs. */
  constructor(pid: number) {
    this.#file = `/proc/${pid}/net/ip_vs`;
  }

  /** When the weights first were so, in the order of the addresses, in Unix milliseconds; undefined: not in time. */
  async until(wanted: readonly number[]): Promise<number | undefined> {
    const startedAt = performance.now();
    for (let lookedAt = startedAt; ; await sleep(POLL_MS)) {
      const seen = this.#weights();
      const now = performance.now();
      if (lookedAt > startedAt) this.gapsMs.push(now - lookedAt);
      lookedAt = now;
      if (isDeepStrictEqual(seen, wanted)) return Date.now();
      if (now - startedAt > BOUND_MS) return undefined;
    }
  }

  #weights(): number[] {
    const destinations = parseTable(readFileSync(this.#file, 'utf8')).flatMap((service) => service.destinations);
    return destinations.sort((a, b) => (a.address < b.address ? -1 : 1)).map(({ weight }) => weight);
  }
}

/** The process that is r1 now. */
interface RealServer {
  process: Child;
}

interface Scene {
  readonly lab: Lab;
  readonly server: RealServer;
  readonly table: TableWatch;
}

/** A real server that listens. */
async function startServer(lab: Lab, node: string): Promise<Child> {
  const child = lab.spawn(node, process.execPath, [import.meta.filename, 'serve'], { name: node });
  await child.waitForLine(/^opened/, 30_000);
  return child;
}

/** Closes or opens the port at `at`: how late the table followed, in ms, and when. */
async function follow({ lab, server, table }: Scene, at: number, r1: number) {
  await sleep(Math.max(0, at - Date.now()));
  const [seenAt, toggledAt] = await Promise.all([table.until([r1, 1]), toggle(server.process)]);
  if (seenAt === undefined) throw new Error(`The weight of r1 is not ${r1} after ${BOUND_MS} ms`);
  await waitForWeights(lab.node('d1'), weights(r1), BOUND_MS);
  return { ms: seenAt - toggledAt, seenAt };
}

/** Kills the real server at `at`, and starts another: how late the table followed the first, in ms, and when it followed both. */
async function kill({ lab, server, table }: Scene, at: number) {
  await sleep(Math.max(0, at - Date.now()));
  const killedAt = Date.now();
  server.process.signal('SIGKILL');
  const deadAt = await table.until([0, 1]);
  server.process = await startServer(lab, 'r1');
  const seenAt = await table.until([1, 1]);
  if (deadAt === undefined || seenAt === undefined)
    throw new Error(`The weight of r1 did not follow in ${BOUND_MS} ms`);
  return { ms: deadAt - killedAt, seenAt };
}

/** Clears the table at `at`: how long it was not complete, in ms (undefined: to the end), and when it was. */
async function clear({ lab, table }: Scene, at: number) {
  await sleep(Math.max(0, at - Date.now()));
  const [clearedAt] = await Promise.all([table.until([]), lab.node('d1').exec('ipvsadm', ['-C'])]);
  if (clearedAt === undefined) throw new Error('The table was never seen empty');
  const seenAt = await table.until([1, 1]);
  return { ms: seenAt === undefined ? undefined : seenAt - clearedAt, seenAt: seenAt ?? Date.now() };
}

/** Each change is timed from the one before, which fell on a beat of the director; the first of each kind only finds it. */
async function measure(lab: Lab, server: RealServer, peer: Peer): Promise<void> {
  const daemon = peer.start(lab);
  await waitForWeights(lab.node('d1'), weights(1), 30_000);
  const table = new TableWatch(daemon.pid);
  const scene = { lab, server, table };
  const closed: number[] = [];
  const opened: number[] = [];
  const killed: number[] = [];
  const cleared: (number | undefined)[] = [];
  const momentAfter = (seenAt: number, run: number, periodMs: number) =>
    seenAt + SETTLE_MS + ((run + 0.5) / RUNS) * periodMs;
  let { seenAt } = await follow(scene, 0, 0);
  ({ seenAt } = await follow(scene, seenAt + SETTLE_MS, 1));
  for (let run = 0; run < RUNS; run++) {
    const down = await follow(scene, momentAfter(seenAt, run, INTERVAL_MS), 0);
    const up = await follow(scene, momentAfter(down.seenAt, run, INTERVAL_MS), 1);
    closed.push(down.ms);
    opened.push(up.ms);
    ({ seenAt } = up);
  }
  for (let run = 0; run < RUNS; run++) {
    const dead = await kill(scene, momentAfter(seenAt, run, INTERVAL_MS));
    killed.push(dead.ms);
    ({ seenAt } = dead);
  }
  if (peer.reconcileMs > 0) ({ seenAt } = await clear(scene, 0));
  for (let run = 0; run < peer.clears; run++) {
    const again = await clear(scene, momentAfter(seenAt, run, peer.reconcileMs));
    cleared.push(again.ms);
    ({ seenAt } = again);
  }
  const back = cleared.filter((ms) => ms !== undefined);
  const complete = back.length > 0 ? spreadOf(back) : `not within ${BOUND_MS / 1000} s (tried once)`;
  console.log(`${peer.name} (a look at the table every ${spreadOf(table.gapsMs)} ms)
  port closed, weight 0:    ${spreadOf(closed)}
  port open, weight back:   ${spreadOf(opened)}
  process killed, weight 0: ${spreadOf(killed)}${cleared.length > 0 ? `\n  table cleared, complete:  ${complete}` : ''}`);
  await daemon.stop(BOUND_MS);
}

async function main(): Promise<void> {
  console.log(`Checks of TCP every ${INTERVAL_MS} ms, ${RUNS} times each: min / median / max in ms`);
  const lab = await Lab.create({ directors: 1, client: false });
  try {
    const [r1] = await Promise.all([startServer(lab, 'r1'), startServer(lab, 'r2')]);
    const server = { process: r1 };
    const peers = [lvsd(1, 5000), lvsd(3, 1000), lvsd(3, 1000, true), keepalived(0, 1), keepalived(2, 0)];
    for (const peer of peers) await measure(lab, server, peer);
  } finally {
    await lab.destroy();
  }
}

if (process.argv[2] === 'serve') serve();
else await main();
