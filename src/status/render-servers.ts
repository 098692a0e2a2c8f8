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
    ...server.realServers.flatMap((real) => realServerRows(real, options)),
    ...(server.sorryServer === null ? [] : [sorryServerRow(server.sorryServer)]),
  ]);
  return ['Virtual servers', ...table([TITLES, ...rows], options.colour)];
}

function heading(server: VirtualServerReport, { colour }: RenderOptions): string {
  const { name, service, scheduler, state, usableWeight, quorum } = server;
  const fault = missing(server.services);
  const missingText = fault === null ? '' : `, ${paint(fault, 'bad', colour)}`;
  const what = `${clean(name)}: ${clean(service)} ${scheduler}`;
  return `${what}, ${paint(state, STATE_TONE[state], colour)}, usable weight ${usableWeight}, quorum ${quorum}${missingText}`;
}

function missing(services: VirtualServerReport['services']): string | null {
  const absent = services.filter(({ inKernel }) => inKernel === false);
  const [first] = absent;
  if (first === undefined) return null;
  if (services.length === 1) return "NOT IN THE KERNEL'S TABLE";
  const which = absent.length < services.length ? `, such as ${clean(first.service)}` : '';
  return `${absent.length} OF ${services.length} SERVICES NOT IN THE KERNEL'S TABLE${which}`;
}

function realServerRows(real: RealServerReport, { nowMs }: RenderOptions): Row[] {
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
  return [row, ...notes(real)];
}

/** Why it is not up; for one that is up, what just failed and may bring it down. */
function notes({ state, reason, checks }: RealServerReport): string[] {
  const failing = checks.filter(({ lastResult }) => lastResult !== null && lastResult !== 'ok');
  if (state === 'UP') return failing.map((check) => `    failing: ${failureText(check)}`);
  const lines = reason === null ? [] : [`    ${clean(reason)}`];
  // With one check the reason says it all; with several it matters which ones.
  return checks.length > 1 ? [...lines, ...failing.map((check) => `    ${failureText(check)}`)] : lines;
}

function failureText({ type, target, lastResult, detail }: CheckReport): string {
  return clean(`${type} ${target}: ${lastResult}${detail === null ? '' : `: ${detail}`}`);
}

/** IPIP is what a tunnel is unless said otherwise. */
function forward(forwarding: RealServerReport['forwarding'], tunnel: RealServerReport['tunnel']): string {
  return tunnel === null || tunnel.type === 'ipip' ? forwarding : tunnel.type;
}

function sorryServerRow({ address, forwarding, tunnel, active, connections }: SorryServerReport): Row {
  return [
    cell(`  ${address}`),
    cell(forward(forwarding, tunnel)),
    active ? cell('SORRY', 'warning') : cell('sorry'),
    cell(active ? 'active' : 'idle'),
    figure('-'),
    ...connectionCells(connections),
    cell('-'),
    cell('-'),
  ];
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
