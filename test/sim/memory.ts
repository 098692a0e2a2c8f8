/** Whether a virtual router grows with what it hears. Needs `gc`, which this gets by itself. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { garbageFor } from './garbage.ts';
import { Lan } from './lan.ts';
import { planOf } from './plan.ts';
import { Random } from './random.ts';

const HOUR_MS = 3_600_000;
const WARM_UP_MS = HOUR_MS;
const END_MS = 8 * HOUR_MS;
const GARBAGE_EVERY_MS = 2000;
const FLAP_EVERY_MS = 20_000;

/** Far below one byte a message; what the compiler and the collector move about. */
export const MOST_BYTES = 300_000;

export interface Growth {
  readonly bytes: number;
  readonly heard: number;
}

/** Hours of three routers that hear each other, garbage and flapping links, after an hour to warm up. */
export function memoryGrowth(): Growth {
  const random = new Random(1);
  let heard = 0;
  const observer = { settled: () => {}, acted: () => {}, hears: () => () => heard++ };
  const lan = new Lan(someMachines(), new Random(2), observer);
  for (const machine of lan.machines) machine.start();
  for (const station of lan.stations) {
    const pour = (): void => {
      lan.inject(station, garbageFor(station, lan.stations, random));
      lan.at(lan.now + GARBAGE_EVERY_MS, pour);
    };
    const flap = (): void => {
      station.linkFaults = 1 - station.linkFaults;
      station.machine.lookAround();
      lan.at(lan.now + random.next() * FLAP_EVERY_MS, flap);
    };
    pour();
    flap();
  }
  lan.run(WARM_UP_MS);
  const before = heapUsed();
  const heardBefore = heard;
  lan.run(END_MS);
  return { bytes: heapUsed() - before, heard: heard - heardBefore };
}

/** The first schedule with three machines of version 3. */
function someMachines(): ReturnType<typeof planOf>['machines'] {
  for (let seed = 1; seed < 1000; seed++) {
    const { machines } = planOf(seed);
    const config = machines[0]?.stations[0]?.config;
    if (machines.length === 3 && config?.version === 3 && config.advertisementIntervalMs === 1000) return machines;
  }
  throw new RangeError('No schedule has three machines');
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().heapUsed;
}
