/** From a seed to a LAN and its faults: 40 seconds in which anything goes wrong, 20 in which nothing does. */
import { routerConfig } from '../unit/vrrp/builders.ts';
import { garbageFor } from './garbage.ts';
import type { Invariants } from './invariants.ts';
import { FAIR, Lan, type Router } from './lan.ts';
import type { Machine } from './machine.ts';
import { Random } from './random.ts';

const FAULTS_END_MS = 40_000;
export const END_MS = 60_000;
/** The longest that a message is under way, in any weather. */
export const MOST_DELAY_MS = 150;
/** A machine that hands over is done by then. */
const LEAVE_MS = 2100;

/** A LAN with everything that will happen to it already planned. */
export function plannedLan(seed: number, invariants: Invariants): Lan {
  const random = new Random(seed);
  const lan = new Lan(someRouters(random), random, invariants);
  for (const machine of lan.machines) lan.at(random.between(0, 3000), () => startIfDown(machine));
  const count = random.between(8, 30);
  for (let i = 0; i < 20; i++) planEarlyTick(lan, random, invariants);
  for (let i = 0; i < count; i++) planFault(lan, random, random.between(0, FAULTS_END_MS - LEAVE_MS));
  lan.at(FAULTS_END_MS, () => {
    heal(lan);
    invariants.faultsEnd(lan);
  });
  return lan;
}

function someRouters(random: Random): Router[] {
  const family = random.pick([4, 4, 6] as const);
  const preempt = random.pick([[true], [true], [false], [true, false]]);
  const version = family === 4 ? random.pick([2, 3, 3] as const) : 3;
  const intervals =
    version === 3
      ? random.pick([[1000], [1000], [100], [300], [2000], [300, 1000, 2000]])
      : random.pick([[1000], [2000]]);
  const password = version === 2 && random.chance(0.5) ? 'secret12' : null;
  const virtual = family === 4 ? ['192.0.2.100'] : ['fe80::100', '2001:db8::100'];
  let owners = 0;
  return Array.from({ length: random.between(2, 4) }, (_, i) => {
    let priority = random.pick([100, 100, 150, 150, 200, 254, 1, 255]);
    if (priority === 255 && owners++ > 0) priority = 50; // two owners are a misconfiguration
    const config = routerConfig({
      version,
      family,
      priority,
      preempt: preempt[i % preempt.length] ?? true,
      advertisementIntervalMs: intervals[i % intervals.length] ?? 1000,
      password,
      virtualAddresses: virtual.map((address) => ({ address, prefixLength: 64 - (6 - family) * 16 })),
      checksum: random.pick(['auto', 'auto', 'rfc9568', 'pseudo'] as const),
    });
    const last = random.between(1, 60) * 4 + i; // any order of addresses, no two alike
    const prefix = family === 4 ? [192, 0, 2] : [0xfe, 0x80, ...new Uint8Array(13)];
    return { config, address: Uint8Array.of(...prefix, last) };
  });
}

/** Timers may fire early, by a rounding or because one was armed for another deadline before. */
function planEarlyTick(lan: Lan, random: Random, invariants: Invariants): void {
  const machine = random.pick(lan.machines);
  lan.at(random.between(0, END_MS), () => {
    if (lan.now < machine.wakesAt && lan.now >= machine.hangsUntil) invariants.ticksEarly(machine);
  });
}

function planFault(lan: Lan, random: Random, at: number): void {
  const machine = random.pick(lan.machines);
  const until = at + random.pick([20, 200, 1500, 5000, 9000]) + random.between(0, 1000);
  const fault = random.pick(FAULTS);
  lan.at(at, () => fault(lan, random, machine, until));
}

type Fault = (lan: Lan, random: Random, machine: Machine, until: number) => void;

const FAULTS: readonly Fault[] = [
  function badWeather(lan, random, _machine, until) {
    const mostDelayMs = random.between(2, MOST_DELAY_MS);
    lan.weather = { loss: random.pick([0, 0.1, 0.5, 0.9]), duplication: 0.3, leastDelayMs: 1, mostDelayMs };
    lan.note(`loss ${lan.weather.loss}, delay up to ${mostDelayMs} ms`);
    lan.at(until, () => {
      lan.weather = FAIR;
    });
  },
  function partition(lan, random, _machine, until) {
    for (const machine of lan.machines) machine.segment = random.between(0, 1);
    lan.note(`partition ${lan.machines.map(({ segment }) => segment).join('')}`);
    lan.at(until, () => {
      for (const machine of lan.machines) machine.segment = 0;
    });
  },
  function processDies(lan, _random, machine, until) {
    if (machine.router === null) return;
    machine.crash('process');
    lan.at(lan.now + 2 * machine.config.advertisementIntervalMs, () => machine.releaseForDeadProcess());
    lan.at(until, () => startIfDown(machine));
  },
  function machineDies(lan, _random, machine, until) {
    machine.crash('machine');
    lan.at(until, () => startIfDown(machine));
  },
  function stopAndStart(lan, _random, machine, until) {
    if (machine.router === null || machine.role === 'STOPPED') return;
    lan.note(`${machine.name} is stopped`);
    machine.router.shutdown();
    lan.at(until + LEAVE_MS, () => startIfDown(machine));
  },
  function linkDown(lan, _random, machine, until) {
    machine.setLink(false);
    lan.at(until, () => machine.setLink(true));
  },
  function hang(lan, _random, machine, until) {
    machine.hangsUntil = until;
    lan.note(`${machine.name} hangs until ${until}`);
  },
  function kernelRefuses(lan, _random, machine, until) {
    machine.refusesAddresses = true;
    lan.note(`${machine.name} cannot add addresses`);
    lan.at(until, () => {
      machine.refusesAddresses = false;
    });
  },
  function garbage(lan, random, machine, until) {
    for (let i = 0; i < 40; i++) {
      const at = lan.now + random.next() * (until - lan.now);
      lan.at(at, () => lan.inject(machine, garbageFor(machine, lan.machines, random)));
    }
  },
];

/** A stopped process is replaced by a new one, a running one stays. */
function startIfDown(machine: Machine): void {
  if (machine.router !== null && machine.role !== 'STOPPED') return;
  machine.start();
}

function heal(lan: Lan): void {
  lan.note('the faults end');
  lan.weather = FAIR;
  for (const machine of lan.machines) {
    machine.segment = 0;
    machine.hangsUntil = 0;
    machine.refusesAddresses = false;
    if (!machine.isLinkUp) machine.setLink(true);
    if (machine.role === 'LEAVING') machine.crash('process');
    startIfDown(machine);
  }
}
