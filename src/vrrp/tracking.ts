/** From the states of tracked objects to what they mean for a virtual router: another priority, or FAULT. Pure. */
import type { TrackConfig } from '../config/types-tracking.ts';
import { assertNever } from '../util/assert-never.ts';
import { OWNER } from './fsm-types.ts';

/** What is known of a tracked object. */
export type TrackState =
  | { readonly kind: 'up' }
  /** `reason` in words: 'exit code 2', 'no process'. */
  | { readonly kind: 'down'; readonly reason: string }
  /** Of a file: the number in it, never NaN. */
  | { readonly kind: 'value'; readonly value: number };

/** `interface eth1`, `script NAME`, `file /path`, `process NAME`, `virtual_server NAME`, `bfd NAME`. */
export type TrackKey = string;

export function trackKeyOf({ kind, name }: Pick<TrackConfig, 'kind' | 'name'>): TrackKey {
  return `${kind} ${name}`;
}

/** One tracked object of a virtual router, for status. */
export interface TrackReport {
  readonly key: TrackKey;
  readonly state: TrackState;
  /** Null: down is a FAULT. */
  readonly weight: number | null;
  /** What it adds to the priority now. */
  readonly adds: number;
}

/** What all tracked objects of a virtual router come to. */
export interface Assessment {
  /** Why it cannot take part, in words; null: it can. */
  readonly fault: string | null;
  /** Sum of all weights that count now. */
  readonly adds: number;
  readonly tracks: readonly TrackReport[];
}

/** Nothing is tracked. */
export const UNTRACKED: Assessment = { fault: null, adds: 0, tracks: [] };

/** The most that one object adds or takes; a file that says less than that wants a FAULT, as keepalived has it. */
const WEIGHT_LIMIT = 253;

/** What is not known yet does no harm. */
const UNKNOWN: TrackState = { kind: 'up' };

export function assess(
  tracks: readonly TrackConfig[],
  stateOf: (track: TrackConfig) => TrackState | undefined,
): Assessment {
  if (tracks.length === 0) return UNTRACKED;
  let fault: string | null = null;
  let sum = 0;
  const reports = tracks.map((track): TrackReport => {
    const key = trackKeyOf(track);
    const state = stateOf(track) ?? UNKNOWN;
    const adds = addedBy(track.weight, state);
    sum += adds;
    if (state.kind === 'value' && adds < -WEIGHT_LIMIT)
      fault ??= `${key} says ${state.value}: ${adds} is below -${WEIGHT_LIMIT}`;
    // A BFD session alone never stops anybody: its neighbour may have gone on purpose.
    if (track.weight === null && state.kind === 'down' && track.kind !== 'bfd')
      fault ??= `${key} is down: ${state.reason}`;
    return { key, state, weight: track.weight, adds };
  });
  return { fault, adds: sum, tracks: reports };
}

function addedBy(weight: number | null, state: TrackState): number {
  if (weight === null) return 0;
  switch (state.kind) {
    case 'up':
      return Math.max(weight, 0);
    case 'down':
      return Math.min(weight, 0);
    case 'value':
      return Math.min(Math.round(weight * state.value), WEIGHT_LIMIT);
    default:
      return assertNever(state);
  }
}

/** RFC 9568 section 5.2.4 keeps 0 for leaving and 255 for the owner, whose addresses are its own whatever is tracked. */
export function effectivePriorityOf(priority: number, adds: number): number {
  return priority === OWNER ? priority : Math.min(Math.max(priority + adds, 1), 254);
}
