/** Scheduling and memory of the VRRP process, as configured and as granted. */
import type { VrrpProcessConfig } from '../config/types.ts';
import { messageOf } from '../util/message-of.ts';
import { lockMemory, setRealtimePriority } from './scheduling.ts';

export class ProcessSettings {
  #realtime = false;
  #memoryLocked = false;

  get memoryLocked(): boolean {
    return this.#memoryLocked;
  }

  /** What the machine refused, in words: a router without real time is still a router. Both last until a restart. */
  apply({ realtimePriority, lockMemory: lock }: VrrpProcessConfig): string[] {
    const problems: string[] = [];
    const attempt = (what: string, act: () => void): void => {
      try {
        act();
      } catch (error) {
        problems.push(`${what}: ${messageOf(error)}; going on without`);
      }
    };
    if (realtimePriority > 0) {
      attempt('Cannot run in real time', () => {
        setRealtimePriority(realtimePriority);
        this.#realtime = true;
      });
    } else if (this.#realtime) {
      problems.push('vrrp_process.realtime_priority: 0 takes effect at the next start');
    }
    if (lock && !this.#memoryLocked) {
      attempt('Cannot lock memory', () => {
        lockMemory();
        this.#memoryLocked = true;
      });
    }
    return problems;
  }
}
