/** Virtual servers with their real servers, for people. Pure. */
import {
  type Cell,
  cell,
  clean,
  duration,
  figure,
  milliseconds,
  paint,
  type RenderOptions,
  type Row,
  type Tone,
  table,
} from './text.ts';
import type {
  CheckReport,
  ConnectionsReport,
  PanicReport,
  RealServerReport,
  RealServerState,
  SorryServerReport,
  ThresholdsReport,
  VirtualServerReport,
} from './types.ts';

const STATE_TONE: Readonly<Record<RealServerState, Tone>> = { UP: 'good', DOWN: 'bad', UNKNOWN: 'warning' };

const TITLES: readonly Cell[] = [
  cell('  REAL SERVER'),
  cell('FORWARD'),
  cell('STATE'),
  cell('SINCE'),
  figure('WEIGHT'),
  figure('ACTIVE'),
  figure('INACTIVE'),
  cell('LIMITS'),
  cell('LAST PROBE'),
];

/** One table: columns line up over all virtual servers. */
export function renderVirtualServers(servers: readonly VirtualServerReport[], options: RenderOptions): string[] {
  if (servers.length === 0) return [];
  const rows = servers.flatMap((server) => [
    heading(server, options),
    ...panicLines(server.panic, options),
    ...server.realServers.flatMap((real) => realServerRows(real, server, options)),
    ...server.sorryServers.flatMap((sorry) => sorryServerRows(sorry, options)),
  ]);
  return ['Virtual servers', ...table([TITLES, ...rows], options.colour)];
}

/** What tells a sick prober from sick servers. */
export function renderSelfCheck(check: CheckReport | null, { nowMs, colour }: RenderOptions): string[] {
  if (check === null) return [];
  const what = `Self check ${clean(check.type)} ${clean(check.target)}`;
  const why = check.state === 'UP' || check.failure === null ? '' : ` (${clean(check.failure)})`;
  return [`${what}: ${paint(check.state, STATE_TONE[check.state], colour)}${why}, ${lastProbe([check], nowMs)}`];
}

function heading(server: VirtualServerReport, { colour }: RenderOptions): string {
  const { name, service, scheduler, state, usableWeight, suspendedBy, tier, panic } = server;
  const fault = missing(server.services);
  const missingText = fault === null ? '' : `, ${paint(fault, 'bad', colour)}`;
  const what = `${clean(name)}: ${clean(service)} ${scheduler}`;
  const quorum = server.hysteresis === 0 ? server.quorum : `${server.quorum} +- ${server.hysteresis}`;
  const tierText = tier === null ? '' : `, tier ${tier} serves`;
  const resting =
    suspendedBy === null ? '' : `, ${paint('not probed', 'warning', colour)}: ${suspendedBy} is not MASTER`;
  const panicText = panic === null ? '' : `, ${paint('PANIC', 'bad', colour)}`;
  const weights = `usable weight ${usableWeight}, quorum ${quorum}`;
  return `${what}, ${paint(state, STATE_TONE[state], colour)}${panicText}, ${weights}${tierText}${resting}${missingText}`;
}

const WAITS: Readonly<Record<PanicReport['waitsFor'], string>> = {
  asked: 'the self check is asked',
  'self-check': 'the self check fails too',
  probes: 'the self check passes again, they are probed anew',
  recovery: 'until enough of them are up again',
};

function panicLines(panic: PanicReport | null, { nowMs }: RenderOptions): string[] {
  if (panic === null) return [];
  const { failed, of, sinceMs, waitsFor } = panic;
  return [`  panic for ${duration(nowMs - sinceMs)}: ${failed} of ${of} are down and kept; ${WAITS[waitsFor]}`];
}

function missing(services: VirtualServerReport['services']): string | null {
  const absent = services.filter(({ inKernel }) => inKernel === false);
  const [first] = absent;
  if (first === undefined) return null;
  if (services.length === 1) return "NOT IN THE KERNEL'S TABLE";
  const which = absent.length < services.length ? `, such as ${clean(first.service)}` : '';
  return `${absent.length} OF ${services.length} SERVICES NOT IN THE KERNEL'S TABLE${which}`;
}

function realServerRows(real: RealServerReport, server: VirtualServerReport, { nowMs }: RenderOptions): Row[] {
  const { address, forwarding, tunnel, state, sinceMs, weight } = real;
  const row = [
    cell(`  ${address}`),
    cell(forward(forwarding, tunnel)),
    cell(state, STATE_TONE[state]),
    cell(sinceMs === null ? '-' : duration(nowMs - sinceMs)),
    figure(`${weight.kernel ?? '-'}/${weight.configured}`),
    ...connectionCells(real.connections),
    limits(real.thresholds),
    cell(lastProbe(real.checks, nowMs)),
  ];
  return [row, ...healthNotes(real), ...checkNotes(real.checks, nowMs), ...weightNotes(real, server, nowMs)];
}

/** Why it is not up; for one that is up, what just failed and may bring it down. */
function healthNotes({ state, reason, checks }: Pick<RealServerReport, 'state' | 'reason' | 'checks'>): string[] {
  const failing = checks.filter(({ lastResult }) => lastResult !== null && lastResult !== 'ok');
  if (state === 'UP') return failing.map((check) => `    failing: ${failureText(check)}`);
  const lines = reason === null ? [] : [`    ${clean(reason)}`];
  // With one check the reason says it all; with several it matters which ones.
  return checks.length > 1 ? [...lines, ...failing.map((check) => `    ${failureText(check)}`)] : lines;
}

/** What else there is to say of checks. */
function checkNotes(checks: readonly CheckReport[], nowMs: number): string[] {
  return checks.flatMap(({ type, target, heldUntilMs, warning }) => [
    ...(heldUntilMs === null ? [] : [`    held down for ${duration(heldUntilMs - nowMs)} more: it came and went`]),
    ...(warning === null ? [] : [`    warning: ${clean(`${type} ${target}: ${warning}`)}`]),
  ]);
}

/** Why it has another weight than the configured one, though it is up; or one, though it is down. */
function weightNotes(real: RealServerReport, server: VirtualServerReport, nowMs: number): string[] {
  const { state, kept, weight, tier, slowStart } = real;
  const { advisedPercent, drain, maxConnections, latencyMs } = real.grade;
  if (state === 'DOWN') return kept ? [`    kept with weight ${weight.wanted} by the panic`] : [];
  const whys = [
    ...(server.tier !== null && tier > server.tier ? [`tier ${tier} is not needed`] : []),
    ...(state === 'UP' && server.sorryServers.some(({ active }) => active) ? ['sorry servers take its place'] : []),
    ...(drain ? ['told to take no new connections'] : []),
    ...(advisedPercent === null ? [] : [`advised ${Math.round(advisedPercent)} %`]),
    ...(latencyMs === null ? [] : [`latency ${milliseconds(latencyMs)} ms`]),
    ...(slowStart === null
      ? []
      : [`slow start at ${Math.round(slowStart.percent)} % for ${duration(slowStart.untilMs - nowMs)} more`]),
  ];
  const limit = maxConnections === null ? [] : [`    limit told: ${maxConnections} connections`];
  if (weight.wanted === weight.configured || whys.length === 0) return limit;
  return [`    weight ${weight.wanted} of ${weight.configured}: ${whys.join(', ')}`, ...limit];
}

function failureText({ type, target, lastResult, detail }: CheckReport): string {
  return clean(`${type} ${target}: ${lastResult}${detail === null ? '' : `: ${detail}`}`);
}

/** IPIP is what a tunnel is unless said otherwise. */
function forward(forwarding: RealServerReport['forwarding'], tunnel: RealServerReport['tunnel']): string {
  return tunnel === null || tunnel.type === 'ipip' ? forwarding : tunnel.type;
}

/** It has a state of its own only while it is not usable. */
function sorryServerRows(sorry: SorryServerReport, { nowMs }: RenderOptions): Row[] {
  const { address, forwarding, tunnel, active, state, sinceMs, weight, connections, checks } = sorry;
  const isUsable = active || state === 'UP';
  const row = [
    cell(`  ${address}`),
    cell(forward(forwarding, tunnel)),
    active ? cell('SORRY', 'warning') : isUsable ? cell('sorry') : cell(`sorry ${state}`, STATE_TONE[state]),
    cell(isUsable || sinceMs === null ? (active ? 'active' : 'idle') : duration(nowMs - sinceMs)),
    figure(`${weight.kernel ?? '-'}/${weight.configured}`),
    ...connectionCells(connections),
    cell('-'),
    cell(lastProbe(checks, nowMs)),
  ];
  return [row, ...healthNotes(sorry), ...checkNotes(checks, nowMs)];
}

function connectionCells(connections: ConnectionsReport | null): Cell[] {
  return [figure(connections?.active ?? '-'), figure(connections?.inactive ?? '-')];
}

/** Upper and effective lower threshold. */
function limits({ upper, lower, over }: ThresholdsReport): Cell {
  if (upper === 0) return cell('-');
  // ip_vs_core.c: without a lower threshold it is three quarters of the upper one.
  const effective = lower === 0 ? upper - (upper >>> 2) : lower;
  return over ? cell(`${upper}/${effective} OVER`, 'warning') : cell(`${upper}/${effective}`);
}

/** Of several checks, one that fails; else the slowest. */
function lastProbe(checks: readonly CheckReport[], nowMs: number): string {
  const probed = checks.filter(({ lastResult }) => lastResult !== null);
  const slowestFirst = [...probed].sort((a, b) => (b.latencyMs ?? 0) - (a.latencyMs ?? 0));
  const shown = slowestFirst.find(({ lastResult }) => lastResult !== 'ok') ?? slowestFirst[0];
  if (shown === undefined) return '-';
  const latency = shown.latencyMs === null ? '' : ` ${milliseconds(shown.latencyMs)} ms`;
  const ago = shown.atMs === null ? '' : `, ${duration(nowMs - shown.atMs)} ago`;
  return `${shown.type} ${shown.lastResult}${latency}${ago}`;
}
