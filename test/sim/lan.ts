/**
 * A network of virtual routers in virtual time: no sockets, no real timers, every run repeatable. Real advertisements travel
 * as bytes, with seeded loss, duplication and delay (and so out of order). The first virtual router of each machine is on
 * link 0, the second on link 1.
 */
import type { ReceivedMessage } from '../../src/vrrp/receive.ts';
import { Heap, type Timed } from './heap.ts';
import { Machine, type Network } from './machine.ts';
import type { Random } from './random.ts';
import { FAIR, type MachinePlan, type Weather } from './schedule.ts';
import type { Station } from './station.ts';

/** At one time first what was planned, then messages; timers follow them, and what waited for a process that hung. */
const RANK = { planned: 0, message: 1, wakeUp: 2 } as const;

interface Item extends Timed {
  act(): void;
}

/** Looks at the network around every step; throws when something is wrong. */
export interface Observer {
  /** Time is about to pass to `at`, or has come to its end; everything that happened at `now` has happened. */
  settled(lan: Lan, at: number): void;
  /** Something happened on `machine`. */
  acted(machine: Machine): void;
  /** `to` is about to hear a message; the returned function looks at what it made of it. */
  hears(to: Station, message: ReceivedMessage, isGarbage: boolean): () => void;
}

/** Far beyond what some minutes of a few routers take; of steps without time passing there are a few dozen. */
const MOST_STEPS = 2_000_000;
const MOST_STEPS_AT_ONCE = 1000;
/** A turn of the event loop. */
const SOON_MS = 0.2;
const TRACE_LENGTH = 40;

export class Lan implements Network {
  now = 0;
  readonly machines: readonly Machine[];
  readonly stations: readonly Station[];
  /** Weather faults in their order; the last one rules. */
  readonly weathers: { readonly weather: Weather; readonly dice: Random }[];
  /** Pairs that do not hear each other, with the number of faults that keep them apart: `link from to`. */
  readonly #apart = new Map<string, number>();
  #steps = 0;
  #stepsAtOnce = 0;
  readonly #observer: Observer | null;
  readonly #items = new Heap<Item>();
  #trace: string[] = [];

  constructor(plans: readonly MachinePlan[], dice: Random, observer: Observer | null = null, fair: Weather = FAIR) {
    this.#observer = observer;
    this.machines = plans.map((plan) => new Machine(this, plan));
    this.stations = this.machines.flatMap(({ stations }) => stations);
    this.weathers = [{ weather: fair, dice }];
  }

  get active(): readonly Station[] {
    return this.stations.filter(({ isActive }) => isActive);
  }

  /** The last things that happened, for people. */
  get trace(): string {
    return this.#trace.join('\n');
  }

  /** Has `act` done at a time to come. */
  at(at: number, act: () => void): void {
    this.#items.push({ at, rank: RANK.planned, act });
  }

  note(text: string): void {
    this.#trace.push(`${this.now.toFixed(3)} ${text}`);
    if (this.#trace.length > TRACE_LENGTH) this.#trace.shift();
  }

  /** `from` can, or no longer, be heard by `to`. */
  separate(link: number, from: Machine, to: Machine, isApart: boolean): void {
    const key = `${link} ${from.name} ${to.name}`;
    const count = (this.#apart.get(key) ?? 0) + (isApart ? 1 : -1);
    if (count > 0) this.#apart.set(key, count);
    else this.#apart.delete(key);
  }

  /** Whether the wire brings a message of the one to the other, sooner or later. */
  reaches(from: Station, to: Station): boolean {
    if (!from.isLinkUp || !to.isLinkUp) return false;
    return this.#apart.size === 0 || !this.#apart.has(`${from.link} ${from.machine.name} ${to.machine.name}`);
  }

  get weather(): Weather {
    return this.weathers.at(-1)?.weather ?? FAIR;
  }

  transmit(from: Station, message: ReceivedMessage): void {
    const ruling = this.weathers.at(-1);
    if (ruling === undefined || !from.isLinkUp) return;
    const { weather, dice } = ruling;
    for (const to of this.stations) {
      if (to === from || to.link !== from.link || !this.reaches(from, to)) continue;
      if (weather.loss > 0 && dice.chance(weather.loss)) continue;
      this.#put(to, message, weather, dice);
      if (weather.duplication > 0 && dice.chance(weather.duplication)) this.#put(to, message, weather, dice);
    }
  }

  /** Somebody else's bytes, now, for one station. */
  inject(to: Station, message: ReceivedMessage): void {
    this.#arrive(to, message, true);
    this.#observer?.acted(to.machine);
  }

  /** The process of `machine` does nothing until then; what comes waits. */
  hang(machine: Machine, until: number): void {
    machine.hang(until);
    this.#items.push({ at: until, rank: RANK.wakeUp, act: () => this.#drainAll(machine) });
  }

  /** Done by the process of `machine`: once it no longer hangs. */
  whenFree(machine: Machine, act: () => void): void {
    if (machine.busyUntil > this.now) {
      const again = (): void => this.whenFree(machine, act);
      this.#items.push({ at: machine.busyUntil, rank: RANK.wakeUp, act: again });
      return;
    }
    act();
    this.#observer?.acted(machine);
  }

  soon(machine: Machine, act: () => void): void {
    this.#items.push({ at: this.now + SOON_MS, rank: RANK.planned, act: () => this.whenFree(machine, act) });
  }

  /** Something happened outside of messages and timers. */
  touched(machine: Machine): void {
    this.#observer?.acted(machine);
  }

  run(end: number): void {
    for (;;) {
      const item = this.#items.peek();
      const due = this.#earliestTimer();
      const at = Math.min(item?.at ?? end, due?.wakesAt ?? end, end);
      if (at > this.now || at === end) this.#observer?.settled(this, at);
      this.#countStep(at > this.now);
      this.now = Math.max(this.now, at);
      const isItem = item !== null && item.at <= this.now;
      if (isItem && (item.rank < RANK.wakeUp || due === null || due.wakesAt > this.now)) {
        this.#items.pop();
        item.act();
      } else if (due !== null && due.wakesAt <= this.now) {
        this.#wake(due);
      } else {
        return;
      }
    }
  }

  #earliestTimer(): Station | null {
    let first: Station | null = null;
    let firstAt = Number.POSITIVE_INFINITY;
    for (const station of this.stations) {
      const at = station.wakesAt;
      if (at < firstAt) {
        first = station;
        firstAt = at;
      }
    }
    return first;
  }

  #wake(station: Station): void {
    const { machine } = station;
    const drain = (): void => this.#drain(station);
    station.wake(drain, (at, act) => this.#wait(machine, at, act));
    this.#observer?.acted(machine);
  }

  /** The process waits on its clock; if it hangs meanwhile, it goes on afterwards. */
  #wait(machine: Machine, until: number, act: () => void): void {
    if (until <= this.now) {
      act();
      return;
    }
    machine.waitsUntil = until;
    const goOn = (): void => {
      if (machine.hangsUntil > this.now) {
        this.#items.push({ at: machine.hangsUntil, rank: RANK.planned, act: goOn });
        return;
      }
      act();
      this.#observer?.acted(machine);
      this.#drainAll(machine);
    };
    this.#items.push({ at: until, rank: RANK.message, act: goOn });
  }

  #countStep(timePasses: boolean): void {
    this.#stepsAtOnce = timePasses ? 0 : this.#stepsAtOnce + 1;
    if (this.#steps++ > MOST_STEPS || this.#stepsAtOnce > MOST_STEPS_AT_ONCE) {
      throw new Error('The network does not come to rest');
    }
  }

  #put(to: Station, message: ReceivedMessage, { leastDelayMs, mostDelayMs }: Weather, dice: Random): void {
    const spread = mostDelayMs - leastDelayMs;
    const at = this.now + leastDelayMs + (spread > 0 ? dice.next() * spread : 0);
    this.#items.push({ at, rank: RANK.message, act: () => this.#arrive(to, message, false) });
  }

  /** In the socket, which is read at once unless the process hangs. */
  #arrive(to: Station, sent: ReceivedMessage, isGarbage: boolean): void {
    if (!to.isLinkUp || to.router === null) return;
    const arrivedAt = to.machine.clockAt(this.now);
    const message: ReceivedMessage = isGarbage ? { ...sent, arrivedAt } : arrived(sent, arrivedAt);
    if (to.machine.busyUntil > this.now) to.inbox.push({ message, isGarbage });
    else this.#hear(to, message, isGarbage);
  }

  #drainAll(machine: Machine): void {
    if (machine.busyUntil <= this.now) for (const station of machine.stations) this.#drain(station);
  }

  #drain(station: Station): void {
    if (station.inbox.length === 0) return;
    const waiting = station.inbox;
    station.inbox = [];
    for (const { message, isGarbage } of waiting) this.#hear(station, message, isGarbage);
  }

  #hear(to: Station, message: ReceivedMessage, isGarbage: boolean): void {
    const look = this.#observer?.hears(to, message, isGarbage);
    to.receive(message);
    look?.();
    this.#observer?.acted(to.machine);
  }
}

function arrived({ data, source, destination, ttl }: ReceivedMessage, arrivedAt: number): ReceivedMessage {
  return { data, source, destination, ttl, arrivedAt };
}
