/**
 * Keeps the nftables table of full NAT as the configuration wants it: made in one transaction, changed by its differences,
 * repaired when somebody else changed it, removed when nobody needs it. The table is its own memory: one that an earlier
 * run left is replaced in one transaction, or removed. Rules decide for new connections only, so none in progress breaks.
 */
import { readListing } from '../nft/listing.ts';
import {
  changeScript,
  isEmpty,
  type NatMember,
  type NatTable,
  natTable,
  removeScript,
  replaceScript,
  TABLE,
} from '../nft/ruleset.ts';
import { messageOf } from '../util/message-of.ts';
import type { Log } from './log.ts';
import { LogLimiter } from './log-limiter.ts';
import { Nft, type NftFailure, type NftKernel } from './nft.ts';

/** What the kernel is known to hold. */
interface Known {
  readonly table: NatTable;
  /** As `readListing` saw it when it was right; null: not read yet. */
  readonly structure: string | null;
  /** Nobody changed anything while the kernel still tells this one; null: it has to be read. */
  readonly generation: number | null;
}

export class NftKeeper {
  readonly #nft: NftKernel;
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #problemLog: LogLimiter;
  #known: Known | null = null;
  /** What an earlier run may have left was looked for. */
  #looked = false;
  #running: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(log: Pick<Log, 'info' | 'warn' | 'error'>, nft: NftKernel = new Nft()) {
    this.#nft = nft;
    this.#log = log;
    this.#problemLog = new LogLimiter((text) => log.error(text));
  }

  /**
   * Makes the table right for these members: all real servers that are configured with full NAT, failed ones too, and those
   * that still have connections. The problems in words, also logged; a next call tries again. One at a time, in the order
   * asked for. Never rejects.
   */
  reconcile(members: readonly NatMember[]): Promise<readonly string[]> {
    return this.#inTurn(async () => (this.#closed ? null : await this.#reconcileNow(natTable(members))));
  }

  /** Removes the table, unless it is to stay. The problems in words, also logged. Never rejects. */
  close({ keep }: { readonly keep: boolean }): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      if (this.#closed) return null;
      this.#closed = true;
      const removed = keep || this.#known === null ? null : await this.#remove();
      this.#nft.close();
      return removed;
    });
  }

  #inTurn(work: () => Promise<string | null>): Promise<readonly string[]> {
    const done = this.#running.then(work).catch(messageOf);
    const told = done.then((problem) => {
      if (problem === null) return [];
      this.#problemLog.say(problem);
      return [problem];
    });
    this.#running = told;
    return told;
  }

  async #reconcileNow(wanted: NatTable): Promise<string | null> {
    if (isEmpty(wanted)) return await this.#needNone();
    this.#looked = true;
    const known = this.#known;
    if (known === null) return await this.#replace(wanted);
    const generation = this.#nft.generation();
    if (generation === null || generation !== known.generation) return await this.#verify(known, wanted, generation);
    return await this.#change(known, wanted);
  }

  async #needNone(): Promise<string | null> {
    if (this.#known !== null) return await this.#remove();
    if (this.#looked) return null;
    const left = await this.#nft.list(TABLE, { terse: true });
    this.#looked = left.ok || left.error.kind !== 'failed';
    if (!left.ok)
      return left.error.kind === 'failed'
        ? `Cannot look for the nftables table ${TABLE} of an earlier run: ${left.error.text}`
        : null;
    const problem = await this.#remove();
    if (problem === null) this.#log.info(`Removed the nftables table ${TABLE} that an earlier run left`);
    else this.#looked = false;
    return problem;
  }

  /** From what we know to what is wanted; nobody else changed anything meanwhile. */
  async #change(known: Known, wanted: NatTable): Promise<string | null> {
    const script = changeScript(known.table, wanted);
    if (script === null) return null;
    const applied = await this.#nft.apply(script);
    // A refusal means that our copy is wrong.
    if (!applied.ok) return await this.#replace(wanted);
    await this.#learn(wanted, sameChains(known.table, wanted) ? known : null);
    return null;
  }

  /** Somebody changed something in nftables, perhaps not ours: read it back. */
  async #verify(known: Known, wanted: NatTable, generation: number | null): Promise<string | null> {
    const listed = await this.#nft.list(TABLE);
    if (!listed.ok && listed.error.kind !== 'absent') return cannot('read', listed.error);
    const found = listed.ok ? readListing(listed.value) : null;
    if (found !== null && !found.ok) return cannot('read', { kind: 'failed', text: found.error });
    if (found === null || found.value.structure !== known.structure) {
      const problem = await this.#replace(wanted);
      const what = found === null ? 'was deleted' : 'was changed';
      if (problem === null && known.structure !== null)
        this.#log.warn(`The nftables table ${TABLE} ${what} from outside: made again`);
      return problem;
    }
    const held: NatTable = { chains: known.table.chains, maps: found.value.maps };
    if (changeScript(known.table, held) !== null) {
      this.#log.warn(`Elements of the nftables table ${TABLE} were changed from outside: repairing them`);
    }
    const read: Known = { table: held, structure: known.structure, generation };
    this.#known = read;
    return await this.#change(read, wanted);
  }

  async #replace(wanted: NatTable): Promise<string | null> {
    const applied = await this.#nft.apply(replaceScript(wanted));
    if (!applied.ok) return cannot('set up', applied.error);
    await this.#learn(wanted, null);
    return null;
  }

  /** The kernel holds `table` now; with the same chains as before, what the listing looks like is known already. */
  async #learn(table: NatTable, before: Known | null): Promise<void> {
    const generation = this.#nft.generation();
    if (before !== null && before.generation !== null) {
      const oneOn = generation === before.generation + 1;
      this.#known = { table, structure: before.structure, generation: oneOn ? generation : null };
      return;
    }
    const listed = await this.#nft.list(TABLE, { terse: true });
    const found = listed.ok ? readListing(listed.value) : null;
    this.#known = {
      table,
      structure: found?.ok ? found.value.structure : null,
      generation: found?.ok ? generation : null,
    };
  }

  async #remove(): Promise<string | null> {
    const removed = await this.#nft.apply(removeScript());
    if (!removed.ok) return cannot('remove', removed.error);
    this.#known = null;
    return null;
  }
}

function sameChains(a: NatTable, b: NatTable): boolean {
  return a.chains.size === b.chains.size && [...a.chains.keys()].every((name) => b.chains.has(name));
}

function cannot(what: string, { text }: NftFailure): string {
  return `Cannot ${what} full NAT (nftables table ${TABLE}): ${text}`;
}
