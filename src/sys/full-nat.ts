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

  constructor(
    log: Pick<Log, 'info' | 'warn' | 'error'>,
    keeper: Pick<NftKeeper, 'reconcile' | 'close'> = new NftKeeper(log),
  ) {
    this.#keeper = keeper;
  }

  /** Before the IPVS table follows `config`: what it needs is added, nothing is taken away. The problems in words. */
  async prepare(config: Config): Promise<readonly string[]> {
    this.#members = [...this.#members, ...natMembers(config)];
    return this.#members.length === 0 ? [] : await this.#keeper.reconcile(this.#members);
  }

  /**
   * When the IPVS table follows `config`, and again from time to time: nothing more than that, and what still drains.
   * Repairs what others changed. The problems in words.
   */
  async settle(
    config: Config,
    draining: readonly Pick<Drain, 'service' | 'destination'>[],
  ): Promise<readonly string[]> {
    this.#members = withDraining(natMembers(config), this.#members, draining);
    return await this.#keeper.reconcile(this.#members);
  }

  /** Ends; removes the table, unless it is to stay. The problems are logged. */
  async close({ keep }: { readonly keep: boolean }): Promise<void> {
    await this.#keeper.close({ keep });
  }
}
