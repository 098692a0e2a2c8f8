/**
 * Other machines that answer for the addresses of one virtual router while it is MASTER: a director that hangs and still
 * holds them, a host that was given one of them by mistake. Owns no clock. Pure.
 */
import { formatAddress } from '../net/ip.ts';
import type { ConflictReport } from './messages.ts';
import type { Millis } from './timers.ts';

/** A living peer that we take over from is given this long to let go of the addresses. */
const GRACE_MS = 1000;
/** The same address is told of again after this long, whoever answers. */
const TELL_EVERY_MS = 60_000;

interface Entry extends ConflictReport {
  readonly toldAt: Millis;
}

export class Conflicts {
  /** Claims of others count from here on; null: not MASTER. */
  #countsFrom: Millis | null = null;
  #entries = new Map<string, Entry>();

  /** The addresses are ours now. `fromLiving`: another router that was heard a moment ago had them. */
  claimed(fromLiving: boolean, now: Millis): void {
    this.#countsFrom = fromLiving ? now + GRACE_MS : now;
    this.#entries = new Map();
  }

  /** They are another's; what was seen stays in the report. */
  released(): void {
    this.#countsFrom = null;
  }

  /**
   * A machine with link-layer address `mac` says that it has `address`. True: somebody should be told. `atMs` is Unix time.
   * Bounded by the addresses, whatever the network sends.
   */
  heard(address: Uint8Array, mac: string, now: Millis, atMs: number): boolean {
    if (this.#countsFrom === null || now < this.#countsFrom) return false;
    const text = formatAddress(address);
    const known = this.#entries.get(text);
    const isNews = known === undefined || now - known.toldAt >= TELL_EVERY_MS;
    const count = (known?.count ?? 0) + 1;
    this.#entries.set(text, { address: text, mac, atMs, count, toldAt: isNews ? now : known.toldAt });
    return isNews;
  }

  /** Since the last take-over. */
  report(): readonly ConflictReport[] {
    return [...this.#entries.values()].map(({ address, mac, atMs, count }) => ({ address, mac, atMs, count }));
  }
}
