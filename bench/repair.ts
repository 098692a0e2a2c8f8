/**
 * What faults of the active director's own cost at adverts of 1 s, lvsd and keepalived one after the other in one run:
 * somebody deletes the virtual address by hand; kill -9 of the main process alone; kill -9 of the VRRP process alone. The
 * faults are spread evenly over the time between two adverts.
 * Times are tcpdump's on the client (kernel timestamps) and, in whole milliseconds, those of `ip -ts monitor address` on
 * both directors.
 *
 *   scripts/lab.sh --native --timeout 600 -- node dist/bench/repair.js [RUNS]
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Capture, type Packet } from '../test/lab/support/capture.ts';
import type { Child } from '../test/lab/support/child.ts';
import { Daemon } from '../test/lab/support/daemon.ts';
import { Keepalived, keepalivedText } from '../test/lab/support/keepalived.ts';
import { Lab } from '../test/lab/support/lab.ts';
import { AddressWatch, waitForHolder } from '../test/lab/vrrp/referee.ts';
import { isAlive } from '../test/support/wait.ts';
import { spreadOf } from './spread.ts';

const RUNS = Number(process.argv[2] ?? 5);
const VIP = '10.0.0.100';
const PRIORITY = { d1: 150, d2: 100 } as const;
type Director = keyof typeof PRIORITY;
const ADDRESS: Readonly<Record<Director, string>> = { d1: '10.0.0.11', d2: '10.0.0.12' };
const MAC_D2 = '02:00:00:00:01:0c';
const INTERVAL_MS = 1000;
/** What d2 waits after a priority 0 (RFC 9568 section 6.1). */
const SKEW_MS = ((256 - PRIORITY.d2) * INTERVAL_MS) / 256;
/** How long a repair may take. */
const BOUND_MS = 10_000;
/** A peer takes over within four intervals, and the higher priority has the address back within four more. */
const WATCH_MS = 8 * INTERVAL_MS;

type Start = (lab: Lab, node: Director) => Child;

const startLvsd: Start = (lab, node) => {
  const router = `name: web, interface: eth0, virtual_router_id: 51, priority: ${PRIORITY[node]}`;
  return Daemon.start(lab, node, { config: `vrrp: [{ ${router}, virtual_addresses: [${VIP}/24] }]\n` }).child;
};

const startKeepalived: Start = (lab, node) => {
  const router = { priority: PRIORITY[node], intervalMs: INTERVAL_MS, addresses: [`${VIP}/24`] };
  return Keepalived.start(lab, node, keepalivedText(router)).child;
};

const PEERS = { lvsd: startLvsd, keepalived: startKeepalived };

interface Scene {
  readonly lab: Lab;
  readonly capture: Capture;
  readonly watches: Readonly<Record<Director, AddressWatch>>;
}

const isAdvertOf = (node: Director, { text }: Packet) => text.includes(`${ADDRESS[node]} > 224.0.0.18`);
const isArpOfD2 = ({ text }: Packet) => text.startsWith(MAC_D2) && text.includes('ARP') && text.includes(VIP);
const left = (packet: Packet) => isAdvertOf('d2', packet) || packet.text.includes('prio 0,');

/** Unix milliseconds with a fraction, as packets have them. */
const now = () => performance.timeOrigin + performance.now();

/** Looks until there is something; undefined when the time is up. */
async function find<T>(look: () => T | undefined, { timeoutMs = BOUND_MS, pollMs = 20 } = {}): Promise<T | undefined> {
  const until = now() + timeoutMs;
  for (let found = look(); ; found = look()) {
    if (found !== undefined || now() > until) return found;
    await sleep(pollMs);
  }
}

/** The VRRP process: the only child of either program, with this configuration. */
function vrrpPidOf({ pid }: Child): number | undefined {
  const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? [];
  return first === undefined ? undefined : Number(first);
}

/** d1 alone holds the address, everything is quiet, and the given part of an interval has passed since an advertisement. */
async function settle({ lab, capture }: Scene, part: number): Promise<void> {
  await waitForHolder(lab, 'd1', 'd2', VIP);
  await sleep(1.5 * INTERVAL_MS);
  const since = now();
  const advert = await find(() => capture.packets.find((seen) => seen.at > since && isAdvertOf('d1', seen)));
  if (advert === undefined) throw new Error('d1 holds the address and does not advertise');
  await sleep(Math.max(0, advert.at + part * INTERVAL_MS - now()));
}

/** Deletes the address on d1: ms until it is there again, and whether anything on the wire says that d1 gave it up. */
async function deleteAddress({ lab, capture, watches }: Scene) {
  const since = now() - 1;
  await lab.node('d1').ip([`addr del ${VIP}/24 dev eth0`]);
  const deleted = await find(() => watches.d1.events(VIP, since).find((event) => event.deleted));
  const at = deleted?.at ?? since;
  const back = await find(() => watches.d1.events(VIP, since).find((event) => !event.deleted));
  await sleep(2 * INTERVAL_MS);
  const backMs = back === undefined ? undefined : back.at - at;
  return { backMs, left: capture.packets.some((packet) => packet.at > since && left(packet)) };
}

/** Kills the main process of d1 alone: ms until the first gratuitous ARP of d2, less its skew. */
async function killMain({ capture }: Scene, d1: Child): Promise<number | undefined> {
  const vrrp = vrrpPidOf(d1);
  const killedAt = now();
  d1.signal('SIGKILL');
  const taken = await find(() => capture.packets.find((packet) => packet.at > killedAt && isArpOfD2(packet)));
  // What is left of d1 must be gone before it starts again.
  const gone = await find(() => (vrrp === undefined || !isAlive(vrrp) ? true : undefined));
  if (gone === undefined && vrrp !== undefined) process.kill(vrrp, 'SIGKILL');
  return taken === undefined ? undefined : taken.at - killedAt - SKEW_MS;
}

/** Kills the VRRP process of d1 alone, and watches. */
async function killVrrp({ capture, watches }: Scene, d1: Child) {
  const before = vrrpPidOf(d1);
  if (before === undefined) throw new Error('d1 has no VRRP process');
  const killedAt = now();
  process.kill(before, 'SIGKILL');
  const isNew = (pid: number | undefined) => (pid === undefined || pid === before ? undefined : now() - killedAt);
  const processMs = await find(() => isNew(vrrpPidOf(d1)), { timeoutMs: WATCH_MS, pollMs: 1 });
  await sleep(killedAt + WATCH_MS - now());
  const seen = capture.packets.filter(({ at }) => at > killedAt);
  const advert = seen.find((packet) => isAdvertOf('d1', packet));
  return {
    processMs,
    advertMs: advert === undefined ? undefined : advert.at - killedAt,
    taken: seen.some((packet) => isAdvertOf('d2', packet)),
    ...holdersOf(watches, Math.floor(killedAt), killedAt + WATCH_MS),
  };
}

/** How long nobody held the address, and how long both did; d1 alone held it at the beginning. */
function holdersOf(watches: Scene['watches'], from: number, to: number) {
  const eventsOf = (node: Director) => watches[node].events(VIP, from).map((event) => ({ ...event, node }));
  const events = [...eventsOf('d1'), ...eventsOf('d2')].sort((a, b) => a.at - b.at);
  const held: Record<Director, boolean> = { d1: true, d2: false };
  const sum = { nobodyMs: 0, bothMs: 0 };
  let last = from;
  for (const { at, node, deleted } of [...events, { at: to, node: 'd1' as const, deleted: false }]) {
    if (!held.d1 && !held.d2) sum.nobodyMs += at - last;
    if (held.d1 && held.d2) sum.bothMs += at - last;
    held[node] = !deleted;
    last = at;
  }
  return sum;
}

function figures(values: readonly (number | undefined)[], missing: string): string {
  const known = values.filter((value) => value !== undefined);
  const lost = `${missing} ${values.length - known.length} of ${values.length}`;
  if (known.length === values.length) return spreadOf(known);
  return known.length === 0 ? lost : `${spreadOf(known)}, ${lost}`;
}

async function measure(start: Start): Promise<string> {
  const lab = await Lab.create({ realServers: 0 });
  const deletions: Awaited<ReturnType<typeof deleteAddress>>[] = [];
  const vrrpKills: Awaited<ReturnType<typeof killVrrp>>[] = [];
  const mainKills: (number | undefined)[] = [];
  try {
    const watches = { d1: await AddressWatch.start(lab, 'd1'), d2: await AddressWatch.start(lab, 'd2') };
    const capture = await Capture.start(lab, 'c1', { filter: 'ip proto 112 or arp', args: ['-e'] });
    const scene = { lab, capture, watches };
    start(lab, 'd2');
    for (let i = 0; i < RUNS; i++) {
      const part = (i + 0.5) / RUNS;
      let d1 = start(lab, 'd1');
      await settle(scene, part);
      const deletion = await deleteAddress(scene);
      deletions.push(deletion);
      if (deletion.backMs === undefined) {
        await d1.stop(BOUND_MS);
        d1 = start(lab, 'd1');
      }
      await settle(scene, part);
      vrrpKills.push(await killVrrp(scene, d1));
      await settle(scene, part);
      mainKills.push(await killMain(scene, d1));
      await lab.node('d1').exec('ip', ['addr', 'del', `${VIP}/24`, 'dev', 'eth0'], { check: false });
    }
  } finally {
    await lab.destroy();
  }
  const of = (flags: readonly boolean[]) => `${flags.filter((flag) => flag).length} of ${flags.length}`;
  const column = <K extends keyof (typeof vrrpKills)[number]>(key: K) => vrrpKills.map((kill) => kill[key]);
  const backMs = deletions.map((deletion) => deletion.backMs);
  return `
  address deleted by hand: back (whole ms) ${figures(backMs, 'not back')}, left MASTER ${of(deletions.map((each) => each.left))}
  main process killed: the peer announces after its skew and ${figures(mainKills, 'no take-over')}
  VRRP process killed: process back ${figures(column('processMs'), 'never')}, \
advertises ${figures(column('advertMs'), 'never')}, peer took over ${of(column('taken'))}, \
address held by nobody for ${spreadOf(column('nobodyMs'))}, by both for ${spreadOf(column('bothMs'))}`;
}

console.log(`Faults of the active director at adverts of 1 s, ${RUNS} times each: min / median / max in ms`);
for (const [name, start] of Object.entries(PEERS)) console.log(name + (await measure(start)));
