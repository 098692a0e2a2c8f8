/** Every check with its health, made once for all who use it, and how they are carried over to another configuration. */
import type { CheckConfig } from '../config/types-checks.ts';
import type { ProbeResult } from '../health/types.ts';
import { continued, type Health, isPending, observe, type Verdict } from '../health/verdict.ts';
import { type CheckedHealth, type Place, probeOf, type Use } from './place.ts';
import type { ServedServer } from './served-server.ts';

/** Another text of the same warning is told once in so long: "expires in 13 days". */
const WARN_AGAIN_AFTER_MS = 86_400_000;

/** A result may come so much later than its probe ended. */
const DELIVERED_WITHIN_MS = 50;

export interface CheckState extends CheckedHealth {
  health: Health;
  /** The health is that of a server which uses it, not of the check. */
  guessed: boolean;
  /** It is not probed: only suspended virtual servers use it. */
  resting: boolean;
  /** It is probed again after a rest: what was known is old, the next result decides. */
  resumed: boolean;
  doubtedSinceMs: number | null;
  /** As last told; null: there is none. */
  warning: { readonly text: string; readonly atMs: number } | null;
  /** Who is decided on by it: virtual servers with their real and sorry servers, and the place among those's checks. */
  readonly users: Map<ServedServer, Use[]>;
  /** A user's weight follows its latency. */
  graded: boolean;
}

/** What a result of a check changed. */
export interface Observed {
  readonly pending: boolean;
  readonly verdictChanged: boolean;
  /** The doubts about it are gone. */
  readonly confirmed: boolean;
  readonly warningChanged: boolean;
}

export class CheckBoard {
  readonly #checks = new Map<string, CheckState>();
  #known: ReadonlyMap<string, CheckState>;
  /** By what is asked of whom, whatever the rhythm; made when it is needed. */
  #knownByProbe: ReadonlyMap<string, CheckState> | null = null;
  #active: ReadonlyMap<string, CheckConfig> | null = null;

  /** With what is known from `before`, whose checks it leaves as they are. */
  constructor(before: CheckBoard | null) {
    this.#known = before === null ? new Map() : before.#checks;
  }

  get(key: string): CheckState | undefined {
    return this.#checks.get(key);
  }

  /** Those to be made, by key; another map only when they are others. */
  get active(): ReadonlyMap<string, CheckConfig> {
    this.#active ??= new Map(
      [...this.#checks.values()].flatMap((c) => (c.resting ? [] : [[c.key, c.config] as const])),
    );
    return this.#active;
  }

  /** Adds a check, which starts as what is known of it, or as `first`. */
  enter(config: CheckConfig, first: Verdict, nowMs: number): CheckState {
    const key = JSON.stringify(config);
    const there = this.#checks.get(key);
    if (there !== undefined) {
      // Nothing known of the check itself: of its users, one that carries traffic decides what it starts as.
      if (there.guessed && first === 'up') there.health = continued(first, nowMs);
      return there;
    }
    const same = this.#known.get(key);
    const similar = same ?? this.#similarTo(config);
    const check: CheckState = {
      key,
      config,
      // A streak counts only at its own rhythm.
      health: same?.health ?? (similar === undefined ? continued(first, nowMs) : { ...similar.health, streak: 0 }),
      guessed: similar === undefined,
      resting: similar?.resting ?? false,
      resumed: similar?.resumed ?? false,
      doubtedSinceMs: similar?.doubtedSinceMs ?? null,
      warning: similar?.warning ?? null,
      users: new Map(),
      graded: false,
    };
    this.#checks.set(key, check);
    return check;
  }

  /** Everybody has entered, and has told the checks so: what is known from before is not needed any more. */
  settle(): void {
    this.#known = new Map();
    this.#knownByProbe = null;
    this.rest();
    for (const check of this.#checks.values()) {
      check.graded = [...check.users.keys()].some(({ config }) => config.gradedWeight.latency !== null);
    }
  }

  /** Checks that only suspended virtual servers use rest. Whether others are made now than before. */
  rest(): boolean {
    let changed = false;
    for (const check of this.#checks.values()) {
      const resting = [...check.users.keys()].every(({ suspended }) => suspended);
      if (resting === check.resting) continue;
      check.resting = resting;
      check.resumed = !resting;
      changed = true;
    }
    if (changed) this.#active = null;
    return changed;
  }

  /**
   * What was found of these servers came from a sick prober. A failure whose probe began before now does not count any more,
   * the next success counts at once. The checks that took those down which a panic keeps: to be probed at once.
   */
  doubt(places: readonly Place[], nowMs: number): readonly string[] {
    const urgent = new Set<string>();
    for (const { kept, checks } of places) {
      for (const { key } of checks) {
        const check = this.#checks.get(key);
        if (check === undefined) continue;
        check.doubtedSinceMs = nowMs;
        const { verdict, streak, flap } = check.health;
        if (verdict === 'up') check.health = { ...check.health, streak: Math.max(streak, 0), failure: null };
        else check.health = { ...check.health, flap: { ...flap, heldUntil: null } };
        if (kept && verdict === 'down') urgent.add(key);
      }
    }
    return [...urgent];
  }

  /** The check's health and warning after one more result. */
  observe(check: CheckState, result: ProbeResult, nowMs: number, hinted: boolean): Observed {
    const counts = result.ok || result.reason !== 'local';
    const doubted = check.doubtedSinceMs !== null;
    const before = check.health.verdict;
    if (doubted && !result.ok && isDoubtful(check, result.latencyMs, nowMs, hinted)) {
      check.health = { ...check.health, last: { result, at: nowMs } };
      return { pending: true, verdictChanged: false, confirmed: false, warningChanged: false };
    }
    const atOnce = check.resumed || (hinted && !result.ok) || (doubted && result.ok);
    check.health = observe(check.config, check.health, result, nowMs, { atOnce });
    check.guessed = false;
    if (counts) {
      check.resumed = false;
      check.doubtedSinceMs = null;
    }
    return {
      pending: isPending(check.config, check.health, nowMs),
      verdictChanged: check.health.verdict !== before,
      confirmed: counts && doubted,
      warningChanged: result.ok && noteWarning(check, result.warning ?? null, nowMs),
    };
  }

  #similarTo(config: CheckConfig): CheckState | undefined {
    if (this.#known.size === 0) return undefined;
    this.#knownByProbe ??= new Map([...this.#known.values()].map((check) => [probeOf(check.config), check]));
    return this.#knownByProbe.get(probeOf(config));
  }
}

/** Its probe may have begun when the prober was sick. Without a hint that is guessed from when it came. */
function isDoubtful({ doubtedSinceMs }: CheckState, latencyMs: number, nowMs: number, hinted: boolean): boolean {
  // A clock that was set back: better believed than never again.
  if (doubtedSinceMs === null || nowMs < doubtedSinceMs) return false;
  return nowMs - latencyMs + (hinted ? 1 : -DELIVERED_WITHIN_MS) < doubtedSinceMs;
}

function noteWarning(check: CheckState, text: string | null, nowMs: number): boolean {
  const before = check.warning;
  if (text === (before?.text ?? null)) return false;
  if (text !== null && before !== null && Math.abs(nowMs - before.atMs) < WARN_AGAIN_AFTER_MS) return false;
  check.warning = text === null ? null : { text, atMs: nowMs };
  return true;
}
