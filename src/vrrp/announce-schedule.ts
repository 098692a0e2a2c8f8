/**
 * When a virtual router announces its addresses, and how many rounds: at once, once more later for switches and hosts that
 * missed it, and every so often while MASTER. Owns no clock. Pure.
 */
import type { AnnouncementConfig } from '../config/types.ts';
import type { AnnounceOccasion } from './instance-ports.ts';
import type { Millis } from './timers.ts';

interface Planned {
  readonly at: Millis;
  readonly rounds: number;
}

export class AnnounceSchedule {
  /** After a take-over or a healed split. */
  #repeat: Planned | null = null;
  /** After an advertisement of lower priority: the last one counts. */
  #lowerRepeat: Planned | null = null;
  #refreshAt: Millis | null = null;
  #refreshMs = 0;

  /** The rounds to announce now. */
  begin(occasion: AnnounceOccasion, config: AnnouncementConfig, now: Millis): number {
    if (occasion === 'lower-priority') {
      this.#lowerRepeat = plan(config.lowerPriorityCount, config.lowerPriorityDelayMs, now);
      return config.lowerPriorityCount;
    }
    this.#repeat = plan(config.count, config.repeatDelayMs, now);
    this.#refreshMs = config.refreshMs;
    this.#refreshAt = config.refreshMs === 0 ? null : now + config.refreshMs;
    return config.count;
  }

  /** A reload may have changed how often to refresh, or have begun or ended it. True: `dueAt` may have changed. */
  adopt({ refreshMs }: AnnouncementConfig, now: Millis): boolean {
    if (refreshMs === this.#refreshMs) return false;
    this.#refreshMs = refreshMs;
    this.#refreshAt = refreshMs === 0 ? null : now + refreshMs;
    return true;
  }

  /** When `take` has something. */
  get dueAt(): Millis | null {
    const times = [this.#repeat?.at, this.#lowerRepeat?.at, this.#refreshAt].flatMap((at) => at ?? []);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** The rounds that are due; 0: none. What is due together is announced once, with the most rounds of all. */
  take(config: AnnouncementConfig, now: Millis): number {
    let rounds = 0;
    if (this.#repeat !== null && this.#repeat.at <= now) {
      rounds = this.#repeat.rounds;
      this.#repeat = null;
    }
    if (this.#lowerRepeat !== null && this.#lowerRepeat.at <= now) {
      rounds = Math.max(rounds, this.#lowerRepeat.rounds);
      this.#lowerRepeat = null;
    }
    if (this.#refreshAt !== null && this.#refreshAt <= now) {
      rounds = Math.max(rounds, config.refreshCount);
      // From the deadline, so that lateness does not add up.
      const next = this.#refreshAt + this.#refreshMs;
      this.#refreshAt = next > now ? next : now + this.#refreshMs;
    }
    return rounds;
  }
}

function plan(rounds: number, delayMs: number, now: Millis): Planned | null {
  return rounds === 0 || delayMs === 0 ? null : { at: now + delayMs, rounds };
}
