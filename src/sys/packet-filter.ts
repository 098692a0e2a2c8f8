/** The nftables tables of the daemon: full NAT, and virtual routers that do not accept what is for their addresses. */
import type { Config } from '../config/types.ts';
import type { Drain } from '../director/draining.ts';
import { AcceptGuard } from './accept-guard.ts';
import { FullNat } from './full-nat.ts';
import type { Log } from './log.ts';

type Draining = readonly Pick<Drain, 'service' | 'destination'>[];

export class PacketFilter {
  readonly #fullNat: FullNat;
  readonly #accept: AcceptGuard;
  #looking = false;

  constructor(log: Pick<Log, 'info' | 'warn' | 'error'>) {
    this.#fullNat = new FullNat(log);
    this.#accept = new AcceptGuard(log);
  }

  /** Before anything else follows `config`. The problems in words. */
  async prepare(config: Config): Promise<readonly string[]> {
    const refuses = config.virtualRouters.some(({ accept }) => !accept);
    const [ofNat, ofAccept] = await Promise.all([
      this.#fullNat.prepare(config),
      refuses ? this.#accept.keep(config.virtualRouters) : [],
    ]);
    return [...ofNat, ...ofAccept];
  }

  /** When everything follows `config`. The problems in words. */
  async settle(config: Config, draining: Draining): Promise<readonly string[]> {
    const [ofNat, ofAccept] = await Promise.all([
      this.#fullNat.settle(config, draining),
      this.#accept.keep(config.virtualRouters),
    ]);
    return [...ofNat, ...ofAccept];
  }

  /** From time to time: repairs what others changed. Leaves out a turn while the last one is under way. */
  async look(config: Config, draining: Draining): Promise<void> {
    const ofNat = this.#fullNat.look(config, draining);
    if (!this.#looking) {
      this.#looking = true;
      await this.#accept.keep(config.virtualRouters);
      this.#looking = false;
    }
    await ofNat;
  }

  /** Ends; `keep` leaves full NAT in place. The problems are logged. */
  async close({ keep }: { readonly keep: boolean }): Promise<void> {
    await Promise.all([this.#fullNat.close({ keep }), this.#accept.close()]);
  }
}
