/**
 * One virtual server with its real and sorry servers: from the verdicts of their checks to who gets connections. Told what
 * happened, it tells what that changed. Owns no clock: the caller passes the time, in milliseconds.
 */
import type { VirtualServerConfig } from '../config/types.ts';
import { isTooMany, type Panic, panicFrom, panicUnder, selfChecked } from '../health/panic.ts';
import { nextStepAt } from '../health/slow-start.ts';
import { destinationKey } from '../ipvs/key.ts';
import type { DestinationId, ServiceId } from '../ipvs/types.ts';
import { destinationIdOf } from './desired.ts';
import { newTelling, type PanicReport, SELF_CHECK, type Telling } from './observation.ts';
import {
  combinedOf,
  destinationName,
  forgetLatency,
  isAlive,
  isDoubted,
  isUp,
  type Place,
  shareOfPlace,
  verdictChange,
} from './place.ts';
import type { SelfCheckResult } from './self-check.ts';
import { isSameTable, NOTHING_REACHED_YET, NOTHING_SERVED, type Reached, type Serving, servingOf } from './serving.ts';

export interface ServedParts {
  readonly config: VirtualServerConfig;
  /** In the order of the configuration. */
  readonly index: number;
  readonly real: readonly Place[];
  readonly sorry: readonly Place[];
  readonly hasSelfCheck: boolean;
  readonly suspended: boolean;
  /** The same virtual server under another configuration, which is left as it is. */
  readonly before: ServedServer | null;
}

export class ServedServer {
  readonly config: VirtualServerConfig;
  readonly index: number;
  readonly real: readonly Place[];
  readonly sorry: readonly Place[];
  readonly #byName: ReadonlyMap<string, Place>;
  readonly #hasSelfCheck: boolean;
  #suspended: boolean;
  #panic: Panic | null;
  #serving: Serving;
  /** What the quorum's hysteresis remembers. */
  #reached: Reached;
  /** Nothing was told of it yet. */
  readonly #isNew: boolean;
  /** Null: real servers never served. */
  #toldTier: number | null;
  #weighedAtMs = 0;
  #nextStepAt: number | null = null;

  /** `begin` is called when all checks are there. */
  constructor({ config, index, real, sorry, hasSelfCheck, suspended, before }: ServedParts) {
    this.config = config;
    this.index = index;
    this.real = real;
    this.sorry = sorry;
    this.#byName = new Map(real.map((place) => [place.name, place]));
    this.#hasSelfCheck = hasSelfCheck;
    this.#suspended = suspended;
    this.#panic = before === null || before.#panic === null ? null : panicUnder(before.#panic, hasSelfCheck);
    const sameQuorum = before?.config.quorum === config.quorum && before.config.hysteresis === config.hysteresis;
    this.#reached = sameQuorum ? before.#reached : NOTHING_REACHED_YET;
    this.#isNew = before === null;
    this.#toldTier = before === null ? null : before.#toldTier;
    this.#serving = before?.serving ?? NOTHING_SERVED;
  }

  get serving(): Serving {
    return this.#serving;
  }

  get suspended(): boolean {
    return this.#suspended;
  }

  /** When a server that warms up gets more; null: none does. */
  get nextStepAt(): number | null {
    return this.#nextStepAt;
  }

  get isPanicking(): boolean {
    return this.#panic !== null;
  }

  get panic(): PanicReport | null {
    if (this.#panic === null) return null;
    const { sinceMs, of, waitsFor } = this.#panic;
    return { sinceMs, failed: this.#kept().length, of, waitsFor };
  }

  /** When it was last weighed. */
  get weighedAtMs(): number {
    return this.#weighedAtMs;
  }

  /** The real server that is this destination in one of the services: with a port of its own, or with the service's. */
  placeOf(service: ServiceId, { family, address, port }: DestinationId): Place | undefined {
    const place = this.#byName.get(destinationKey({ family, address, port }));
    if (place !== undefined || destinationIdOf({ address, port: null }, service).port !== port) return place;
    return this.#byName.get(destinationName({ address, port: null }));
  }

  /** Takes the verdicts as they are. What another configuration made of it is told, what it begins with is not. */
  begin(nowMs: number, told: Telling): void {
    const telling = this.#isNew ? newTelling() : told;
    for (const place of [...this.real, ...this.sorry]) {
      const from = place.verdict;
      place.verdict = combinedOf(place);
      if (!place.isNew && from.verdict !== place.verdict.verdict)
        telling.changes.push(verdictChange(this.config.name, place, from));
      place.assumed = place.verdict.verdict === 'unknown' && (this.#suspended || place.assumed);
      if (isUp(place)) this.#recover(place, nowMs);
      else if (place.verdict.verdict === 'down') {
        place.wasDown = true;
        place.slowStartedAt = null;
      }
    }
    this.#followPanic(telling);
    this.weigh(nowMs, telling);
  }

  /** The verdict on a check changed that these places have. */
  judge(places: readonly Place[], nowMs: number, telling: Telling): void {
    for (const place of places) this.#judgePlace(place, nowMs, telling);
    this.#followPanic(telling);
    if (places.some(({ fell }) => fell?.atMs === nowMs)) this.#considerPanic(nowMs, telling);
    this.weigh(nowMs, telling);
  }

  /** Its router lost or won the MASTER role. */
  suspend(suspended: boolean, nowMs: number, telling: Telling): void {
    if (suspended === this.#suspended) return;
    this.#suspended = suspended;
    const router = this.config.haSuspend ?? '';
    telling.changes.push({ kind: 'suspended', virtualServer: this.config.name, suspended, router });
    if (suspended) {
      for (const place of [...this.real, ...this.sorry]) {
        place.assumed = place.verdict.verdict === 'unknown';
        place.slowStartedAt = null;
        place.fell = null;
      }
      this.#followPanic(telling);
    }
    this.weigh(nowMs, telling);
  }

  /** A result of the self check. Whether it came back, and all that was found meanwhile is to be doubted. */
  selfChecked({ passed, isHinted, latencyMs, detail }: SelfCheckResult, nowMs: number, telling: Telling): boolean {
    if (this.#panic === null) return false;
    const { waitsFor, sinceMs } = this.#panic;
    // A hint of something else may have started it, before this panic began. The clock is good to a millisecond.
    const next = selfChecked(this.#panic, passed, isHinted && nowMs - latencyMs + 1 >= sinceMs);
    this.#panic = next;
    if (next === null) {
      this.#endPanic('the self check passes, so they are down', telling);
      this.weigh(nowMs, telling);
      return false;
    }
    if (next.waitsFor === waitsFor) return false;
    const isBack = next.waitsFor === 'probes';
    this.#tellPanic(isBack ? 'the self check passes again' : `the self check fails too: ${detail}`, telling);
    return isBack;
  }

  /** Weighs everything anew: the time or a grade moved. */
  weigh(nowMs: number, telling: Telling): void {
    const { config } = this;
    const before = this.#serving;
    this.#weighedAtMs = nowMs;
    this.#step(nowMs);
    const candidates = this.real.map((place) => ({
      up: isAlive(place),
      share: shareOfPlace(place, config.slowStart, nowMs),
    }));
    const after = servingOf(config, candidates, this.sorry.map(isUp), this.#reached);
    this.#reached = after.reached;
    this.#serving = after;
    const virtualServer = config.name;
    if (before.standing.up !== after.standing.up || before.standing.sorry !== after.standing.sorry) {
      telling.changes.push({ kind: 'virtual-server', virtualServer, from: before.standing, to: after.standing });
    }
    // While sorry servers take all, no tier serves.
    if (!after.standing.sorry && after.tier !== this.#toldTier) {
      const from = this.#toldTier;
      this.#toldTier = after.tier;
      if (from !== null) telling.changes.push({ kind: 'tier', virtualServer, from, to: after.tier });
    }
    if (!isSameTable(before, after)) telling.servers.push(virtualServer);
  }

  #judgePlace(place: Place, nowMs: number, telling: Telling): void {
    const from = place.verdict;
    const to = combinedOf(place);
    if (from.verdict === to.verdict) return;
    const wasUp = isUp(place);
    const share = shareOfPlace(place, this.config.slowStart, nowMs);
    place.verdict = to;
    place.assumed = to.verdict === 'unknown' && (this.#suspended || place.assumed);
    telling.changes.push(verdictChange(this.config.name, place, from));
    if (place.kind === 'sorry-server') return;
    if (to.verdict === 'down') {
      place.wasDown = true;
      place.slowStartedAt = null;
      forgetLatency(this.config.gradedWeight, place);
    }
    if (wasUp && !isUp(place) && !this.#suspended) {
      place.fell = { atMs: nowMs, share };
      place.kept = this.#panic !== null;
    }
    if (!wasUp && isUp(place)) this.#recover(place, nowMs);
  }

  #recover(place: Place, nowMs: number): void {
    // One that was kept served all the while: it has nothing to warm up.
    if (place.wasDown && !place.kept && this.config.slowStart !== null) place.slowStartedAt = nowMs;
    place.wasDown = false;
    place.fell = null;
    place.kept = false;
  }

  #kept(): readonly Place[] {
    return this.real.filter(({ kept }) => kept);
  }

  /** Servers fell: too many at once are kept. */
  #considerPanic(nowMs: number, telling: Telling): void {
    const { panic } = this.config;
    if (panic === null || this.#suspended || this.#panic !== null) return;
    const up = this.real.filter(isUp);
    // In whatever direction: a clock that was set back must not make old failures new ones.
    const fell = this.real.filter(
      (place) => place.fell !== null && Math.abs(nowMs - place.fell.atMs) <= panic.withinMs,
    );
    if (!isTooMany(panic, fell.length, up.length)) return;
    // Of servers without any weight nothing can be kept: they were drained, and are shut down.
    if (fell.every((place) => place.fell?.share.weight === 0)) return;
    const of = fell.length + up.length;
    for (const place of fell) place.kept = true;
    // As if none had failed: the first of them may have cost the quorum.
    this.#reached = NOTHING_REACHED_YET;
    this.#panic = panicFrom(of, this.#hasSelfCheck, nowMs);
    if (this.#hasSelfCheck && !telling.hints.includes(SELF_CHECK)) telling.hints.push(SELF_CHECK);
    this.#tellPanic(`${fell.length} of ${of} servers failed within ${panic.withinMs / 1000} s`, telling);
  }

  /** A panic under way ends when enough are back. */
  #followPanic(telling: Telling): void {
    if (this.#panic === null) return;
    const { panic } = this.config;
    if (panic === null || this.#suspended) {
      this.#endPanic(this.#suspended ? 'its checks rest' : 'not configured any more', telling);
      return;
    }
    const { waitsFor } = this.#panic;
    if (waitsFor === 'probes') for (const place of this.#kept()) place.kept = isDoubted(place);
    const kept = this.#kept().length;
    const up = this.real.filter(isUp).length;
    if (kept === 0) this.#endPanic(waitsFor === 'probes' ? 'all have been probed anew' : 'all are back', telling);
    else if (waitsFor === 'recovery' && !isTooMany(panic, kept, up)) {
      this.#endPanic(`only ${kept} of ${kept + up} servers are down`, telling);
    }
  }

  #tellPanic(reason: string, telling: Telling): void {
    telling.changes.push({ kind: 'panic', virtualServer: this.config.name, panic: this.panic, reason });
  }

  #endPanic(reason: string, telling: Telling): void {
    this.#panic = null;
    for (const place of this.real) {
      place.kept = false;
      place.fell = null;
    }
    this.#tellPanic(reason, telling);
  }

  /** Servers that have warmed up are done; when the next one gets more. */
  #step(nowMs: number): void {
    const { slowStart } = this.config;
    let next: number | null = null;
    for (const place of this.real) {
      if (place.slowStartedAt === null) continue;
      const at = slowStart === null ? null : nextStepAt(slowStart, place.slowStartedAt, nowMs);
      if (at === null) place.slowStartedAt = null;
      else next = next === null ? at : Math.min(next, at);
    }
    this.#nextStepAt = next;
  }
}
