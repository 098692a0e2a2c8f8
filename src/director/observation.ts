/** What the world tells of what it was told: changes, and what is to be done about them. Pure types and few helpers. */
import type { CheckConfig } from '../config/types-checks.ts';
import type { Grade } from '../health/grade.ts';
import type { Panic } from '../health/panic.ts';
import type { Combined, Failure, Verdict } from '../health/verdict.ts';
import type { Standing } from './serving.ts';

/** Key of the check that tells a sick prober from sick servers. */
export const SELF_CHECK = 'self_check';

/** Something that an operator wants to know. */
export type Change =
  /** A real server's verdict. */
  | {
      readonly kind: 'real-server';
      readonly virtualServer: string;
      readonly realServer: string;
      readonly from: Combined;
      readonly to: Combined;
    }
  | {
      readonly kind: 'sorry-server';
      readonly virtualServer: string;
      readonly sorryServer: string;
      readonly from: Combined;
      readonly to: Combined;
    }
  /** Whether it is up, or its sorry servers serve. */
  | { readonly kind: 'virtual-server'; readonly virtualServer: string; readonly from: Standing; readonly to: Standing }
  /** The last tier that serves is another one. */
  | { readonly kind: 'tier'; readonly virtualServer: string; readonly from: number; readonly to: number }
  /** So many servers failed that they are kept; null: not any more. `reason`: in words. */
  | {
      readonly kind: 'panic';
      readonly virtualServer: string;
      readonly panic: PanicReport | null;
      readonly reason: string;
    }
  /** `ha_suspend`: its checks rest, or go on. */
  | {
      readonly kind: 'suspended';
      readonly virtualServer: string;
      readonly suspended: boolean;
      readonly router: string;
    }
  /** A real server is told to take no new connections, by its checks; or not any more. */
  | { readonly kind: 'drain'; readonly virtualServer: string; readonly realServer: string; readonly drains: boolean }
  | {
      readonly kind: 'self-check';
      readonly from: Verdict;
      readonly to: Verdict;
      readonly failure: Failure | null;
    }
  /** A check that passes has something to say; null: not any more. */
  | {
      readonly kind: 'warning';
      readonly check: CheckConfig;
      readonly virtualServers: readonly string[];
      readonly warning: string | null;
    };

export interface PanicReport {
  readonly sinceMs: number;
  /** Servers that are down and kept. */
  readonly failed: number;
  /** Servers that were up when it began. */
  readonly of: number;
  readonly waitsFor: Panic['waitsFor'];
}

/** What the checks of a real server say of its weight. */
export type GradeReport = Grade;

export interface SlowStartReport {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Of its weight. */
  readonly percent: number;
}

/** A line for the log. */
export interface Line {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

/** What a result, a role or the time led to. */
export interface Observation {
  readonly changes: readonly Change[];
  /** The virtual servers whose desired services changed, weights included. */
  readonly servers: readonly string[];
  /** The verdict may change with the next results: worth probing more often. */
  readonly pending: boolean;
  /** Keys of checks to be probed at once. */
  readonly hints: readonly string[];
  /** Other checks are to be made than before. */
  readonly checksChanged: boolean;
  readonly lines: readonly Line[];
}

/** An observation in the making. */
export interface Telling {
  readonly changes: Change[];
  readonly servers: string[];
  readonly hints: string[];
}

export function newTelling(): Telling {
  return { changes: [], servers: [], hints: [] };
}

/** Nothing happened: shared, as it is told thousands of times a second. */
export const NOTHING: Observation = {
  changes: [],
  servers: [],
  pending: false,
  hints: [],
  checksChanged: false,
  lines: [],
};
export const NOTHING_BUT_PENDING: Observation = { ...NOTHING, pending: true };
