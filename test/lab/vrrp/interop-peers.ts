/** keepalived and FRR as the other router, behind one interface. */
import { Frr, type FrrRouter } from '../support/frr.ts';
import { Keepalived, keepalivedText } from '../support/keepalived.ts';
import type { Lab } from '../support/lab.ts';
import { complaintsOf, hasAddress, killKeepalived, SLACK_MS } from './referee.ts';

export type Kind = 'keepalived' | 'FRR';

/** A virtual router of one family, by the words of both. */
export interface PeerRouter {
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly priority: number;
  readonly intervalMs: number;
  /** With prefix length, of one family; a link-local one first with IPv6. */
  readonly addresses: readonly string[];
  /** What FRR sends from over IPv6, see there; keepalived uses the interface's. */
  readonly linkLocal?: string;
}

export interface Peer {
  /** Returns when it runs; it is Backup then, at first. */
  start(): Promise<void>;
  /** It hands over. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Whether it has the addresses of a virtual router. */
  holds(router: PeerRouter): Promise<boolean>;
  /** What it logged against us. */
  complaints(): string[];
}

/** Makes a peer; does not start it. */
export function makePeer(kind: Kind, lab: Lab, node: string, routers: readonly PeerRouter[]): Peer {
  return kind === 'keepalived' ? new KeepalivedPeer(lab, node, routers) : new FrrPeer(lab, node, routers);
}

/** The last of its addresses, without the prefix length: the one that clients use. */
export function vipOf({ addresses }: Pick<PeerRouter, 'addresses'>): string {
  return addresses.at(-1)?.split('/')[0] ?? '';
}

class KeepalivedPeer implements Peer {
  readonly #lab: Lab;
  readonly #node: string;
  readonly #config: string;
  readonly #runs: Keepalived[] = [];

  constructor(lab: Lab, node: string, routers: readonly PeerRouter[]) {
    this.#lab = lab;
    this.#node = node;
    const named = routers.map((router) => ({
      ...router,
      name: `v${vipOf(router).includes(':') ? 6 : 4}-${router.vrid}`,
    }));
    this.#config = keepalivedText(...named);
  }

  async start(): Promise<void> {
    const run = Keepalived.start(this.#lab, this.#node, this.#config);
    this.#runs.push(run);
    await run.waitForLine(/Entering BACKUP STATE/, SLACK_MS);
  }

  stop(): Promise<void> {
    return this.#last().stop();
  }

  kill(): Promise<void> {
    return killKeepalived(this.#lab, this.#node, this.#last());
  }

  holds(router: PeerRouter): Promise<boolean> {
    return hasAddress(this.#lab, this.#node, vipOf(router));
  }

  complaints(): string[] {
    return complaintsOf(...this.#runs);
  }

  #last(): Keepalived {
    const run = this.#runs.at(-1);
    if (run === undefined) throw new Error('keepalived was never started');
    return run;
  }
}

/** vrrpd's words with debugging on. */
const FRR_COMPLAINT = /datagram invalid|discarding|should be|malformed|mismatch|unknown|different/i;
/** Every virtual router of it looks at all packets of the interface, and says so of those that are for another one. */
const FRR_NOT_MINE = /Bad version|does not match our instance/;
/** What a router of higher priority does by the standard, as in NO_COMPLAINT. */
const FRR_NO_COMPLAINT = /Discarding advertisement from \S+ \(/;

class FrrPeer implements Peer {
  readonly #lab: Lab;
  readonly #node: string;
  readonly #routers: readonly FrrRouter[];
  #frr: Frr | null = null;

  constructor(lab: Lab, node: string, routers: readonly PeerRouter[]) {
    this.#lab = lab;
    this.#node = node;
    // FRR has both families of one VRID in one virtual router.
    const vrids = [...new Set(routers.map(({ vrid }) => vrid))];
    this.#routers = vrids.flatMap((vrid) => {
      const own = routers.filter((router) => router.vrid === vrid);
      const addresses = own.flatMap((router) => router.addresses);
      return own.slice(-1).map((last) => ({ ...last, addresses }));
    });
  }

  async start(): Promise<void> {
    if (this.#frr === null) this.#frr = await Frr.start(this.#lab, this.#node, this.#routers);
    else await this.#frr.restart();
  }

  stop(): Promise<void> {
    return this.#started().stop();
  }

  kill(): Promise<void> {
    return this.#started().kill();
  }

  holds(router: PeerRouter): Promise<boolean> {
    return this.#started().holds(router.vrid, vipOf(router).includes(':') ? 6 : 4);
  }

  complaints(): string[] {
    const lines = this.#started().lines.map(({ text }) => text);
    return lines.filter((line) => FRR_COMPLAINT.test(line) && !FRR_NOT_MINE.test(line) && !FRR_NO_COMPLAINT.test(line));
  }

  #started(): Frr {
    if (this.#frr === null) throw new Error('FRR was never started');
    return this.#frr;
  }
}
