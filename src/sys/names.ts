/**
 * Names for addresses and ports, as the C library has them: reverse lookup in the order of nsswitch.conf (/etc/hosts, DNS),
 * and services(5). Addresses are looked up beforehand, some at a time and all within a limit; one without an answer by then
 * stays in figures.
 */
import { lookupService } from 'node:dns/promises';
import { protocolName } from '../ipvs/key.ts';
import type { Names } from '../ipvsadm/types.ts';
import { readServices, SERVICES_FILE } from './services-file.ts';

/** libuv gives half of its four threads to lookups: more would only wait there, and the program with them when it ends. */
const AT_ONCE = 2;
/** An address costs 10 s when no name server answers. */
const DEFAULT_LIMIT_MS = 15_000;
/** Addresses remembered; when there are more, all are forgotten. */
const MOST_ADDRESSES = 65_536;

/** Names that were looked up. Not a snapshot: `lookUp` adds to them. */
export class KnownNames implements Names {
  readonly #hosts = new Map<string, string | null>();
  readonly #services: ReadonlyMap<string, string>;
  readonly #until: number;

  /** `limitMs` counts from here, for all lookups together; those under way then still hold up the end of the process. */
  constructor({ limitMs = DEFAULT_LIMIT_MS, servicesFile = SERVICES_FILE } = {}) {
    this.#until = performance.now() + limitMs;
    this.#services = namesByPort(servicesFile);
  }

  /** Learns the names of these addresses; never rejects. What was looked up before is not looked up again. */
  async lookUp(addresses: Iterable<string>): Promise<void> {
    if (this.#hosts.size > MOST_ADDRESSES) this.#hosts.clear();
    const waiting = [...new Set(addresses)].filter((address) => !this.#hosts.has(address));
    const leftMs = this.#until - performance.now();
    if (waiting.length === 0 || leftMs <= 0) return;
    let late = false;
    const work = async (): Promise<void> => {
      for (let address = waiting.pop(); address !== undefined && !late; address = waiting.pop()) {
        this.#hosts.set(address, await hostName(address));
      }
    };
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, leftMs);
    });
    await Promise.race([Promise.all(Array.from({ length: AT_ONCE }, work)), limit]);
    late = true;
    clearTimeout(timer);
  }

  host(address: string): string | null {
    return this.#hosts.get(address) ?? null;
  }

  service(port: number, protocol: number): string | null {
    return this.#services.get(`${port}/${protocolName(protocol)}`) ?? null;
  }
}

/** getnameinfo(3), which asks the same databases in the same order as the gethostbyaddr(3) of ipvsadm. */
async function hostName(address: string): Promise<string | null> {
  try {
    return (await lookupService(address, 0)).hostname;
  } catch {
    return null; // no name, or nobody to ask: figures, as ipvsadm does
  }
}

/** `80/tcp` to its official name: the first in the file counts. */
function namesByPort(file: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { names, port, protocol } of readServices(file)) {
    const [name = ''] = names;
    if (!found.has(`${port}/${protocol}`)) found.set(`${port}/${protocol}`, name);
  }
  return found;
}
