/**
 * VRRP state machine (RFC 9568 section 6.4; for version 2 RFC 3768 section 6.4). Pure: no clock, no sockets, no timers.
 * Deadlines live inside the state; the caller asks `deadline(state)` and sends `tick`. A tick that comes early does nothing.
 *
 * Beyond the standard: `leaving` is the make-before-break of a planned stop (priority 0 is out, the addresses stay until a
 * successor is heard), a router that starts with its addresses in place resumes (timers.ts), and what delays or ties the
 * entry into Active: preempt delay, startup delay, sync group (fsm-backup.ts, sync-group.ts).
 */
import { compareBytes } from '../net/ip.ts';
import { assertNever } from '../util/assert-never.ts';
import { activeAt, stepBackup } from './fsm-backup.ts';
import {
  advertisement,
  becomeActive,
  becomeBackup,
  becomeInitialize,
  learntIntervalMs,
  stay,
} from './fsm-transitions.ts';
import {
  type Effect,
  type Event,
  OWNER,
  type Reason,
  type RouterParameters,
  type State,
  type Step,
} from './fsm-types.ts';
import { ASSERT_EVERY_MS, HANDOVER_LINGER_MS, leaveIntervalMs, type Millis, resumeIntervalMs } from './timers.ts';

/** One transition. Effects are to be performed in their order. */
export function step(vr: RouterParameters, state: State, event: Event, now: Millis): Step {
  switch (state.name) {
    case 'initialize':
      return stepInitialize(vr, state, event, now);
    case 'backup':
      return stepBackup(vr, state, event, now);
    case 'active':
      return stepActive(vr, state, event, now);
    case 'leaving':
      return stepLeaving(state, event, now);
    default:
      return assertNever(state);
  }
}

/** When the caller must next send `tick`, or null if nothing is pending. `holdUntil` as in the parameters. */
export function deadline(state: State, holdUntil: Millis = 0): Millis | null {
  switch (state.name) {
    case 'initialize':
      return null;
    case 'backup':
      return state.ready === null ? activeAt(state, holdUntil) : null;
    case 'active':
      return state.adverAt;
    case 'leaving':
      return state.releaseAt;
    default:
      return assertNever(state);
  }
}

function stepInitialize(vr: RouterParameters, state: State, event: Event, now: Millis): Step {
  if (event.type !== 'startup') return stay(state); // 6.4.1: only Startup leaves Initialize
  const intervalMs = vr.advertisementIntervalMs;
  if (vr.priority === OWNER) {
    if (!vr.grouped && now >= vr.holdUntil) return becomeActive(vr, now, 'owner');
    const waiting = becomeBackup(vr, intervalMs, now, 'startup', []);
    const ready = vr.grouped && now >= vr.holdUntil ? 'owner' : null;
    return { ...waiting, state: { ...waiting.state, activeDownAt: now, ready } };
  }
  if (!event.holdsAddresses) return becomeBackup(vr, intervalMs, now, 'startup', []);
  const resuming = becomeBackup(vr, intervalMs, now, 'resume', []);
  const activeDownAt = now + resumeIntervalMs(vr.version, vr.priority, intervalMs);
  return { ...resuming, state: { ...resuming.state, activeDownAt, holdsAddresses: true } };
}

function stepActive(vr: RouterParameters, state: State & { name: 'active' }, event: Event, now: Millis): Step {
  switch (event.type) {
    case 'startup':
      return stay(state);
    case 'shutdown':
      return {
        state: { name: 'leaving', releaseAt: now + leaveIntervalMs(vr.version, vr.advertisementIntervalMs) },
        effects: [
          { do: 'send-advert', priority: 0 },
          { do: 'notify', state: 'leaving', reason: 'shutdown' },
        ],
      };
    case 'fault':
      return becomeInitialize('fault', [{ do: 'send-advert', priority: 0 }, { do: 'release-vips' }]);
    case 'tick':
      return now < state.adverAt ? stay(state) : advertise(vr, state, now);
    case 'yield': {
      const handOver: readonly Effect[] = [{ do: 'send-advert', priority: 0 }, { do: 'release-vips' }];
      return becomeBackup(vr, vr.advertisementIntervalMs, now, 'sync-group', handOver);
    }
    case 'take-over':
    case 'priority': // the next advertisement says it: no Backup Router's timer would end sooner by another one now
    case 'peer-lost':
      return stay(state);
    case 'advert': {
      if (event.priority === 0) return advertise(vr, state, now); // 6.4.3: and the Adver_Timer is reset
      const reason = winner(vr, event.priority, event.source);
      if (reason !== null && now < vr.unyieldingUntil) return stay(state);
      if (reason !== null) {
        const lost = becomeBackup(vr, learntIntervalMs(vr, event), now, reason, [{ do: 'release-vips' }]);
        return { ...lost, state: { ...lost.state, activePriority: event.priority } };
      }
      if (now < state.assertFrom) return stay(state);
      // 6.4.3: assert the Active state, timer untouched; the neighbours may have learnt the other one's MAC. RFC 3768 has
      // no such advertisement: there the next regular one tells the other.
      return {
        state: { ...state, assertFrom: now + ASSERT_EVERY_MS },
        effects: [...(vr.version === 3 ? [advertisement(vr)] : []), { do: 'announce-vips' }],
      };
    }
    default:
      return assertNever(event);
  }
}

function stepLeaving(state: State & { name: 'leaving' }, event: Event, now: Millis): Step {
  switch (event.type) {
    case 'startup':
    case 'shutdown':
    case 'take-over':
    case 'yield':
    case 'priority':
    case 'peer-lost':
      return stay(state);
    case 'fault':
      return becomeInitialize('fault', [{ do: 'release-vips' }]);
    case 'tick':
      return now < state.releaseAt ? stay(state) : becomeInitialize('shutdown', [{ do: 'release-vips' }]);
    case 'advert':
      if (event.priority === 0) return stay(state);
      return stay({ name: 'leaving', releaseAt: Math.min(state.releaseAt, now + HANDOVER_LINGER_MS) });
    default:
      return assertNever(event);
  }
}

/** Why the sender beats us (section 6.4.3), or null if it does not. */
function winner(vr: RouterParameters, priority: number, source: Uint8Array): Reason | null {
  if (priority > vr.priority) return 'higher-priority';
  if (priority === vr.priority && compareBytes(source, vr.primaryAddress) > 0) return 'tie-break-lost';
  return null;
}

function advertise(vr: RouterParameters, state: State & { name: 'active' }, now: Millis): Step {
  // From the deadline, not from now: lateness must not accumulate. A missed interval is not made up for.
  const next = state.adverAt + vr.advertisementIntervalMs;
  return {
    state: { ...state, adverAt: now < state.adverAt || next <= now ? now + vr.advertisementIntervalMs : next },
    effects: [advertisement(vr)],
  };
}
