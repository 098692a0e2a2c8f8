/** The check of something else than the real servers, which tells a sick prober from sick servers. */
import type { CheckConfig } from '../config/types-checks.ts';
import type { ProbeResult } from '../health/types.ts';
import { type Health, isPending, observe, unknown } from '../health/verdict.ts';
import type { Change } from './observation.ts';

export class SelfCheck {
  readonly config: CheckConfig;
  #health: Health;

  /** Keeps its health when it is the same as `before`. */
  constructor(config: CheckConfig, before: SelfCheck | null, nowMs: number) {
    this.config = config;
    const isSame = before !== null && JSON.stringify(before.config) === JSON.stringify(config);
    this.#health = isSame ? before.#health : unknown(nowMs);
  }

  get health(): Health {
    return this.#health;
  }

  /** One more result; the change that it makes. */
  observe(result: ProbeResult, nowMs: number): Change | null {
    const from = this.#health.verdict;
    this.#health = observe(this.config, this.#health, result, nowMs);
    const { verdict: to, failure } = this.#health;
    return from === to ? null : { kind: 'self-check', from, to, failure };
  }

  isPending(nowMs: number): boolean {
    return isPending(this.config, this.#health, nowMs);
  }
}

/** A result of it, as virtual servers in a panic hear it. */
export interface SelfCheckResult {
  readonly passed: boolean;
  /** Its probe began after somebody asked for one. */
  readonly isHinted: boolean;
  readonly latencyMs: number;
  /** Why it failed, in words. */
  readonly detail: string;
}
