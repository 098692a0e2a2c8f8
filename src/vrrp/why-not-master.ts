/** Why a virtual router is not MASTER, in words: what an operator asks first. Pure. */
import { isObeying } from './fsm-backup.ts';
import { type Backup, OWNER, type RouterParameters, type State } from './fsm-types.ts';
import type { Role } from './messages.ts';
import type { Millis } from './timers.ts';
import type { TrackReport } from './tracking.ts';

export interface Situation {
  readonly role: Role;
  readonly state: State;
  readonly parameters: RouterParameters;
  readonly now: Millis;
  /** Of a router in FAULT. */
  readonly fault: string | null;
  /** Whom it heard last. */
  readonly peer: string | null;
  /** As configured. */
  readonly priority: number;
  readonly tracks: readonly TrackReport[];
  /** Whom of its sync group a ready one waits for. */
  readonly waitsFor: string | null;
}

/** Null: it is MASTER. */
export function whyNotMaster(situation: Situation): string | null {
  const { role, state, fault } = situation;
  if (role === 'MASTER') return null;
  if (role === 'FAULT') return fault ?? 'fault';
  if (role === 'LEAVING') return 'it was stopped and hands over';
  return state.name === 'backup' ? whyBackup(situation, state) : 'it was stopped';
}

function whyBackup(situation: Situation, state: Backup): string {
  const { parameters: vr, now, waitsFor } = situation;
  const peer = situation.peer ?? 'another router';
  const { activePriority } = state;
  if (activePriority !== null && isObeying(vr, state)) {
    if (activePriority > vr.priority)
      return `${peer} has the higher priority: ${activePriority}, here ${vr.priority}${loweredBy(situation)}`;
    if (activePriority === vr.priority)
      return `${peer} has the same priority and was there first: ${activePriority}${loweredBy(situation)}`;
    if (!vr.preempt && vr.priority !== OWNER)
      return `preempt: false, and ${peer} is there with priority ${activePriority}`;
  }
  if (now < vr.holdUntil && !state.holdsAddresses) return `startup delay: ${seconds(vr.holdUntil - now)} left`;
  if (state.ready !== null) return waitsFor ?? 'it takes over now';
  if (state.preemptAt !== null) {
    return `preempt delay: ${seconds(state.preemptAt - now)} left, ${peer} is there with priority ${activePriority}`;
  }
  const left = seconds(state.activeDownAt - now);
  return activePriority === null
    ? `it listens for another router: ${left} left`
    : `it takes over from ${peer}, priority ${activePriority}, in ${left}`;
}

function loweredBy({ priority, parameters, tracks }: Situation): string {
  if (parameters.priority === priority) return '';
  const causes = tracks.flatMap(({ key, state, adds, weight }) => {
    if (adds !== 0) return [`${key} ${signed(adds)}`];
    return state.kind === 'down' && weight !== null && weight > 0 ? [`${key} not ${signed(weight)}`] : [];
  });
  return `, configured ${priority} (${causes.join(', ')})`;
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : `${value}`;
}

/** In tenths below ten seconds. */
function seconds(ms: number): string {
  const left = Math.max(ms, 0) / 1000;
  return `${left < 10 ? Math.ceil(left * 10) / 10 : Math.ceil(left)} s`;
}
