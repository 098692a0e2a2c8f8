/**
 * 255 virtual routers on one interface, advertising every 100 ms, between two directors: what an advertisement costs, whether
 * one is missed, and how late each router is taken over when the active director crashes. lvsd and keepalived one after the
 * other in one run, on the same machine and network; times are those of the kernel's packet timestamps on the client.
 *
 *   scripts/lab.sh --native --timeout 900 -- node dist/bench/many-routers.js [SECONDS [CRASHES [ROUTERS]]]
 */
import { readFileSync } from 'node:fs';
import type { Child } from '../test/lab/support/child.ts';
import { Daemon } from '../test/lab/support/daemon.ts';
import { waitFor } from '../test/lab/support/exec.ts';
import { Keepalived, keepalivedText } from '../test/lab/support/keepalived.ts';
import { Lab } from '../test/lab/support/lab.ts';
import { framesOf } from './pcap.ts';
import { cpuMsOf, familyOf } from './process-cpu.ts';
import { spreadOf } from './spread.ts';

const SECONDS = Number(process.argv[2] ?? 60);
const CRASHES = Number(process.argv[3] ?? 3);
const ROUTERS = Number(process.argv[4] ?? 255);
const INTERVAL_MS = 100;
const PRIORITY = { d1: 150, d2: 100 } as const;
type Director = keyof typeof PRIORITY;
/** Last octet of the address of its interface. */
const HOST: Readonly<Record<Director, number>> = { d1: 11, d2: 12 };
/** Active_Down_Interval of d2 (RFC 9568 section 6.1). */
const DOWN_MS = 3 * INTERVAL_MS + ((256 - PRIORITY.d2) * INTERVAL_MS) / 256;
/** Longer than this between two advertisements: one was missed. */
const GAP_MS = 1.5 * INTERVAL_MS;
const START_TIMEOUT_MS = 60_000;
const NOT_SETTLED = `within ${START_TIMEOUT_MS / 1000} s there were no two seconds in which only d1 advertised, with all routers`;
const VRIDS = Array.from({ length: ROUTERS }, (_, i) => i + 1);

interface Peer {
  readonly name: string;
  start(lab: Lab, node: Director): Child;
}

const lvsd: Peer = {
  name: 'lvsd',
  start: (lab, node) => {
    const router = (vrid: number): string => `  - name: r${vrid}
    interface: eth0
    virtual_router_id: ${vrid}
    priority: ${PRIORITY[node]}
    advertisement_interval: ${INTERVAL_MS}ms
    virtual_addresses: [10.77.0.${vrid}/32]
`;
    return Daemon.start(lab, node, { config: `name: ${node}\nvrrp:\n${VRIDS.map(router).join('')}` }).child;
  },
};

const keepalived: Peer = {
  name: 'keepalived',
  start: (lab, node) => {
    const router = (vrid: number) => ({
      name: `r${vrid}`,
      vrid,
      priority: PRIORITY[node],
      intervalMs: INTERVAL_MS,
      addresses: [`10.77.0.${vrid}/32`],
    });
    return Keepalived.start(lab, node, keepalivedText(...VRIDS.map(router))).child;
  },
};

/** What was on the wire: times by virtual router, in milliseconds. */
interface Wire {
  readonly adverts: Readonly<Record<Director, ReadonlyMap<number, readonly number[]>>>;
  /** Gratuitous ARP of d2, by virtual router. */
  readonly announcements: ReadonlyMap<number, readonly number[]>;
}

async function capture(lab: Lab, act: () => Promise<void>): Promise<Wire> {
  const file = lab.file('capture.pcap');
  const options = ['-Z', 'root', '-nn', '-i', 'eth0', '-B', '16384', '--time-stamp-precision=nano', '-w', file];
  const child = lab.spawn('c1', 'tcpdump', [...options, 'ip proto 112 or arp'], { name: 'tcpdump' });
  await child.waitForLine(/listening on/, 10_000);
  await act();
  await child.stop();
  const dropped = /(\d+) packets? dropped by kernel/.exec(child.text('stderr'))?.[1];
  if (dropped !== '0')
    console.log(`  the capture lost ${dropped ?? '?'} packets: figures of this run are not to be trusted`);
  return wireOf(readFileSync(file));
}

function wireOf(file: Buffer): Wire {
  const adverts = { d1: new Map<number, number[]>(), d2: new Map<number, number[]>() };
  const announcements = new Map<number, number[]>();
  const note = (map: Map<number, number[]>, vrid: number, at: number): void => {
    const known = map.get(vrid);
    if (known === undefined) map.set(vrid, [at]);
    else known.push(at);
  };
  for (const { at, bytes } of framesOf(file)) {
    if (bytes.length < 42) continue; // neither ARP nor an advertisement
    const sender = bytes[11];
    if (bytes.readUInt16BE(12) === 0x0806) {
      if (sender === HOST.d2 && bytes[38] === 10 && bytes[39] === 77) note(announcements, bytes[41] ?? 0, at);
      continue;
    }
    const vrrp = 14 + ((bytes[14] ?? 0) & 0x0f) * 4;
    if (sender === HOST.d1) note(adverts.d1, bytes[vrrp + 1] ?? 0, at);
    if (sender === HOST.d2) note(adverts.d2, bytes[vrrp + 1] ?? 0, at);
  }
  return { adverts, announcements };
}

const countOf = (map: ReadonlyMap<number, readonly number[]>): number =>
  [...map.values()].reduce((sum, times) => sum + times.length, 0);

/** Whether all advertisements come from `node` alone, for two seconds, at last. */
async function settles(lab: Lab, node: Director): Promise<boolean> {
  const other = node === 'd1' ? 'd2' : 'd1';
  const look = async (): Promise<boolean> => {
    const { adverts } = await capture(lab, () => new Promise((resolve) => setTimeout(resolve, 2000)));
    return adverts[node].size === ROUTERS && adverts[other].size === 0;
  };
  const what = `${node} to be active with all routers`;
  return waitFor(look, { timeoutMs: START_TIMEOUT_MS, what, pollMs: 100 }).then(
    () => true,
    () => false,
  );
}

/** What the steady state costs, and what is missing. */
async function steady(lab: Lab, peer: Peer, children: Readonly<Record<Director, Child>>): Promise<void> {
  const families = { d1: familyOf(children.d1.pid), d2: familyOf(children.d2.pid) };
  const used = (node: Director): number[] => families[node].map(cpuMsOf);
  const before = { d1: used('d1'), d2: used('d2') };
  let after = before;
  const wire = await capture(lab, async () => {
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    after = { d1: used('d1'), d2: used('d2') };
  });
  const count = countOf(wire.adverts.d1);
  const gaps = [...wire.adverts.d1.values()].flatMap((times) => times.slice(1).map((at, i) => at - (times[i] ?? 0)));
  const missed = gaps.filter((gap) => gap > GAP_MS).length;
  const strangers = countOf(wire.adverts.d2);
  console.log(
    `${peer.name.padEnd(10)} ${count} adverts in ${SECONDS} s, ${missed} missed, longest gap ${gaps.reduce((most, gap) => Math.max(most, gap), 0).toFixed(1)} ms${strangers === 0 ? '' : `, ${strangers} adverts of the backup`}`,
  );
  for (const node of ['d1', 'd2'] as const) {
    const each = after[node].map((ms, i) => ((ms - (before[node][i] ?? 0)) * 1000) / count);
    const all = each.reduce((sum, us) => sum + us, 0);
    const percent = ((all * count) / (SECONDS * 1e6)) * 100;
    const detail = each.map((us) => us.toFixed(1)).join(' + ');
    console.log(
      `  ${node === 'd1' ? 'active, per advert sent    ' : 'backup, per advert received'} ${all.toFixed(1)} us of CPU (by process ${detail}), ${percent.toFixed(1)} % of a core`,
    );
  }
}

/** Kills the active director; how late the other was, for each router: first advertisement, first announcement. */
async function crash(
  lab: Lab,
  child: Child,
): Promise<{ readonly adverts: number[]; readonly announcements: number[] }> {
  const wire = await capture(lab, async () => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (const pid of familyOf(child.pid)) process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 4000));
  });
  const adverts: number[] = [];
  const announcements: number[] = [];
  for (const vrid of VRIDS) {
    const last = wire.adverts.d1.get(vrid)?.at(-1);
    const first = wire.adverts.d2.get(vrid)?.[0];
    if (last === undefined || first === undefined) throw new Error(`Router ${vrid} was not taken over`);
    adverts.push(first - (last + DOWN_MS));
    announcements.push((wire.announcements.get(vrid)?.find((at) => at >= first) ?? Number.NaN) - (last + DOWN_MS));
  }
  return { adverts, announcements };
}

async function measure(peer: Peer): Promise<void> {
  const lab = await Lab.create({ realServers: 0 });
  try {
    const d2 = peer.start(lab, 'd2');
    let d1 = peer.start(lab, 'd1');
    if (!(await settles(lab, 'd1'))) console.log(`${peer.name}: ${NOT_SETTLED}`);
    await steady(lab, peer, { d1, d2 });
    for (let i = 0; i < CRASHES; i++) {
      const { adverts, announcements } = await crash(lab, d1);
      const inTime = adverts.filter((ms) => ms <= 15).length;
      console.log(
        `  crash ${i + 1}: first advert late by ${spreadOf(adverts)}, ${inTime} of ${ROUTERS} within 15 ms; first gratuitous ARP ${spreadOf(announcements)}`,
      );
      if (i + 1 === CRASHES) break;
      await lab.node('d1').exec('ip', ['addr', 'flush', 'dev', 'eth0', 'to', '10.77.0.0/16'], { check: false });
      d1 = peer.start(lab, 'd1');
      if (await settles(lab, 'd1')) continue;
      console.log(`  after the restart: ${NOT_SETTLED}; no more crashes`);
      break;
    }
  } finally {
    await lab.destroy();
  }
}

console.log(
  `${ROUTERS} virtual routers at ${INTERVAL_MS} ms; lateness behind RFC 9568's moment: min / median / max in ms`,
);
for (const peer of [lvsd, keepalived]) await measure(peer);
