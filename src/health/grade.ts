/** The weight that a server deserves by what it says of itself and by how quickly it answers. Pure. */
import type { GradedWeightConfig } from '../config/types-service.ts';
import type { Advice, ProbeResult } from './types.ts';

/** The most that lvsd gives (keepalived's limit too); the kernel takes more. */
const MOST_WEIGHT = 65_535;

/** A weight that moves by less than this share of the configured one stays: each change is a message to the kernel. */
const LEAST_MOVE_PERCENT = 2;

/** What the results of one check add up to, for one real server. */
export interface Grade {
  /** Of the configured weight, smoothed; 0: no new connections; null: nothing was said. */
  readonly advisedPercent: number | null;
  readonly drain: boolean;
  /** 0: no limit; null: nothing was said. */
  readonly maxConnections: number | null;
  /** Smoothed; null: unknown, or it does not matter. */
  readonly latencyMs: number | null;
}

export const UNGRADED: Grade = { advisedPercent: null, drain: false, maxConnections: null, latencyMs: null };

/** After one more result; the same object when it says nothing of interest. `weight`: the configured one. */
export function graded(config: GradedWeightConfig, weight: number, grade: Grade, result: ProbeResult): Grade {
  if (!result.ok) return grade;
  const { advice } = result;
  if (advice === undefined && config.latency === null) return grade;
  return {
    ...(advice === undefined ? grade : advisedBy(config, weight, grade.advisedPercent, advice)),
    latencyMs: config.latency === null ? null : smoothed(config, grade.latencyMs, result.latencyMs),
  };
}

/** An advice stands for itself: what it does not say does not hold any more. */
function advisedBy(config: GradedWeightConfig, weight: number, before: number | null, advice: Advice) {
  const { weightPercent, drain = false, maxConnections = null } = advice;
  const percent = advice.weight === undefined ? weightPercent : (advice.weight * 100) / Math.max(weight, 1);
  const advisedPercent = percent === undefined ? null : advisedNext(config, before, percent);
  return { advisedPercent, drain, maxConnections };
}

/** A server that failed: when it is back its latency is measured anew, while what it said still holds. */
export function afterFailure(grade: Grade): Grade {
  return grade.latencyMs === null ? grade : { ...grade, latencyMs: null };
}

/** The grades of all its checks as one: the most careful word counts, and the slowest answer. */
export function combinedGrade(grades: readonly Grade[]): Grade {
  let all = UNGRADED;
  for (const grade of grades) {
    if (grade === UNGRADED) continue;
    all = {
      advisedPercent: either(all.advisedPercent, grade.advisedPercent, Math.min),
      drain: all.drain || grade.drain,
      maxConnections: either(all.maxConnections, grade.maxConnections, lowerLimit),
      latencyMs: either(all.latencyMs, grade.latencyMs, Math.max),
    };
  }
  return all;
}

/** The weight by a combined grade: 0 when it takes no new connections, else within the bounds and at least 1. */
export function gradedWeight(config: GradedWeightConfig, weight: number, grade: Grade): number {
  if (weight === 0 || grade.drain || grade.advisedPercent === 0) return 0;
  const percent = ((grade.advisedPercent ?? 100) * latencyPercent(config, grade.latencyMs)) / 100;
  const bounded = Math.min(Math.max(percent, config.minPercent), config.maxPercent);
  return Math.min(Math.max(Math.round((weight * bounded) / 100), 1), MOST_WEIGHT);
}

/** What the weight becomes that is `before` now: small moves are none, unless it becomes all of the `configured` one. */
export function settledWeight(configured: number, before: number, target: number): number {
  if (target === 0 || before === 0 || target === configured) return target;
  return Math.abs(target - before) * 100 >= LEAST_MOVE_PERCENT * configured ? target : before;
}

/** 0 says that it should get nothing, at once; anything else is brought within the bounds before it is averaged. */
function advisedNext(config: GradedWeightConfig, before: number | null, advised: number): number {
  if (advised <= 0) return 0;
  const bounded = Math.min(Math.max(advised, config.minPercent), config.maxPercent);
  return smoothed(config, before === 0 ? null : before, bounded);
}

function smoothed({ smoothingPercent }: GradedWeightConfig, before: number | null, value: number): number {
  // At 100 the value itself, without the rounding of a difference.
  if (before === null || smoothingPercent === 100) return value;
  return before + ((value - before) * smoothingPercent) / 100;
}

function latencyPercent({ latency, minPercent }: GradedWeightConfig, latencyMs: number | null): number {
  if (latency === null || latencyMs === null || latencyMs <= latency.fullMs) return 100;
  if (latencyMs >= latency.lowMs) return minPercent;
  return 100 - ((100 - minPercent) * (latencyMs - latency.fullMs)) / (latency.lowMs - latency.fullMs);
}

function either(a: number | null, b: number | null, choose: (a: number, b: number) => number): number | null {
  if (a === null || b === null) return a ?? b;
  return choose(a, b);
}

/** 0 is no limit. */
function lowerLimit(a: number, b: number): number {
  if (a === 0 || b === 0) return Math.max(a, b);
  return Math.min(a, b);
}
