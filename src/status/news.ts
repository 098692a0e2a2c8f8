/** What happens inside lvsd, as events. Pure. */
import type { Change } from '../director/observation.ts';
import type { Combined } from '../health/verdict.ts';
import { assertNever } from '../util/assert-never.ts';
import type { RouterEvent } from '../vrrp/messages.ts';
import type { TrackState } from '../vrrp/tracking.ts';
import { checkTarget } from './check-target.ts';
import type { News } from './events.ts';

/** The state of a real or virtual server has changed, or how it is treated. */
export function newsOfVerdict(change: Change): News {
  switch (change.kind) {
    case 'real-server':
      return ofVerdict('real-server', `${change.virtualServer} ${change.realServer}`, change);
    case 'sorry-server':
      return ofVerdict('sorry-server', `${change.virtualServer} ${change.sorryServer}`, change);
    case 'virtual-server': {
      const { virtualServer: object, from, to } = change;
      const reason = `usable weight ${to.usableWeight}${to.sorry ? ', the sorry server takes over' : ''}`;
      return { kind: 'virtual-server', object, from: upOrDown(from.up), to: upOrDown(to.up), reason };
    }
    case 'tier': {
      const { virtualServer: object, from, to } = change;
      return { kind: 'tier', object, from: String(from), to: String(to), reason: null };
    }
    case 'panic': {
      const { virtualServer: object, panic, reason } = change;
      return { kind: 'panic', object, from: null, to: panic === null ? 'OVER' : 'PANIC', reason };
    }
    case 'suspended': {
      const { virtualServer: object, suspended, router } = change;
      const reason = `${router} is ${suspended ? 'not ' : ''}MASTER`;
      return { kind: 'suspend', object, from: null, to: suspended ? 'SUSPENDED' : 'RESUMED', reason };
    }
    case 'drain': {
      const object = `${change.virtualServer} ${change.realServer}`;
      return { kind: 'drain', object, from: null, to: change.drains ? 'DRAINING' : 'OVER', reason: null };
    }
    case 'self-check': {
      const { from, to, failure } = change;
      return ofVerdict('self-check', 'self_check', { from: { verdict: from }, to: { verdict: to, failure } });
    }
    case 'warning': {
      const { check, virtualServers, warning } = change;
      const of = virtualServers.length === 0 ? '' : ` (${virtualServers.join(', ')})`;
      const object = `${check.type} ${checkTarget(check)}`;
      const reason = `${warning ?? 'it is gone'}${of}`;
      return { kind: 'warning', object, from: null, to: warning === null ? 'OVER' : 'WARNING', reason };
    }
    default:
      return assertNever(change);
  }
}

function ofVerdict(
  kind: 'real-server' | 'sorry-server' | 'self-check',
  object: string,
  { from, to }: { readonly from: Pick<Combined, 'verdict'>; readonly to: Combined },
): News {
  const reason = to.failure === null ? null : `${to.failure.reason}: ${to.failure.detail}`;
  return { kind, object, from: from.verdict.toUpperCase(), to: to.verdict.toUpperCase(), reason };
}

function upOrDown(up: boolean): string {
  return up ? 'UP' : 'DOWN';
}

/** `to` is what notify scripts are told. */
export function newsOfConflict(router: string, event: Exclude<RouterEvent, 'repaired'>, detail: string) {
  const words = {
    'two-actives': 'TWO-ACTIVES',
    healed: 'HEALED',
    'address-conflict': 'ADDRESS-CONFLICT',
  } as const satisfies Record<typeof event, string>;
  return { kind: 'conflict', object: router, from: null, to: words[event], reason: detail } as const satisfies News;
}

/** A tracked object, such as `script NAME`; null: it says nothing else than before. */
export function newsOfTrack(key: string, before: TrackState | undefined, state: TrackState): News | null {
  const from = before === undefined ? null : wordOf(before);
  const to = wordOf(state);
  if (from === to) return null;
  return { kind: 'track', object: key, from, to, reason: state.kind === 'down' ? state.reason : null };
}

function wordOf(state: TrackState): string {
  return state.kind === 'value' ? String(state.value) : state.kind.toUpperCase();
}
