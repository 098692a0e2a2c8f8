/** Tracked objects of the main process for the snapshot. Pure. */
import type { TrackKey, TrackState } from '../vrrp/tracking.ts';
import type { TrackedReport } from './types.ts';

/** `detail`: what was last found, in words; empty: nothing to add. */
export function trackedReport(object: TrackKey, state: TrackState, detail: string): TrackedReport {
  return {
    object,
    state: state.kind === 'value' ? null : state.kind === 'up' ? 'UP' : 'DOWN',
    value: state.kind === 'value' ? state.value : null,
    reason: state.kind === 'down' ? state.reason : null,
    detail,
  };
}
