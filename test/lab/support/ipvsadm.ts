/** What ipvsadm, the outside referee, says of a director's kernel. */
import { isDeepStrictEqual } from 'node:util';
import { waitFor } from './exec.ts';
import type { Namespace } from './namespace.ts';

export interface ListedDestination {
  /** "10.0.0.21:80". */
  readonly address: string;
  /** "Route", "Masq" or "Tunnel". */
  readonly forward: string;
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
}

export interface ListedService {
  /** "TCP 10.0.0.100:80". */
  readonly name: string;
  /** Scheduler and options as ipvsadm prints them: "wlc persistent 360". */
  readonly settings: string;
  readonly destinations: readonly ListedDestination[];
}

/** Weights by service and destination, as far as they matter to a test. */
export type Weights = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The output of `ipvsadm -Ln`. */
export function parseTable(text: string): ListedService[] {
  const services: { name: string; settings: string; destinations: ListedDestination[] }[] = [];
  for (const line of text.split('\n')) {
    const [first = '', second = '', ...rest] = line.trim().split(/\s+/);
    if (/^(TCP|UDP|SCTP|FWM)$/.test(first)) {
      services.push({ name: `${first} ${second}`, settings: rest.join(' '), destinations: [] });
    } else if (first === '->' && second !== 'RemoteAddress:Port') {
      const [forward = '', weight, active, inactive] = rest;
      const counts = { weight: Number(weight), active: Number(active), inactive: Number(inactive) };
      services.at(-1)?.destinations.push({ address: second, forward, ...counts });
    }
  }
  return services;
}

export async function listTable(director: Namespace): Promise<ListedService[]> {
  return parseTable((await director.exec('ipvsadm', ['-Ln'])).stdout);
}

export function weightsOf(table: readonly ListedService[]): Weights {
  const inService = ({ destinations }: ListedService) =>
    Object.fromEntries(destinations.map(({ address, weight }) => [address, weight]));
  return Object.fromEntries(table.map((service) => [service.name, inService(service)]));
}

/**
 * Waits until the named services have exactly these destinations with these weights; services not named may be anything.
 * @throws Error after `timeoutMs`, with the weights as they are then.
 */
export async function waitForWeights(director: Namespace, expected: Weights, timeoutMs: number): Promise<void> {
  let seen: Weights = {};
  const look = async (): Promise<boolean> => {
    seen = weightsOf(await listTable(director));
    return Object.entries(expected).every(([service, weights]) => isDeepStrictEqual(seen[service], weights));
  };
  const what = `the weights ${JSON.stringify(expected)} on ${director.name}`;
  await waitFor(look, { timeoutMs, what }).catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : String(error)}; ipvsadm has ${JSON.stringify(seen)}`);
  });
}

/** Roles of the kernel's connection-sync daemons: "master eth1 51". */
export async function syncDaemons(director: Namespace): Promise<string[]> {
  const { stdout } = await director.exec('ipvsadm', ['-L', '--daemon']);
  const daemons = stdout.matchAll(/^(\w+) sync daemon \(mcast=([^,]+), syncid=(\d+)/gm);
  return [...daemons].map(([, role, dev, id]) => `${role} ${dev} ${id}`);
}
