/**
 * VRRP state machine (RFC 9568 section 6.4; for version 2 RFC 3768 section 6.4). Pure: no clock, no sockets, no timers.
 * Deadlines live inside the state; the caller asks `deadline(state)` and sends `tick`. A tick that comes early does nothing.
 *
 * Beyond the standard: `leaving` is the make-before-break of a planned stop (priority 0 is out, the addresses stay until a
 * successor is heard), and a router that starts with its addresses in place resumes (timers.ts).
 */
import { compareBytes } from '../net/ip.ts';
import { assertNever } from '../util/assert-never.ts';
import type { Version } from './packet.ts';
import {
  ASSERT_EVERY_MS,
  activeDownIntervalMs,
  HANDOVER_LINGER_MS,
  leaveIntervalMs,
  type Millis,
  resumeIntervalMs,
  skewTimeMs,
} from './timers.ts';

/** What the machine needs to know of its virtual router. */
export interface RouterParameters {
  readonly version: Version;
  /** 255 = address owner. */
  readonly priority: number;
  readonly advertisementIntervalMs: number;
  readonly preempt: boolean;
  /** Our own sending address, for the tie-break of section 6.4.3. */
  readonly primaryAddress: Uint8Array;
}

export type State =
  | { readonly name: 'initialize' }
  | {
      readonly name: 'backup';
      readonly activeAdverIntervalMs: number;
      /** Active_Down_Timer. */
      readonly activeDownAt: Millis;
      /** The addresses were in place at start and stay until another Active Router is heard. */
      readonly holdsAddresses: boolean;
    }
  | {
      readonly name: 'active';
      /** Adver_Timer. */
      readonly adverAt: Millis;
      /** Lower-priority advertisements are answered again from here on. */
      readonly assertFrom: Millis;
    }
  | { readonly name: 'leaving'; readonly releaseAt: Millis };

export type StateName = State['name'];

export type Event =
  /** `holdsAddresses`: the virtual addresses are all on the interface already. */
  | { readonly type: 'startup'; readonly holdsAddresses: boolean }
  | { readonly type: 'shutdown' }
  /** The interface is down, has no address to send from, or the kernel refused the virtual addresses. */
  | { readonly type: 'fault' }
  | { readonly type: 'tick' }
  | {
      readonly type: 'advert';
      readonly source: Uint8Array;
      readonly priority: number;
      readonly maxAdvertiseIntervalMs: number;
    };

export type Effect =
  | { readonly do: 'send-advert'; readonly priority: number }
  /** Add the addresses, then announce them: one effect, since the second must not happen without the first. */
  | { readonly do: 'claim-vips' }
  | { readonly do: 'announce-vips' }
  | { readonly do: 'release-vips' }
  | { readonly do: 'notify'; readonly state: StateName; readonly reason: Reason };

export type Reason =
  | 'startup'
  | 'resume'
  | 'owner'
  | 'active-down'
  | 'higher-priority'
  | 'tie-break-lost'
  | 'shutdown'
  | 'fault';

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export const INITIAL: State = { name: 'initialize' };

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

/** When the caller must next send `tick`, or null if nothing is pending. */
export function deadline(state: State): Millis | null {
  switch (state.name) {
    case 'initialize':
      return null;
    case 'backup':
      return state.activeDownAt;
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
  if (vr.priority === 255) return becomeActive(vr, now, 'owner');
  const intervalMs = vr.advertisementIntervalMs;
  if (event.holdsAddresses) {
    const activeDownAt = now + resumeIntervalMs(vr.version, vr.priority, intervalMs);
    return {
      state: { name: 'backup', activeAdverIntervalMs: intervalMs, activeDownAt, holdsAddresses: true },
      effects: [{ do: 'notify', state: 'backup', reason: 'resume' }],
    };
  }
  return becomeBackup(vr, intervalMs, now, 'startup', []);
}

function stepBackup(vr: RouterParameters, state: State & { name: 'backup' }, event: Event, now: Millis): Step {
  const giveUp: readonly Effect[] = state.holdsAddresses ? [{ do: 'release-vips' }] : [];
  switch (event.type) {
    case 'startup':
      return stay(state);
    case 'shutdown':
    case 'fault':
      return becomeInitialize(event.type, giveUp);
    case 'tick':
      return now < state.activeDownAt ? stay(state) : becomeActive(vr, now, 'active-down');
    case 'advert': {
      if (event.priority === 0) {
        const activeDownAt = now + skewTimeMs(vr.version, vr.priority, state.activeAdverIntervalMs);
        return stay({ ...state, activeDownAt });
      }
      if (vr.preempt && event.priority < vr.priority) {
        // 6.4.2: discard. The timer runs on; addresses we merely found are the sender's now.
        return { state: { ...state, holdsAddresses: false }, effects: giveUp };
      }
      const activeAdverIntervalMs = learntIntervalMs(vr, event);
      const activeDownAt = now + activeDownIntervalMs(vr.version, vr.priority, activeAdverIntervalMs);
      return { state: { name: 'backup', activeAdverIntervalMs, activeDownAt, holdsAddresses: false }, effects: giveUp };
    }
    default:
      return assertNever(event);
  }
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
    case 'advert': {
      if (event.priority === 0) return advertise(vr, state, now); // 6.4.3: and the Adver_Timer is reset
      const reason = winner(vr, event.priority, event.source);
      if (reason !== null) {
        return becomeBackup(vr, learntIntervalMs(vr, event), now, reason, [{ do: 'release-vips' }]);
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

/** Active_Adver_Interval. In version 2 it is everybody's own: what advertises another one was refused. */
function learntIntervalMs(vr: RouterParameters, event: Event & { type: 'advert' }): number {
  return vr.version === 3 ? event.maxAdvertiseIntervalMs : vr.advertisementIntervalMs;
}

function advertisement(vr: RouterParameters): Effect {
  return { do: 'send-advert', priority: vr.priority };
}

/** Why the sender beats us (section 6.4.3), or null if it does not. */
function winner(vr: RouterParameters, priority: number, source: Uint8Array): Reason | null {
  if (priority > vr.priority) return 'higher-priority';
  if (priority === vr.priority && compareBytes(source, vr.primaryAddress) > 0) return 'tie-break-lost';
  return null;
}

function stay(state: State): Step {
  return { state, effects: [] };
}

function advertise(vr: RouterParameters, state: State & { name: 'active' }, now: Millis): Step {
  // From the deadline, not from now: lateness must not accumulate. A missed interval is not made up for.
  const next = state.adverAt + vr.advertisementIntervalMs;
  return {
    state: { ...state, adverAt: now < state.adverAt || next <= now ? now + vr.advertisementIntervalMs : next },
    effects: [advertisement(vr)],
  };
}

function becomeActive(vr: RouterParameters, now: Millis, reason: Reason): Step {
  return {
    state: { name: 'active', adverAt: now + vr.advertisementIntervalMs, assertFrom: now },
    effects: [advertisement(vr), { do: 'claim-vips' }, { do: 'notify', state: 'active', reason }],
  };
}

function becomeBackup(
  vr: RouterParameters,
  activeAdverIntervalMs: number,
  now: Millis,
  reason: Reason,
  first: readonly Effect[],
): Step {
  const activeDownAt = now + activeDownIntervalMs(vr.version, vr.priority, activeAdverIntervalMs);
  return {
    state: { name: 'backup', activeAdverIntervalMs, activeDownAt, holdsAddresses: false },
    effects: [...first, { do: 'notify', state: 'backup', reason }],
  };
}

function becomeInitialize(reason: 'shutdown' | 'fault', first: readonly Effect[]): Step {
  return { state: INITIAL, effects: [...first, { do: 'notify', state: 'initialize', reason }] };
}
