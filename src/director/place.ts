/** A real or sorry server in its virtual server: what its checks say together, and the weight that follows. */
import type { RealServerConfig, SorryServerConfig, TargetConfig, VirtualServerConfig } from '../config/types.ts';
import type { CheckConfig } from '../config/types-checks.ts';
import type { GradedWeightConfig, Required, SlowStartConfig } from '../config/types-service.ts';
import {
  afterFailure,
  combinedGrade,
  type Grade,
  graded,
  gradedWeight,
  settledWeight,
  UNGRADED,
} from '../health/grade.ts';
import { shareOf, slowStartPercent } from '../health/slow-start.ts';
import type { ProbeResult } from '../health/types.ts';
import { type Combined, combine, type Health } from '../health/verdict.ts';
import { destinationKey } from '../ipvs/key.ts';
import type { Change, Telling } from './observation.ts';
import type { Share } from './serving.ts';

/** A check with what is known of it. */
export interface CheckedHealth {
  readonly key: string;
  readonly config: CheckConfig;
  readonly health: Health;
  /** Since when it waits for a result of a probe that began later, as those before are worth nothing; null: it does not. */
  readonly doubtedSinceMs: number | null;
}

/** Times are on the world's clock, in milliseconds. */
export interface Place {
  readonly kind: 'real-server' | 'sorry-server';
  /** As in the kernel's table. */
  readonly name: string;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly checks: readonly CheckedHealth[];
  readonly required: Required;
  /** It was not in the configuration before. */
  readonly isNew: boolean;
  /** As last told. */
  verdict: Combined;
  /** Never probed, and of a suspended virtual server: it counts as up until a probe says what it is. */
  assumed: boolean;
  /** It was down since it was last up. */
  wasDown: boolean;
  /** When it went down, and with what; null: it is up, it never was, or it is certain that it is down. */
  fell: { readonly atMs: number; readonly share: Share } | null;
  /** A panic keeps it in the table with what it had. */
  kept: boolean;
  /** By place among its checks. */
  grades: Grade[];
  /** The weight by its grades. */
  gradedWeight: number;
  slowStartedAt: number | null;
}

/** Where a check is among those of a place. */
export interface Use {
  readonly place: Place;
  readonly slot: number;
}

export interface PlaceParts {
  readonly config: RealServerConfig | SorryServerConfig;
  readonly checks: readonly CheckedHealth[];
  readonly grading: GradedWeightConfig;
  /** The same server under another configuration, which is left as it is; null: it is new. */
  readonly before: Place | null;
  /** The grading was the same. */
  readonly sameGrading: boolean;
}

/** A server as it was left, or as a new one. Its verdict is for later, when all checks are there. */
export function placeOf({ config, checks, grading, before, sameGrading }: PlaceParts): Place {
  const isReal = 'upperThreshold' in config;
  const grades = checks.map((check) => gradeIn(before, check));
  const byGrade = weightByGrade(grading, { weight: config.weight, grades });
  const goesOn = before !== null && sameGrading && before.weight === config.weight;
  return {
    kind: isReal ? 'real-server' : 'sorry-server',
    name: destinationName(config),
    weight: config.weight,
    upperThreshold: isReal ? config.upperThreshold : 0,
    lowerThreshold: isReal ? config.lowerThreshold : 0,
    checks,
    required: isReal ? config.required : 'all',
    isNew: before === null,
    verdict: before?.verdict ?? { verdict: 'unknown', failure: null },
    assumed: before?.assumed ?? false,
    wasDown: before?.wasDown ?? false,
    fell: before?.fell ?? null,
    kept: before?.kept ?? false,
    grades,
    gradedWeight: goesOn ? settledWeight(config.weight, before.gradedWeight, byGrade) : byGrade,
    slowStartedAt: before?.slowStartedAt ?? null,
  };
}

/** What was said to the same question, however often it was asked. */
function gradeIn(before: Place | null, { key, config }: CheckedHealth): Grade {
  if (before === null || before.grades.every((one) => one === UNGRADED)) return UNGRADED;
  const same = before.checks.findIndex((check) => check.key === key);
  if (same >= 0) return before.grades[same] ?? UNGRADED;
  const probe = probeOf(config);
  return before.grades[before.checks.findIndex((check) => probeOf(check.config) === probe)] ?? UNGRADED;
}

/** What is asked of whom by a check: all but the rhythm and what is done with the answers. */
export function probeOf(config: CheckConfig): string {
  const same = { intervalMs: 0, fastIntervalMs: 0, timeoutMs: 0, rise: 0, fall: 0 };
  return JSON.stringify({ ...config, ...same, flapDamping: null, logFailures: false, watch: false });
}

/** What its checks say now. */
export function combinedOf({ checks, required }: Pick<Place, 'checks' | 'required'>): Combined {
  return combine(
    checks.map(({ health }) => health),
    required,
  );
}

/** It counts as up. */
export function isUp({ verdict, assumed }: Place): boolean {
  return verdict.verdict === 'up' || (assumed && verdict.verdict === 'unknown');
}

/** It may serve: up, or kept. */
export function isAlive(place: Place): boolean {
  return place.kept || isUp(place);
}

/** It has not been probed since the prober is well again. */
export function isDoubted({ checks }: Place): boolean {
  return checks.some(({ doubtedSinceMs }) => doubtedSinceMs !== null);
}

/** Its verdict is another one than before. */
export function verdictChange(virtualServer: string, { kind, name, verdict: to }: Place, from: Combined): Change {
  if (kind === 'sorry-server') return { kind, virtualServer, sorryServer: name, from, to };
  return { kind, virtualServer, realServer: name, from, to };
}

/** Takes in what a result says of its weight; whether what it gets changed. */
function grade(config: GradedWeightConfig, place: Place, slot: number, result: ProbeResult): boolean {
  const before = place.grades[slot] ?? UNGRADED;
  const after = graded(config, place.weight, before, result);
  if (after === before) return false;
  place.grades[slot] = after;
  const weight = place.gradedWeight;
  place.gradedWeight = settledWeight(place.weight, weight, weightByGrade(config, place));
  return place.gradedWeight !== weight || after.maxConnections !== before.maxConnections;
}

/** The same for all places of a virtual server that a check has. What drains by it is told. */
export function gradeAll(
  { name, gradedWeight }: VirtualServerConfig,
  uses: readonly Use[],
  result: ProbeResult,
  { changes }: Telling,
): boolean {
  let moved = false;
  for (const { place, slot } of uses) {
    const drained = place.gradedWeight === 0;
    moved = grade(gradedWeight, place, slot, result) || moved;
    const drains = place.gradedWeight === 0;
    if (drains !== drained) changes.push({ kind: 'drain', virtualServer: name, realServer: place.name, drains });
  }
  return moved;
}

/** It failed: how quickly it answered before does not count when it is back. */
export function forgetLatency(config: GradedWeightConfig, place: Place): void {
  place.grades = place.grades.map(afterFailure);
  place.gradedWeight = weightByGrade(config, place);
}

/** Its weight by its grades alone, however little it moves. */
export function weightByGrade(config: GradedWeightConfig, place: Pick<Place, 'weight' | 'grades'>): number {
  return gradedWeight(config, place.weight, combinedGrade(place.grades));
}

/** What it gets if it serves. */
export function shareOfPlace(place: Place, slowStart: SlowStartConfig | null, nowMs: number): Share {
  if (place.kept && place.fell !== null) return place.fell.share;
  const { maxConnections } = combinedGrade(place.grades);
  const since = place.slowStartedAt;
  const percent = slowStart === null || since === null ? 100 : slowStartPercent(slowStart, since, nowMs);
  const weight = percent >= 100 ? place.gradedWeight : shareOf(place.gradedWeight, percent);
  if (maxConnections !== null) return { weight, upperThreshold: maxConnections, lowerThreshold: 0 };
  return { weight, upperThreshold: place.upperThreshold, lowerThreshold: place.lowerThreshold };
}

/** `10.0.0.11:80`, as in the kernel's table; `10.0.0.11` where the port is that of each service. */
export function destinationName({ address, port }: Pick<TargetConfig, 'address' | 'port'>): string {
  if (port === null) return address;
  return destinationKey({ family: address.includes(':') ? 6 : 4, address, port });
}
