/** What every state of the machine (fsm.ts) has in common: entering another one. Pure. */
import {
  type Advert,
  type Backup,
  type Effect,
  INITIAL,
  type Reason,
  type RouterParameters,
  type State,
  type Step,
} from './fsm-types.ts';
import { activeDownIntervalMs, type Millis } from './timers.ts';

const NOTHING: readonly Effect[] = [];

export function stay(state: State): Step {
  return { state, effects: NOTHING };
}

export function becomeActive(vr: RouterParameters, now: Millis, reason: Reason): Step {
  return {
    state: { name: 'active', adverAt: now + vr.advertisementIntervalMs, assertFrom: now },
    effects: [advertisement(vr), { do: 'claim-vips' }, { do: 'notify', state: 'active', reason }],
  };
}

export function becomeBackup(
  vr: RouterParameters,
  activeAdverIntervalMs: number,
  now: Millis,
  reason: Reason,
  first: readonly Effect[],
): { readonly state: Backup; readonly effects: readonly Effect[] } {
  const activeDownAt = now + activeDownIntervalMs(vr.version, vr.priority, activeAdverIntervalMs);
  const timers = { activeAdverIntervalMs, activeDownAt, preemptAt: null };
  return {
    state: { name: 'backup', ...timers, holdsAddresses: false, activePriority: null, ready: null },
    effects: [...first, { do: 'notify', state: 'backup', reason }],
  };
}

export function becomeInitialize(reason: 'shutdown' | 'fault', first: readonly Effect[]): Step {
  return { state: INITIAL, effects: [...first, { do: 'notify', state: 'initialize', reason }] };
}

/** Active_Adver_Interval. In version 2 it is everybody's own: what advertises another one was refused. */
export function learntIntervalMs(vr: RouterParameters, event: Advert): number {
  return vr.version === 3 ? event.maxAdvertiseIntervalMs : vr.advertisementIntervalMs;
}

/** By priority: sent again and again. */
const ADVERTISEMENTS = Array.from({ length: 256 }, (_, priority): Effect => ({ do: 'send-advert', priority }));

export function advertisement({ priority }: RouterParameters): Effect {
  return ADVERTISEMENTS[priority] ?? { do: 'send-advert', priority };
}
