/** The status as a person reads it: first what is wrong with the whole, then routers, then servers. Pure. */
import type { RouterReport } from '../vrrp/messages.ts';
import { renderBfdSessions } from './render-bfd.ts';
import { renderSelfCheck, renderVirtualServers } from './render-servers.ts';
import { renderTracked } from './render-tracked.ts';
import { routerNotes } from './router-notes.ts';
import {
  type Cell,
  cell,
  clean,
  counts,
  duration,
  figure,
  milliseconds,
  paint,
  type RenderOptions,
  type Row,
  type Tone,
  table,
} from './text.ts';
import type { ConnectionSyncReport, DaemonReport, DrainReport, IpvsReport, Snapshot } from './types.ts';

/** Virtual addresses beyond these are counted: the JSON has them all. */
const SHOWN_ADDRESSES = 4;
/** The same for what leaves the table. */
const SHOWN_DRAINS = 10;
/** RFC 9568 section 6.1: the addresses are the machine's own. */
const OWNER_PRIORITY = 255;

const ROLE_TONE: Readonly<Record<RouterReport['role'], Tone | null>> = {
  MASTER: 'good',
  BACKUP: null,
  FAULT: 'bad',
  LEAVING: 'warning',
  STOPPED: 'warning',
};

/** Lines for a terminal, each ended by a newline. Unknown and none are `-`. */
export function renderStatus(snapshot: Snapshot, options: RenderOptions): string {
  const parts = [
    daemon(snapshot.daemon, options),
    virtualRouters(snapshot, options),
    renderBfdSessions(snapshot.bfdSessions, options),
    renderTracked(snapshot.tracked, options),
    snapshot.connectionSync === null ? [] : [connectionSync(snapshot.connectionSync, options)],
    renderVirtualServers(snapshot.virtualServers, options),
    renderSelfCheck(snapshot.selfCheck, options),
    snapshot.ipvs === null ? [] : ipvs(snapshot.ipvs, options),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

function daemon(report: DaemonReport, { nowMs, colour }: RenderOptions): string[] {
  const ago = (atMs: number): string => `${duration(nowMs - atMs)} ago`;
  const { name, version, pid, startedAtMs, configFile, configLoadedAtMs, lastReload } = report;
  const lines = [
    `${clean(name)}: lvsd ${clean(version)}, pid ${pid}, up ${duration(nowMs - startedAtMs)}, ${clean(configFile)} loaded ${ago(configLoadedAtMs)}`,
  ];
  if (lastReload !== null && lastReload.problems.length > 0) {
    const how = lastReload.ok ? 'went through, but:' : `${paint('refused', 'bad', colour)}, nothing was changed:`;
    lines.push(`Last reload ${ago(lastReload.atMs)} ${how}`);
    lines.push(...lastReload.problems.map((problem) => `  ${clean(problem)}`));
  }
  return lines;
}

function virtualRouters(snapshot: Snapshot, options: RenderOptions): string[] {
  const { virtualRouters: routers, vrrpAnswering, vrrpRefused } = snapshot;
  const { pid, restarts, scheduling, memoryLocked } = snapshot.daemon.vrrpProcess;
  if (!vrrpAnswering) {
    const process = pid === null ? 'does not run' : `(pid ${pid}) does not answer`;
    return [
      `Virtual routers: ${paint(`the VRRP process ${process}`, 'bad', options.colour)}, ${counted(restarts, 'restart')}`,
    ];
  }
  if (routers.length === 0) return [];
  const locked = memoryLocked === true ? 'memory locked' : 'memory not locked';
  const process = `process ${pid ?? '-'}, ${clean(scheduling ?? '-')}, ${locked}, ${counted(restarts, 'restart')}`;
  const titles = [
    ...['NAME', 'STATE', 'SINCE'].map((title) => cell(title)),
    ...['PRIO', 'PEER', 'SENT', 'RECV', 'REFUSED', 'LATE MS'].map((title, i) =>
      i === 1 ? cell(title) : figure(title),
    ),
    cell('ADDRESSES'),
  ];
  const rows = routers.flatMap((router) => routerRows(router, options));
  const strangers = Object.entries(vrrpRefused).flatMap(([where, reasons]) => {
    const text = counts(reasons);
    return text === '' ? [] : [`Refused on ${clean(where)}, for no virtual router here: ${text}`];
  });
  const losses = lossesText(snapshot.notifications);
  return [`Virtual routers (${process})`, ...table([titles, ...rows], options.colour), ...strangers, ...losses];
}

/** Nothing, as long as everybody was told everything. */
function lossesText({ skipped, failed, fifo, lvsFifo }: Snapshot['notifications']): string[] {
  const losses = [
    ...(failed > 0 ? [`${counted(failed, 'failed program')}`] : []),
    ...(skipped > 0 ? [`${counted(skipped, 'change')} skipped`] : []),
    ...[fifo, lvsFifo].flatMap((one) =>
      one !== null && one.dropped > 0 ? [`${counted(one.dropped, 'line')} of ${clean(one.path)} dropped`] : [],
    ),
  ];
  return losses.length === 0 ? [] : [`Notifications: ${losses.join(', ')}`];
}

function routerRows(router: RouterReport, { nowMs }: RenderOptions): Row[] {
  const { role, priority, effectivePriority, peer, adverts, lateness } = router;
  const [address = cell('-'), ...more] = addressCells(router);
  const refused = Object.values(adverts.refused).reduce((sum, count) => sum + count, 0);
  const first: Cell[] = [
    cell(router.name),
    cell(role, ROLE_TONE[role]),
    cell(duration(nowMs - router.sinceMs)),
    figure(effectivePriority === priority ? priority : `${effectivePriority} of ${priority}`),
    cell(peer === null ? '-' : `${peer.address} (${peer.priority}, ${duration(peer.heardMsAgo)} ago)`),
    figure(adverts.sent),
    figure(adverts.received),
    figure(refused),
    figure(`${milliseconds(lateness.lastMs)}/${milliseconds(lateness.maxMs)}`),
    address,
  ];
  const blank = first.slice(1).map(() => cell(''));
  const notes = routerNotes(router).map((note) => `  ${note}`);
  if (refused > 0) notes.push(`  refused: ${counts(adverts.refused)}`);
  if (adverts.addressListErrors > 0)
    notes.push(`  ${adverts.addressListErrors} times the peer had other virtual addresses`);
  notes.push(...missingPaths(router));
  return [first, ...more.map((next) => [...blank, next]), ...notes];
}

/** Routes and rules that a MASTER ought to have and has not. */
function missingPaths({ role, virtualRoutes, virtualRules }: RouterReport): string[] {
  if (role !== 'MASTER') return [];
  const missing = (kind: string, paths: RouterReport['virtualRoutes']): string[] =>
    paths.flatMap(({ text, held, problem }) =>
      held ? [] : [`  ${kind} ${clean(text)} is MISSING${problem === null ? '' : `: ${clean(problem)}`}`],
    );
  return [...missing('route', virtualRoutes), ...missing('rule', virtualRules)];
}

/** MASTER and LEAVING hold all of them, everybody else none but the owner its own: the exceptions are named. */
function addressCells({ role, priority, virtualAddresses, ...rest }: RouterReport): Cell[] {
  const holds = role === 'MASTER' || role === 'LEAVING';
  const isRight = (held: boolean): boolean => held === holds || (held && priority === OWNER_PRIORITY);
  // Exceptions first: those are not to be among the uncounted.
  const sorted = [...virtualAddresses, ...rest.extraAddresses].sort(
    (a, b) => Number(isRight(a.held)) - Number(isRight(b.held)),
  );
  const cells = sorted.slice(0, SHOWN_ADDRESSES).map(({ address, interface: place, held }) => {
    const text = place === rest.interface ? address : `${address} on ${clean(place)}`;
    return isRight(held) ? cell(text) : cell(`${text} ${held ? 'HELD' : 'MISSING'}`, 'bad');
  });
  const more = sorted.length - SHOWN_ADDRESSES;
  return more > 0 ? [...cells, cell(`and ${more} more`)] : cells;
}

function connectionSync({ follow, wanted, running }: ConnectionSyncReport, { colour }: RenderOptions): string {
  const daemons = running.map(({ role, interface: name, syncId }) => `${role} on ${clean(name)} (sync id ${syncId})`);
  const asWanted = wanted === 'none' ? running.length === 0 : running.length === 1 && running[0]?.role === wanted;
  const text = `running: ${daemons.length === 0 ? 'none' : daemons.join(', ')}`;
  return `Connection sync follows ${clean(follow)}, wanted: ${wanted}, ${paint(text, asWanted ? null : 'bad', colour)}${asWanted ? '' : ' (NOT AS WANTED)'}`;
}

function ipvs(report: IpvsReport, { nowMs, colour }: RenderOptions): string[] {
  const { available, lastReconcileAtMs, reconciles, repairs, refusedCommands, lastProblem, draining } = report;
  const last = lastReconcileAtMs === null ? 'never' : `${duration(nowMs - lastReconcileAtMs)} ago`;
  const lines = [
    `IPVS: ${counted(reconciles, 'reconciliation')}, the last ${last}, ${counted(repairs, 'repair')}, ${counted(refusedCommands, 'refused command')}`,
  ];
  if (!available) lines.push(`  ${paint("the kernel's table cannot be read now", 'bad', colour)}`);
  if (lastProblem !== null) lines.push(`  last problem: ${clean(lastProblem)}`);
  const more = draining.length - SHOWN_DRAINS;
  lines.push(...draining.slice(0, SHOWN_DRAINS).map((drain) => `  ${drainText(drain, nowMs)}`));
  if (more > 0) lines.push(`  and ${more} more are draining`);
  return lines;
}

function drainText({ service, destination, sinceMs, untilMs, connections }: DrainReport, nowMs: number): string {
  const left = connections === null ? '' : `, ${counted(connections, 'connection')} left`;
  const times = `for ${duration(nowMs - sinceMs)}, at most ${duration(untilMs - nowMs)} more`;
  return clean(`draining ${destination} of ${service} ${times}${left}`);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
