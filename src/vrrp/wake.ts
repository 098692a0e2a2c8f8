/**
 * What happens when the timer of a virtual router is due: the same in the VRRP process and in the simulator. A backup is
 * woken a little early: what a take-over needs is made ready, the last of the time is waited out on the clock, and an
 * advertisement that came meanwhile is heard before the timer is believed. Pure.
 */
import type { StateName } from './fsm-types.ts';
import type { Millis } from './timers.ts';

/**
 * How much before its deadline a backup is woken: the kernel's timer, the wake-up of the process and cold caches cost a few
 * tenths of a millisecond, and a take-over should come on time.
 */
const EARLY_MS = 0.6;
/** Of a deadline and of the time some tenths of a millisecond before it. */
const ROUNDING_MS = 0.01;

/** What is woken. */
export interface Sleeper {
  readonly stateName: StateName;
  readonly dueAt: Millis | null;
  prepare(): void;
  tick(): void;
}

/** What the host does for it. */
export interface WakeHost {
  now(): Millis;
  /** As `InstancePorts.wakeAt`: arms the timer for a deadline. */
  wakeAt(at: Millis | null): void;
  /** Delivers what is already waiting in the socket. */
  drain(): void;
  /** Makes ready what a take-over needs of the machine. */
  prepare(): void;
  /** Waits without reading anything or waking anybody else, then calls `done`. */
  waitUntil(at: Millis, done: () => void): void;
}

/** When the timer is to fire for a deadline. */
export function wakeTime({ stateName }: Pick<Sleeper, 'stateName'>, at: Millis | null): Millis | null {
  return at !== null && stateName === 'backup' ? at - EARLY_MS : at;
}

/** The timer of `sleeper` fired. */
export function wake(sleeper: Sleeper, host: WakeHost): void {
  host.drain();
  if (sleeper.stateName !== 'backup') {
    sleeper.tick();
    return;
  }
  const { dueAt } = sleeper;
  if (dueAt === null) return;
  if (dueAt - host.now() > EARLY_MS + ROUNDING_MS) {
    host.wakeAt(dueAt); // an advertisement was waiting
    return;
  }
  sleeper.prepare();
  host.prepare();
  host.waitUntil(dueAt, () => {
    host.drain();
    sleeper.tick();
  });
}
