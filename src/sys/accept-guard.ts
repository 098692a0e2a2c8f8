/** Keeps the nftables table of virtual routers with `accept: false`: made, repaired when somebody changed it, removed. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { ACCEPT_TABLE, acceptScript } from '../nft/accept.ts';
import { messageOf } from '../util/message-of.ts';
import type { Log } from './log.ts';
import { LogLimiter } from './log-limiter.ts';
import { Nft, type NftKernel } from './nft.ts';

/** An nft that always fails is not asked for ever what an earlier run may have left. */
const MOST_LOOKS = 3;

/** What was made last. */
interface Made {
  readonly script: string;
  /** The listing right after; null: not known, look again. */
  readonly listing: string | null;
  /** Nobody changed anything in nftables while the kernel tells this one; null: not known. */
  readonly generation: number | null;
}

export class AcceptGuard {
  readonly #nft: NftKernel;
  readonly #log: Pick<Log, 'warn'>;
  readonly #problemLog: LogLimiter;
  #made: Made | null = null;
  /** No table of ours is there: not one of an earlier run either, as far as nft tells. */
  #isClear = false;
  #failedLooks = 0;
  #running: Promise<unknown> = Promise.resolve();

  constructor(log: Pick<Log, 'warn' | 'error'>, nft: NftKernel = new Nft()) {
    this.#nft = nft;
    this.#log = log;
    this.#problemLog = new LogLimiter((text) => log.error(text));
  }

  /** Makes the table right for these routers. The problems in words, also logged. One at a time. Never rejects. */
  keep(routers: readonly VirtualRouterConfig[]): Promise<readonly string[]> {
    const addresses = routers.flatMap(({ accept, virtualAddresses, extraAddresses }) =>
      accept ? [] : [...virtualAddresses, ...extraAddresses].map(({ address }) => address),
    );
    return this.#inTurn(() => (addresses.length === 0 ? this.#remove() : this.#settle(acceptScript(addresses))));
  }

  /** Removes the table. The problems in words, also logged. Never rejects. */
  async close(): Promise<readonly string[]> {
    const problems = await this.#inTurn(() => this.#remove());
    this.#nft.close();
    return problems;
  }

  #inTurn(work: () => Promise<string | null>): Promise<readonly string[]> {
    const told = this.#running
      .then(work)
      .catch(messageOf)
      .then((problem) => {
        if (problem === null) return [];
        const text = `accept: false is not in force: ${problem}`;
        this.#problemLog.say(text);
        return [text];
      });
    this.#running = told;
    return told;
  }

  async #settle(script: string): Promise<string | null> {
    const made = this.#made;
    const generation = this.#nft.generation();
    if (made?.script === script) {
      if (generation !== null && generation === made.generation) return null;
      const listed = await this.#nft.list(ACCEPT_TABLE);
      if (listed.ok && listed.value === made.listing) {
        this.#made = { ...made, generation };
        return null;
      }
      if (made.listing !== null)
        this.#log.warn(`The nftables table ${ACCEPT_TABLE} was changed from outside: made again`);
    }
    this.#isClear = false;
    const applied = await this.#nft.apply(script);
    if (!applied.ok) {
      this.#made = null;
      return applied.error.text;
    }
    const after = this.#nft.generation();
    const listed = await this.#nft.list(ACCEPT_TABLE);
    this.#made = { script, listing: listed.ok ? listed.value : null, generation: listed.ok ? after : null };
    return null;
  }

  async #remove(): Promise<string | null> {
    if (this.#isClear) return null;
    if (this.#made === null) {
      // Without nftables, or without the table, there is nothing to remove.
      const left = await this.#nft.list(ACCEPT_TABLE);
      if (!left.ok) {
        this.#isClear = left.error.kind !== 'failed' || ++this.#failedLooks >= MOST_LOOKS;
        return null;
      }
    }
    const removed = await this.#nft.apply(acceptScript([]));
    if (!removed.ok) return `cannot remove the nftables table ${ACCEPT_TABLE}: ${removed.error.text}`;
    this.#made = null;
    this.#isClear = true;
    return null;
  }
}
