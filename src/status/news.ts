/** What happens inside lvsd, as events. Pure. */
import type { Change } from '../director/world.ts';
import type { RouterEvent } from '../vrrp/messages.ts';
import type { TrackState } from '../vrrp/tracking.ts';
import type { News } from './events.ts';

/** A real server's or a virtual server's state has changed. */
export function newsOfVerdict(change: Change): News {
  if (change.kind === 'real-server') {
    const { virtualServer, realServer, from, to } = change;
    const reason = to.failure === null ? null : `${to.failure.reason}: ${to.failure.detail}`;
    const words = { from: from.verdict.toUpperCase(), to: to.verdict.toUpperCase() };
    return { kind: 'real-server', object: `${virtualServer} ${realServer}`, ...words, reason };
  }
  const { virtualServer, from, to } = change;
  const word = (up: boolean): string => (up ? 'UP' : 'DOWN');
  const reason = `usable weight ${to.usableWeight}${to.sorry ? ', the sorry server takes over' : ''}`;
  return { kind: 'virtual-server', object: virtualServer, from: word(from.up), to: word(to.up), reason };
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
