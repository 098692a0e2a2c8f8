/**
 * How late the first gratuitous ARP of a new active director is behind the moment that RFC 9568 gives it: the last
 * advertisement of the old one, plus three intervals, plus its skew. lvsd and keepalived one after the other in one run,
 * on the same machine and network; times are those of the kernel's packet timestamps on the client.
 *
 *   scripts/lab.sh --native --timeout 1800 -- node dist/bench/failover.js [RUNS [INTERVAL_MS...]]
 */
import { execFileSync } from 'node:child_process';
import { Capture, type Packet } from '../test/lab/support/capture.ts';
import type { Child } from '../test/lab/support/child.ts';
import { Daemon } from '../test/lab/support/daemon.ts';
import { waitFor } from '../test/lab/support/exec.ts';
import { Keepalived, keepalivedText } from '../test/lab/support/keepalived.ts';
import { Lab } from '../test/lab/support/lab.ts';
import { spreadOf } from './spread.ts';

const RUNS = Number(process.argv[2] ?? 10);
const INTERVALS_MS = process.argv.length > 3 ? process.argv.slice(3).map(Number) : [1000, 100, 10];
const PRIORITY = { d1: 150, d2: 100 } as const;
type Director = keyof typeof PRIORITY;
const ADDRESS: Readonly<Record<Director, string>> = { d1: '10.0.0.11', d2: '10.0.0.12' };
const MAC_D2 = '02:00:00:00:01:0c';

interface Peer {
  readonly name: string;
  start(lab: Lab, node: Director, intervalMs: number): Child;
}

const lvsd: Peer = {
  name: 'lvsd',
  start: (lab, node, intervalMs) =>
    Daemon.start(lab, node, {
      config: `name: ${node}
vrrp:
  - name: web
    interface: eth0
    virtual_router_id: 51
    priority: ${PRIORITY[node]}
    advertisement_interval: ${intervalMs}ms
    virtual_addresses: [10.0.0.100/24]
`,
    }).child,
};

const keepalived: Peer = {
  name: 'keepalived',
  start: (lab, node, intervalMs) =>
    Keepalived.start(lab, node, keepalivedText({ priority: PRIORITY[node], intervalMs })).child,
};

const isAdvertOf = (node: Director) => (packet: Packet) =>
  packet.text.includes(`${ADDRESS[node]} > 224.0.0.18`) && packet.text.includes(`prio ${PRIORITY[node]},`);
const isArpOfD2 = ({ text }: Packet) => text.startsWith(MAC_D2) && text.includes('ARP') && text.includes('10.0.0.100');

/** One failure of d1; how late d2 announced itself, in ms. */
async function latenessOf(lab: Lab, intervalMs: number, fail: () => Promise<void>): Promise<number> {
  const capture = await Capture.start(lab, 'c1', { filter: 'ip proto 112 or arp', args: ['-e'] });
  const packetsOf = (test: (packet: Packet) => boolean) => capture.packets.filter(test);
  await waitFor(() => packetsOf(isAdvertOf('d1')).length >= 3, {
    timeoutMs: 20 * intervalMs + 10_000,
    what: 'd1 to be active',
  });
  const failedAt = Date.now();
  await fail();
  // d2 may have announced itself before, while d1 was starting.
  const isTakeover = (packet: Packet) => isArpOfD2(packet) && packet.at > failedAt;
  await waitFor(() => packetsOf(isTakeover).length > 0, {
    timeoutMs: 10 * intervalMs + 10_000,
    what: 'd2 to take over',
  });
  const packets = await capture.stop();
  const taken = packets.find(isTakeover);
  const last = packets
    .filter(isAdvertOf('d1'))
    .filter((packet) => packet.at < (taken?.at ?? 0))
    .at(-1);
  if (taken === undefined || last === undefined) throw new Error('The capture lost the fail-over');
  const skewMs = ((256 - PRIORITY.d2) * intervalMs) / 256;
  return taken.at - (last.at + 3 * intervalMs + skewMs);
}

function killTree(child: Child): void {
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' });
  const pids = [
    child.pid,
    ...children
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map(Number),
  ];
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

async function measure(peer: Peer, intervalMs: number, how: 'cable' | 'kill'): Promise<number[]> {
  const lab = await Lab.create({ realServers: 0 });
  const late: number[] = [];
  try {
    peer.start(lab, 'd2', intervalMs);
    let d1 = peer.start(lab, 'd1', intervalMs);
    for (let i = 0; i < RUNS; i++) {
      if (how === 'cable') {
        late.push(await latenessOf(lab, intervalMs, () => lab.cutCable('d1')));
        await lab.restoreCable('d1');
        continue;
      }
      late.push(await latenessOf(lab, intervalMs, async () => killTree(d1)));
      await lab.node('d1').exec('ip', ['addr', 'del', '10.0.0.100/24', 'dev', 'eth0'], { check: false });
      d1 = peer.start(lab, 'd1', intervalMs);
    }
  } finally {
    await lab.destroy();
  }
  return late;
}

console.log(`First gratuitous ARP behind RFC 9568's moment, ${RUNS} times each: min / median / max in ms`);
for (const intervalMs of INTERVALS_MS) {
  for (const how of ['cable', 'kill'] as const) {
    const figures: string[] = [];
    for (const peer of [lvsd, keepalived]) {
      figures.push(`${peer.name} ${spreadOf(await measure(peer, intervalMs, how))}`);
    }
    console.log(`advert ${String(intervalMs).padStart(4)} ms, ${how.padEnd(5)}: ${figures.join('   ')}`);
  }
}
