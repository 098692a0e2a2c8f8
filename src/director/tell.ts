/** What the world tells, in an operator's words. Pure. */
import type { CheckConfig } from '../config/types-checks.ts';
import type { ProbeResult } from '../health/types.ts';
import type { Combined } from '../health/verdict.ts';
import { assertNever } from '../util/assert-never.ts';
import type { Change, Line } from './observation.ts';
import { destinationName } from './place.ts';

export type { Line } from './observation.ts';

/** What worsens is a warning. */
export function tellChange(change: Change): Line {
  switch (change.kind) {
    case 'real-server':
      return tellVerdict(`${change.virtualServer}: real server ${change.realServer}`, change.from, change.to);
    case 'sorry-server':
      return tellVerdict(`${change.virtualServer}: sorry server ${change.sorryServer}`, change.from, change.to);
    case 'virtual-server':
      return tellStanding(change);
    case 'tier':
      return {
        level: change.to > change.from ? 'warn' : 'info',
        text: `${change.virtualServer}: real servers up to tier ${change.to} serve, until now up to tier ${change.from}`,
      };
    case 'panic':
      return tellPanic(change);
    case 'suspended': {
      const { virtualServer, suspended, router } = change;
      const text = suspended ? `checks rest, ${router} is not MASTER` : `checks go on, ${router} is MASTER`;
      return { level: 'info', text: `${virtualServer}: ${text}` };
    }
    case 'drain': {
      const text = change.drains ? 'takes no new connections, as it is told' : 'takes new connections again';
      return { level: 'info', text: `${change.virtualServer}: real server ${change.realServer} ${text}` };
    }
    case 'self-check':
      return tellVerdict(
        'self check',
        { verdict: change.from, failure: null },
        { verdict: change.to, failure: change.failure },
      );
    case 'warning':
      return tellWarning(change);
    default:
      return assertNever(change);
  }
}

/** A failed probe of a check that wants each of them told. */
export function tellFailure(
  check: CheckConfig,
  { reason, detail }: Extract<ProbeResult, { ok: false }>,
  virtualServers: readonly string[],
): Line {
  return { level: 'warn', text: `${virtualServers.join(', ')}: ${checkName(check)} failed: ${reason} (${detail})` };
}

function tellVerdict(what: string, from: Combined, to: Combined): Line {
  const why = to.failure === null ? '' : `: ${to.failure.reason} (${to.failure.detail})`;
  return { level: from.verdict === 'up' ? 'warn' : 'info', text: `${what} ${from.verdict} -> ${to.verdict}${why}` };
}

function tellStanding({ virtualServer, from, to }: Extract<Change, { kind: 'virtual-server' }>): Line {
  if (to.up) return { level: 'info', text: `${virtualServer}: virtual server up, usable weight ${to.usableWeight}` };
  if (!from.up) {
    const text = to.sorry ? 'the sorry server takes over' : 'no sorry server is left, real servers that are up serve';
    return { level: 'warn', text: `${virtualServer}: ${text}, usable weight ${to.usableWeight}` };
  }
  const sorry = to.sorry ? ', the sorry server takes over' : '';
  const text = `${virtualServer}: virtual server down, usable weight ${to.usableWeight} is below the quorum${sorry}`;
  return { level: 'warn', text };
}

function tellPanic({ virtualServer, panic, reason }: Extract<Change, { kind: 'panic' }>): Line {
  if (panic === null) return { level: 'warn', text: `${virtualServer}: panic is over, ${reason}` };
  const kept = `${panic.failed} real servers that are down keep their weight`;
  return { level: 'warn', text: `${virtualServer}: panic, ${reason}; ${kept}` };
}

function tellWarning({ check, virtualServers, warning }: Extract<Change, { kind: 'warning' }>): Line {
  const what = `${virtualServers.join(', ')}: ${checkName(check)}`;
  if (warning === null) return { level: 'info', text: `${what}: its warning is gone` };
  return { level: 'warn', text: `${what} passes, but: ${warning}` };
}

function checkName(check: CheckConfig): string {
  return `${check.type} check of ${check.port === 0 ? check.address : destinationName(check)}`;
}
