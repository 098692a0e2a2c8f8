/** Names on a command line that stand for addresses and ports: host names by the system's resolver, ports by services(5). */
import { lookup } from 'node:dns/promises';
import { protocolName } from '../ipvs/key.ts';
import type { Lookup } from '../ipvsadm/operands.ts';
import { readServices, SERVICES_FILE } from './services-file.ts';

/** No command line names more hosts than that. */
const MOST_ROUNDS = 16;

/** Parsing is synchronous and looking up hosts is not: what is asked for in vain is looked up before the next attempt. */
export class OperandNames implements Lookup {
  readonly #hosts = new Map<string, string | null>();
  readonly #wanted = new Set<string>();
  #services: ReadonlyMap<string, number> | null = null;

  host(name: string): string | null {
    const known = this.#hosts.get(name);
    if (known === undefined) this.#wanted.add(name);
    return known ?? null;
  }

  port(name: string, protocol: number): number | null {
    this.#services ??= portsByName();
    return this.#services.get(`${name}/${protocolName(protocol)}`) ?? null;
  }

  /** Calls `attempt` until it asks for no host any more that was not looked up, and gives its last result. */
  async resolving<T>(attempt: () => T): Promise<T> {
    for (let round = 0; ; round++) {
      const result = attempt();
      if (this.#wanted.size === 0 || round === MOST_ROUNDS) return result;
      for (const name of this.#wanted) this.#hosts.set(name, await hostAddress(name));
      this.#wanted.clear();
    }
  }
}

async function hostAddress(name: string): Promise<string | null> {
  try {
    const { address, family } = await lookup(name, { family: 4 });
    return family === 4 ? address : null; // an IPv6 address is its own answer
  } catch {
    return null;
  }
}

/** `http/tcp` and every alias to its port: the first in the file counts. */
function portsByName(): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  for (const { names, port, protocol } of readServices(SERVICES_FILE)) {
    for (const name of names) if (!ports.has(`${name}/${protocol}`)) ports.set(`${name}/${protocol}`, port);
  }
  return ports;
}
