/**
 * What a client sees of a planned stop: it opens a connection through the virtual address every 5 ms (connect, one line
 * echoed, close) while the active director gets SIGTERM. Direct routing, adverts of 1 s; lvsd and keepalived one after
 * the other in one run. The gap is the longest time between two answers. Without IPVS (--native) the directors
 * answer the client themselves.
 *
 *   scripts/lab.sh --ipvs --timeout 1200 -- node dist/bench/planned-stop.js [RUNS]
 */
import type { Child } from '../test/lab/support/child.ts';
import { Daemon } from '../test/lab/support/daemon.ts';
import { waitFor } from '../test/lab/support/exec.ts';
import { Keepalived } from '../test/lab/support/keepalived.ts';
import { Lab } from '../test/lab/support/lab.ts';
import { RealServer } from '../test/lab/support/real-server.ts';
import { Traffic } from '../test/lab/support/traffic.ts';
import { spreadOf } from './spread.ts';

const RUNS = Number(process.argv[2] ?? 5);
const EVERY_MS = 5;
const PORT = 7000;
/** Without it the directors answer the client themselves: the address alone is measured, natively. */
const WITH_IPVS = process.env['LVSD_LAB_IPVS'] === '1';
const PRIORITY = { d1: 150, d2: 100 } as const;
type Director = keyof typeof PRIORITY;

interface Peer {
  readonly name: string;
  start(lab: Lab, node: Director): Child;
}

const lvsd: Peer = {
  name: 'lvsd',
  start: (lab, node) =>
    Daemon.start(lab, node, {
      config: `name: ${node}
vrrp:
  - { name: web, interface: eth0, virtual_router_id: 51, priority: ${PRIORITY[node]}, virtual_addresses: [10.0.0.100/24] }
${WITH_IPVS ? LVSD_SERVICE : ''}`,
    }).child,
};

const LVSD_SERVICE = `connection_sync: { follow: web, interface: eth0, sync_id: 51 }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: ${PORT}
    scheduler: sh
    forwarding: direct
    checks: [{ type: tcp, interval: 1s }]
    real_servers: [{ address: 10.0.0.21 }, { address: 10.0.0.22 }]
`;

const realServer = (address: string) => `  real_server ${address} ${PORT} {
    weight 1
    TCP_CHECK {
      connect_timeout 1
    }
  }
`;

const keepalived: Peer = {
  name: 'keepalived',
  start: (lab, node) =>
    Keepalived.start(
      lab,
      node,
      `global_defs {
  vrrp_version 3
  ${WITH_IPVS ? 'lvs_sync_daemon eth0 web id 51' : ''}
}
vrrp_instance web {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority ${PRIORITY[node]}
  advert_int 1
  virtual_ipaddress {
    10.0.0.100/24
  }
}
${WITH_IPVS ? KEEPALIVED_SERVICE : ''}`,
    ).child,
};

const KEEPALIVED_SERVICE = `virtual_server 10.0.0.100 ${PORT} {
  delay_loop 1
  lb_algo sh
  lb_kind DR
  protocol TCP
${realServer('10.0.0.21')}${realServer('10.0.0.22')}}
`;

const holds = async (lab: Lab, node: Director): Promise<boolean> =>
  (await lab.node(node).exec('ip', ['addr', 'show', 'eth0'])).stdout.includes('10.0.0.100/');

const hasServers = async (lab: Lab, node: Director): Promise<boolean> =>
  !WITH_IPVS || ((await lab.node(node).exec('ipvsadm', ['-Ln'])).stdout.match(/:7000 +Route +1 /g) ?? []).length === 2;

interface Outcome {
  readonly gapMs: number;
  /** The same before the stop: what the machine itself is good for. */
  readonly quietGapMs: number;
  readonly attempts: number;
  readonly failures: number;
}

async function measure(peer: Peer): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const lab = await Lab.create({});
  try {
    for (const name of WITH_IPVS ? ['r1', 'r2'] : ['d1', 'd2']) await RealServer.start(lab, name);
    for (let i = 0; i < RUNS; i++) outcomes.push(await stopOnce(lab, peer));
  } finally {
    await lab.destroy();
  }
  return outcomes;
}

async function stopOnce(lab: Lab, peer: Peer): Promise<Outcome> {
  const d2 = peer.start(lab, 'd2');
  const d1 = peer.start(lab, 'd1');
  await waitFor(() => holds(lab, 'd1'), { timeoutMs: 30_000, what: 'd1 to be active' });
  await waitFor(async () => (await hasServers(lab, 'd1')) && (await hasServers(lab, 'd2')), {
    timeoutMs: 30_000,
    what: 'both tables to be complete',
  });
  const traffic = await Traffic.start(lab, { host: '10.0.0.100', port: PORT, everyMs: EVERY_MS, deadlineMs: 3000 });
  await sleep(1500);
  const stoppedAt = Date.now();
  d1.signal('SIGTERM');
  await d1.exited;
  await waitFor(() => holds(lab, 'd2'), { timeoutMs: 30_000, what: 'd2 to take over' });
  await sleep(1500);
  const { attempts } = await traffic.stop();
  await d2.stop();
  const answers = attempts
    .flatMap(({ at, durationMs, server }) => (server === null ? [] : [at + durationMs]))
    .sort((a, b) => a - b);
  const gapMs = (from: number, to: number): number =>
    Math.max(0, ...answers.slice(1).map((at, i) => (at >= from && at < to ? at - (answers[i] ?? at) : 0)));
  return {
    gapMs: gapMs(stoppedAt, Number.POSITIVE_INFINITY),
    quietGapMs: gapMs(0, stoppedAt),
    attempts: attempts.length,
    failures: attempts.length - answers.length,
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

console.log(`Planned stop at adverts of 1 s, a connection every ${EVERY_MS} ms, ${RUNS} times`);
for (const peer of [lvsd, keepalived]) {
  const outcomes = await measure(peer);
  const failures = outcomes.map(({ failures: count }) => count);
  const attempts = outcomes.reduce((sum, outcome) => sum + outcome.attempts, 0);
  console.log(
    `${peer.name.padEnd(10)} longest gap ${spreadOf(outcomes.map(({ gapMs }) => gapMs))} ms (min / median / max), ` +
      `before the stop ${spreadOf(outcomes.map(({ quietGapMs }) => quietGapMs))} ms, ` +
      `failed connections ${failures.join(', ')} of ${attempts} in all`,
  );
}
