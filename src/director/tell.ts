/** A change of verdicts in an operator's words. Pure. */
import type { Change } from './world.ts';

export interface Line {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

/** What worsens is a warning. */
export function tellChange(change: Change): Line {
  if (change.kind === 'real-server') {
    const { virtualServer, realServer, from, to } = change;
    const why = to.failure === null ? '' : `: ${to.failure.reason} (${to.failure.detail})`;
    return {
      level: from.verdict === 'up' ? 'warn' : 'info',
      text: `${virtualServer}: real server ${realServer} ${from.verdict} -> ${to.verdict}${why}`,
    };
  }
  const { virtualServer, to } = change;
  if (to.up) return { level: 'info', text: `${virtualServer}: virtual server up, usable weight ${to.usableWeight}` };
  const sorry = to.sorry ? ', the sorry server takes over' : '';
  const text = `${virtualServer}: virtual server down, usable weight ${to.usableWeight} is below the quorum${sorry}`;
  return { level: 'warn', text };
}
