/** Tracked objects of the virtual routers in the VRRP process: interfaces by the kernel's events, the rest as it is told. */
import type { TrackConfig } from '../config/types-tracking.ts';
import { TrackBoard } from '../vrrp/track-board.ts';
import type { TrackKey, TrackState } from '../vrrp/tracking.ts';
import type { RouterMember } from './router-member.ts';
import type { NetworkState } from './rtnl.ts';
import { MonotonicTimer, monotonicMs } from './socket.ts';

/** Keys of what the main process does not know of. */
const OWN = /^(?:interface|bfd) /;

export class Tracking {
  readonly #network: NetworkState;
  readonly #board = new TrackBoard();
  readonly #timer: MonotonicTimer;
  readonly #news: (states: Readonly<Record<TrackKey, TrackState>>) => void;
  /** What was told last of objects that are looked at here: `up` or `down`. */
  #told = new Map<TrackKey, TrackState['kind']>();

  /** `due`: a delay of an interface is over: `apply` has news. `news`: interfaces and BFD sessions that changed. */
  constructor(network: NetworkState, due: () => void, news: (states: Readonly<Record<TrackKey, TrackState>>) => void) {
    this.#network = network;
    this.#news = news;
    this.#timer = new MonotonicTimer(due);
  }

  tell(states: Readonly<Record<TrackKey, TrackState>>): void {
    this.#board.tell(states);
  }

  /** Forgets what none of these is about. `further`: keys of what is known before somebody tracks it. */
  keepOnly(tracks: readonly TrackConfig[], further: readonly TrackKey[]): void {
    this.#board.keepOnly(tracks, further);
  }

  /** Tells every member what its tracked objects come to now. */
  apply(members: Iterable<RouterMember>): void {
    const now = monotonicMs();
    const told = new Map<TrackKey, TrackState['kind']>();
    const changed: Record<TrackKey, TrackState> = {};
    for (const { instance } of members) {
      const assessment = this.#board.assess(instance.config.tracks, (name) => this.#linkState(name), now);
      instance.setTracking(assessment);
      for (const { key, state } of assessment.tracks) {
        if (!OWN.test(key)) continue;
        told.set(key, state.kind);
        if (this.#told.get(key) !== state.kind) changed[key] = state;
      }
    }
    this.#told = told;
    if (Object.keys(changed).length > 0) this.#news(changed);
    this.#timer.armAt(this.#board.nextAt);
  }

  close(): void {
    this.#timer.close();
  }

  #linkState(name: string): TrackState {
    const link = this.#network.link(name);
    if (link === null) return { kind: 'down', reason: 'there is no such interface' };
    return link.usable ? { kind: 'up' } : { kind: 'down', reason: 'no carrier, or not set up' };
  }
}
