/**
 * Full NAT of the daemon: the nftables table is right before the IPVS table sends a connection, and stays right as long as
 * one may come.
 */
import type { Config } from '../config/types.ts';
import type { Drain } from '../director/draining.ts';
import { natMembers, withDraining } from '../director/full-nat.ts';
import type { NatMember } from '../nft/ruleset.ts';
import type { Log } from './log.ts';
import { NftKeeper } from './nft-keeper.ts';

export class FullNat {
  readonly #keeper: Pick<NftKeeper, 'reconcile' | 'close'>;
  /** What the table was last asked to hold. */
  #members: readonly NatMember[] = [];
  /** Between `prepare` and `settle` the table is ahead of IPVS: a look would take away what is about to be needed. */
  #ahead = false;
  #looking = false;

  constructor(
    log: Pick<Log, 'info' | 'warn' | 'error'>,
    keeper: Pick<NftKeeper, 'reconcile' | 'close'> = new NftKeeper(log),
  ) {
    this.#keeper = keeper;
  }

  /** Before the IPVS table follows `config`: what it needs is added, nothing is taken away. The problems in words. */
  async prepare(config: Config): Promise<readonly string[]> {
    this.#ahead = true;
    this.#members = [...this.#members, ...natMembers(config)];
    return this.#members.length === 0 ? [] : await this.#keeper.reconcile(this.#members);
  }

  /** When the IPVS table follows `config`: nothing more than that, and what still drains. The problems in words. */
  async settle(
    config: Config,
    draining: readonly Pick<Drain, 'service' | 'destination'>[],
  ): Promise<readonly string[]> {
    this.#ahead = false;
    this.#members = withDraining(natMembers(config), this.#members, draining);
    return await this.#keeper.reconcile(this.#members);
  }

  /**
   * From time to time: repairs what others changed, forgets what has drained. Does not wait, and leaves out a turn while the
   * last one is still under way: an nft that hangs holds nothing else up.
   */
  async look(config: Config, draining: readonly Pick<Drain, 'service' | 'destination'>[]): Promise<void> {
    if (this.#looking || this.#ahead) return;
    this.#looking = true;
    await this.settle(config, draining);
    this.#looking = false;
  }

  /** Ends; removes the table, unless it is to stay. The problems are logged. */
  async close({ keep }: { readonly keep: boolean }): Promise<void> {
    await this.#keeper.close({ keep });
  }
}
