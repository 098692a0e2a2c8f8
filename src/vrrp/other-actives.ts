/**
 * Other routers that are Active beside this one: two that do not hear each other, or one that does not hear us. RFC 9568
 * section 6.4.3 says who yields; this tells that it happened, and when it is over. Owns no clock. Pure.
 */
import { formatAddress } from '../net/ip.ts';
import type { OtherActivesReport } from './messages.ts';
import type { Millis } from './timers.ts';

/** One that still speaks is told of again after this long. */
const TELL_EVERY_MS = 60_000;
/** Silent for this many intervals: it yielded or is gone. */
const SILENT_INTERVALS = 3;
/**
 * And at least for so long: Linux does not believe a second machine that claims an address within a second of the first one
 * (locktime, arp(7)), and the addresses are announced again when it is over.
 */
const LEAST_SILENCE_MS = 1500;

/** More at a time are forged: nobody is told of the further ones. */
const MOST_AT_A_TIME = 8;

/** An advertisement of another router while we are Active. */
export interface OtherAdvert {
  readonly source: Uint8Array;
  readonly priority: number;
  readonly intervalMs: number;
}

interface Episode {
  readonly priority: number;
  readonly since: Millis;
  readonly silentAt: Millis;
  readonly toldAt: Millis;
  readonly mac: string | null;
}

export class OtherActives {
  #seen = 0;
  #activeSince: Millis | null = null;
  /** By source, until all of them are silent; the one that was heard last stands last. */
  readonly #episodes = new Map<string, Episode>();

  becameActive(now: Millis): void {
    this.#activeSince = now;
    this.#episodes.clear();
  }

  /** Not Active any more: what others do is in order. */
  yielded(): void {
    this.#activeSince = null;
    this.#episodes.clear();
  }

  /**
   * Another one spoke while we are Active, and not to say that it stops. Null, or in words what to tell. One that was Active
   * before us is given its interval to hear us; one of higher priority preempts, which is in order. Of equal priority nobody
   * preempts: there were two.
   */
  heard(
    other: OtherAdvert,
    ours: { readonly priority: number; readonly intervalMs: number },
    now: Millis,
  ): string | null {
    if (this.#activeSince === null || other.priority > ours.priority) return null;
    const patience = other.priority === ours.priority ? 0 : Math.max(other.intervalMs, ours.intervalMs);
    if (now - this.#activeSince < patience) return null;
    const source = formatAddress(other.source);
    const known = this.#episodes.get(source);
    if (known === undefined && this.#episodes.size >= MOST_AT_A_TIME) return null;
    const isNews = known === undefined || now - known.toldAt >= TELL_EVERY_MS;
    if (known === undefined) this.#seen++;
    this.#episodes.delete(source);
    this.#episodes.set(source, {
      priority: other.priority,
      since: known?.since ?? now,
      silentAt: now + Math.max(SILENT_INTERVALS * Math.max(other.intervalMs, ours.intervalMs), LEAST_SILENCE_MS),
      toldAt: isNews ? now : known.toldAt,
      mac: known?.mac ?? null,
    });
    if (!isNews) return null;
    return `${source} is active too, with priority ${other.priority}; ours is ${ours.priority}`;
  }

  /** Once, when all others were silent for long enough while we stayed Active: in words that it is over. */
  healed(now: Millis): string | null {
    if (this.#episodes.size === 0) return null;
    const episodes = [...this.#episodes.values()];
    if (episodes.some(({ silentAt }) => now < silentAt)) return null;
    const sources = [...this.#episodes.keys()].sort();
    this.#episodes.clear();
    const seconds = Math.round((now - Math.min(...episodes.map(({ since }) => since))) / 1000);
    const are = sources.length === 1 ? 'is' : 'are';
    return `${sources.join(', ')} ${are} not active any more, after ${seconds} s beside this router`;
  }

  /** Which machine the other one is: `mac` in text form. */
  identified(source: Uint8Array, mac: string): void {
    const key = formatAddress(source);
    const episode = this.#episodes.get(key);
    if (episode !== undefined) this.#episodes.set(key, { ...episode, mac });
  }

  /** `current`: the one that was heard last. */
  report(now: Millis): OtherActivesReport {
    const seen = this.#seen;
    const current = [...this.#episodes].at(-1);
    if (current === undefined) return { seen, current: null };
    const [address, { priority, mac, since }] = current;
    return { seen, current: { address, mac, priority, forMs: Math.round(now - since) } };
  }
}
