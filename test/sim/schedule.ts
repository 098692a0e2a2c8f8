/** What happens on a simulated network, as data: it can be printed, cut down and run again. Times in milliseconds. */
import type { VirtualRouterConfig } from '../../src/config/types.ts';
import { formatAddress } from '../../src/net/ip.ts';

export interface Schedule {
  /** For the delays of a fair wire; every fault that needs dice has its own. */
  readonly seed: number;
  /** When nothing else is wrong. */
  readonly fair: Weather;
  readonly endMs: number;
  readonly machines: readonly MachinePlan[];
  readonly faults: readonly Fault[];
}

export interface MachinePlan {
  /** A letter. */
  readonly name: string;
  readonly startAt: number;
  /** Its clock beside real time, and what it shows at 0. */
  readonly clockRate: number;
  readonly clockStartMs: number;
  readonly startupDelayMs: number;
  /** Its virtual routers, the first on link 0, the second on link 1. */
  readonly stations: readonly StationPlan[];
}

export interface StationPlan {
  readonly config: VirtualRouterConfig;
  /** What it sends from. */
  readonly address: Uint8Array;
}

/** Begins at `at` and ends after `forMs`. */
export interface Span {
  readonly at: number;
  readonly forMs: number;
}

export type Fault = Span &
  (
    | { readonly kind: 'weather'; readonly weather: Weather; readonly dice: number }
    /** Those named are on one side, the rest on the other. */
    | { readonly kind: 'partition'; readonly link: number; readonly apart: readonly string[] }
    /** The second does not hear the first. */
    | { readonly kind: 'one-way'; readonly link: number; readonly from: string; readonly to: string }
    /** The main process lets go of the addresses `releaseAfterMs` later. */
    | { readonly kind: 'process-dies'; readonly machine: string; readonly releaseAfterMs: number }
    | { readonly kind: 'machine-dies'; readonly machine: string }
    | { readonly kind: 'stop'; readonly machine: string }
    | { readonly kind: 'hang'; readonly machine: string }
    /** What its virtual routers track is down. */
    | { readonly kind: 'script-down'; readonly machine: string }
    /** A faster detector says that the Active Router is gone. */
    | { readonly kind: 'peer-lost'; readonly machine: string; readonly link: number }
    | { readonly kind: 'link-down'; readonly machine: string; readonly link: number }
    | { readonly kind: 'addresses-refused'; readonly machine: string; readonly link: number }
    | { readonly kind: 'garbage'; readonly machine: string; readonly link: number; readonly dice: number }
    | { readonly kind: 'early-tick'; readonly machine: string; readonly link: number }
  );

/** How the wire treats a message. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  readonly leastDelayMs: number;
  readonly mostDelayMs: number;
}

export const FAIR: Weather = { loss: 0, duplication: 0, leastDelayMs: 1, mostDelayMs: 1 };

/** The machines that a fault names. */
export function machinesOf(fault: Fault): readonly string[] {
  if ('machine' in fault) return [fault.machine];
  if (fault.kind === 'one-way') return [fault.from, fault.to];
  return fault.kind === 'partition' ? fault.apart : [];
}

/** For people: a line for every machine and every fault, in the order of time. */
export function describeSchedule({ seed, endMs, machines, faults }: Schedule): string {
  const head = `${seconds(endMs)} with ${machines.length} machines, seed ${seed}`;
  const inOrder = [...faults].sort((a, b) => a.at - b.at);
  return [head, ...machines.map(describeMachine), ...inOrder.map(describeFault)].join('\n');
}

function describeMachine({ name, startAt, startupDelayMs, clockRate, stations }: MachinePlan): string {
  const routers = stations.map(({ config, address }, link) => {
    const { version, priority, advertisementIntervalMs, preempt, preemptDelayMs, tracks } = config;
    const words = [`link ${link}`, formatAddress(address), `v${version}`, `priority ${priority}`];
    words.push(`every ${advertisementIntervalMs} ms`, preempt ? `preempt after ${preemptDelayMs} ms` : 'no preempt');
    for (const { kind, weight } of tracks) words.push(`${kind} ${weight ?? 'or FAULT'}`);
    return words.join(' ');
  });
  const group = stations[0]?.config.group ?? null;
  const all = group === null ? routers.join('; ') : `one group of ${routers.join(' and ')}`;
  const delay = startupDelayMs > 0 ? `, startup delay ${seconds(startupDelayMs)}` : '';
  return `  ${name} from ${seconds(startAt)}${delay}, clock x ${clockRate}: ${all}`;
}

/** One line: when, what, and what else there is to say. */
function describeFault(fault: Fault): string {
  const { at, forMs, kind, ...rest } = fault;
  const details = Object.entries(rest).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  return `  ${seconds(at)} ${kind} for ${seconds(forMs)}: ${details.join(', ')}`;
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(6))} s`;
}
