/** From a seed to a schedule: five minutes in which anything goes wrong, and between and after it long enough nothing. */
import type { VirtualRouterConfig } from '../../src/config/types.ts';
import { routerConfig, vip } from '../unit/vrrp/builders.ts';
import { SCRIPT } from './machine.ts';
import { Random } from './random.ts';
import type { Fault, MachinePlan, Schedule, StationPlan } from './schedule.ts';

export const END_MS = 300_000;
/** Then nothing goes wrong any more. */
const FAULTS_END_MS = 270_000;
const STARTED_MS = 5000;
/** The longest that a message is under way, in any weather. */
export const MOST_DELAY_MS = 150;
/** A machine that hands over is done by then. */
const LEAVE_MS = 2300;
const NAMES = 'abcdef';
/** So many have two virtual routers in a sync group on every machine. */
const GROUPED = 0.3;

/** The same one for the same seed, whatever was planned before. */
export function planOf(seed: number): Schedule {
  const random = new Random(seed);
  const machines = someMachines(random);
  const faults: Fault[] = [];
  // Some alone, some in a heap.
  for (let bursts = random.between(2, 7); bursts > 0; bursts--) {
    const at = random.between(0, FAULTS_END_MS - 15_000);
    for (let left = random.pick([1, 1, 2, 5]); left > 0; left--) {
      faults.push(someFault(random, machines, at + random.between(0, 3000)));
    }
  }
  const fair = { loss: 0, duplication: 0, leastDelayMs: random.pick([0.05, 1]), mostDelayMs: random.pick([1, 2]) };
  return { seed, fair, endMs: END_MS, machines, faults };
}

function someMachines(random: Random): MachinePlan[] {
  const stationsOf = someStations(random);
  const drift = random.pick([0, 0.001, 0.01, 0.1]);
  let owners = 0;
  return Array.from({ length: random.pick([2, 2, 2, 3, 3, 4]) }, (_, i) => {
    let priority = random.pick([100, 100, 150, 150, 200, 254, 1, 255]);
    if (priority === 255 && owners++ > 0) priority = 50; // two owners are a misconfiguration
    return {
      name: NAMES[i] ?? `machine ${i}`,
      startAt: random.between(0, STARTED_MS),
      clockRate: 1 + drift * (2 * random.next() - 1),
      clockStartMs: random.between(0, 1_000_000),
      startupDelayMs: random.pick([0, 0, 0, 2000, 8000]),
      stations: stationsOf(i, priority),
    };
  });
}

/** What a virtual router has in common on all machines, in turn where there are several; members of a group share it. */
interface Traits {
  readonly preempts: readonly boolean[];
  readonly preemptDelayMs: number;
  readonly intervals: readonly number[];
  readonly tracks: VirtualRouterConfig['tracks'];
}

function someTraits(random: Random): Traits {
  const slow = [[1000], [1000], [2000], [300, 1000, 2000], [4000]];
  // Much more to simulate: one in a while.
  const fast = [[300], [100]];
  const weight = random.pick([0, 0, -30, -60, 40, null]);
  return {
    preempts: random.pick([[true], [true], [false], [true, false]]),
    preemptDelayMs: random.pick([0, 0, 0, 0, 3000, 12_000]),
    intervals: random.pick(random.chance(0.06) ? fast : slow),
    tracks: weight === 0 ? [] : [{ kind: 'script', name: SCRIPT, weight, upDelayMs: 0, downDelayMs: 0 }],
  };
}

type StationMaker = (machine: number, priority: number, host: number) => StationPlan;

function someStations(random: Random): (machine: number, priority: number) => StationPlan[] {
  const traits = someTraits(random);
  if (!random.chance(GROUPED)) {
    const stationOf = someRouter(random, traits, random.pick([4, 4, 4, 6] as const), null);
    return (machine, priority) => [stationOf(machine, priority, random.between(1, 60))];
  }
  const first = someRouter(random, traits, 4, 'first');
  const second = someRouter(random, traits, random.pick([4, 6] as const), 'second');
  const isAlike = random.chance(0.7);
  return (machine, given) => {
    const priority = given === 255 ? 250 : given;
    const host = random.between(1, 60);
    // Two directors may compare differently on the two links.
    const other = isAlike ? host : random.between(1, 60);
    return [first(machine, priority, host), second(machine, priority, other)];
  };
}

/** `name`: of the member of a group; null: there is none. */
function someRouter(random: Random, traits: Traits, family: 4 | 6, name: string | null): StationMaker {
  const { preempts, preemptDelayMs, intervals, tracks } = traits;
  const isWhole = intervals.length === 1 && intervals.every((ms) => ms % 1000 === 0);
  const version = family === 4 && isWhole ? random.pick([2, 3] as const) : 3;
  const password = version === 2 && random.chance(0.5) ? 'secret12' : null;
  const virtual = family === 4 ? ['192.0.2.100'] : ['fe80::100', '2001:db8::100'];
  const prefix = family === 4 ? [192, 0, 2] : [0xfe, 0x80, ...new Uint8Array(13)];
  return (machine, priority, host) => {
    const config = routerConfig({
      name: name ?? 'web',
      interface: name === 'second' ? 'eth1' : 'eth0',
      group: name === null ? null : 'pair',
      version,
      family,
      priority,
      preempt: preempts[machine % preempts.length] ?? true,
      preemptDelayMs,
      tracks,
      advertisementIntervalMs: intervals[machine % intervals.length] ?? 1000,
      password,
      virtualAddresses: virtual.map((address) => vip(address, family === 4 ? 24 : 64)),
      checksum: random.pick(['auto', 'auto', 'rfc9568', 'pseudo'] as const),
    });
    const last = host * 4 + machine; // any order of addresses, no two alike
    return { config, address: Uint8Array.of(...prefix, last) };
  };
}

/** The more often a kind is listed, the more often it happens. */
const KINDS: readonly Fault['kind'][] = [
  'weather',
  'weather',
  'partition',
  'one-way',
  'process-dies',
  'process-dies',
  'machine-dies',
  'stop',
  'stop',
  'hang',
  'hang',
  'link-down',
  'addresses-refused',
  'garbage',
  'early-tick',
  'script-down',
  'script-down',
  'peer-lost',
];

function someFault(random: Random, machines: readonly MachinePlan[], at: number): Fault {
  const kind = random.pick(KINDS);
  const { name: machine, stations } = random.pick(machines);
  const link = random.between(0, stations.length - 1);
  const forMs = random.pick([20, 200, 1500, 5000, 8000]) + random.between(0, 1000);
  const span = { at, forMs };
  const dice = random.between(0, 2 ** 30);
  switch (kind) {
    case 'weather': {
      const loss = random.pick([0, 0.1, 0.5, 0.9]);
      const weather = { loss, duplication: 0.3, leastDelayMs: 1, mostDelayMs: random.between(2, MOST_DELAY_MS) };
      return { ...span, kind, weather, dice };
    }
    case 'partition': {
      const apart = machines.filter(() => random.chance(0.5)).map(({ name }) => name);
      return { ...span, kind, link, apart };
    }
    case 'one-way':
      return { ...span, kind, link, from: machine, to: random.pick(machines).name };
    case 'process-dies': {
      const intervalMs = stations[0]?.config.advertisementIntervalMs ?? 1000;
      return { ...span, kind, machine, releaseAfterMs: 2 * intervalMs };
    }
    case 'stop':
      return { at, forMs: forMs + LEAVE_MS, kind, machine };
    case 'machine-dies':
    case 'script-down':
    case 'hang':
      return { ...span, kind, machine };
    case 'garbage':
      return { ...span, kind, machine, link, dice };
    case 'early-tick':
    case 'peer-lost':
    case 'link-down':
    case 'addresses-refused':
      return { ...span, kind, machine, link };
  }
}
