/** What is known of all tracked objects of a process, interfaces with their delays included. Time is an argument. Pure. */
import type { TrackConfig } from '../config/types-tracking.ts';
import type { Millis } from './timers.ts';
import { type Assessment, assess, type TrackKey, type TrackState, trackKeyOf } from './tracking.ts';

const NOT_UP_FOR_LONG: TrackState = { kind: 'down', reason: 'it is up again, but up_delay is not over' };

/** A state that counts only after it has lasted. */
interface Damped {
  readonly state: TrackState;
  /** The other state, if it lasts until then. */
  readonly next: { readonly state: TrackState; readonly at: Millis } | null;
}

export class TrackBoard {
  readonly #told = new Map<TrackKey, TrackState>();
  /** By key and delays: two virtual routers may damp one interface differently. */
  readonly #damped = new Map<string, Damped>();

  tell(states: Readonly<Record<TrackKey, TrackState>>): void {
    for (const [key, state] of Object.entries(states)) this.#told.set(key, state);
  }

  /** What the tracked objects of one virtual router come to. `linkOf` knows the interfaces. */
  assess(tracks: readonly TrackConfig[], linkOf: (name: string) => TrackState, now: Millis): Assessment {
    return assess(tracks, (track) =>
      track.kind === 'interface' ? this.#damp(track, linkOf(track.name), now) : this.#told.get(trackKeyOf(track)),
    );
  }

  /** When a delay is over and `assess` may say something else; null: none runs. */
  get nextAt(): Millis | null {
    let next: Millis | null = null;
    for (const damped of this.#damped.values()) {
      if (damped.next !== null) next = Math.min(next ?? damped.next.at, damped.next.at);
    }
    return next;
  }

  /** Forgets what none of these is about. `further`: keys of what is known before somebody tracks it. */
  keepOnly(tracks: readonly TrackConfig[], further: readonly TrackKey[]): void {
    const keys = new Set([...tracks.map(trackKeyOf), ...further]);
    const damped = new Set(tracks.map(damperKeyOf));
    for (const key of [...this.#told.keys()]) if (!keys.has(key)) this.#told.delete(key);
    for (const key of [...this.#damped.keys()]) if (!damped.has(key)) this.#damped.delete(key);
  }

  #damp(track: TrackConfig, found: TrackState, now: Millis): TrackState {
    const key = damperKeyOf(track);
    const damped = dampedBy(this.#damped.get(key), found, track, now);
    this.#damped.set(key, damped);
    return damped.state;
  }
}

/** What is found first counts at once: there is nothing yet that could flap. */
function dampedBy(before: Damped | undefined, found: TrackState, track: TrackConfig, now: Millis): Damped {
  if (before === undefined || before.state.kind === found.kind) return { state: found, next: null };
  const at = before.next?.at ?? now + (found.kind === 'up' ? track.upDelayMs : track.downDelayMs);
  if (now >= at) return { state: found, next: null };
  return { state: before.state.kind === 'down' ? NOT_UP_FOR_LONG : before.state, next: { state: found, at } };
}

function damperKeyOf(track: TrackConfig): string {
  return `${trackKeyOf(track)} ${track.upDelayMs} ${track.downDelayMs}`;
}
