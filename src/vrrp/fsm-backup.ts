/** The Backup state of the machine (RFC 9568 section 6.4.2) with preempt delay, startup delay and sync group. Pure. */
import { assertNever } from '../util/assert-never.ts';
import { becomeActive, becomeInitialize, learntIntervalMs, stay } from './fsm-transitions.ts';
import {
  type Advert,
  type Backup,
  type Effect,
  type Event,
  OWNER,
  type RouterParameters,
  type State,
  type Step,
} from './fsm-types.ts';
import { activeDownIntervalMs, type Millis, skewTimeMs } from './timers.ts';

export function stepBackup(vr: RouterParameters, state: Backup, event: Event, now: Millis): Step {
  const giveUp: readonly Effect[] = state.holdsAddresses ? [{ do: 'release-vips' }] : [];
  switch (event.type) {
    case 'startup':
      return stay(state);
    case 'shutdown':
    case 'fault':
      return becomeInitialize(event.type, giveUp);
    case 'tick':
      return tickBackup(vr, state, now);
    case 'take-over':
      return state.ready === null ? stay(state) : becomeActive(vr, now, state.ready);
    case 'yield':
      return stay(state);
    case 'priority':
      return stay(reprioritised(vr, state, event.before, now));
    case 'peer-lost':
      return stay({ ...state, activeDownAt: Math.min(state.activeDownAt, now + skewOf(vr, state)) });
    case 'advert':
      return { state: hear(vr, state, event, now), effects: event.priority === 0 ? [] : giveUp };
    default:
      return assertNever(event);
  }
}

function tickBackup(vr: RouterParameters, state: Backup, now: Millis): Step {
  if (state.ready !== null || now < activeAt(state, vr.holdUntil)) return stay(state);
  const reason = now < state.activeDownAt ? 'preempt-delay' : vr.priority === OWNER ? 'owner' : 'active-down';
  return vr.grouped ? stay({ ...state, ready: reason }) : becomeActive(vr, now, reason);
}

/** 6.4.2, (420) and on. Addresses that we merely found are the sender's now. */
function hear(vr: RouterParameters, state: Backup, event: Advert, now: Millis): Backup {
  if (event.priority === 0) {
    // It left: what it had to wait for, we need not.
    return { ...state, activeDownAt: now + skewOf(vr, state), activePriority: null, preemptAt: null };
  }
  if (!preempts(vr, event.priority)) return obey(vr, event, null, now);
  const heard = { ...state, activePriority: event.priority, holdsAddresses: false };
  if (vr.preemptDelayMs === 0 || vr.priority === OWNER) return heard; // discard: the timer runs on
  // Never sooner than without a delay: whoever stands above us must be heard first.
  const preemptAt = state.preemptAt ?? Math.max(now + vr.preemptDelayMs, state.activeDownAt);
  return now < preemptAt ? obey(vr, event, preemptAt, now) : { ...heard, preemptAt };
}

/** The sender is the Active Router: Active_Down_Timer starts again. */
function obey(vr: RouterParameters, event: Advert, preemptAt: Millis | null, now: Millis): Backup {
  const activeAdverIntervalMs = learntIntervalMs(vr, event);
  const activeDownAt = now + activeDownIntervalMs(vr.version, vr.priority, activeAdverIntervalMs);
  const activePriority = event.priority;
  // Every field by name: a copy of the old state takes V8 longer than all the rest of an advertisement.
  return {
    name: 'backup',
    activeAdverIntervalMs,
    activeDownAt,
    holdsAddresses: false,
    activePriority,
    preemptAt,
    ready: null,
  };
}

/**
 * The Skew_Time in the running timer becomes that of the new priority. One that now stands below an Active Router whose
 * advertisements it had discarded obeys that one, as if it were heard just now.
 */
function reprioritised(vr: RouterParameters, state: Backup, before: number, now: Millis): Backup {
  const { activeAdverIntervalMs, activePriority } = state;
  const moved = skewOf(vr, state) - skewTimeMs(vr.version, before, activeAdverIntervalMs);
  const activeDownAt = state.activeDownAt + moved;
  const waitsForNobody = activePriority === null || preempts(vr, activePriority);
  if (waitsForNobody || !preempts({ ...vr, priority: before }, activePriority))
    return { ...state, activeDownAt: Math.max(activeDownAt, now) };
  const again = now + activeDownIntervalMs(vr.version, vr.priority, activeAdverIntervalMs);
  return { ...state, activeDownAt: again, preemptAt: null, ready: null };
}

/** Whether this Backup Router listens to an Active Router, instead of waiting for its own turn. */
export function isObeying(vr: RouterParameters, state: State): boolean {
  if (state.name !== 'backup' || state.activePriority === null || state.ready !== null) return false;
  return state.preemptAt !== null || !preempts(vr, state.activePriority);
}

function skewOf(vr: RouterParameters, state: Backup): number {
  return skewTimeMs(vr.version, vr.priority, state.activeAdverIntervalMs);
}

/** When it becomes Active, if nothing is heard. Whoever still has its addresses from before the start need not wait. */
export function activeAt(state: Backup, holdUntil: Millis): Millis {
  const at = Math.min(state.activeDownAt, state.preemptAt ?? Number.POSITIVE_INFINITY);
  return state.holdsAddresses ? at : Math.max(at, holdUntil);
}

/** Whether advertisements of that priority are none to wait for. */
function preempts(vr: RouterParameters, activePriority: number): boolean {
  return activePriority < vr.priority && (vr.preempt || vr.priority === OWNER);
}
