/** What each fault does to a network, and how it ends. */
import { assertNever } from '../../src/util/assert-never.ts';
import { garbageFor } from './garbage.ts';
import type { Invariants } from './invariants.ts';
import type { Lan } from './lan.ts';
import type { Machine } from './machine.ts';
import { Random } from './random.ts';
import { type Fault, machinesOf } from './schedule.ts';
import type { Station } from './station.ts';

const GARBAGE_MESSAGES = 12;

/** Plans a fault: its begin and its end. One that names a machine or a link that is not there does nothing. */
export function planFault(lan: Lan, invariants: Invariants, fault: Fault): void {
  const names = lan.machines.map(({ name }) => name);
  if (!machinesOf(fault).every((name) => names.includes(name))) return;
  if ('link' in fault && lan.machines.every(({ stations }) => stations[fault.link] === undefined)) return;
  const isNoise = fault.kind === 'garbage' || fault.kind === 'early-tick';
  const lasts = LASTING.has(fault.kind) ? 1 : 0;
  lan.at(fault.at, () => {
    if (!isNoise) {
      lan.note(`${fault.kind} ${machinesOf(fault).join(' ')}`);
      invariants.disturbed(lan, lasts);
    }
    const end = begin(lan, invariants, fault);
    lan.at(fault.at + fault.forMs, () => {
      end();
      if (isNoise) return;
      lan.note(`${fault.kind} ${machinesOf(fault).join(' ')} is over`);
      invariants.disturbed(lan, -lasts);
    });
  });
}

/** While these last, nobody can say whom the standard elects; the others are events, after which it elects again. */
const LASTING: ReadonlySet<Fault['kind']> = new Set(['weather', 'partition', 'one-way', 'hang']);

/** Returns what ends it. */
function begin(lan: Lan, invariants: Invariants, fault: Fault): () => void {
  switch (fault.kind) {
    case 'weather': {
      const entry = { weather: fault.weather, dice: new Random(fault.dice) };
      lan.weathers.push(entry);
      return () => lan.weathers.splice(lan.weathers.indexOf(entry), 1);
    }
    case 'partition':
      return separate(lan, fault.link, (a, b) => fault.apart.includes(a.name) !== fault.apart.includes(b.name));
    case 'one-way':
      return separate(lan, fault.link, (a, b) => a.name === fault.from && b.name === fault.to);
    case 'hang':
      lan.hang(machineOf(lan, fault.machine), fault.at + fault.forMs);
      return () => {};
    case 'script-down':
      return failScript(lan, machineOf(lan, fault.machine));
    case 'peer-lost':
      return onStation(lan, fault, (station) => {
        if (station.machine.busyUntil <= lan.now) invariants.losesPeer(station);
        return () => {};
      });
    case 'garbage':
      return pourGarbage(lan, fault);
    case 'early-tick':
      return onStation(lan, fault, (station) => {
        if (lan.now < station.wakesAt && lan.now >= station.machine.busyUntil) invariants.ticksEarly(station);
        return () => {};
      });
    case 'link-down':
    case 'addresses-refused':
      return onStation(lan, fault, (station) => (fault.kind === 'link-down' ? unplug(lan, station) : refuse(station)));
    case 'process-dies':
    case 'machine-dies':
    case 'stop':
      return takeAway(lan, machineOf(lan, fault.machine), fault);
    default:
      return assertNever(fault);
  }
}

function separate(lan: Lan, link: number, isBetween: (a: Machine, b: Machine) => boolean): () => void {
  const all = (isApart: boolean): void => {
    for (const a of lan.machines) for (const b of lan.machines) if (isBetween(a, b)) lan.separate(link, a, b, isApart);
  };
  all(true);
  return () => all(false);
}

function takeAway(
  lan: Lan,
  machine: Machine,
  fault: Fault & { kind: 'process-dies' | 'machine-dies' | 'stop' },
): () => void {
  machine.absences++;
  // One that comes back before it has heard of the stop goes on.
  if (fault.kind === 'stop') lan.whenFree(machine, () => machine.absences > 0 && machine.stop());
  else machine.crash(fault.kind === 'process-dies' ? 'process' : 'machine');
  lan.touched(machine);
  if (fault.kind === 'process-dies') {
    lan.at(lan.now + fault.releaseAfterMs, () => {
      machine.releaseForDeadProcess();
      lan.touched(machine);
    });
  }
  return () => {
    machine.absences--;
    machine.start();
    lan.touched(machine);
  };
}

function unplug(lan: Lan, station: Station): () => void {
  const { machine } = station;
  const change = (by: 1 | -1): void => {
    const wasUp = station.isLinkUp;
    station.linkFaults += by;
    if (station.isLinkUp !== wasUp) lan.whenFree(machine, () => machine.lookAround());
  };
  change(1);
  return () => change(-1);
}

function failScript(lan: Lan, machine: Machine): () => void {
  const change = (by: 1 | -1): void => {
    machine.scriptFaults += by;
    lan.whenFree(machine, () => machine.lookAtScript());
  };
  change(1);
  return () => change(-1);
}

function refuse(station: Station): () => void {
  station.addressFaults++;
  return () => {
    station.addressFaults--;
  };
}

function pourGarbage(lan: Lan, fault: Fault & { kind: 'garbage' }): () => void {
  const random = new Random(fault.dice);
  const { link } = fault;
  const to = machineOf(lan, fault.machine).stations[link];
  if (to === undefined) return () => {};
  const stations = lan.stations.filter((station) => station.link === link);
  for (let i = 0; i < GARBAGE_MESSAGES; i++) {
    lan.at(lan.now + random.next() * fault.forMs, () => lan.inject(to, garbageFor(to, stations, random)));
  }
  return () => {};
}

function onStation(
  lan: Lan,
  { machine, link }: { readonly machine: string; readonly link: number },
  act: (station: Station) => () => void,
): () => void {
  const station = machineOf(lan, machine).stations[link];
  return station === undefined ? () => {} : act(station);
}

function machineOf(lan: Lan, name: string): Machine {
  const machine = lan.machines.find((one) => one.name === name);
  if (machine === undefined) throw new RangeError(`There is no machine ${name}`);
  return machine;
}
