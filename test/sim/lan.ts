/**
 * A LAN of virtual routers in virtual time: no sockets, no real timers, every run repeatable. Real advertisements travel
 * as bytes, with seeded loss, duplication and delay (and so out of order); a partition or a dead link loses them all.
 */
import type { VirtualRouterConfig } from '../../src/config/types.ts';
import type { ReceivedMessage } from '../../src/vrrp/receive.ts';
import { Machine, type Wire } from './machine.ts';
import type { Random } from './random.ts';

/** How the wire treats a message; times in milliseconds. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  readonly leastDelayMs: number;
  readonly mostDelayMs: number;
}

export const FAIR: Weather = { loss: 0, duplication: 0, leastDelayMs: 1, mostDelayMs: 1 };

interface Frame {
  readonly at: number;
  readonly from: Machine | null;
  readonly to: Machine;
  readonly message: ReceivedMessage;
}

/** Looks at the LAN around every step; throws when something is wrong. */
export interface Observer {
  /** Time is about to pass to `at`, or has come to its end; everything that happened at `now` has happened. */
  settled(lan: Lan, at: number): void;
  /** `to` is about to hear a message; the returned function looks at what it made of it. */
  hears(lan: Lan, to: Machine, message: ReceivedMessage, isGarbage: boolean): () => void;
}

/** Far beyond what a minute of four routers takes; of steps without time passing there are a few dozen. */
const MOST_STEPS = 100_000;
const MOST_STEPS_AT_ONCE = 1000;
const TRACE_LENGTH = 30;

export class Lan implements Wire {
  now = 0;
  readonly machines: Machine[];
  weather: Weather = FAIR;
  #steps = 0;
  #stepsAtOnce = 0;
  readonly #random: Random;
  readonly #observer: Observer | null;
  #frames: Frame[] = [];
  #script: { readonly at: number; readonly act: () => void }[] = [];
  #trace: string[] = [];

  constructor(routers: readonly Router[], random: Random, observer: Observer | null = null) {
    this.#random = random;
    this.#observer = observer;
    this.machines = routers.map(({ config, address }) => new Machine(this, config, address));
  }

  get active(): readonly Machine[] {
    return this.machines.filter((machine) => machine.isActive);
  }

  /** The last things that happened, for people. */
  get trace(): string {
    return this.#trace.join('\n');
  }

  /** Has `act` done at a time to come. */
  at(at: number, act: () => void): void {
    this.#script.push({ at, act });
  }

  note(text: string): void {
    this.#trace.push(`${this.now.toFixed(3)} ${text}`);
    if (this.#trace.length > TRACE_LENGTH) this.#trace.shift();
  }

  transmit(from: Machine, message: ReceivedMessage): void {
    if (!from.isLinkUp) return;
    for (const to of this.machines) {
      if (to === from || to.segment !== from.segment || this.#random.chance(this.weather.loss)) continue;
      this.#put(from, to, message);
      if (this.#random.chance(this.weather.duplication)) this.#put(from, to, message);
    }
  }

  /** Somebody else's bytes, now, for one machine. */
  inject(to: Machine, message: ReceivedMessage): void {
    this.#frames.push({ at: this.now, from: null, to, message });
  }

  /** Runs to `end`: first what was planned, then messages, then timers; a daemon, too, reads before it believes a timer. */
  run(end: number): void {
    for (;;) {
      const planned = earliest(this.#script, ({ at }) => at);
      const frame = earliest(this.#frames, dueAt);
      const timer = earliest(this.machines, ({ wakesAt }) => wakesAt);
      const at = Math.min(planned?.at ?? end, frame === null ? end : dueAt(frame), timer?.wakesAt ?? end, end);
      if (at > this.now || at === end) this.#observer?.settled(this, at);
      this.#countStep(at > this.now);
      this.now = Math.max(this.now, at);
      if (planned !== null && planned.at <= this.now) {
        this.#script = this.#script.filter((step) => step !== planned);
        planned.act();
      } else if (frame !== null && dueAt(frame) <= this.now) {
        this.#deliver(frame);
      } else if (timer !== null && timer.wakesAt <= this.now) {
        timer.tick();
      } else {
        return;
      }
    }
  }

  #countStep(timePasses: boolean): void {
    this.#stepsAtOnce = timePasses ? 0 : this.#stepsAtOnce + 1;
    if (this.#steps++ > MOST_STEPS || this.#stepsAtOnce > MOST_STEPS_AT_ONCE) {
      throw new Error('The LAN does not come to rest');
    }
  }

  #put(from: Machine, to: Machine, message: ReceivedMessage): void {
    const { leastDelayMs, mostDelayMs } = this.weather;
    const at = this.now + leastDelayMs + this.#random.next() * (mostDelayMs - leastDelayMs);
    this.#frames.push({ at, from, to, message: { ...message, arrivedAt: at } });
  }

  #deliver(frame: Frame): void {
    const { from, to, message } = frame;
    this.#frames = this.#frames.filter((other) => other !== frame);
    if (!to.isLinkUp) return;
    const look = this.#observer?.hears(this, to, message, from === null);
    to.receive(message);
    look?.();
  }
}

/** What is on the LAN. */
export interface Router {
  readonly config: VirtualRouterConfig;
  readonly address: Uint8Array;
}

/** While the receiver hangs, a frame waits in its socket. */
function dueAt({ at, to }: Frame): number {
  return to.router === null ? at : to.afterHanging(at);
}

/** The first of those that are due first: what was there before comes first. */
function earliest<T>(list: readonly T[], when: (item: T) => number): T | null {
  let first: T | null = null;
  for (const item of list) if (first === null || when(item) < when(first)) first = item;
  return first;
}
